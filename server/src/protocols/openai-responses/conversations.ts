// Conversations and their items. Source: OpenAI's API reference, Conversations.

import { z } from 'zod';
import type { Refusal } from '../../domain/refusal.ts';
import type { Conversation, ConversationItem } from '../../domain/stored/conversation.ts';
import { err, ok, type Result } from '../../lib/result.ts';
import { CONVERSATION_ITEMS_ADDED_MAX } from '../../limits.ts';
import { firstIssue } from '../first-issue.ts';
import { listJson, metadata, readPage } from '../openai-list.ts';
import type { Resource, ResourceRequest, Wish } from '../resource.ts';
import { unknownInQuery } from './include.ts';
import { readAlone } from './input-items.ts';
import { storedItems } from './stored-input.ts';

const CONVERSATION_ID = /^conv_[0-9a-f]{32}$/;

const items = z
  .array(z.unknown())
  .max(
    CONVERSATION_ITEMS_ADDED_MAX,
    `expected at most ${CONVERSATION_ITEMS_ADDED_MAX} items at once`,
  );
export const conversationCreation = z.object({
  metadata: metadata.nullish(),
  items: items.nullish(),
});
export const conversationChange = z.object({ metadata });
export const conversationAddition = z.object({ items: items.min(1, 'expected at least one item') });

function conversation(
  method: Resource['method'],
  path: string,
  wish: (id: string, request: ResourceRequest) => Result<Wish, Refusal>,
): Resource {
  return {
    method,
    path: `/v1/conversations/:id${path}`,
    unknown: unknownInQuery,
    wish: (request) => {
      const id = request.params['id'] ?? '';
      if (!CONVERSATION_ID.test(id)) return err({ kind: 'not-found', what: 'conversation', id });
      return wish(id, request);
    },
  };
}

export const conversationResources: readonly Resource[] = [
  { method: 'POST', path: '/v1/conversations', wish: create },
  conversation('GET', '', (id) => ok({ kind: 'show-conversation', id, show })),
  conversation('POST', '', (id, { body }) => {
    const parsed = conversationChange.safeParse(body);
    if (!parsed.success) return err(firstIssue(parsed.error.issues));
    return ok({ kind: 'update-conversation', id, metadata: parsed.data.metadata, show });
  }),
  conversation('DELETE', '', (id) =>
    ok({
      kind: 'delete-conversation',
      id,
      show: () => JSON.stringify({ id, object: 'conversation.deleted', deleted: true }),
    }),
  ),
  conversation('POST', '/items', (id, request) => {
    const parsed = conversationAddition.safeParse(request.body);
    if (!parsed.success) return err(firstIssue(parsed.error.issues));
    const read = itemsOf(parsed.data.items, request);
    return read.ok ? ok({ kind: 'add-items', id, items: read.value, show: listJson }) : read;
  }),
  conversation('GET', '/items', (id, { query }) => {
    const page = readPage(query, 'desc');
    return page.ok ? ok({ kind: 'list-items', id, page: page.value, show: listJson }) : page;
  }),
  conversation('GET', '/items/:item', (id, { params }) =>
    itemWish(params['item'], (itemId) => ({
      kind: 'show-item',
      id,
      itemId,
      show: ({ json }) => json,
    })),
  ),
  conversation('DELETE', '/items/:item', (id, { params }) =>
    itemWish(params['item'], (itemId) => ({ kind: 'delete-item', id, itemId, show })),
  ),
];

function create(request: ResourceRequest): Result<Wish, Refusal> {
  const { body, requestId, nowSeconds } = request;
  const parsed = conversationCreation.safeParse(body);
  if (!parsed.success) return err(firstIssue(parsed.error.issues));
  const read = itemsOf(parsed.data.items ?? [], request);
  if (!read.ok) return read;
  const made: Conversation = {
    id: `conv_${requestId.slice('req_'.length)}`,
    createdAtMs: nowSeconds * 1000,
    metadata: parsed.data.metadata ?? {},
  };
  return ok({ kind: 'create-conversation', conversation: made, items: read.value, show });
}

/** Each must be an item by itself; whether calls are answered is seen when a response goes on from them. */
function itemsOf(
  given: readonly unknown[],
  { requestId, sealer }: ResourceRequest,
): Result<readonly ConversationItem[], Refusal> {
  for (const [index, item] of given.entries()) {
    const refusal = readAlone(item, index, sealer);
    if (refusal !== undefined) return err(refusal);
  }
  const stored = storedItems(given, new Map(), requestId.slice('req_'.length));
  return ok(stored.map((item) => ({ id: String(item['id']), json: JSON.stringify(item) })));
}

function itemWish(itemId = '', wish: (itemId: string) => Wish): Result<Wish, Refusal> {
  const isId = itemId !== '' && itemId.isWellFormed() && !itemId.includes('\0');
  return isId ? ok(wish(itemId)) : err({ kind: 'not-found', what: 'item', id: itemId });
}

function show({ id, createdAtMs, metadata: pairs }: Conversation): string {
  return JSON.stringify({
    id,
    object: 'conversation',
    created_at: Math.floor(createdAtMs / 1000),
    metadata: pairs,
  });
}
