// The hub's items as the messages of a Chat Completions request: reasoning, text and calls in a row are one message of
// the assistant's, images and documents are parts of a user's.

import { mediaIn } from '../../domain/generation/capabilities.ts';
import { isMedia, textOf, type Content, type Media } from '../../domain/generation/content.ts';
import { callAsFunction } from '../../domain/generation/custom-tools.ts';
import type { EngineFailure } from '../../domain/generation/engine-failure.ts';
import {
  resultText,
  thoughtOf,
  type CustomToolCall,
  type Generation,
  type Item,
  type ToolCall,
  type ToolResult,
} from '../../domain/generation/generation.ts';
import { assert } from '../../lib/assert.ts';
import type { OpenAiCompatibleOptions } from './options.ts';

type WireCall =
  | {
      readonly id: string;
      readonly type: 'function';
      readonly function: { readonly name: string; readonly arguments: string };
    }
  | {
      readonly id: string;
      readonly type: 'custom';
      readonly custom: { readonly name: string; readonly input: string };
    };

export type WireMessage = {
  role: string;
  content: string | readonly object[];
  tool_call_id?: string;
  tool_calls?: WireCall[];
  reasoning_content?: string;
  reasoning?: string;
};

export function messagesOf(
  items: readonly Item[],
  options: OpenAiCompatibleOptions,
): readonly WireMessage[] {
  const messages: WireMessage[] = [];
  /** The assistant's message that is still being put together. */
  let turn: WireMessage | undefined;
  const shown = new ShownByTools();
  for (const item of items) {
    if (item.kind !== 'tool-result') shown.flush(messages);
    const isAssistant =
      item.kind === 'message' ? item.role === 'assistant' : item.kind !== 'tool-result';
    if (!isAssistant) {
      turn = undefined;
      messages.push(messageOf(item, options));
      if (item.kind === 'tool-result') shown.take(item);
      continue;
    }
    if (item.kind === 'reasoning' && (!options.reasoningField || thoughtOf(item) === '')) continue;
    // Calls belong to what was said before them; anything else after text or calls begins anew.
    const isCall = item.kind === 'tool-call' || item.kind === 'custom-tool-call';
    if (turn && !isCall && (turn.content !== '' || turn.tool_calls)) turn = undefined;
    if (!turn) {
      // Empty, not null: a few servers refuse null, and none refuses this.
      turn = { role: 'assistant', content: '' };
      messages.push(turn);
    }
    addTo(turn, item, options);
  }
  shown.flush(messages);
  return messages;
}

function messageOf(item: Item, options: OpenAiCompatibleOptions): WireMessage {
  if (item.kind === 'tool-result') {
    return { role: 'tool', content: resultText(item), tool_call_id: item.callId };
  }
  assert(item.kind === 'message', 'only messages and tool results stand alone');
  const role = item.role === 'developer' && !options.developerRole ? 'system' : item.role;
  return { role, content: role === 'user' ? contentOf(item.content) : textOf(item.content) };
}

function callOf(item: ToolCall | CustomToolCall, options: OpenAiCompatibleOptions): WireCall {
  if (item.kind === 'custom-tool-call' && options.customTools === true) {
    const { callId: id, name, input } = item;
    return { id, type: 'custom', custom: { name, input } };
  }
  const call = item.kind === 'custom-tool-call' ? callAsFunction(item) : item;
  const { callId: id, name, arguments: args } = call;
  return { id, type: 'function', function: { name, arguments: args } };
}

function addTo(turn: WireMessage, item: Item, options: OpenAiCompatibleOptions): void {
  if (item.kind === 'tool-call' || item.kind === 'custom-tool-call') {
    (turn.tool_calls ??= []).push(callOf(item, options));
  } else if (item.kind === 'reasoning') {
    turn[options.reasoningField ?? 'reasoning'] = thoughtOf(item);
  } else turn.content = textOf(item.content);
}

/** A string where it is all text: every server knows that, and not every one a list. */
function contentOf(content: Content): string | readonly object[] {
  if (!content.some(isMedia)) return textOf(content);
  const parts: object[] = [];
  let text = '';
  for (const part of content) {
    if (!isMedia(part)) {
      text += textOf([part]);
      continue;
    }
    if (text !== '') parts.push({ type: 'text', text });
    text = '';
    parts.push(mediaPart(part));
  }
  return text === '' ? parts : [...parts, { type: 'text', text }];
}

function mediaPart(part: Media): object {
  const { source } = part;
  const url =
    source.kind === 'url' ? source.url : `data:${source.mediaType};base64,${source.base64}`;
  if (part.kind === 'image') {
    // OpenAI's clients write the default down in one protocol and not in the other; caches want the same bytes.
    const { detail = 'auto' } = part;
    const look = detail === 'auto' ? {} : { detail };
    return { type: 'image_url', image_url: { url, ...look } };
  }
  return { type: 'file', file: { filename: part.name ?? 'document.pdf', file_data: url } };
}

/** Chat Completions has a place for an image's address and none for a file's. */
export function farDocument({ items }: Generation): EngineFailure | undefined {
  for (const part of mediaIn(items)) {
    if (part.kind !== 'document' || part.source.kind !== 'url') continue;
    const feature = 'fetching a document from a URL; send the data itself';
    return { kind: 'unsupported', feature, field: part.field ?? 'items' };
  }
  return undefined;
}

/** A tool's message holds text alone, so what else tools returned follows the last of them, as a user's message. */
class ShownByTools {
  #parts: object[] = [];

  take({ callId, content }: ToolResult): void {
    const media = content.filter(isMedia);
    if (media.length === 0) return;
    this.#parts.push({ type: 'text', text: `Returned by the tool call ${callId}:` });
    this.#parts.push(...media.map(mediaPart));
  }

  flush(messages: WireMessage[]): void {
    if (this.#parts.length > 0) messages.push({ role: 'user', content: this.#parts });
    this.#parts = [];
  }
}
