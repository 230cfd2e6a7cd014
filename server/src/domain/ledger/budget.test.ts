// Windows of budgets.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type BudgetPeriod, windowIdOf, windowOf } from './budget.ts';

test('I9 windows begin at midnight, on Monday and on the first, in UTC, and end where the next one begins', () => {
  const cases: readonly (readonly [BudgetPeriod, string, string, string | undefined])[] = [
    ['daily', '2026-11-20T23:59:59.999Z', '2026-11-20', '2026-11-21T00:00:00.000Z'],
    ['daily', '2026-11-21T00:00:00.000Z', '2026-11-21', '2026-11-22T00:00:00.000Z'],
    ['weekly', '2026-11-22T12:00:00.000Z', '2026-11-16', '2026-11-23T00:00:00.000Z'],
    ['weekly', '2026-11-23T00:00:00.000Z', '2026-11-23', '2026-11-30T00:00:00.000Z'],
    ['weekly', '2027-01-01T00:00:00.000Z', '2026-12-28', '2027-01-04T00:00:00.000Z'],
    ['monthly', '2026-12-31T23:59:59.999Z', '2026-12-01', '2027-01-01T00:00:00.000Z'],
    ['monthly', '2028-02-29T00:00:00.000Z', '2028-02-01', '2028-03-01T00:00:00.000Z'],
    ['total', '2026-11-20T00:00:00.000Z', 'total', undefined],
  ];
  for (const [period, now, name, ends] of cases) {
    const window = windowOf(period, Date.parse(now));
    assert.equal(window.name, name, `${period} at ${now}`);
    assert.equal(window.endsAtMs, ends === undefined ? undefined : Date.parse(ends));
  }
  assert.equal(windowIdOf({ id: 'bud_1', period: 'total' }, 0), 'budget:bud_1:total');
});
