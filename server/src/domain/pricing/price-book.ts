// A price book is an immutable list of prices with a version. It is pinned when a request is admitted and stored
// on its usage row, so every bill can be computed again. A model without a price is refused, never free.

import { USAGE_BUCKETS, type UsageBucket } from '../generation/usage.ts';
import type { Nano } from '../money/nano.ts';

/** What has a price: each bucket of a usage, and the request itself. */
export const PRICE_ITEMS = [...USAGE_BUCKETS, 'request'] as const;

export type PriceItem = UsageBucket | 'request';

/** Nano-dollars per 1,000,000 tokens, calls or requests: $0.15 per million is 150_000_000n. */
export type ModelPrice = { readonly [item in PriceItem]: Nano };

export type PriceBook = {
  readonly version: number;
  /** By the model's public id. */
  readonly models: ReadonlyMap<string, ModelPrice>;
};
