// One request about what is kept: known caller, what it wishes, done or refused. Nothing is generated and nothing is
// charged. Reads top to bottom, like serve.ts.

import type { Owner } from '../domain/stored/answer.ts';
import type { Refusal } from '../domain/refusal.ts';
import type { PageOf } from '../domain/stored/conversation.ts';
import { Sealer } from '../domain/sealing/sealer.ts';
import { err, ok, type Result } from '../lib/result.ts';
import { STORED_BYTES_PROJECT_MAX } from '../limits.ts';
import type { Asked, Kept } from '../ports/asked.ts';
import type { Protocol } from '../protocols/protocol.ts';
import type { Resource, Wish } from '../protocols/resource.ts';
import { strayCursor } from '../protocols/openai-list.ts';
import { callerOf } from './caller-of.ts';
import type { Call } from './call.ts';
import { cancelAnswer } from './cancel-answer.ts';
import { toldOfUnknown } from './fit-request.ts';
import { follow } from './follow.ts';
import type { Gateway } from './gateway.ts';
import { STORAGE_UNAVAILABLE } from './memory.ts';
import type { Sink } from './sink.ts';
import { toldHeaders } from './told-headers.ts';

/** Where it was asked, taken apart. */
export type Address = {
  readonly params: { readonly [name: string]: string };
  readonly query: URLSearchParams;
};

export async function serveResource(
  gateway: Gateway,
  { protocol, resource }: { readonly protocol: Protocol; readonly resource: Resource },
  call: Call,
  { params, query }: Address,
  sink: Sink,
): Promise<void> {
  const { requestId } = call;
  const refuse = (refusal: Refusal): void => {
    const { status, headers, body } = protocol.refusal(refusal, requestId);
    sink.answer(status, headers, body);
  };

  const caller = callerOf(gateway, call);
  if (!caller.ok) return refuse(caller.error);

  const body = sentSomething(resource, call) ? await call.readJson() : ok({});
  if (!body.ok) return refuse(body.error);
  const nowSeconds = Math.floor(gateway.clock.nowMs() / 1000);
  const sealer = new Sealer(gateway.sealing.ring(), caller.value.organisationId);
  const asked = { requestId, nowSeconds, params, query, body: body.value, sealer };
  const wish = resource.wish(asked);
  if (!wish.ok) return refuse(wish.error);

  const told = toldOfUnknown(gateway, protocol, resource.unknown?.(query) ?? []);
  if (!told.ok) return refuse(told.error);

  const headers = { ...protocol.headers(requestId), ...toldHeaders(told.value) };
  if (wish.value.kind === 'follow-answer') {
    const refusal = await follow(gateway, caller.value, wish.value, headers, sink);
    return refusal && refuse(refusal);
  }
  const done = await fulfil(gateway, caller.value, wish.value);
  if (!done.ok) return refuse(done.error);
  sink.answer(200, { 'content-type': 'application/json', ...headers }, done.value);
}

/** Clients cancel with a POST of nothing. */
function sentSomething({ method }: Resource, { headers }: Call): boolean {
  const { 'content-length': length = '0', 'transfer-encoding': chunked } = headers;
  return method === 'POST' && (length !== '0' || chunked !== undefined);
}

type Fulfillable = Exclude<Wish, { readonly kind: 'follow-answer' }>;
type OfAnswers = Extract<Fulfillable, { readonly kind: `${string}-answer` | 'list-answers' }>;
type OfConversations = Exclude<Fulfillable, OfAnswers>;
type Done = Promise<Result<string, Refusal>>;

function fulfil(gateway: Gateway, owner: Owner, wish: Fulfillable): Done {
  switch (wish.kind) {
    case 'show-answer':
    case 'cancel-answer':
    case 'update-answer':
    case 'delete-answer':
    case 'list-answers':
      return fulfilOfAnswers(gateway, owner, wish);
    default:
      return fulfilOfConversations(gateway, owner, wish);
  }
}

async function fulfilOfAnswers(gateway: Gateway, owner: Owner, wish: OfAnswers): Done {
  const { answers } = gateway.responses;
  switch (wish.kind) {
    case 'show-answer': {
      const answer = await found(answers.find(owner, wish.of, wish.id), missingAnswer(wish));
      return answer.ok ? wish.show(answer.value) : answer;
    }
    case 'cancel-answer': {
      const answer = await cancelAnswer(gateway, owner, wish.id);
      return answer.ok ? wish.show(answer.value) : answer;
    }
    case 'update-answer': {
      const asked = answers.setMetadata(owner, wish.of, wish.id, wish.metadata);
      const answer = await found(asked, missingAnswer(wish));
      return answer.ok ? wish.show(answer.value) : answer;
    }
    case 'delete-answer': {
      const removed = await found(answers.remove(owner, wish.of, wish.id), missingAnswer(wish));
      if (removed.ok) gateway.background.forget(wish.id);
      return removed.ok ? ok(wish.show()) : removed;
    }
    case 'list-answers': {
      const { of, metadata, model, page } = wish;
      const filter = { metadata, ...(model !== undefined && { model }) };
      const listed = await answers.list(owner, of, filter, page);
      if (!listed.ok) return err(STORAGE_UNAVAILABLE);
      const find = (id: string) => answers.find(owner, of, id);
      const stray = await cursorProblem(listed.value.entries, page, find);
      return stray === undefined ? ok(wish.show(listed.value)) : err(stray);
    }
  }
}

async function fulfilOfConversations(gateway: Gateway, owner: Owner, wish: OfConversations): Done {
  const { conversations } = gateway.responses;
  const missing: Refusal = {
    kind: 'not-found',
    what: 'conversation',
    id: 'id' in wish ? wish.id : wish.conversation.id,
  };
  const expiresAtMs = gateway.clock.nowMs() + gateway.retentionMs(owner.organisationId);
  switch (wish.kind) {
    case 'create-conversation': {
      if (gateway.retentionMs(owner.organisationId) === 0) return err(NOTHING_IS_KEPT);
      const { conversation, items } = wish;
      const made = await kept(conversations.create(owner, conversation, items, expiresAtMs));
      return made.ok ? ok(wish.show(conversation)) : made;
    }
    case 'show-conversation': {
      const one = await found(conversations.find(owner, wish.id), missing);
      return one.ok ? ok(wish.show(one.value)) : one;
    }
    case 'update-conversation': {
      const one = await found(conversations.setMetadata(owner, wish.id, wish.metadata), missing);
      return one.ok ? ok(wish.show(one.value)) : one;
    }
    case 'delete-conversation': {
      const removed = await found(conversations.remove(owner, wish.id), missing);
      return removed.ok ? ok(wish.show()) : removed;
    }
    case 'add-items': {
      const added = await conversations.add(owner, wish.id, wish.items, expiresAtMs);
      if (added.ok && added.value === 'missing') return err(missing);
      if (!added.ok) return err(STORAGE_UNAVAILABLE);
      if (added.value === 'full') return err(STORAGE_FULL);
      return ok(wish.show({ entries: wish.items, hasMore: false }));
    }
    case 'list-items': {
      const page = await found(conversations.items(owner, wish.id, wish.page), missing);
      if (!page.ok) return page;
      const find = (itemId: string) => conversations.item(owner, wish.id, itemId);
      const stray = await cursorProblem(page.value.entries, wish.page, find);
      return stray === undefined ? ok(wish.show(page.value)) : err(stray);
    }
    case 'show-item': {
      const asked = conversations.item(owner, wish.id, wish.itemId);
      const item = await found(asked, { ...missing, what: 'item', id: wish.itemId });
      return item.ok ? ok(wish.show(item.value)) : item;
    }
    case 'delete-item': {
      const removed = await found(conversations.removeItem(owner, wish.id, wish.itemId), {
        ...missing,
        what: 'item',
        id: wish.itemId,
      });
      const left = removed.ok ? await found(conversations.find(owner, wish.id), missing) : removed;
      return left.ok ? ok(wish.show(left.value)) : left;
    }
  }
}

/** Only an empty page can come of a cursor that names nothing. */
async function cursorProblem(
  entries: readonly unknown[],
  { after, before }: PageOf,
  find: (id: string) => Asked<unknown>,
): Promise<Refusal | undefined> {
  if (entries.length > 0) return undefined;
  for (const [field, id] of Object.entries({ after, before })) {
    const named = id === undefined ? undefined : await find(id);
    if (id === undefined || named === undefined) continue;
    if (!named.ok) return STORAGE_UNAVAILABLE;
    if (named.value === undefined) return strayCursor(field, id);
  }
  return undefined;
}

function missingAnswer({ of, id }: { readonly of: string; readonly id: string }): Refusal {
  return { kind: 'not-found', what: of === 'response' ? 'response' : 'chat completion', id };
}

/** What is not there comes as undefined or false. */
async function found<T>(
  asked: Asked<T>,
  missing: Refusal,
): Promise<Result<Exclude<T, undefined | false>, Refusal>> {
  const answer = await asked;
  if (!answer.ok) return err(STORAGE_UNAVAILABLE);
  const { value } = answer;
  if (value === undefined || value === false) return err(missing);
  return ok(value as Exclude<T, undefined | false>); // neither of the two, as the line above says
}

async function kept(asked: Asked<Kept>): Promise<Result<true, Refusal>> {
  const answer = await asked;
  if (!answer.ok) return err(STORAGE_UNAVAILABLE);
  return answer.value === 'kept' ? ok(true) : err(STORAGE_FULL);
}

const STORAGE_FULL: Refusal = { kind: 'storage-full', bytesMax: STORED_BYTES_PROJECT_MAX };

const NOTHING_IS_KEPT: Refusal = {
  kind: 'invalid-request',
  message: 'Nothing is kept for this organisation, so it can have no conversations.',
};
