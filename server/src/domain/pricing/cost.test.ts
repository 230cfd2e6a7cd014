// Prices and costs against exact arithmetic. I7: a charge is the price of the tokens recorded, exactly.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import {
  inputTokens,
  NO_USAGE,
  OUTPUT_BUCKETS,
  outputTokens,
  USAGE_BUCKETS,
  type Usage,
} from '../generation/usage.ts';
import { nano } from '../money/nano.ts';
import { costOf, inputCostMax, outputCostMax, outputTokensFor } from './cost.ts';
import type { ModelPrice } from './price-book.ts';
import { wholePrice } from './whole-price.ts';

const NO_PRICE = { input: nano(0n), output: nano(0n) };

const perMillion = fc.bigInt({ min: 0n, max: 10n ** 12n }).map(nano);
const tokens = fc.nat({ max: 20_000_000 });

const anyPrice: fc.Arbitrary<ModelPrice> = fc.record({
  input: perMillion,
  cacheRead: perMillion,
  cacheWrite5m: perMillion,
  cacheWrite1h: perMillion,
  imageInput: perMillion,
  audioInput: perMillion,
  output: perMillion,
  reasoning: perMillion,
  imageOutput: perMillion,
  audioOutput: perMillion,
  toolCalls: perMillion,
  request: perMillion,
});
const anyUsage: fc.Arbitrary<Usage> = fc.record({
  input: tokens,
  cacheRead: tokens,
  cacheWrite5m: tokens,
  cacheWrite1h: tokens,
  imageInput: tokens,
  audioInput: tokens,
  output: tokens,
  reasoning: tokens,
  imageOutput: tokens,
  audioOutput: tokens,
  toolCalls: tokens,
});

const flat = (amount: bigint): ModelPrice =>
  wholePrice({ input: nano(amount), output: nano(amount) });

describe('a cost', () => {
  it('is rounded half up, once for the whole request', () => {
    assert.equal(costOf({ ...NO_USAGE, input: 1 }, flat(499_999n)), 0n);
    assert.equal(costOf({ ...NO_USAGE, input: 1 }, flat(500_000n)), 1n);
    // Two halves are one, not two rounded up.
    assert.equal(costOf({ ...NO_USAGE, input: 1, output: 1 }, flat(500_000n)), 1n);
    assert.equal(costOf({ ...NO_USAGE, input: 1_000_000 }, flat(150_000_000n)), 150_000_000n);
  });

  it('I7: is the exact sum to within half a nano-dollar', () => {
    fc.assert(
      fc.property(anyUsage, anyPrice, (usage, price) => {
        const isEmpty = USAGE_BUCKETS.every((bucket) => usage[bucket] === 0);
        const exact = USAGE_BUCKETS.reduce(
          (sum, bucket) => sum + BigInt(usage[bucket]) * price[bucket],
          isEmpty ? 0n : price.request,
        );
        const off = costOf(usage, price) * 1_000_000n - exact;
        assert.ok(off > -500_000n && off <= 500_000n);
      }),
    );
  });

  it('has the price of the request itself once, and not where nothing was counted', () => {
    const price = wholePrice({ ...NO_PRICE, request: nano(2_000_000_000_000n) });
    assert.equal(costOf({ ...NO_USAGE, input: 5, output: 7 }, price), 2_000_000n);
    assert.equal(costOf(NO_USAGE, price), 0n);
  });

  it('I7: is never above the bound that was set aside for it', () => {
    fc.assert(
      fc.property(anyUsage, anyPrice, (usage, price) => {
        const bound =
          inputCostMax(inputTokens(usage), price) + outputCostMax(outputTokens(usage), price);
        assert.ok(costOf({ ...usage, toolCalls: 0 }, price) <= bound);
      }),
    );
  });
});

describe('the output that an amount covers', () => {
  it('never costs more than the amount', () => {
    fc.assert(
      fc.property(
        fc.bigInt({ min: -5n, max: 10n ** 12n }),
        anyPrice,
        tokens,
        (amount, price, max) => {
          const covered = outputTokensFor(amount, price, max);
          assert.ok(covered >= 0 && covered <= max);
          for (const bucket of OUTPUT_BUCKETS) {
            const most = (amount < 0n ? 0n : amount) * 1_000_000n;
            assert.ok(BigInt(covered) * price[bucket] <= most);
          }
        },
      ),
    );
  });
});
