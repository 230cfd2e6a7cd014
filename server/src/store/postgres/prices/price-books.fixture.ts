// Prices, drafts and answers for the tests of price books.

import assert from 'node:assert/strict';
import { nano } from '../../../domain/money/nano.ts';
import type { ModelPrice, ModelPrices } from '../../../domain/pricing/price-book.ts';
import { LIST_PRICES } from '../../../domain/pricing/prices.ts';
import { times } from '../../../domain/pricing/price-rules.ts';
import { wholePrice } from '../../../domain/pricing/whole-price.ts';
import { newId } from '../../../lib/ids.ts';
import type { Result } from '../../../lib/result.ts';
import type { Drafted, PriceProblem } from '../../../ports/price-books.ts';

export const price = (output: bigint): ModelPrice =>
  wholePrice({ input: nano(100_000_001n), cacheRead: nano(9_999_999n), output: nano(output) });
export const sold = (output: bigint): ModelPrices => ({
  standard: price(output),
  flex: times(price(output), 500),
});

export function drafted(models: Record<string, ModelPrices>, more: Partial<Drafted> = {}): Drafted {
  const models_ = new Map(Object.entries(models));
  return {
    id: newId('prices'),
    bookId: LIST_PRICES,
    models: models_,
    withdrawn: [],
    note: '',
    by: 'Ada',
    ...more,
  };
}

export function good<T>(result: Result<T, PriceProblem>): T {
  assert.ok(result.ok, result.ok ? '' : result.error.kind);
  return result.value;
}

export function problemOf(result: Result<unknown, PriceProblem>): string {
  assert.ok(!result.ok, 'it should have been refused');
  return result.error.kind;
}
