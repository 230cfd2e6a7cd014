// What a usage costs: one exact sum and one rounding per request.

import {
  INPUT_BUCKETS,
  OUTPUT_BUCKETS,
  USAGE_BUCKETS,
  type Usage,
  type UsageBucket,
} from '../generation/usage.ts';
import { nano, ZERO_NANO, type Nano } from '../money/nano.ts';
import type { ModelPrice } from './price-book.ts';

const TOKENS_PER_PRICE = 1_000_000n;

/** Rounds half up, once, over the whole request. A request of which nothing was counted costs nothing. */
export function costOf(usage: Usage, price: ModelPrice): Nano {
  let exact = 0n; // femto-dollars: nano-dollars per million × tokens
  let isEmpty = true;
  for (const bucket of USAGE_BUCKETS) {
    const tokens = usage[bucket];
    if (tokens === 0) continue;
    exact += BigInt(tokens) * price[bucket];
    isEmpty = false;
  }
  if (isEmpty) return ZERO_NANO;
  return nano((exact + price.request + TOKENS_PER_PRICE / 2n) / TOKENS_PER_PRICE);
}

/** The dearest that a request with `tokens` of input can be before its output: whichever bucket they fall into. */
export function inputCostMax(tokens: number, price: ModelPrice): Nano {
  return ceilCost(BigInt(tokens) * dearest(price, INPUT_BUCKETS) + price.request);
}

/** The dearest that `tokens` of output can be, of whichever kind. */
export function outputCostMax(tokens: number, price: ModelPrice): Nano {
  return ceilCost(BigInt(tokens) * dearest(price, OUTPUT_BUCKETS));
}

/** How many output tokens `amount` is sure to cover; 0 when none, `tokensMax` at most. */
export function outputTokensFor(amount: bigint, price: ModelPrice, tokensMax: number): number {
  const perMillion = dearest(price, OUTPUT_BUCKETS);
  if (amount <= 0n) return perMillion === 0n ? tokensMax : 0;
  if (perMillion === 0n) return tokensMax;
  const tokens = (amount * TOKENS_PER_PRICE) / perMillion;
  return tokens > BigInt(tokensMax) ? tokensMax : Number(tokens);
}

function ceilCost(exact: bigint): Nano {
  return nano((exact + TOKENS_PER_PRICE - 1n) / TOKENS_PER_PRICE);
}

function dearest(price: ModelPrice, buckets: readonly UsageBucket[]): bigint {
  let most = 0n;
  for (const bucket of buckets) if (price[bucket] > most) most = price[bucket];
  return most;
}
