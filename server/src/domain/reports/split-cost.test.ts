// The parts of a cost are never more or less than the cost.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { NO_USAGE } from '../generation/usage.ts';
import { nano } from '../money/nano.ts';
import { wholePrice } from '../pricing/whole-price.ts';
import { splitCost } from './split-cost.ts';

const PRICE = wholePrice({
  input: nano(150_000_000n),
  cacheRead: nano(15_000_000n),
  output: nano(600_000_000n),
});

const count = fc.integer({ min: 0, max: 10_000_000 });

test('I12: the parts of any cost add up to it, and none is below nothing', () => {
  fc.assert(
    fc.property(
      count,
      count,
      count,
      fc.bigInt({ min: 0n, max: 10n ** 15n }),
      (input, cacheRead, output, costNano) => {
        const tokens = { ...NO_USAGE, input, cacheRead, output };
        for (const price of [PRICE, undefined]) {
          const parts = splitCost({ requests: 3, tokens, costNano }, price);
          const sum = parts.reduce((total, part) => total + part.amountNano, 0n);
          assert.equal(sum, costNano);
          assert.ok(parts.every((part) => part.amountNano >= 0n));
        }
      },
    ),
  );
});

test('where nothing was rounded, a part is its tokens at their price', () => {
  const tokens = { ...NO_USAGE, input: 2_000_000, output: 1_000_000 };
  const parts = splitCost({ requests: 1, tokens, costNano: 900_000_000n }, PRICE);
  assert.deepEqual(
    parts.map(({ item, quantity, amountNano }) => [item, quantity, amountNano]),
    [
      ['input', 2_000_000, 300_000_000n],
      ['output', 1_000_000, 600_000_000n],
    ],
  );
});
