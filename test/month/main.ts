// By hand: `node test/month/main.ts [requests] [seed]`. Makes a month, and says how long everything about it takes: reports by
// the clock, and in processor time of PostgreSQL's process and of this one, which other work on the machine hardly changes;
// each the middle one of several times.

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

const TIMES = 9;
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
    const [clock, server, own]: [number[], number[], number[]] = [[], [], []];
    let sums = 0;
    for (let n = 0; n < TIMES; n++) {
      const [began, before] = [performance.now(), cpuMs(pid)];
      sums = (await sumUsage(one satisfies Pool, ask))?.length ?? -1;
      clock.push(performance.now() - began);
      const after = cpuMs(pid);
      server.push(after.server - before.server);
      own.push(after.own - before.own);
    }
    const shown = (times: number[]) => `${middle(times).toFixed(1).padStart(6)} ms`;
    console.log(
      `${shown(clock)} by the clock,${shown(server)} CPU of PostgreSQL,${shown(own)} of this process, ${String(sums).padStart(5)} sums: ${what}`,
    );
  }
}

function middle(times: readonly number[]): number {
  return times.toSorted((one, other) => one - other)[Math.floor(times.length / 2)] ?? 0;
}

/** Of PostgreSQL's process for a connection, and of this one. */
function cpuMs(pid: number): { readonly server: number; readonly own: number } {
  const [nanoseconds = '0'] = readFileSync(`/proc/${pid}/schedstat`, 'utf8').split(' ');
  const { user, system } = process.cpuUsage();
  return { server: Number(nanoseconds) / 1e6, own: (user + system) / 1e3 };
}
