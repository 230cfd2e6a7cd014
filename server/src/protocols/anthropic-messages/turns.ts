// Messages → items. Messages of one role in a row are one turn; within a user's turn the results of tools come first,
// because every engine wants the answer to a call right behind the call.

import { textContent, type Content, type ContentPart } from '../../domain/generation/content.ts';
import type { Item } from '../../domain/generation/generation.ts';
import type { Refusal } from '../../domain/refusal.ts';
import { blocksOf, type Message, type ToolResultBlock } from './content.ts';
import { partsOf } from './parts.ts';
import type { CountRequest } from './request.ts';

/** A message, and where it stands: `messages[3]`. */
type Placed = { readonly message: Message; readonly field: string };

export function itemsOf({ system, messages }: CountRequest): Item[] {
  const items: Item[] = [];
  const placed = messages.map((message, index) => ({ message, field: `messages[${index}]` }));
  if (system != null) pushSystem(items, system);
  for (let at = 0; at < placed.length;) {
    const turn = turnAt(placed, at);
    at += turn.length;
    const role = turn[0]?.message.role;
    if (role === 'user') pushUser(items, turn);
    else if (role === 'assistant') for (const { message } of turn) pushAssistant(items, message);
    else for (const { message } of turn) pushSystem(items, message.content);
  }
  return items;
}

function turnAt(messages: readonly Placed[], from: number): readonly Placed[] {
  let to = from + 1;
  while (to < messages.length && messages[to]?.message.role === messages[from]?.message.role) to++;
  return messages.slice(from, to);
}

/** Blocks of instructions are paragraphs of their own. */
function pushSystem(items: Item[], content: Message['content']): void {
  const texts = blocksOf(content).map((block) => (block.type === 'text' ? block.text : ''));
  const text = texts
    .filter((paragraph) => paragraph !== '' && !isBillingHeader(paragraph))
    .join('\n\n');
  if (text !== '') items.push({ kind: 'message', role: 'system', content: textContent(text) });
}

/** Claude Code writes a header of its own there, another one for each request: for Anthropic's books, not for a model. */
function isBillingHeader(paragraph: string): boolean {
  return paragraph.startsWith('x-anthropic-billing-header:');
}

function pushUser(items: Item[], turn: readonly Placed[]): void {
  const said: ContentPart[] = [];
  for (const { message, field } of turn) {
    const own: ContentPart[] = [];
    for (const [at, block] of blocksOf(message.content).entries()) {
      if (block.type === 'text') {
        own.push(...textContent(block.text));
        continue;
      }
      const place = `${field}.content[${at}]`;
      if (block.type === 'tool_result') items.push(resultOf(block, place));
      else own.push(...partsOf(block, place));
    }
    append(said, own);
  }
  if (said.length > 0) items.push({ kind: 'message', role: 'user', content: said });
}

function resultOf(block: ToolResultBlock, field: string): Item {
  const { tool_use_id: callId, content, is_error: failed } = block;
  const parts =
    typeof content === 'string'
      ? textContent(content)
      : (content ?? []).flatMap((inner, at) => partsOf(inner, `${field}.content[${at}]`));
  const isError = failed === true ? { isError: true } : {};
  return { kind: 'tool-result', callId, content: parts, ...isError };
}

function pushAssistant(items: Item[], { content }: Message): void {
  let said: ContentPart[] = [];
  const say = (): void => {
    if (said.length > 0) addAssistantContent(items, said);
    said = [];
  };
  for (const block of blocksOf(content)) {
    if (block.type === 'text') {
      if (block.text !== '') said.push({ kind: 'text', text: block.text });
      continue;
    }
    say();
    if (block.type === 'tool_use') {
      const { id: callId, name, input } = block;
      items.push({ kind: 'tool-call', callId, name, arguments: JSON.stringify(input) });
    } else if (block.type === 'thinking') {
      const { thinking: text, signature: data } = block;
      const sealed = data ? { sealed: { form: 'signature' as const, data } } : {};
      if (text !== '' || data) items.push({ kind: 'reasoning', text, ...sealed });
    } else if (block.type === 'redacted_thinking') {
      const sealed = { form: 'redacted' as const, data: block.data };
      items.push({ kind: 'reasoning', text: '', sealed });
    }
  }
  say();
}

function addAssistantContent(items: Item[], content: Content): void {
  const last = items.at(-1);
  if (last?.kind === 'message' && last.role === 'assistant') {
    const both = [...last.content];
    append(both, content);
    items.splice(-1, 1, { ...last, content: both });
  } else items.push({ kind: 'message', role: 'assistant', content });
}

/** Texts of two messages are paragraphs of their own; an image between them keeps them apart already. */
function append(before: ContentPart[], after: Content): void {
  const last = before.at(-1);
  for (const [at, part] of after.entries()) {
    if (at > 0 || last?.kind !== 'text' || part.kind !== 'text') before.push(part);
    else before.splice(-1, 1, { kind: 'text', text: `${last.text}\n\n${part.text}` });
  }
}

/** Anthropic's rule: the turn after a tool_use answers each of its calls, and nothing else. */
export function unansweredUse(messages: readonly Message[]): Refusal | undefined {
  const open = new Set<string>();
  let answering = false;
  for (const [index, { role, content }] of messages.entries()) {
    if (role === 'system') continue;
    if (role === 'assistant') {
      if (answering && open.size > 0) return unanswered(index, open);
      answering = false;
      for (const block of blocksOf(content)) if (block.type === 'tool_use') open.add(block.id);
      continue;
    }
    answering = true;
    for (const [at, block] of blocksOf(content).entries()) {
      if (block.type !== 'tool_result' || open.delete(block.tool_use_id)) continue;
      const field = `messages[${index}].content[${at}].tool_use_id`;
      const message = `Unexpected '${field}' in a tool_result: there is no tool_use with the id '${block.tool_use_id.slice(0, 100)}' in the assistant's turn before it.`;
      return { kind: 'invalid-request', field, message };
    }
  }
  return open.size > 0 ? unanswered(messages.length, open) : undefined;
}

function unanswered(index: number, open: ReadonlySet<string>): Refusal {
  const ids = [...open].join(', ').slice(0, 200);
  const field = `messages[${index}]`;
  const message = `'${field}' must begin with a tool_result for each tool_use before it; missing: ${ids}.`;
  return { kind: 'invalid-request', field, message };
}
