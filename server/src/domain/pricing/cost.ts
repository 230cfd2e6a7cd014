// What a usage costs: one exact sum and one rounding per request.

import { USAGE_BUCKETS, type Usage } from '../generation/usage.ts';
import { nano, type Nano } from '../money/nano.ts';
import type { ModelPrice } from './price-book.ts';

const TOKENS_PER_PRICE = 1_000_000n;

/** Rounds half up, once, over the whole request. */
export function costOf(usage: Usage, price: ModelPrice): Nano {
  let exact = 0n; // femto-dollars: nano-dollars per million × tokens
  for (const bucket of USAGE_BUCKETS) {
    const tokens = usage[bucket];
    if (tokens > 0) exact += BigInt(tokens) * price[bucket];
  }
  return nano((exact + TOKENS_PER_PRICE / 2n) / TOKENS_PER_PRICE);
}

/** The dearest that `tokens` of input can be: whichever bucket they fall into. */
export function inputCostMax(tokens: number, price: ModelPrice): Nano {
  return ceilCost(tokens, dearestInput(price));
}

/** The dearest that `tokens` of output can be, visible or reasoning. */
export function outputCostMax(tokens: number, price: ModelPrice): Nano {
  return ceilCost(tokens, dearer(price.output, price.reasoning));
}

/** How many output tokens `amount` is sure to cover; 0 when none, `tokensMax` at most. */
export function outputTokensFor(amount: bigint, price: ModelPrice, tokensMax: number): number {
  const dearest = dearer(price.output, price.reasoning);
  if (amount <= 0n) return dearest === 0n ? tokensMax : 0;
  if (dearest === 0n) return tokensMax;
  const tokens = (amount * TOKENS_PER_PRICE) / dearest;
  return tokens > BigInt(tokensMax) ? tokensMax : Number(tokens);
}

function dearestInput(price: ModelPrice): bigint {
  return dearer(
    dearer(price.input, price.cacheRead),
    dearer(price.cacheWrite5m, price.cacheWrite1h),
  );
}

function ceilCost(tokens: number, perMillion: bigint): Nano {
  return nano((BigInt(tokens) * perMillion + TOKENS_PER_PRICE - 1n) / TOKENS_PER_PRICE);
}

function dearer(one: bigint, other: bigint): bigint {
  return one > other ? one : other;
}
