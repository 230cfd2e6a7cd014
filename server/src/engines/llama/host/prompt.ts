// From a conversation to the prompt's tokens. The template's own text may hold control tokens, contents never do.

import { setImmediate as nextTick } from 'node:timers/promises';

import type { LlamaModel, Token } from 'node-llama-cpp';

import type { EngineFailure } from '../../../domain/generation/engine-failure.ts';
import type { FunctionsOnly } from '../../../domain/generation/custom-tools.ts';
import { err, ok } from '../../../lib/result.ts';
import type { Result } from '../../../lib/result.ts';
import { offeredTools } from './answer-shape.ts';
import type { AnswerShape } from './answer-shape.ts';
import type { ChatTemplate, PromptPiece, TemplateSettings } from './chat-template.ts';
import { messagesOf } from './conversation.ts';
import { THINK_OPEN } from './reasoning-split.ts';

export type Prompt = {
  readonly tokens: readonly Token[];
  /** The template itself opened the thinking. */
  readonly thinkingOpened: boolean;
};

export type PromptMaker = {
  readonly model: LlamaModel;
  /** How many tokens the model knows. */
  readonly vocabulary: number;
  readonly template: ChatTemplate;
  /** Finds tags that the tokeniser takes for tokens even in plain text. */
  readonly tags: RegExp | undefined;
  /** Finds those and the names of all control tokens. */
  readonly allTags: RegExp | undefined;
  /** The model has tokens for the tags around thinking. */
  readonly canThink: boolean;
};

/** Long texts are tokenised in pieces with a pause between, so that running generations go on. */
const PIECE_CHARACTERS = 16_384;

export async function makePrompt(
  maker: PromptMaker,
  generation: FunctionsOnly,
  shape: Pick<AnswerShape, 'whole' | 'opening'>,
): Promise<Result<Prompt, EngineFailure>> {
  const { model, template } = maker;
  const [raw] = generation.rawPrompts ?? [];
  if (typeof raw === 'string') return ok(await rawPrompt(maker, raw));
  if (raw !== undefined) return promptOfTokens(maker, raw);
  const rendered = template.render(messagesOf(generation.items), settingsOf(maker, generation));
  if (!rendered.ok) return err(notRenderable(rendered.error));
  const pieces = [...rendered.value];
  const thinkingOpened = opensThinking(pieces);
  const { reasoningEffort: effort = 'none' } = generation;
  // A grammar leaves no room for thinking, so it has to begin before the grammar does.
  const opensNow =
    !thinkingOpened && shape.whole !== undefined && effort !== 'none' && maker.canThink;
  if (opensNow) pieces.push({ kind: 'control', text: `${THINK_OPEN}\n` });
  else if (!thinkingOpened) pieces.push({ kind: 'control', text: shape.opening });
  const tokens: Token[] = [];
  const { bos } = model.tokens;
  for (const { kind, text } of withSpacesMoved(pieces)) {
    // One by one: tools and schemas can be longer than a call's list of arguments may be.
    if (kind === 'control') for (const token of model.tokenize(text, true)) tokens.push(token);
    else await pushContent(maker, text, tokens);
  }
  if (model.tokens.shouldPrependBosToken && bos !== null && tokens[0] !== bos) tokens.unshift(bos);
  return ok({ tokens, thinkingOpened: thinkingOpened || opensNow });
}

/** The text as it is: tags in it are text too. */
async function rawPrompt(maker: PromptMaker, text: string): Promise<Prompt> {
  const tokens: Token[] = [];
  await pushContent(maker, text, tokens);
  const { tokens: known } = maker.model;
  if (known.shouldPrependBosToken && known.bos !== null) tokens.unshift(known.bos);
  return { tokens, thinkingOpened: false };
}

/** As they are: whoever sends tokens has put its beginning and its tags among them where it wants them. */
function promptOfTokens(
  { vocabulary }: PromptMaker,
  numbers: readonly number[],
): Result<Prompt, EngineFailure> {
  const stray = numbers.find((token) => token >= vocabulary);
  if (stray !== undefined) {
    const message = `The model has no token ${stray}; its tokens are 0 to ${vocabulary - 1}.`;
    return err({ kind: 'rejected', message, field: 'rawPrompts' });
  }
  // A token is its place in the vocabulary.
  return ok({ tokens: [...numbers] as Token[], thinkingOpened: false });
}

function settingsOf(maker: PromptMaker, generation: FunctionsOnly): TemplateSettings {
  const { output, reasoningEffort } = generation;
  return {
    bosText: maker.model.tokens.bosString ?? '',
    eosText: maker.model.tokens.eosString ?? '',
    tools: offeredTools(generation),
    tags: maker.allTags,
    ...(reasoningEffort !== undefined && { effort: reasoningEffort }),
    ...(output.kind === 'json-object' && { json: {} }),
    ...(output.kind === 'json-schema' && { json: { schema: output.schema } }),
  };
}

function opensThinking(pieces: readonly PromptPiece[]): boolean {
  const last = pieces.at(-1);
  return last?.kind === 'control' && last.text.trimEnd().endsWith(THINK_OPEN);
}

/** Matches each of the tags, the longer ones first; names that are no tags, such as white space, do no harm in a text. */
export function tagPattern(tags: readonly string[]): RegExp | undefined {
  const bracketed = tags.filter((tag) => /^<[^<>\s]*>$|^\[[^[\]\s]*\]$/u.test(tag));
  if (bracketed.length === 0) return undefined;
  const longestFirst = bracketed.toSorted((a, b) => b.length - a.length);
  return new RegExp(longestFirst.map((tag) => RegExp.escape(tag)).join('|'), 'gu');
}

async function pushContent(maker: PromptMaker, text: string, tokens: Token[]): Promise<void> {
  for (let at = 0; at < text.length; at += PIECE_CHARACTERS) {
    if (at > 0) await nextTick();
    for (const plain of withoutTags(text.slice(at, at + PIECE_CHARACTERS), maker.tags)) {
      for (const token of maker.model.tokenize(plain, false, 'trimLeadingSpace'))
        tokens.push(token);
    }
  }
}

/** Cuts each tag after its first character, so that the tokeniser sees no tag. */
export function withoutTags(text: string, tags: RegExp | undefined): readonly string[] {
  if (tags === undefined) return [text];
  const pieces: string[] = [];
  let from = 0;
  for (const { index } of text.matchAll(tags)) {
    pieces.push(text.slice(from, index + 1));
    from = index + 1;
  }
  pieces.push(text.slice(from));
  return pieces.filter((piece) => piece !== '');
}

/** A space at the end of the template's text belongs to the word after it, as tokenisers see it. */
function withSpacesMoved(pieces: readonly PromptPiece[]): readonly PromptPiece[] {
  let spaces = '';
  return pieces.map((piece, i) => {
    const text = spaces + piece.text;
    spaces = '';
    if (piece.kind === 'content' || pieces[i + 1]?.kind !== 'content') return { ...piece, text };
    spaces = / *$/u.exec(text)?.[0] ?? '';
    return { ...piece, text: text.slice(0, text.length - spaces.length) };
  });
}

function notRenderable(detail: string): EngineFailure {
  const message = `The model's chat template does not accept this conversation (${detail}).`;
  return { kind: 'rejected', message, field: 'items' };
}
