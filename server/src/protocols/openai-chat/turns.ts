// The messages of a request → items of the hub, and the rule that every call is answered before anything else is said.

import type { Content } from '../../domain/generation/content.ts';
import type { Item } from '../../domain/generation/generation.ts';
import type { Refusal } from '../../domain/refusal.ts';
import { contentOf, type ChatContent } from './content.ts';
import type { ChatMessage } from './request.ts';
import { callOf } from './tools.ts';

export function itemsOf(messages: readonly ChatMessage[]): Item[] {
  return messages.flatMap((message, index) => itemsOfOne(message, index, messages));
}

function itemsOfOne(message: ChatMessage, index: number, all: readonly ChatMessage[]): Item[] {
  const said = (content: ChatContent): Content => contentOf(content, `messages[${index}]`);
  switch (message.role) {
    case 'tool':
      return [
        { kind: 'tool-result', callId: message.tool_call_id, content: said(message.content) },
      ];
    case 'function': {
      const callId = legacyCallId(calledAt(message.name, index, all));
      return [{ kind: 'tool-result', callId, content: said(message.content ?? '') }];
    }
    case 'assistant': {
      const items: Item[] = [];
      if (message.reasoning) items.push({ kind: 'reasoning', text: message.reasoning });
      const content = [...said(message.content ?? '')];
      if (message.refusal) content.push({ kind: 'refusal', text: message.refusal });
      if (content.length > 0) items.push({ kind: 'message', role: 'assistant', content });
      for (const call of message.tool_calls ?? []) items.push(callOf(call));
      const { function_call: called } = message;
      if (called != null) {
        items.push({ kind: 'tool-call', callId: legacyCallId(index), ...called });
      }
      return items;
    }
    default:
      return [{ kind: 'message', role: message.role, content: said(message.content) }];
  }
}

/** `functions` have no ids: a call is known by the message that made it. */
function legacyCallId(index: number): string {
  return `call_message_${index}`;
}

/** The message before `index` that called the function last; undefined where none did. */
function calledAt(name: string, index: number, messages: readonly ChatMessage[]): number {
  return messages
    .slice(0, index)
    .findLastIndex(
      (message) => message.role === 'assistant' && message.function_call?.name === name,
    );
}

/** OpenAI's rule: every tool call of an assistant message is answered before anything else is said. */
export function unansweredCall(messages: readonly ChatMessage[]): Refusal | undefined {
  const open = new Set<string>();
  for (const [index, message] of messages.entries()) {
    if (message.role === 'tool') {
      if (!open.delete(message.tool_call_id)) {
        const field = `messages[${index}].tool_call_id`;
        return invalid(
          field,
          `'${field}' answers no tool call of the assistant message before it.`,
        );
      }
      continue;
    }
    if (open.size > 0) return unanswered(index, open);
    if (message.role === 'function' && calledAt(message.name, index, messages) < 0) {
      const field = `messages[${index}].name`;
      return invalid(
        field,
        `'${field}' answers no function call of an assistant message before it.`,
      );
    }
    if (message.role !== 'assistant') continue;
    for (const call of message.tool_calls ?? []) open.add(call.id);
  }
  return open.size > 0 ? unanswered(messages.length, open) : undefined;
}

function unanswered(index: number, open: ReadonlySet<string>): Refusal {
  const ids = [...open].join(', ');
  return invalid(
    `messages[${index}]`,
    `An assistant message with 'tool_calls' must be followed by a tool message for each of them; missing: ${ids}.`,
  );
}

function invalid(field: string, message: string): Refusal {
  return { kind: 'invalid-request', field, message };
}
