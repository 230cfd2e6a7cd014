// Prices and costs against exact arithmetic. I7: a charge is the price of the tokens recorded, exactly.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { NO_USAGE, USAGE_BUCKETS, type Usage } from '../generation/usage.ts';
import { nano } from '../money/nano.ts';
import { costOf, inputCostMax, outputCostMax, outputTokensFor } from './cost.ts';
import type { ModelPrice } from './price-book.ts';

const perMillion = fc.bigInt({ min: 0n, max: 10n ** 12n }).map(nano);
const tokens = fc.nat({ max: 20_000_000 });

const anyPrice: fc.Arbitrary<ModelPrice> = fc.record({
  input: perMillion,
  cacheRead: perMillion,
  cacheWrite5m: perMillion,
  cacheWrite1h: perMillion,
  output: perMillion,
  reasoning: perMillion,
});
const anyUsage: fc.Arbitrary<Usage> = fc.record({
  input: tokens,
  cacheRead: tokens,
  cacheWrite5m: tokens,
  cacheWrite1h: tokens,
  output: tokens,
  reasoning: tokens,
});

const flat = (amount: bigint): ModelPrice => ({
  input: nano(amount),
  cacheRead: nano(amount),
  cacheWrite5m: nano(amount),
  cacheWrite1h: nano(amount),
  output: nano(amount),
  reasoning: nano(amount),
});

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
        const exact = USAGE_BUCKETS.reduce(
          (sum, bucket) => sum + BigInt(usage[bucket]) * price[bucket],
          0n,
        );
        const off = costOf(usage, price) * 1_000_000n - exact;
        assert.ok(off > -500_000n && off <= 500_000n);
      }),
    );
  });

  it('I7: is never above the bound that was set aside for it', () => {
    fc.assert(
      fc.property(anyUsage, anyPrice, (usage, price) => {
        const input = usage.input + usage.cacheRead + usage.cacheWrite5m + usage.cacheWrite1h;
        const bound =
          inputCostMax(input, price) + outputCostMax(usage.output + usage.reasoning, price);
        assert.ok(costOf(usage, price) <= bound);
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
          const dearest = price.output > price.reasoning ? price.output : price.reasoning;
          if (dearest > 0n)
            assert.ok(BigInt(covered) * dearest <= (amount < 0n ? 0n : amount) * 1_000_000n);
        },
      ),
    );
  });
});
