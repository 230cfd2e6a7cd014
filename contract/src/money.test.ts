// Money on the wire: exact for any amount, and lenient to none.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import fc from 'fast-check';

import { dollarsToAdd, money, moneyOf } from './money.ts';

test('both ways of writing an amount say the same, for any amount', () => {
  fc.assert(
    fc.property(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), (nano) => {
      const written = money.parse(moneyOf(nano));
      const [whole = '', fraction = ''] = written.dollars.replace('-', '').split('.');
      const magnitude = BigInt(whole) * 1_000_000_000n + BigInt(fraction.padEnd(9, '0'));
      assert.equal(written.dollars.startsWith('-') ? -magnitude : magnitude, nano);
      assert.equal(BigInt(written.nano), nano);
    }),
  );
});

test('a top-up takes exact dollars above zero, and answers anything else without throwing', () => {
  for (const text of ['1', '0.01', '12.50', '0.000000001', '999999.999999999']) {
    assert.ok(dollarsToAdd.safeParse(text).success, text);
  }
  for (const text of [
    '',
    '0',
    '0.00',
    '-1',
    '+1',
    '1.',
    '.5',
    '1e3',
    '1,5',
    '1000000',
    '0.0000000001',
    'ten',
  ]) {
    assert.ok(!dollarsToAdd.safeParse(text).success, text);
  }
  fc.assert(fc.property(fc.anything(), (value) => void dollarsToAdd.safeParse(value)));
});
