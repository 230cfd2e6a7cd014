// What is kept between requests: answers, conversations, and the runs of answers in the background. All of it belongs to
// one project; for every other it is not there. Every adapter runs the suite in response-store.contract.ts.

import type { AnswerKind, Metadata, Owner, StoredAnswer } from '../domain/stored/answer.ts';
import type {
  Conversation,
  ConversationItem,
  Page,
  PageOf,
} from '../domain/stored/conversation.ts';
import type { Asked, Kept } from './asked.ts';
import type { RunStore } from './run-store.ts';

export type Chain =
  /** Oldest first; the last one is the one that was asked for. */
  | { readonly kind: 'found'; readonly answers: readonly StoredAnswer[] }
  /** That one, or one that it goes on from, is not there. */
  | { readonly kind: 'missing'; readonly id: string }
  | { readonly kind: 'too-long' };

export type AnswerFilter = {
  readonly model?: string;
  /** Answers that have all of these. */
  readonly metadata: Metadata;
};

export interface AnswerStore {
  /**
   * When it resolves with `kept`, anybody of the project finds the answer, and a crash doesn't lose it. `said` goes into
   * the answer's conversation, if that is still there, in the same step.
   */
  keep(
    owner: Owner,
    answer: StoredAnswer,
    expiresAtMs: number,
    said?: readonly ConversationItem[],
  ): Asked<Kept>;

  find(owner: Owner, kind: AnswerKind, id: string): Asked<StoredAnswer | undefined>;

  /** The response and all that it goes on from. */
  chain(owner: Owner, id: string): Asked<Chain>;

  /** In the order in which they were made. An `after` that is not there gives nothing. */
  list(
    owner: Owner,
    kind: AnswerKind,
    filter: AnswerFilter,
    page: PageOf,
  ): Asked<Page<StoredAnswer>>;

  /** Undefined when there is none. */
  setMetadata(
    owner: Owner,
    kind: AnswerKind,
    id: string,
    metadata: Metadata,
  ): Asked<StoredAnswer | undefined>;

  /** False when there was none. Of what was removed nothing is left. */
  remove(owner: Owner, kind: AnswerKind, id: string): Asked<boolean>;
}

export interface ConversationStore {
  create(
    owner: Owner,
    conversation: Conversation,
    items: readonly ConversationItem[],
    expiresAtMs: number,
  ): Asked<Kept>;

  find(owner: Owner, id: string): Asked<Conversation | undefined>;
  setMetadata(owner: Owner, id: string, metadata: Metadata): Asked<Conversation | undefined>;

  /** With all its items. */
  remove(owner: Owner, id: string): Asked<boolean>;

  /** At its end, in their order. */
  add(
    owner: Owner,
    id: string,
    items: readonly ConversationItem[],
    expiresAtMs: number,
  ): Asked<Kept | 'missing'>;

  /** Undefined when there is no such conversation. */
  items(owner: Owner, id: string, page: PageOf): Asked<Page<ConversationItem> | undefined>;

  /** All of it; `too-long` when it is more than a request may be. */
  all(owner: Owner, id: string): Asked<readonly ConversationItem[] | 'too-long' | undefined>;

  item(owner: Owner, id: string, itemId: string): Asked<ConversationItem | undefined>;
  removeItem(owner: Owner, id: string, itemId: string): Asked<boolean>;
}

export interface ResponseStore {
  /** Whether it is worth asking: false while the store is known to be away. Costs nothing. */
  available(): boolean;

  readonly answers: AnswerStore;
  readonly conversations: ConversationStore;
  readonly runs: RunStore;

  /** What a project keeps. */
  bytesOf(owner: Owner): Asked<number>;

  /** Removes what has expired and is not leaned on; how much that was. */
  removeExpired(): Asked<number>;
}
