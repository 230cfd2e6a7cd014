// What a customer may read again of what was charged: one request, and what a key has spent.

import type { Settlement } from '../domain/ledger/settlement.ts';
import type { Nano } from '../domain/money/nano.ts';
import type { Budget } from '../domain/ledger/budget.ts';
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
  /** On the path of its requests: its own, its project's, its organisation's, and that of each end user. */
  readonly budgets: readonly KeyBudget[];
};

export type KeyBudget = Pick<Budget, 'scope' | 'period' | 'hardLimitNano' | 'alertNano'> & {
  /** In the window that is open; of each end user, what all of them have spent. */
  readonly spentNano: bigint;
  readonly heldNano: bigint;
  readonly resetsAtMs?: number;
};

/** Whether `GET /v1/key` shows what its organisation has, or what is the key's own alone. */
export type KeysSee = 'organisation' | 'key';

export interface Receipts {
  /**
   * Undefined for what there is not, or is not the owner's. What was settled a moment ago is waited for, a second at most:
   * a client may ask as soon as it has its answer. What can't be on its way is not waited for.
   */
  receipt(owner: Owner, requestId: string): Asked<Receipt | undefined>;

  keyFacts(keyId: string, nowMs: number): Asked<KeyFacts | undefined>;
}
