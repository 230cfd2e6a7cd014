// What a customer may read again of what was charged: one request, and what a key has spent.

import type { Settlement } from '../domain/ledger/settlement.ts';
import type { Nano } from '../domain/money/nano.ts';
import type { ModelPrice } from '../domain/pricing/price-book.ts';
import type { Owner } from '../domain/stored/answer.ts';
import type { Asked } from './asked.ts';
import type { Balance } from './accounts.ts';

export type Receipt = {
  readonly settlement: Settlement;
  readonly chargedNano: Nano;
  readonly settledAtMs: number;
  /** What it cost afterwards, each time that it was re-rated; the oldest first. */
  readonly adjustments: readonly Adjusted[];
  /** At the pinned version; absent where it is not one of ours. */
  readonly price?: ModelPrice;
};

export type Adjusted = {
  readonly rerating: string;
  readonly priceVersion: number;
  readonly costNano: Nano;
  /** What is charged more than before or, below zero, less. */
  readonly differenceNano: bigint;
};

export type KeyFacts = {
  readonly name: string;
  readonly redacted: string;
  readonly createdAtMs: number;
  /** What was charged since the beginning of the day and of the month, UTC. */
  readonly dayNano: Nano;
  readonly monthNano: Nano;
  readonly balance: Balance;
};

export interface Receipts {
  /**
   * Undefined for what there is not, or is not the owner's. What was settled a moment ago is waited for, a second at most:
   * a client may ask as soon as it has its answer. What can't be on its way is not waited for.
   */
  receipt(owner: Owner, requestId: string): Asked<Receipt | undefined>;

  keyFacts(keyId: string, nowMs: number): Asked<KeyFacts | undefined>;
}
