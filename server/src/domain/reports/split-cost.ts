// Says which part of a cost was for what: the sum of many requests, each rounded once, is divided over its buckets in
// proportion to tokens × price. The parts are whole nano-dollars and always add up to the cost.

import { USAGE_BUCKETS, type Usage } from '../generation/usage.ts';
import { nano, type Nano } from '../money/nano.ts';
import { PRICE_ITEMS, type ModelPrice, type PriceItem } from '../pricing/price-book.ts';

export type CostPart = {
  readonly item: PriceItem;
  /** Tokens, calls or requests. */
  readonly quantity: number;
  readonly amountNano: Nano;
};

export type Costing = {
  readonly requests: number;
  readonly tokens: Usage;
  readonly costNano: bigint;
};

/** Without a price, or where everything was free, all of it is for the requests. */
export function splitCost(
  { requests, tokens, costNano }: Costing,
  price: ModelPrice | undefined,
): readonly CostPart[] {
  const used = PRICE_ITEMS.map((item) => ({
    item,
    quantity: item === 'request' ? requests : tokens[item],
  })).filter(
    ({ item, quantity }) => quantity > 0 && (item !== 'request' || hasRequestPrice(price)),
  );
  const weights = used.map(({ item, quantity }) => BigInt(quantity) * (price?.[item] ?? 0n));
  const total = weights.reduce((sum, weight) => sum + weight, 0n);
  if (total === 0n) return unpriced({ requests, tokens, costNano });
  let before = 0n;
  let reached = 0n;
  return used.map(({ item, quantity }, at) => {
    reached += weights[at] ?? 0n;
    // The difference of running totals, each rounded half up: no part can be lost between two.
    const upto = (2n * costNano * reached + total) / (2n * total);
    const amountNano = nano(upto - before);
    before = upto;
    return { item, quantity, amountNano };
  });
}

function hasRequestPrice(price: ModelPrice | undefined): boolean {
  return price === undefined || price.request > 0n;
}

function unpriced({ requests, tokens, costNano }: Costing): readonly CostPart[] {
  const parts: CostPart[] = USAGE_BUCKETS.filter((bucket) => tokens[bucket] > 0).map((item) => ({
    item,
    quantity: tokens[item],
    amountNano: nano(0n),
  }));
  if (costNano === 0n) return parts;
  return [...parts, { item: 'request', quantity: requests, amountNano: nano(costNano) }];
}
