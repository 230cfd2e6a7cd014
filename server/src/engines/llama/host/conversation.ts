// From the hub's items to the messages that chat templates know: calls join what the assistant said, thinking is left
// out, as the models' own templates do.

import { textOf } from '../../../domain/generation/content.ts';
import type { FunctionsOnly } from '../../../domain/generation/custom-tools.ts';
import { resultText, type ToolCall } from '../../../domain/generation/generation.ts';

export type ChatCall = {
  readonly id: string;
  readonly name: string;
  /** JSON, as the model wrote it. */
  readonly arguments: string;
};

export type ChatMessage =
  | { readonly role: 'system' | 'user'; readonly text: string }
  | { readonly role: 'assistant'; readonly text: string; readonly calls?: readonly ChatCall[] }
  | {
      readonly role: 'tool';
      readonly text: string;
      readonly callId: string;
      readonly name?: string;
    };

export function messagesOf(items: FunctionsOnly['items']): readonly ChatMessage[] {
  const messages: ChatMessage[] = [];
  const names = new Map<string, string>();
  for (const item of items) {
    if (item.kind === 'reasoning') continue;
    if (item.kind === 'tool-call') {
      names.set(item.callId, item.name);
      const last = messages.at(-1);
      const speaker = last?.role === 'assistant' ? messages.pop() : undefined;
      messages.push(withCall(speaker?.text ?? '', last, item));
    } else messages.push(messageOf(item, names));
  }
  return messages;
}

function withCall(text: string, last: ChatMessage | undefined, call: ToolCall): ChatMessage {
  const calls = last?.role === 'assistant' ? (last.calls ?? []) : [];
  const { callId: id, name } = call;
  return { role: 'assistant', text, calls: [...calls, { id, name, arguments: call.arguments }] };
}

function messageOf(
  item: Exclude<FunctionsOnly['items'][number], ToolCall | { readonly kind: 'reasoning' }>,
  names: ReadonlyMap<string, string>,
): ChatMessage {
  if (item.kind === 'message') {
    const role = item.role === 'developer' ? 'system' : item.role;
    return { role, text: textOf(item.content) };
  }
  const { callId } = item;
  const name = names.get(callId);
  return { role: 'tool', text: resultText(item), callId, ...(name !== undefined && { name }) };
}
