// How the store of answers asks PostgreSQL: with its own few connections, never longer than a client waits, and with an
// outage as a value.

import pg from 'pg';
import { err, ok } from '../../../lib/result.ts';
import { STORE_TIMEOUT_MS } from '../../../limits.ts';
import type { Asked } from '../../../ports/asked.ts';
import { type Address, codeOf } from '../connection.ts';

/** Each is busy for about a millisecond an answer. */
const CONNECTIONS_MAX = 8;
const ATTEMPTS_MAX = 3;

export class Asking implements AsyncDisposable {
  readonly #pool: pg.Pool;
  readonly #names = new Map<string, string>();

  constructor(address: Address) {
    this.#pool = new pg.Pool({
      ...address.config,
      max: CONNECTIONS_MAX,
      query_timeout: STORE_TIMEOUT_MS,
      statement_timeout: STORE_TIMEOUT_MS,
      connectionTimeoutMillis: STORE_TIMEOUT_MS,
    });
    // As in store.ts: what breaks fails the query on it.
    this.#pool.on('error', () => {});
    this.#pool.on('connect', (client) => client.on('error', () => {}));
  }

  /** Each question is one statement, and so all or nothing; a deadlock's victim asks again. */
  async ask<Row extends pg.QueryResultRow>(
    sql: string,
    values: readonly unknown[],
    attempt = 1,
  ): Asked<readonly Row[]> {
    try {
      const { rows } = await this.#pool.query<Row>({
        name: this.#nameOf(sql),
        text: sql,
        values: [...values],
      });
      return ok(rows);
    } catch (error) {
      const code = codeOf(error) ?? '';
      if (code === DEADLOCK && attempt < ATTEMPTS_MAX) return this.ask(sql, values, attempt + 1);
      if (OUR_MISTAKES.test(code)) throw error;
      return err('unavailable');
    }
  }

  /** There are a few dozen statements: each is parsed and planned once on each connection. */
  #nameOf(sql: string): string {
    const known = this.#names.get(sql);
    if (known !== undefined) return known;
    const name = `stored_${this.#names.size}`;
    this.#names.set(sql, name);
    return name;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#pool.end();
  }
}

const DEADLOCK = '40P01';
/** Classes of SQLSTATE that say that a statement is wrong; everything else passes or is the machine's. */
const OUR_MISTAKES = /^(?:22|23|42)/;

/** What of an answer is wanted, where there is one. */
export async function mapped<T, U>(asked: Asked<T>, of: (value: T) => U): Asked<U> {
  const answer = await asked;
  return answer.ok ? ok(of(answer.value)) : answer;
}
