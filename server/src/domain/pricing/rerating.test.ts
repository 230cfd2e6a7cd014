// Re-rating in numbers: any way through any prices that ends at the first one leaves nobody with a nano-dollar more or less.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { chargeAt, postingOf, type CustomerNow } from './rerating.ts';

const amount = fc.bigInt({ min: 0n, max: 10n ** 15n });
const once = fc
  .tuple(amount, amount)
  .map(([chargedNano, overrun]) => ({ costNano: chargedNano + overrun, chargedNano }));

test('I7 back at the first cost is back at the first charge, whatever the house bore', () => {
  fc.assert(
    fc.property(once, fc.array(amount, { maxLength: 5 }), (row, others) => {
      let [cost, paid] = [row.costNano, row.chargedNano];
      for (const next of [...others, row.costNano]) {
        paid += chargeAt(row, next) - chargeAt(row, cost);
        cost = next;
        assert.ok(paid >= 0n && paid <= cost, 'nobody pays more than it costs');
      }
      assert.equal(paid, row.chargedNano);
    }),
  );
});

test('the customer is charged what is more and credited what is less; what was a gift is taken first', () => {
  const row = { costNano: 100n, chargedNano: 60n };
  for (const [cost, charge] of [
    [100n, 60n],
    [150n, 110n],
    [80n, 60n],
    [60n, 60n],
    [59n, 59n],
    [0n, 0n],
  ] as const) {
    assert.equal(chargeAt(row, cost), charge);
  }
});

const house = fc.bigInt({ min: -(10n ** 15n), max: 10n ** 15n });

test('I1 both sides of a posting come to the same, and no account is on both', () => {
  fc.assert(
    fc.property(
      fc.array(house, { maxLength: 4 }),
      house,
      fc.record({ freeNano: amount, owedNano: amount, openNano: amount }),
      fc.boolean(),
      (earned, chargedNano, now, paysAfterwards) => {
        const revenues = new Map(earned.map((one, at) => [`revenue:${at}`, one]));
        const customer: CustomerNow = { organisationId: 'o', ...now, paysAfterwards };
        const { from, to, ...done } = postingOf({ revenues, chargedNano }, customer);
        const sum = (legs: typeof from) => legs.reduce((all, leg) => all + leg.amountNano, 0n);
        assert.equal(sum(from), sum(to));
        const accounts = [...from, ...to].map(({ account }) => account);
        assert.equal(new Set(accounts).size, accounts.length);
        const taken = from.find(({ account }) => account === 'credits:o')?.amountNano ?? 0n;
        assert.ok(taken <= now.freeNano, 'no more is taken than is free');
        if (paysAfterwards && chargedNano >= 0n) assert.equal(done.settledNano, chargedNano);
        if (chargedNano < 0n) {
          assert.equal(done.creditedNano + done.debtNano, -done.settledNano);
          assert.ok(done.debtNano <= now.owedNano);
          const setOff = done.settledNano - chargedNano;
          assert.ok(setOff >= 0n && setOff <= now.openNano);
        }
      },
    ),
  );
});

test('what could not be collected is set off against what is given back, so that nothing is left over', () => {
  const revenues = (nano: bigint) => new Map([['revenue:m', nano]]);
  const customer = { organisationId: 'o', freeNano: 30n, owedNano: 0n, paysAfterwards: false };
  const up = postingOf(
    { revenues: revenues(100n), chargedNano: 100n },
    { ...customer, openNano: 0n },
  );
  assert.equal(up.settledNano, 30n);
  assert.deepEqual(up.from, [
    { account: 'credits:o', amountNano: 30n },
    { account: 'overrun_loss', amountNano: 70n },
  ]);
  const down = postingOf(
    { revenues: revenues(-100n), chargedNano: -100n },
    { ...customer, openNano: 70n },
  );
  assert.equal(down.settledNano, -30n);
  assert.deepEqual(down.to, [
    { account: 'credits:o', amountNano: 30n },
    { account: 'overrun_loss', amountNano: 70n },
  ]);
});
