// The books of a running Turnpike, read straight from its own PostgreSQL: what the tests hold its answers against.

import { globSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import pg from 'pg';
import { auditBooks, type Finding } from '../../server/src/store/postgres/audit.ts';

export type Books = AsyncDisposable & {
  findings(): Promise<readonly Finding[]>;
  /** How often each request was recorded, and how it ended. */
  recorded(): Promise<ReadonlyMap<string, { readonly times: number; readonly outcome: string }>>;
  openHolds(): Promise<number>;
  /** Of all customers together, in nano-dollars. */
  creditNano(): Promise<bigint>;
  /** Everything that customers were charged. */
  chargedNano(): Promise<bigint>;
};

export function openBooks(dataDirectory: string): Books {
  const pool = new pg.Pool({ ...socketOf(dataDirectory), max: 1 });
  pool.on('error', () => {}); // a crash test kills PostgreSQL under it
  const one = async (sql: string): Promise<bigint> => {
    const { rows } = await pool.query<{ value: string }>(sql);
    return BigInt(rows[0]?.value ?? 0);
  };
  return {
    findings: () => auditBooks(pool),
    recorded: async () => {
      const { rows } = await pool.query<{ id: string; times: string; outcome: string }>(
        `SELECT 'req_' || replace(request_id::text, '-', '') AS id, count(*) AS times, min(outcome) AS outcome
           FROM usage GROUP BY request_id`,
      );
      return new Map(rows.map(({ id, times, outcome }) => [id, { times: Number(times), outcome }]));
    },
    openHolds: async () => Number(await one('SELECT count(*) AS value FROM hold')),
    creditNano: () => one("SELECT sum(balance_nano) AS value FROM account WHERE kind = 'credits'"),
    chargedNano: () => one('SELECT coalesce(sum(charged_nano), 0) AS value FROM usage'),
    [Symbol.asyncDispose]: () => pool.end(),
  };
}

/** The fourth and fifth line of postmaster.pid are PostgreSQL's port and socket directory. */
function socketOf(dataDirectory: string): pg.PoolConfig {
  const [path] = globSync(`${dataDirectory}/postgres/**/postmaster.pid`);
  if (path === undefined) throw new Error(`no PostgreSQL is running in ${dataDirectory}`);
  const lines = readFileSync(path, 'utf8').split('\n');
  const host = resolve(path, '..', lines[4] ?? '');
  return { host, port: Number(lines[3]), user: 'turnpike', database: 'postgres' };
}
