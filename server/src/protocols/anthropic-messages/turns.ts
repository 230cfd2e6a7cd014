// Messages → items. Messages of one role in a row are one turn; within a user's turn the results of tools come first,
// because every engine wants the answer to a call right behind the call.

import type { Item } from '../../domain/generation/generation.ts';
import type { Refusal } from '../../domain/refusal.ts';
import { blocksOf, type Block, type Message, type ToolResultBlock } from './content.ts';
import type { CountRequest } from './request.ts';

export function itemsOf({ system, messages }: CountRequest): Item[] {
  const items: Item[] = [];
  if (system != null) pushSystem(items, system);
  for (let at = 0; at < messages.length;) {
    const turn = turnAt(messages, at);
    at += turn.length;
    if (turn[0]?.role === 'user') pushUser(items, turn);
    else if (turn[0]?.role === 'assistant') pushAssistant(items, turn);
    else for (const { content } of turn) pushSystem(items, content);
  }
  return items;
}

function turnAt(messages: readonly Message[], from: number): readonly Message[] {
  let to = from + 1;
  while (to < messages.length && messages[to]?.role === messages[from]?.role) to++;
  return messages.slice(from, to);
}

/** Blocks of instructions are paragraphs of their own. */
function pushSystem(items: Item[], content: Message['content']): void {
  const text = joined(blocksOf(content).map(textOf));
  if (text !== '') items.push({ kind: 'message', role: 'system', text });
}

function pushUser(items: Item[], turn: readonly Message[]): void {
  const texts: string[] = [];
  for (const { content } of turn) {
    let text = '';
    for (const block of blocksOf(content)) {
      if (block.type === 'tool_result') items.push(resultOf(block));
      else text += textOf(block);
    }
    texts.push(text);
  }
  const text = joined(texts);
  if (text !== '') items.push({ kind: 'message', role: 'user', text });
}

/** The hub has no mark for a tool that failed, so the model reads it. */
function resultOf({ tool_use_id: callId, content, is_error: failed }: ToolResultBlock): Item {
  const text = typeof content === 'string' ? content : (content ?? []).map(textOf).join('');
  const said = failed === true && !/error/i.test(text) ? `Error: ${text}`.trimEnd() : text;
  return { kind: 'tool-result', callId, text: said };
}

function pushAssistant(items: Item[], turn: readonly Message[]): void {
  for (const { content } of turn) {
    let text = '';
    const say = (): void => {
      if (text !== '') addAssistantText(items, text);
      text = '';
    };
    for (const block of blocksOf(content)) {
      if (block.type === 'text') {
        text += block.text;
        continue;
      }
      say();
      if (block.type === 'tool_use') {
        const { id: callId, name, input } = block;
        items.push({ kind: 'tool-call', callId, name, arguments: JSON.stringify(input) });
      } else if (block.type === 'thinking' && block.thinking !== '') {
        items.push({ kind: 'reasoning', text: block.thinking });
      }
    }
    say();
  }
}

function addAssistantText(items: Item[], text: string): void {
  const last = items.at(-1);
  if (last?.kind === 'message' && last.role === 'assistant') {
    items.splice(-1, 1, { ...last, text: joined([last.text, text]) });
  } else items.push({ kind: 'message', role: 'assistant', text });
}

function textOf(block: Block): string {
  return block.type === 'text' ? block.text : '';
}

function joined(texts: readonly string[]): string {
  return texts.filter((text) => text !== '').join('\n\n');
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
