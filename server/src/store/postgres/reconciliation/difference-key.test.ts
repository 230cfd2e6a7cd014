// The same difference has the same key while its amounts change, and another one has another.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { differenceKey } from './difference-key.ts';

const keyOf = (detail: string): string => differenceKey({ check: 'I2', detail });

test('amounts are no part of it, ids are', () => {
  const key = keyOf('credits:org_1 has 500, its transfers say -3');
  assert.equal(keyOf('credits:org_1 has 499, its transfers say 12'), key);
  assert.notEqual(keyOf('credits:org_2 has 500, its transfers say -3'), key);
  assert.notEqual(differenceKey({ check: 'I3', detail: 'credits:org_1 has 500' }), key);
});

test('uuids, hours, days and payments stay as they are; dollars go', () => {
  for (const id of [
    '019aa0a1-1111-7000-8000-000000000001',
    '2026-11-20T19h',
    '2026-11-20',
    'pi_3',
  ]) {
    assert.ok(keyOf(`${id} is 5`).includes(id), id);
  }
  assert.equal(keyOf('stripe: pi_3: $5.00 were paid'), keyOf('stripe: pi_3: $12.50 were paid'));
});
