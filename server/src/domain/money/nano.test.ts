// Dollars as people write them, and back.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { formatDollars, parseDollars } from './nano.ts';

describe('dollars', () => {
  it('are read to the nano-dollar', () => {
    assert.equal(parseDollars('12.5'), 12_500_000_000n);
    assert.equal(parseDollars('-0.000000001'), -1n);
    for (const wrong of [
      '',
      '1.',
      '.5',
      '1e3',
      '1,000',
      '0.0000000001',
      'NaN',
      ' 1',
      '+1',
      '12345678901',
    ]) {
      assert.equal(parseDollars(wrong), undefined, wrong);
    }
  });

  it('are shown with at least two decimals and every digit that counts', () => {
    assert.equal(formatDollars(500_000_000n), '$0.50');
    assert.equal(formatDollars(12_345n), '$0.000012345');
    assert.equal(formatDollars(-3_000_000_000n), '-$3.00');
  });

  it('come back from text as they were', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -(10n ** 18n), max: 10n ** 18n }), (amount) => {
        assert.equal(parseDollars(formatDollars(amount).replace('$', '')), amount);
      }),
    );
  });
});
