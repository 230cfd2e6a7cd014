// What a key reads of itself, where its operator keeps the organisation's affairs from it.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { nano } from '../domain/money/nano.ts';
import { keyShown } from './receipt-shown.ts';

test('a key that may see its own alone reads neither credit nor other budgets', () => {
  const caller = { keyId: 'key_1', projectId: 'prj_1', organisationId: 'org_1', revoked: false };
  const amounts = { dayNano: nano(1n), monthNano: nano(2n) };
  const balance = { availableNano: nano(3n), heldNano: nano(0n), balanceNano: nano(3n) };
  const spent = { spentNano: 7n, heldNano: 4n };
  const budgets = [
    { scope: 'organisation', period: 'daily', hardLimitNano: 9n, ...spent },
    { scope: 'key', period: 'total', hardLimitNano: 9n, ...spent },
  ] as const;
  const facts = { name: 'k', redacted: 'sk', createdAtMs: 0, ...amounts, balance, budgets };
  const shown = (keysSee: 'key' | 'organisation') =>
    JSON.parse(JSON.stringify(keyShown(caller, facts, { offered: [], keysSee })));
  const own = shown('key');
  assert.equal(own.credit, null);
  assert.deepEqual(own.budgets, [
    {
      scope: 'key',
      period: 'total',
      hard_limit: '0.000000009',
      alert: null,
      spent: '0.000000007',
      held: '0.000000004',
      left: '0.00',
      resets_at: null,
    },
  ]);
  const all = shown('organisation');
  assert.equal(all.credit.available, '0.000000003');
  assert.equal(all.budgets.length, 2);
});
