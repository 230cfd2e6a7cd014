// What the request path knows of customers, in memory: it never asks the database who is calling or what a model
// costs. A snapshot is replaced whole when anything in it changes, at most one second after the change.

import type { PriceBook } from '../pricing/price-book.ts';

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
};

export type Snapshot = {
  /** Grows with every change. */
  readonly version: number;
  /** By the base64url SHA-256 of the key: keys themselves are stored nowhere. */
  readonly keys: ReadonlyMap<string, KeyEntry>;
  /** Absent until the operator has published prices. */
  readonly priceBook?: PriceBook;
};
