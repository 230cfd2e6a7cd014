// By hand: `node test/month/main.ts [requests] [seed]`. Makes a month, and says how long everything about it takes: by the
// clock, the best of several times, and in processor time of PostgreSQL and of this process together, which other work on
// the machine does not change.

import { readFileSync } from 'node:fs';
import type { Pool } from 'pg';
import {
  mustOpen,
  poolTo,
  startTestPostgres,
} from '../../server/src/store/postgres/database.fixture.ts';
import { sumUsage } from '../../server/src/store/postgres/reports/usage-sums.ts';
import { billMonth, exportMonth } from './bill-month.ts';
import { makeMonth } from './month.ts';
import { reportQueries } from './report-queries.ts';

const TIMES = 7;
const [requests = 1_000_000, seed = 1] = process.argv.slice(2).map(Number);

async function timed<T>(what: string, work: () => Promise<T>): Promise<T> {
  const began = performance.now();
  const result = await work();
  console.log(`${what}: ${((performance.now() - began) / 1000).toFixed(2)} s`);
  return result;
}

await using postgres = await startTestPostgres();
const connection = await postgres.newDatabase();
await using store = await mustOpen(connection);
await using pool = poolTo(connection);
const month = await timed(`${requests} requests settled`, () =>
  makeMonth({ accounts: store.accounts, pool }, { requests, seed }),
);
await timed('rolled up', () => store.reports.rollUp());
await pool.query('VACUUM ANALYZE');
await askEverything();
await timed('three invoices', () => billMonth(store, month));
const { bytes } = await timed('exported', () => exportMonth(store, month));
const megabytes = Math.round(process.memoryUsage.rss() / 1e6);
console.log(`${Math.round(bytes / 1e6)} MB of CSV; this process has ${megabytes} MB`);
const { findings, checks } = await timed('reconciled', () => store.accounts.reconcile());
console.log(`${checks.length} checks, ${findings.length} differences`);
for (const { check, detail } of findings) console.log(`${check}: ${detail}`);

async function askEverything(): Promise<void> {
  await using one = poolTo(connection);
  const { rows } = await one.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
  const pid = rows[0]?.pid ?? 0;
  for (const { what, ask } of reportQueries('org_large')) {
    await sumUsage(one, ask);
    let [best, cpu, sums] = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY, 0];
    for (let n = 0; n < TIMES; n++) {
      const [began, usedBefore] = [performance.now(), cpuMs(pid)];
      sums = (await sumUsage(one satisfies Pool, ask))?.length ?? -1;
      best = Math.min(best, performance.now() - began);
      cpu = Math.min(cpu, cpuMs(pid) - usedBefore);
    }
    const shown = (ms: number) => `${ms.toFixed(1).padStart(7)} ms`;
    console.log(
      `${shown(best)} best,${shown(cpu)} of CPU, ${String(sums).padStart(5)} sums: ${what}`,
    );
  }
}

/** Of PostgreSQL's process for a connection, and of this one. */
function cpuMs(pid: number): number {
  const [nanoseconds = '0'] = readFileSync(`/proc/${pid}/schedstat`, 'utf8').split(' ');
  const { user, system } = process.cpuUsage();
  return Number(nanoseconds) / 1e6 + (user + system) / 1e3;
}
