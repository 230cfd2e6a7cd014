// What outlasts a request: where its answer is kept, and where what it leans on is found. A connection that remembers
// by itself puts its own memory in front of the server's.

import { hasEnded, type Owner, type StoredAnswer } from '../domain/stored/answer.ts';
import type { ConversationItem } from '../domain/stored/conversation.ts';
import type { Earlier, Recollection } from '../domain/stored/recollection.ts';
import type { Refusal } from '../domain/refusal.ts';
import { assert } from '../lib/assert.ts';
import { jsonText } from '../lib/json-slices.ts';
import { AT_ONCE_BYTES_MAX, parseOwnJson } from '../lib/json-text.ts';
import { err, ok, type Result } from '../lib/result.ts';
import { RETRY_AFTER_STORAGE_MS } from '../limits.ts';
import type { ResponseStore } from '../ports/response-store.ts';
import type { Keeping } from '../protocols/protocol.ts';

/** `stored`: any server finds it, and a crash doesn't lose it. `remembered`: as long as the connection lasts. */
export type Place = 'stored' | 'remembered' | 'nowhere';

export interface Memory {
  /** Where this answer will be kept: known before anything is generated, so that the answer can say so. */
  placeOf(owner: Owner, keeping: Keeping): Result<Place, Refusal>;
  recall(owner: Owner, wanted: Recollection): Promise<Result<Earlier, Refusal>>;
  /** False when it could not be kept. */
  keep(owner: Owner, answer: StoredAnswer, place: Place): Promise<boolean>;
}

export const STORAGE_UNAVAILABLE: Refusal = {
  kind: 'storage-unavailable',
  retryAfterMs: RETRY_AFTER_STORAGE_MS,
};

/** How long an organisation's answers are kept, in milliseconds; 0: not at all. */
export type Retention = (organisationId: string) => number;

export class StoreMemory implements Memory {
  readonly #store: ResponseStore;
  readonly #retentionMs: Retention;

  constructor(store: ResponseStore, retentionMs: Retention) {
    this.#store = store;
    this.#retentionMs = retentionMs;
  }

  placeOf({ organisationId }: Owner, keeping: Keeping): Result<Place, Refusal> {
    if (keeping.store === 'no') return ok('nowhere');
    if (this.#retentionMs(organisationId) === 0) {
      return keeping.background ? err(NEVER_IN_BACKGROUND) : ok('nowhere');
    }
    if (this.#store.available()) return ok('stored');
    // Who did not ask for it would rather have an answer than none.
    const insists =
      keeping.store === 'asked' || keeping.background || keeping.conversationId !== undefined;
    return insists ? err(STORAGE_UNAVAILABLE) : ok('nowhere');
  }

  async recall(owner: Owner, wanted: Recollection): Promise<Result<Earlier, Refusal>> {
    const { previousId, conversationId, itemIds } = wanted;
    const items =
      previousId !== undefined
        ? await this.#since(owner, previousId)
        : await this.#saidIn(owner, conversationId);
    if (!items.ok) return items;
    const named = await this.#named(owner, itemIds, items.value);
    return named.ok ? ok({ items: items.value, named: named.value }) : named;
  }

  async #since(owner: Owner, previousId: string): Promise<Result<readonly unknown[], Refusal>> {
    const asked = await this.#store.answers.chain(owner, previousId);
    if (!asked.ok) return err(STORAGE_UNAVAILABLE);
    const chain = asked.value;
    if (chain.kind === 'missing') {
      return err({ kind: 'previous-response-not-found', id: chain.id });
    }
    if (chain.kind === 'too-long') return err({ kind: 'context-length-exceeded' });
    const unfit = chain.answers.map(whyNot).find((refusal) => refusal !== undefined);
    if (unfit !== undefined) return err(unfit);
    const items: unknown[] = [];
    // One by one: a list of arguments is bounded.
    for (const answer of chain.answers) for (const item of await itemsOf(answer)) items.push(item);
    return ok(items);
  }

  async #saidIn(
    owner: Owner,
    id: string | undefined,
  ): Promise<Result<readonly unknown[], Refusal>> {
    if (id === undefined) return ok([]);
    const asked = await this.#store.conversations.all(owner, id);
    if (!asked.ok) return err(STORAGE_UNAVAILABLE);
    const items = asked.value;
    if (items === undefined) return err({ kind: 'not-found', what: 'conversation', id });
    if (items === 'too-long') return err({ kind: 'context-length-exceeded' });
    const parsed: unknown[] = [];
    for (const { json } of items) parsed.push(await parseOwnJson(json));
    return ok(parsed);
  }

  /** Items that are not in what was said before are looked for in the responses that their ids speak of. */
  async #named(
    owner: Owner,
    ids: readonly string[],
    known: readonly unknown[],
  ): Promise<Result<ReadonlyMap<string, unknown>, Refusal>> {
    const found = new Map<string, unknown>();
    if (ids.length === 0) return ok(found);
    const add = (items: readonly unknown[]): void => {
      for (const item of items) found.set(idOf(item) ?? '', item);
    };
    add(known);
    const read = new Set<string>();
    for (const id of ids) {
      const responseId = responseOf(id);
      if (!found.has(id) && responseId !== undefined && !read.has(responseId)) {
        read.add(responseId);
        const answer = await this.#store.answers.find(owner, 'response', responseId);
        if (!answer.ok) return err(STORAGE_UNAVAILABLE);
        if (answer.value !== undefined) add(await itemsOf(answer.value));
      }
      if (!found.has(id)) return err({ kind: 'not-found', what: 'item', id });
    }
    return ok(found);
  }

  async keep(owner: Owner, answer: StoredAnswer, place: Place): Promise<boolean> {
    if (place !== 'stored') return false;
    const expiresAtMs = answer.createdAtMs + this.#retentionMs(owner.organisationId);
    const kept = await this.#store.answers.keep(owner, answer, expiresAtMs, await saidIn(answer));
    return kept.ok && kept.value === 'kept';
  }
}

const NEVER_IN_BACKGROUND: Refusal = {
  kind: 'invalid-request',
  field: 'background',
  message: "Nothing is kept for this organisation, so 'background' can't be used.",
};

/** Why nothing can go on from this answer. */
function whyNot({ id, status, conversationId }: StoredAnswer): Refusal | undefined {
  const refused = (why: string): Refusal => ({
    kind: 'invalid-request',
    field: 'previous_response_id',
    message: `Nothing can go on from the response '${id}': ${why}`,
  });
  if (!hasEnded(status)) return refused('it has not ended yet.');
  if (conversationId === undefined) return undefined;
  return refused(`it belongs to the conversation '${conversationId}'; send 'conversation'.`);
}

/** What an answer adds to its conversation. */
export async function saidIn(answer: StoredAnswer): Promise<readonly ConversationItem[]> {
  if (answer.conversationId === undefined) return [];
  const said: ConversationItem[] = [];
  const isLarge = answer.input.length + answer.output.length > AT_ONCE_BYTES_MAX;
  for (const item of await itemsOf(answer)) {
    const json = isLarge ? await jsonText(item) : JSON.stringify(item);
    said.push({ id: idOf(item) ?? '', json });
  }
  return said;
}

async function itemsOf({ input, output }: StoredAnswer): Promise<readonly unknown[]> {
  return [...(await listOf(input)), ...(await listOf(output))];
}

async function listOf(json: string): Promise<readonly unknown[]> {
  const list: unknown = await parseOwnJson(json);
  assert(Array.isArray(list), 'what was stored as a list is one');
  const items: readonly unknown[] = list;
  return items;
}

function idOf(item: unknown): string | undefined {
  const id = typeof item === 'object' && item !== null && 'id' in item ? item.id : undefined;
  return typeof id === 'string' ? id : undefined;
}

/** The ids that this server gives to items begin with the digits of their response. */
function responseOf(itemId: string): string | undefined {
  const digits = /^[a-z]+_(?<digits>[0-9a-f]{32})[0-9a-f]{4}$/.exec(itemId)?.groups?.['digits'];
  return digits === undefined ? undefined : `resp_${digits}`;
}
