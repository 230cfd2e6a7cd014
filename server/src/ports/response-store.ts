// What is kept between requests: answers, conversations, and the events of answers that run in the background. All of
// it belongs to one project; for every other it is not there. Every adapter runs the suite in response-store.contract.ts.

import type { AnswerKind, Owner, StoredAnswer } from '../domain/stored/answer.ts';
import type { Result } from '../lib/result.ts';

/** `unavailable`: the store can't be reached, and nothing is known of what was asked. */
export type Asked<T> = Promise<Result<T, 'unavailable'>>;

/** `full`: the project keeps as much as it may; nothing was written. */
export type Kept = 'kept' | 'full';

export type Chain =
  /** Oldest first; the last one is the one that was asked for. */
  | { readonly kind: 'found'; readonly answers: readonly StoredAnswer[] }
  /** That one, or one that it goes on from, is not there. */
  | { readonly kind: 'missing'; readonly id: string }
  | { readonly kind: 'too-long' };

export interface ResponseStore {
  /** Whether it is worth asking: false while the store is known to be away. Costs nothing. */
  available(): boolean;

  /** When it resolves with `kept`, anybody finds the answer, and a crash doesn't lose it. */
  keep(owner: Owner, answer: StoredAnswer, expiresAtMs: number): Asked<Kept>;

  answer(owner: Owner, kind: AnswerKind, id: string): Asked<StoredAnswer | undefined>;

  /** The response and all that it goes on from. */
  chain(owner: Owner, id: string): Asked<Chain>;
}
