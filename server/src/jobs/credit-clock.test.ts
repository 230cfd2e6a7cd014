// The clock over a real PostgreSQL: blocks begin and end at their moments, in every server's balance.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Log } from '../ports/log.ts';
import { manualCredits, newCustomer } from '../ports/accounts.contract.ts';
import { systemTimers } from '../ports/timers.ts';
import { mustOpen, startTestPostgres } from '../store/postgres/database.fixture.ts';
import { CreditClock } from './credit-clock.ts';

test('I15 a block begins and ends within a second of its moment, and nobody has to ask', async (t) => {
  await using postgres = await startTestPostgres();
  const database = await postgres.newDatabase();
  await using store = await mustOpen(database);
  const { accounts, plans } = store;
  const errors: string[] = [];
  const log: Log = {
    isLevelEnabled: () => true,
    debug: () => {},
    info: () => {},
    warn: () => {},
    error: (_facts, message) => void errors.push(message),
  };
  const { organisation } = await newCustomer(accounts);
  const effectiveAtMs = Date.now() + 700;
  const expiresAtMs = effectiveAtMs + 1_200;
  const credits = manualCredits(organisation.id, 50n);
  await accounts.addCredits({ ...credits, effectiveAtMs, expiresAtMs });
  await using _clock = new CreditClock({ accounts, plans, timers: systemTimers, log });
  const balanceIs = async (wanted: bigint, dueMs: number) => {
    while ((await accounts.balance(organisation.id))?.balanceNano !== wanted) {
      assert.ok(Date.now() < dueMs + 1_000, `not ${wanted} within a second`);
      await sleep(10);
    }
    assert.ok(Date.now() >= dueMs, 'not before its moment');
    t.diagnostic(`${wanted} after ${Date.now() - dueMs} ms`);
  };
  await balanceIs(50n, effectiveAtMs);
  await balanceIs(0n, expiresAtMs);
  assert.deepEqual(errors, []);
  assert.deepEqual((await accounts.reconcile()).findings, []);
});
