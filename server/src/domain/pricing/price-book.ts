// A price book is an immutable list of prices with a version. It is pinned when a request is admitted and stored
// on its usage row, so every bill can be computed again. A model without a price is refused, never free.

import type { UsageBucket } from '../generation/usage.ts';
import type { Nano } from '../money/nano.ts';

/** Nano-dollars per 1,000,000 tokens of each bucket: $0.15 per million is 150_000_000n. */
export type ModelPrice = { readonly [bucket in UsageBucket]: Nano };

export type PriceBook = {
  readonly version: number;
  /** By the model's public id. */
  readonly models: ReadonlyMap<string, ModelPrice>;
};
