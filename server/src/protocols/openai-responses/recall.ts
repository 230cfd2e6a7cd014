// What a request leans on instead of sending it: an earlier response, a conversation, single items. Reads only what it
// needs; whether the rest of the request is right is for decode.ts to say.

import type { Recollection } from '../../domain/stored/recollection.ts';

export function recallsOf(body: unknown): Recollection | undefined {
  if (!isObject(body)) return undefined;
  const previousId = textOf(body['previous_response_id']);
  const conversationId = conversationIdOf(body['conversation']);
  // Both together are refused.
  if (previousId !== undefined && conversationId !== undefined) return undefined;
  const itemIds = referencedIn(body['input']);
  if (previousId === undefined && conversationId === undefined && itemIds.length === 0) {
    return undefined;
  }
  return {
    ...(previousId !== undefined && { previousId }),
    ...(conversationId !== undefined && { conversationId }),
    itemIds,
  };
}

/** A string, or an object with an id. */
export function conversationIdOf(conversation: unknown): string | undefined {
  return isObject(conversation) ? textOf(conversation['id']) : textOf(conversation);
}

/** The id of the item that stands for another one; OpenAI lets its type be left out. */
export function referenceOf(item: unknown): string | undefined {
  if (!isObject(item)) return undefined;
  const { type } = item;
  const isReference = type === 'item_reference' || (type == null && item['role'] === undefined);
  return isReference ? textOf(item['id']) : undefined;
}

function referencedIn(input: unknown): readonly string[] {
  if (!Array.isArray(input)) return [];
  return input.map(referenceOf).filter((id) => id !== undefined);
}

function isObject(value: unknown): value is { readonly [name: string]: unknown } {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}
