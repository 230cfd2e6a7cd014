// A price book is an immutable list of prices with a version. It is pinned when a request is admitted and stored
// on its usage row, so every bill can be computed again. A model without a price is refused, never free.

import { USAGE_BUCKETS, type UsageBucket } from '../generation/usage.ts';
import type { Nano } from '../money/nano.ts';
import { SERVICE_TIERS, type ServiceTier } from './service-tier.ts';

/** What has a price: each bucket of a usage, and the request itself. */
export const PRICE_ITEMS = [...USAGE_BUCKETS, 'request'] as const;

export type PriceItem = UsageBucket | 'request';

/** Nano-dollars per 1,000,000 tokens, calls or requests: $0.15 per million is 150_000_000n. */
export type ModelPrice = { readonly [item in PriceItem]: Nano };

/** A tier without a price of its own is not offered; every model has the standard one. */
export type ModelPrices = { readonly standard: ModelPrice } & {
  readonly [tier in Exclude<ServiceTier, 'standard'>]?: ModelPrice;
};

/** One version of a book. */
export type PriceBook = {
  readonly version: number;
  /** By the model's public id. */
  readonly models: ReadonlyMap<string, ModelPrices>;
};

export function sameModels(
  some: ReadonlyMap<string, ModelPrices>,
  others: ReadonlyMap<string, ModelPrices>,
): boolean {
  if (some.size !== others.size) return false;
  return [...some].every(([model, prices]) => {
    const other = others.get(model);
    return (
      other !== undefined && SERVICE_TIERS.every((tier) => samePrice(prices[tier], other[tier]))
    );
  });
}

function samePrice(one: ModelPrice | undefined, other: ModelPrice | undefined): boolean {
  if (one === undefined || other === undefined) return one === other;
  return PRICE_ITEMS.every((item) => one[item] === other[item]);
}
