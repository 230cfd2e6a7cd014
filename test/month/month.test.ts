// A month of 20,000 synthetic requests: what reports, invoices and exports say of it is what a plain sum says.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Dimension } from '../../server/src/domain/reports/usage-ask.ts';
import {
  mustOpen,
  poolTo,
  startTestPostgres,
} from '../../server/src/store/postgres/database.fixture.ts';
import { billMonth, exportMonth } from './bill-month.ts';
import { makeMonth, MONTH_FROM_MS, MONTH_TO_MS, ORGANISATIONS, type Month } from './month.ts';
import type { Store } from '../../server/src/store/postgres/store.ts';

const REQUESTS = 20_000;

test('a month of usage: I12: reports, invoices and exports are exact, and the books agree with them', async () => {
  await using postgres = await startTestPostgres();
  const connection = await postgres.newDatabase();
  await using store = await mustOpen(connection);
  await using pool = poolTo(connection);
  const month = await makeMonth(
    { accounts: store.accounts, pool },
    { requests: REQUESTS, seed: 5 },
  );
  assert.equal(await store.reports.rollUp(), REQUESTS);
  await assertReports(store, month);
  await billMonth(store, month);
  assert.ok((await exportMonth(store, month)).bytes > REQUESTS * 100);
  const { findings } = await store.accounts.reconcile();
  assert.deepEqual(findings, []);
});

async function assertReports(store: Store, { expected }: Month): Promise<void> {
  for (const organisationId of ORGANISATIONS) {
    const sums = async (by: readonly Dimension[]) => {
      const range = { fromMs: MONTH_FROM_MS, toMs: MONTH_TO_MS };
      const ask = { organisationId, ...range, width: 'day', only: {}, what: 'everything' } as const;
      return (await store.reports.sums({ ...ask, by })) ?? [];
    };
    for (const { startsAtMs, requests, chargedNano } of await sums([])) {
      const day = new Date(startsAtMs).toISOString().slice(0, 10);
      const sum = expected.get(`${organisationId} ${day}`);
      assert.deepEqual([requests, chargedNano], [sum?.requests, sum?.chargedNano], day);
    }
    for (const dimension of ['model', 'endUser'] as const) {
      const found = new Map<string, bigint>();
      for (const { key, chargedNano } of await sums([dimension])) {
        const name = key[dimension] ?? '';
        found.set(name, (found.get(name) ?? 0n) + chargedNano);
      }
      for (const [name, charged] of found) {
        assert.equal(charged, expected.get(`${organisationId} ${name}`)?.chargedNano, name);
      }
    }
  }
}
