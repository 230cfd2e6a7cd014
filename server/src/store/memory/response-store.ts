// What is kept between requests, in memory, for tests: the same promises as the PostgreSQL adapter, until the process
// ends.

import {
  hasEnded,
  type AnswerKind,
  type Metadata,
  type Owner,
  type StoredAnswer,
} from '../../domain/stored/answer.ts';
import type {
  Conversation,
  ConversationItem,
  Page,
  PageOf,
} from '../../domain/stored/conversation.ts';
import { err, ok } from '../../lib/result.ts';
import { EARLIER_RESPONSES_MAX, STORED_BYTES_PROJECT_MAX } from '../../limits.ts';
import type { Asked, Kept } from '../../ports/asked.ts';
import type {
  AnswerFilter,
  AnswerStore,
  Chain,
  ConversationStore,
  ResponseStore,
} from '../../ports/response-store.ts';
import type { Events, Orphan, Progress, RunStore, Standing } from '../../ports/run-store.ts';

type Kin = { readonly owner: Owner; readonly expiresAtMs: number };
type AnswerRow = Kin & {
  answer: StoredAnswer;
  readonly events: string[];
  cancelAsked: boolean;
};
type ConversationRow = Kin & { conversation: Conversation; items: ConversationItem[] };

export class MemoryResponseStore implements ResponseStore {
  readonly #nowMs: () => number;
  readonly #bytesProjectMax: number;
  readonly #answers = new Map<string, AnswerRow>();
  readonly #conversations = new Map<string, ConversationRow>();
  readonly answers: AnswerStore;
  readonly conversations: ConversationStore;
  readonly runs: RunStore;
  /** Shut: as if it could not be reached. */
  shut = false;

  constructor(nowMs: () => number, bytesProjectMax = STORED_BYTES_PROJECT_MAX) {
    this.#nowMs = nowMs;
    this.#bytesProjectMax = bytesProjectMax;
    this.answers = this.#answerStore();
    this.conversations = this.#conversationStore();
    this.runs = this.#runStore();
  }

  available(): boolean {
    return !this.shut;
  }

  bytesOf(owner: Owner): Asked<number> {
    return this.#ask(() => this.#bytes(owner));
  }

  removeExpired(): Asked<number> {
    return this.#ask(() => {
      const rows: readonly Map<string, Kin>[] = [this.#answers, this.#conversations];
      let removed = 0;
      for (const row of rows) {
        for (const [id, { expiresAtMs }] of row) {
          if (expiresAtMs > this.#nowMs() || this.#isLeanedOn(id)) continue;
          row.delete(id);
          removed++;
        }
      }
      return removed;
    });
  }

  #isLeanedOn(id: string): boolean {
    return [...this.#answers.values()].some(({ answer }) => answer.previousId === id);
  }

  #answerStore(): AnswerStore {
    return {
      keep: (owner, answer, expiresAtMs, said = []) =>
        this.#ask(() => this.#keep(owner, answer, expiresAtMs, said)),
      find: (owner, kind, id) => this.#ask(() => this.#find(owner, kind, id)?.answer),
      chain: (owner, id) => this.#ask(() => this.#chain(owner, id)),
      list: (owner, kind, filter, page) => this.#ask(() => this.#list(owner, kind, filter, page)),
      setMetadata: (owner, kind, id, metadata) =>
        this.#ask(() => {
          const row = this.#find(owner, kind, id);
          if (row === undefined) return undefined;
          row.answer = { ...row.answer, metadata };
          return row.answer;
        }),
      remove: (owner, kind, id) =>
        this.#ask(() => this.#find(owner, kind, id) !== undefined && this.#answers.delete(id)),
    };
  }

  #keep(
    owner: Owner,
    answer: StoredAnswer,
    expiresAtMs: number,
    said: readonly ConversationItem[],
  ): Kept {
    if (this.#bytes(owner) + bytesOf(answer) + itemBytes(said) > this.#bytesProjectMax) {
      return 'full';
    }
    this.#answers.set(answer.id, { owner, answer, expiresAtMs, events: [], cancelAsked: false });
    this.#findConversation(owner, answer.conversationId ?? '')?.items.push(...said);
    return 'kept';
  }

  #chain(owner: Owner, id: string): Chain {
    const answers: StoredAnswer[] = [];
    for (let next: string | undefined = id; next !== undefined;) {
      const row: AnswerRow | undefined =
        next === id ? this.#find(owner, 'response', next) : this.#owned(owner, 'response', next);
      if (row === undefined) return { kind: 'missing', id: next };
      answers.unshift(row.answer);
      if (answers.length > EARLIER_RESPONSES_MAX) return { kind: 'too-long' };
      next = row.answer.previousId;
    }
    return { kind: 'found', answers };
  }

  #list(
    owner: Owner,
    kind: AnswerKind,
    { model, metadata }: AnswerFilter,
    page: PageOf,
  ): Page<StoredAnswer> {
    const all = [...this.#answers.values()]
      .filter(({ answer }) => this.#find(owner, kind, answer.id) !== undefined)
      .map(({ answer }) => answer)
      .toSorted((a, b) => a.createdAtMs - b.createdAtMs || (a.id < b.id ? -1 : 1))
      .filter((answer) => model === undefined || answer.model === model)
      .filter((answer) => hasAll(answer.metadata, metadata));
    return pageOf(all, page);
  }

  #conversationStore(): ConversationStore {
    return {
      create: (owner, conversation, items, expiresAtMs) =>
        this.#ask(() => {
          const bytes = JSON.stringify(conversation).length + itemBytes(items);
          if (this.#bytes(owner) + bytes > this.#bytesProjectMax) return 'full';
          const row = { owner, conversation, items: [...items], expiresAtMs };
          this.#conversations.set(conversation.id, row);
          return 'kept';
        }),
      find: (owner, id) => this.#ask(() => this.#findConversation(owner, id)?.conversation),
      setMetadata: (owner, id, metadata) =>
        this.#ask(() => {
          const row = this.#findConversation(owner, id);
          if (row !== undefined) row.conversation = { ...row.conversation, metadata };
          return row?.conversation;
        }),
      remove: (owner, id) =>
        this.#ask(
          () => this.#findConversation(owner, id) !== undefined && this.#conversations.delete(id),
        ),
      add: (owner, id, items) =>
        this.#ask(() => {
          const row = this.#findConversation(owner, id);
          if (row === undefined) return 'missing';
          if (this.#bytes(owner) + itemBytes(items) > this.#bytesProjectMax) return 'full';
          row.items.push(...items);
          return 'kept';
        }),
      items: (owner, id, page) =>
        this.#ask(() => {
          const row = this.#findConversation(owner, id);
          return row && pageOf(row.items, page);
        }),
      all: (owner, id) => this.#ask(() => this.#findConversation(owner, id)?.items.slice()),
      item: (owner, id, itemId) =>
        this.#ask(() => this.#findConversation(owner, id)?.items.find((one) => one.id === itemId)),
      removeItem: (owner, id, itemId) =>
        this.#ask(() => {
          const row = this.#findConversation(owner, id);
          const left = row?.items.filter((one) => one.id !== itemId) ?? [];
          if (row === undefined || left.length === row.items.length) return false;
          row.items = left;
          return true;
        }),
    };
  }

  #runStore(): RunStore {
    return {
      begin: (owner, answer, expiresAtMs) =>
        this.#ask(() => this.#keep(owner, answer, expiresAtMs, [])),
      progress: (id, progress) => this.#ask(() => this.#progress(id, progress)),
      unwanted: (ids) =>
        this.#ask(() => ids.filter((id) => this.#answers.get(id)?.cancelAsked !== false)),
      cancel: (owner, id) =>
        this.#ask(() => {
          const row = this.#find(owner, 'response', id);
          if (row !== undefined) row.cancelAsked ||= isRunning(row);
          return row?.answer;
        }),
      events: (owner, id, after, limit) =>
        this.#ask((): Events | undefined => {
          const row = this.#find(owner, 'response', id);
          if (row === undefined) return undefined;
          const events = row.events.slice(after + 1, after + 1 + limit);
          return { events, ended: hasEnded(row.answer.status) && events.length < limit };
        }),
      orphans: (mine) =>
        this.#ask((): Orphan[] =>
          [...this.#answers.values()]
            .filter((row) => isRunning(row) && !mine.includes(row.answer.id))
            .map(({ owner, answer, events }) => ({ owner, answer, events: events.length })),
        ),
    };
  }

  #progress(id: string, { answer, events, said = [] }: Progress): Standing {
    const row = this.#answers.get(id);
    if (row === undefined) return 'gone';
    if (hasEnded(row.answer.status)) return 'lost';
    if (answer !== undefined) row.answer = answer;
    row.events.push(...events);
    this.#findConversation(row.owner, row.answer.conversationId ?? '')?.items.push(...said);
    return row.cancelAsked ? 'cancel' : 'go on';
  }

  #find(owner: Owner, kind: AnswerKind, id: string): AnswerRow | undefined {
    const row = this.#owned(owner, kind, id);
    return row !== undefined && row.expiresAtMs > this.#nowMs() ? row : undefined;
  }

  #owned(owner: Owner, kind: AnswerKind, id: string): AnswerRow | undefined {
    const row = this.#answers.get(id);
    return row !== undefined && isOf(owner, row) && row.answer.kind === kind ? row : undefined;
  }

  #findConversation(owner: Owner, id: string): ConversationRow | undefined {
    const row = this.#conversations.get(id);
    const isThere = row !== undefined && isOf(owner, row) && row.expiresAtMs > this.#nowMs();
    return isThere ? row : undefined;
  }

  #bytes(owner: Owner): number {
    const answers = [...this.#answers.values()]
      .filter((row) => isOf(owner, row))
      .map(({ answer, events }) => bytesOf(answer) + events.join('').length);
    const conversations = [...this.#conversations.values()]
      .filter((row) => isOf(owner, row))
      .map(({ conversation, items }) => JSON.stringify(conversation).length + itemBytes(items));
    return [...answers, ...conversations].reduce((sum, bytes) => sum + bytes, 0);
  }

  async #ask<T>(work: () => T): Asked<T> {
    return this.shut ? err('unavailable') : ok(work());
  }
}

function isOf({ organisationId, projectId }: Owner, { owner }: Kin): boolean {
  return owner.organisationId === organisationId && owner.projectId === projectId;
}

function isRunning({ answer }: AnswerRow): boolean {
  return answer.background && !hasEnded(answer.status);
}

function hasAll(metadata: Metadata, wanted: Metadata): boolean {
  return Object.entries(wanted).every(([key, value]) => metadata[key] === value);
}

function pageOf<T extends { readonly id: string }>(
  entries: readonly T[],
  { limit, order, after, before }: PageOf,
): Page<T> {
  let list = order === 'asc' ? [...entries] : entries.toReversed();
  const placeOf = (id: string): number => list.findIndex((entry) => entry.id === id);
  if (before !== undefined) list = list.slice(0, Math.max(0, placeOf(before)));
  if (after !== undefined) list = placeOf(after) === -1 ? [] : list.slice(placeOf(after) + 1);
  return { entries: list.slice(0, limit), hasMore: list.length > limit };
}

function bytesOf({ body, input, output }: StoredAnswer): number {
  return body.length + input.length + output.length;
}

function itemBytes(items: readonly ConversationItem[]): number {
  return items.reduce((sum, { json }) => sum + json.length, 0);
}
