// Which prices hold when and for whom, and what rules make of them, against arithmetic by fractions.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { nano } from '../money/nano.ts';
import { PRICE_ITEMS, type PriceBook } from './price-book.ts';
import { afterStep, scheduleProblem } from './price-draft.ts';
import { underRules } from './price-rules.ts';
import { bookInForce, LIST_PRICES, NO_PRICES, type Prices } from './prices.ts';
import { wholePrice } from './whole-price.ts';

const book = (version: number): PriceBook => ({ version, models: new Map() });
const PRICES: Prices = {
  books: new Map([
    [
      LIST_PRICES,
      [
        { fromMs: -Infinity, value: book(1) },
        { fromMs: 1_000, value: book(2) },
      ],
    ],
    ['acme', [{ fromMs: 500, value: book(3) }]],
  ]),
  terms: new Map([
    [
      'org_acme',
      [
        { fromMs: 700, value: 'acme' },
        { fromMs: 2_000, value: 'gone' },
      ],
    ],
  ]),
};

describe('the book in force', () => {
  it('is the last one that has begun, of the organisation’s own book from its moment on', () => {
    const versions = (organisationId?: string) =>
      [0, 699, 700, 999, 1_000, 2_000].map(
        (ms) => bookInForce(PRICES, ms, organisationId)?.version,
      );
    assert.deepEqual(versions(), [1, 1, 1, 1, 2, 2]);
    assert.deepEqual(versions('org_other'), [1, 1, 1, 1, 2, 2]);
    assert.deepEqual(versions('org_acme'), [1, 1, 3, 3, 3, undefined]);
  });

  it('I19 is none before the first, and none for a clock that tells no time', () => {
    assert.equal(bookInForce(NO_PRICES, 0), undefined);
    assert.equal(
      bookInForce({ ...PRICES, terms: new Map([['o', [{ fromMs: 0, value: 'acme' }]]]) }, 499, 'o'),
      undefined,
    );
    assert.equal(bookInForce(PRICES, Number.NaN), undefined);
  });
});

describe('rules of a contract', () => {
  const any = fc.bigInt({ min: 0n, max: 10n ** 15n }).map(nano);
  const permille = fc.nat({ max: 10_000 });

  it('I7 make whole prices: a discount is rounded half up where the list price is, and nothing else is touched', () => {
    fc.assert(
      fc.property(
        any,
        any,
        permille,
        fc.constantFrom(...PRICE_ITEMS),
        (input, output, part, item) => {
          const standard = wholePrice({ input, output });
          const list = new Map([['m', { standard, flex: standard }]]);
          const made = underRules(list, [
            { tier: 'flex', item, change: { kind: 'permille', permille: part } },
          ]);
          assert.deepEqual(made.get('m')?.standard, standard);
          for (const other of PRICE_ITEMS) {
            const price = made.get('m')?.flex?.[other] ?? -1n;
            if (other !== item) assert.equal(price, standard[other]);
            else
              assert.ok(
                (2n * (price * 1_000n - standard[item] * BigInt(part)) + 1_000n) / 2_001n === 0n,
              );
          }
        },
      ),
    );
  });

  it('are taken in their order, the first one that is about a price', () => {
    const standard = wholePrice({ input: nano(100n), output: nano(200n) });
    const made = underRules(
      new Map([
        ['m', { standard }],
        ['n', { standard }],
      ]),
      [
        { model: 'm', item: 'output', change: { kind: 'exact', price: nano(7n) } },
        { model: 'm', change: { kind: 'permille', permille: 900 } },
        { item: 'input', change: { kind: 'permille', permille: 10 } },
      ],
    );
    assert.deepEqual([made.get('m')?.standard.output, made.get('m')?.standard.input], [7n, 90n]);
    assert.deepEqual([made.get('n')?.standard.output, made.get('n')?.standard.input], [200n, 1n]);
  });
});

describe('the life of a draft', () => {
  it('ends with its schedule: nothing changes it any more', () => {
    for (const state of ['scheduled', 'discarded'] as const) {
      for (const step of ['change', 'approve', 'schedule', 'discard'] as const) {
        assert.equal(afterStep(state, step), null);
      }
    }
    assert.equal(afterStep('approved', 'change'), 'draft');
  });

  it('begins no version at a moment that is none', () => {
    const models = new Map();
    for (const effectiveFromMs of [Number.NaN, -Infinity, Number.POSITIVE_INFINITY, 0]) {
      const schedule = { models, withdrawn: [], effectiveFromMs };
      const around = { nowMs: 1e12, before: undefined, scheduledFromMs: [] };
      assert.notEqual(scheduleProblem(schedule, around), undefined);
    }
  });
});
