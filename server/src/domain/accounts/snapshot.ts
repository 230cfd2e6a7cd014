// What the request path knows of customers, in memory: it never asks the database who is calling or what a model
// costs. A snapshot is replaced whole when anything in it changes, at most one second after the change.

import type { FreezeList } from './freeze.ts';
import type { BudgetTree } from '../ledger/budget.ts';
import type { Prices } from '../pricing/prices.ts';

export type KeyEntry = {
  readonly keyId: string;
  readonly projectId: string;
  readonly organisationId: string;
  /** Revoked keys stay in the snapshot, so that their owner is told so instead of "unknown". */
  readonly revoked: boolean;
  /** Its organisation owes more than it may: nothing is generated until that is paid. */
  readonly frozen?: true;
  /** The models that it may call, by its own list and its project's; absent: all. */
  readonly models?: ReadonlySet<string>;
  /** Its project has consented that requests of the contributor tier are used to train. Absent: it has not. */
  readonly contributes?: true;
};

export type Snapshot = {
  /** Grows with every change. */
  readonly version: number;
  /** By the base64url SHA-256 of the key: keys themselves are stored nowhere. */
  readonly keys: ReadonlyMap<string, KeyEntry>;
  /** Absent where nobody is frozen. */
  readonly freezes?: FreezeList;
  /** Absent where nobody has set one. */
  readonly budgets?: BudgetTree;
  /** Empty until the operator has published prices. */
  readonly prices: Prices;
};
