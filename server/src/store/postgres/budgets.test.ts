// Budgets in PostgreSQL beyond the ledger's contract: windows roll over, those of end users are opened by their first request
// and cleared away, and what was spent in them adds up all the same.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { type Budget, windowIdOf } from '../../domain/ledger/budget.ts';
import type { Settlement } from '../../domain/ledger/settlement.ts';
import { nano } from '../../domain/money/nano.ts';
import { newId } from '../../lib/ids.ts';
import { manualCredits } from '../../ports/accounts.contract.ts';
import { testRequestId, testSettlement } from '../../ports/ledger.contract.ts';
import { auditBooks } from './audit.ts';
import { mustOpen, poolTo, startTestPostgres, type TestPostgres } from './database.fixture.ts';
import type { Store } from './store.ts';

const DAY_MS = 86_400_000;

let postgres: TestPostgres;
before(async () => {
  postgres = await startTestPostgres();
});
after(() => postgres[Symbol.asyncDispose]());

/** Both ways of settling. */
async function underTest(way: 'direct' | 'leases') {
  const connection = await postgres.newDatabase();
  const logDirectory = mkdtempSync(join(tmpdir(), 'turnpike-budgets-'));
  const store = await mustOpen(connection, way === 'direct' ? {} : { logDirectory });
  const pool = poolTo(connection);
  const organisationId = newId('org');
  await store.accounts.createOrganisation({ id: organisationId, name: 'test' });
  await store.accounts.addCredits(manualCredits(organisationId, 1_000_000n));
  return {
    store,
    pool,
    organisationId,
    async [Symbol.asyncDispose]() {
      await store[Symbol.asyncDispose]();
      assert.deepEqual(await auditBooks(pool), []);
      await pool.end();
      rmSync(logDirectory, { recursive: true });
    },
  };
}

type UnderTest = Awaited<ReturnType<typeof underTest>>;

async function setBudget({ store, organisationId }: UnderTest, more: Partial<Budget>) {
  const id = newId('bud');
  const scope = { scope: 'organisation', subject: organisationId, period: 'daily' } as const;
  return store.accounts.budgets.set({ ...scope, ...more, id, organisationId });
}

/** As a gateway does it that admits a request at this moment. */
async function hold(
  { store, organisationId }: UnderTest,
  amount: bigint,
  atMs: number,
  endUser?: string,
) {
  const named = endUser !== undefined && { endUser };
  const payer = { organisationId, projectId: 'prj_1', keyId: 'key_1', ...named };
  const budgets = pathOf(store, payer, atMs);
  const wantNano = nano(amount);
  const requestId = testRequestId();
  return store.ledger.hold({ requestId, organisationId, budgets, wantNano, leastNano: wantNano });
}

function pathOf(
  { accounts }: Store,
  payer: Parameters<NonNullable<ReturnType<Store['accounts']['snapshot']>['budgets']>['path']>[0],
  atMs: number,
) {
  return accounts.snapshot().budgets?.path(payer, atMs) ?? [];
}

async function spend(it: UnderTest, amount: bigint, atMs: number, endUser?: string) {
  const outcome = await hold(it, amount, atMs, endUser);
  assert.ok(outcome.kind === 'held', `${amount} at ${new Date(atMs).toISOString()}`);
  await it.store.ledger.settle(outcome.hold, testSettlement(outcome.hold, amount));
  return outcome;
}

async function eventually(check: () => Promise<void>): Promise<void> {
  const deadlineMs = performance.now() + 5_000;
  for (;;) {
    try {
      return await check();
    } catch (error) {
      if (performance.now() > deadlineMs) throw error;
      await new Promise((resume) => setTimeout(resume, 20));
    }
  }
}

for (const way of ['direct', 'leases'] as const) {
  test(`I9 ${way}: a window that is spent is closed until midnight, and a request is charged where it was admitted`, async () => {
    await using it = await underTest(way);
    const id = await setBudget(it, { hardLimitNano: 100n });
    const midnight = Date.UTC(2026, 10, 21);
    await spend(it, 70n, midnight - 1);
    const late = await hold(it, 30n, midnight - 1);
    assert.ok(late.kind === 'held');
    const refused = await hold(it, 1n, midnight - 1);
    const yesterday = `budget:${id}:2026-11-20`;
    assert.deepEqual(refused, { kind: 'refused', availableNano: 0n, lacking: yesterday });
    await spend(it, 100n, midnight);
    assert.equal((await hold(it, 1n, midnight + DAY_MS - 1)).kind, 'refused');
    // It began before midnight, and ends after it.
    await it.store.ledger.settle(late.hold, testSettlement(late.hold, 20n));
    const { budgets } = it.store.accounts;
    await eventually(async () => {
      const spent = async (window: string) => (await budgets.window(window))?.spentNano;
      assert.equal(await spent(yesterday), 90n);
      assert.equal(await spent(`budget:${id}:2026-11-21`), 100n);
    });
  });

  test(`I9 ${way}: a budget that is set in the middle of a window begins with what that has cost, and tells of it`, async () => {
    await using it = await underTest(way);
    const nowMs = Date.now();
    const { ledger } = it.store;
    const charge = async (amount: bigint, more: Partial<Settlement>) => {
      const outcome = await hold(it, amount, nowMs);
      assert.ok(outcome.kind === 'held');
      const settlement = testSettlement(outcome.hold, amount, { startedAtMs: nowMs, ...more });
      await ledger.settle(outcome.hold, settlement);
    };
    await charge(60n, { endUser: 'u-1' });
    await charge(7n, { projectId: 'proj_b', keyId: 'key_b' });
    await charge(500n, { startedAtMs: nowMs - 40 * DAY_MS });
    await eventually(async () => {
      assert.equal((await it.pool.query('SELECT FROM usage')).rowCount, 3);
    });
    const { budgets } = it.store.accounts;
    const spent = async (more: Partial<Budget>) => {
      const id = await setBudget(it, { hardLimitNano: 100n, ...more });
      const budget = (await budgets.list(it.organisationId)).find((one) => one.id === id);
      assert.ok(budget !== undefined);
      return (await budgets.window(windowIdOf(budget, nowMs)))?.spentNano ?? 0n;
    };
    assert.equal(await spent({}), 67n);
    assert.equal(await spent({ period: 'monthly' }), 67n);
    assert.equal(await spent({ period: 'total' }), 0n);
    assert.equal(await spent({ scope: 'project', subject: 'proj_b', hardLimitNano: 5n }), 7n);
    assert.equal(await spent({ scope: 'key', subject: 'key_b' }), 7n);
    assert.equal(await spent({ scope: 'end-user', subject: 'u-1', period: 'weekly' }), 60n);
    const told = await budgets.events(it.organisationId);
    assert.deepEqual(told.map(({ threshold }) => threshold).toSorted(), [
      '100%',
      '50%',
      '50%',
      '50%',
      '50%',
      '80%',
    ]);
    assert.equal((await hold(it, 34n, nowMs)).kind, 'refused');
    await spend(it, 33n, nowMs);
    assert.equal((await hold(it, 1n, nowMs)).kind, 'refused');
    await setBudget(it, { hardLimitNano: 99n });
    await setBudget(it, { hardLimitNano: 110n });
    await setBudget(it, { period: 'monthly', hardLimitNano: 1_000n });
    await spend(it, 10n, nowMs);
    assert.equal((await hold(it, 1n, nowMs)).kind, 'refused');
  });

  test(`I9 ${way}: each end user has a window of its own; it is cleared away a day after its end, and what was spent stays in the books`, async () => {
    await using it = await underTest(way);
    const each = { scope: 'each-end-user', subject: 'prj_1' } as const;
    const id = await setBudget(it, { ...each, hardLimitNano: 50n });
    const { budgets } = it.store.accounts;
    const longAgo = Date.UTC(2026, 0, 1, 12);
    const users = ['u-1', 'u-2', 'ü: 3'];
    await Promise.all(users.map((user) => spend(it, 50n, longAgo, user)));
    for (const user of users) assert.equal((await hold(it, 1n, longAgo, user)).kind, 'refused');
    const old = `budget:${id}:2026-01-01`;
    await eventually(async () => {
      const { count, spentNano, top } = await budgets.endUsers(old, 2);
      assert.deepEqual([count, spentNano, top.length], [3, 150n, 2]);
      assert.ok(top.every(({ endUser }) => users.includes(endUser)));
    });
    assert.deepEqual(await budgets.events(it.organisationId), [], 'nobody is told of each');
    await spend(it, 20n, Date.now(), 'u-1');
    const running = await hold(it, 10n, longAgo + DAY_MS, 'u-1');
    assert.ok(running.kind === 'held');
    // What was leased for them goes back by itself.
    await eventually(async () => {
      await budgets.sweep();
      assert.equal((await budgets.endUsers(old, 9)).count, 0);
    });
    const windows = await it.pool.query('SELECT account_id FROM budget_window');
    assert.equal(windows.rowCount, 2, 'what is open, and what a running request holds, stays');
    const { rows } = await it.pool.query(
      'SELECT window_id, windows, spent_nano FROM budget_window_swept',
    );
    assert.deepEqual(rows, [{ window_id: old, windows: '3', spent_nano: '150' }]);

    // A charge that comes late opens a window again, and both parts of it add up.
    await spend(it, 7n, longAgo, 'u-1');
    await it.store.ledger.settle(running.hold, testSettlement(running.hold, 5n));
    await eventually(async () => assert.deepEqual(await auditBooks(it.pool), []));
    const day = new Date().toISOString().slice(0, 10);
    await setBudget(it, { ...each, hardLimitNano: 30n });
    assert.equal((await hold(it, 11n, Date.now(), 'u-1')).kind, 'refused', 'lowered for all');
    assert.equal((await budgets.endUsers(`budget:${id}:${day}`, 1)).spentNano, 20n);
    await spend(it, 30n, Date.now(), 'u-2');
    await setBudget(it, each);
    await spend(it, 31n, Date.now(), 'u-2'); // Removed for all.
  });
}
