// What the till works with, and the bounds of what it does.

import type { Accounts } from '../ports/accounts.ts';
import type { Log } from '../ports/log.ts';
import type { PaymentProvider } from '../ports/payments.ts';
import type { TillBook } from '../ports/till-book.ts';

export type TillDeps = {
  readonly book: TillBook;
  readonly accounts: Pick<Accounts, 'addCredits' | 'reverseCredits'>;
  /** By name. */
  readonly providers: ReadonlyMap<string, PaymentProvider>;
  /** The one that charges cards, where there is one. */
  readonly cards?: PaymentProvider;
  readonly wires: PaymentProvider;
  readonly bounds: { readonly leastCents: number; readonly mostCents: number };
  readonly log: Log;
  nowMs(): number;
  newId(prefix: string): string;
};

/**
 * How long a top-up can be paid and a provider is asked to make it. Within the 24 hours for which Stripe remembers an
 * idempotency key: after that the same request would be a second charge.
 */
export const TTL_MS = {
  checkout: 23 * 3_600_000,
  wire: 30 * 86_400_000,
  /** Longer than this nobody waits for credit; then what has become of it is looked up, and it is over. */
  'auto-reload': 3_600_000,
  bill: 3_600_000,
} as const;

/** Whoever has claimed a row has it so long. */
export const CLAIM_MS = 60_000;

const FIRST_LOOK_MS = 5_000;
const LONGEST_LOOK_MS = 3_600_000;

/** 5 s, 10 s, 20 s … an hour. */
export function lookAfterMs(looks: number): number {
  return Math.min(FIRST_LOOK_MS * 2 ** Math.min(looks, 20), LONGEST_LOOK_MS);
}
