// Which script a conversation asks for: that of the last user's message, or of the turn that it has come to.

import { mediaIn } from '../../domain/generation/capabilities.ts';
import { textOf } from '../../domain/generation/content.ts';
import {
  itemText,
  resultText,
  type Generation,
  type Item,
  type RawPrompt,
} from '../../domain/generation/generation.ts';
import { withHabits } from './habits.ts';
import { afterResults, readScript, THEN, turnOf, type Script } from './script.ts';

/** `engineModel`: its name says what it does unasked. */
export function scriptOf(generation: Generation, engineModel = ''): Script {
  const { items, rawPrompts = [] } = generation;
  const [raw] = rawPrompts;
  if (raw !== undefined) return readScript(rawText(raw));
  const inTurns = items.findLastIndex((item) => userText(item)?.includes(THEN) === true);
  if (inTurns >= 0) {
    const prompt = userText(items[inTurns]) ?? '';
    return readScript(turnOf(prompt, answersIn(items.slice(inTurns + 1))));
  }
  const last = items.findLast((item) => userText(item) !== undefined);
  const results = latestResults(generation);
  const told = afterResults(readScript(userText(last) ?? ''), results);
  const script = withHabits(told, engineModel, generation, results.length > 0);
  return script.recall ? recalling(script, generation) : script;
}

export type ChatMessage = { readonly role?: string; readonly content?: string | null };

/** The same of a conversation as Chat Completions has it. */
export function scriptOfChat(messages: readonly ChatMessage[]): Script {
  const isOfUser = ({ role }: ChatMessage): boolean => role === 'user';
  const inTurns = messages.findLastIndex((one) => isOfUser(one) && one.content?.includes(THEN));
  if (inTurns >= 0) {
    const later = messages.slice(inTurns + 1);
    const answers = later.filter(
      ({ role }, at) => role === 'assistant' && later[at - 1]?.role !== 'assistant',
    );
    return readScript(turnOf(messages[inTurns]?.content ?? '', answers.length));
  }
  const asked = messages.findLastIndex(isOfUser);
  const results = messages.slice(asked + 1).filter(({ role }) => role === 'tool');
  const said = results.map(({ content }) => content ?? '');
  return afterResults(readScript(messages[asked]?.content ?? ''), said);
}

/** Its vocabulary is Unicode: a token is a code point, and what is none says nothing. */
export function rawText(raw: RawPrompt): string {
  if (typeof raw === 'string') return raw;
  const known = raw.filter((token) => token <= CODE_POINT_MAX);
  return known.map((token) => String.fromCodePoint(token)).join('');
}

const CODE_POINT_MAX = 0x10_ff_ff;

function userText(item: Item | undefined): string | undefined {
  return item?.kind === 'message' && item.role === 'user' ? textOf(item.content) : undefined;
}

/** How often the model has had its turn: whatever it said in a row is one. */
function answersIn(items: readonly Item[]): number {
  return items.filter((item, at) => isAnswer(item) && !isAnswer(items[at - 1])).length;
}

function isAnswer(item: Item | undefined): boolean {
  if (item === undefined || item.kind === 'tool-result') return false;
  return item.kind !== 'message' || item.role === 'assistant';
}

/** Says back the whole conversation, one line an item, without its markers. */
function recalling(script: Script, { items }: Generation): Script {
  const lines = items.map((item) => {
    const speaker = item.kind === 'message' ? item.role : item.kind;
    const name = 'name' in item ? `${item.name} ` : '';
    const media = mediaIn([item])
      .map((part) => `<${part.kind}>`)
      .join('');
    return `${speaker}: ${name}${readScript(wordsOf(item)).text}${media}`;
  });
  return { ...script, echo: true, text: lines.join('\n') };
}

/** What the tools answered since the user spoke last. */
function latestResults({ items }: Generation): readonly string[] {
  const asked = items.findLastIndex((item) => item.kind === 'message' && item.role === 'user');
  const results = items.slice(asked + 1).filter((item) => item.kind === 'tool-result');
  return results.map((result) => resultText(result));
}

/** What an item's words are counted in. */
export function wordsOf(item: Item): string {
  if (item.kind === 'tool-call') return item.arguments;
  return item.kind === 'custom-tool-call' ? item.input : itemText(item);
}
