// The books of a running Turnpike, read straight from its own PostgreSQL: what the tests hold its answers against.

import { globSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import type { Finding } from '../../server/src/ports/reconciliations.ts';
import { auditBooks } from '../../server/src/store/postgres/audit.ts';
import type { SocketConnection } from '../../server/src/store/postgres/database.fixture.ts';
import { type LeftSegment, readLeftLog } from '../../server/src/store/settlement-log/read-log.ts';

/** Twenty milliseconds are usual; a PostgreSQL that was killed or stood still has to come back first. */
const APPLIED_WITHIN_MS = 15_000;
const LEASES_BACK_MS = 10_000;

/** Everything but the findings waits until what was answered is applied. */
export type Books = AsyncDisposable & {
  /** Of the books as they are at this moment: they agree at any. */
  findings(): Promise<readonly Finding[]>;
  /** How often each request was recorded, and how it ended. */
  recorded(): Promise<ReadonlyMap<string, { readonly times: number; readonly outcome: string }>>;
  /** Rows of holds and of leases; a lease goes back a few seconds after the last request, if none holds of it. */
  openHolds(): Promise<number>;
  /** Of all customers together, in nano-dollars. */
  creditNano(): Promise<bigint>;
  /** Everything that customers were charged. */
  chargedNano(): Promise<bigint>;
  /** Any question, right now. */
  query(
    sql: string,
    values?: readonly unknown[],
  ): Promise<readonly { readonly [column: string]: unknown }[]>;
};

export function openBooks(dataDirectory: string): Books {
  const pool = new pg.Pool({ ...socketOf(dataDirectory), max: 1 });
  pool.on('error', () => {}); // a crash test kills PostgreSQL under it
  const one = async (sql: string): Promise<bigint> => {
    const { rows } = await pool.query<{ value: string }>(sql);
    return BigInt(rows[0]?.value ?? 0);
  };
  const settled = () => untilApplied(dataDirectory, pool);
  return {
    findings: () => auditBooks(pool),
    recorded: async () => {
      await settled();
      const { rows } = await pool.query<{ id: string; times: string; outcome: string }>(
        `SELECT 'req_' || replace(request_id::text, '-', '') AS id, count(*) AS times, min(outcome) AS outcome
           FROM usage GROUP BY request_id`,
      );
      return new Map(rows.map(({ id, times, outcome }) => [id, { times: Number(times), outcome }]));
    },
    openHolds: async () => {
      const sum = 'SELECT (SELECT count(*) FROM hold) + (SELECT count(*) FROM lease) AS value';
      const deadline = performance.now() + LEASES_BACK_MS;
      while ((await one('SELECT count(*) AS value FROM lease')) > 0n) {
        if (performance.now() > deadline) break;
        await sleep(50);
      }
      return Number(await one(sum));
    },
    creditNano: async () => {
      await settled();
      return one("SELECT sum(balance_nano) AS value FROM account WHERE kind = 'credits'");
    },
    chargedNano: async () => {
      await settled();
      return one('SELECT coalesce(sum(charged_nano), 0) AS value FROM usage');
    },
    query: async (sql, values = []) => (await pool.query(sql, [...values])).rows,
    [Symbol.asyncDispose]: () => pool.end(),
  };
}

/** What is durable in the server's settlement log is soon in PostgreSQL. */
async function untilApplied(dataDirectory: string, pool: pg.Pool): Promise<void> {
  const deadline = performance.now() + APPLIED_WITHIN_MS;
  const gatewayId = readFileSync(join(dataDirectory, 'gateway-id'), 'utf8').trim();
  for (;;) {
    const last = lastRecord(join(dataDirectory, 'settlement-log'), gatewayId);
    if (last === 'none') return;
    if (last !== 'moving') {
      const applied = await pool
        .query<{ seq: string }>(
          'SELECT applied_seq AS seq FROM settlement_watermark WHERE gateway_id = $1 AND epoch = $2',
          [gatewayId, last.epoch],
        )
        .catch(() => undefined); // killed, and not back yet: the server answers meanwhile
      if (Number(applied?.rows[0]?.seq ?? 0) >= last.lastSeq) return;
    }
    if (performance.now() > deadline) throw new Error('the settlement log is not applied in time');
    await sleep(10);
  }
}

function lastRecord(directory: string, gatewayId: string): LeftSegment | 'none' | 'moving' {
  try {
    const left = readLeftLog(directory, gatewayId);
    return left.ok ? (left.value.segments.at(-1) ?? 'none') : 'moving';
  } catch {
    return 'moving'; // a segment was used again between the look at its name and at its content
  }
}

/** The fourth and fifth line of postmaster.pid are PostgreSQL's port and socket directory. */
export function socketOf(dataDirectory: string): SocketConnection {
  const [path] = globSync(`${dataDirectory}/postgres/**/postmaster.pid`);
  if (path === undefined) throw new Error(`no PostgreSQL is running in ${dataDirectory}`);
  const lines = readFileSync(path, 'utf8').split('\n');
  const host = resolve(path, '..', lines[4] ?? '');
  return { host, port: Number(lines[3]), user: 'turnpike', database: 'postgres' };
}
