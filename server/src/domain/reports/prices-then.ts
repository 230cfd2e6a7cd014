// The prices that requests of the past were billed by.

import type { ModelPrice } from '../pricing/price-book.ts';

export type PriceKey = {
  readonly version: number;
  readonly model: string;
  readonly tier: string;
};

/** Undefined for what has no price in that version. */
export type PricesThen = (key: PriceKey) => ModelPrice | undefined;
