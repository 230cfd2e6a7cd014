// What is kept between requests, in PostgreSQL.

import pg from 'pg';
import type { AnswerKind, Owner, StoredAnswer } from '../../../domain/stored/answer.ts';
import { err, ok } from '../../../lib/result.ts';
import { EARLIER_BYTES_MAX, EARLIER_RESPONSES_MAX, STORE_TIMEOUT_MS } from '../../../limits.ts';
import type { Asked, Chain, Kept, ResponseStore } from '../../../ports/response-store.ts';
import { type Address, codeOf } from '../connection.ts';
import { ANSWER_COLUMNS, type AnswerRow, answerOf, insertValues } from './stored-row.ts';

/** Each is busy for about a millisecond an answer. */
const CONNECTIONS_MAX = 8;

export type ResponseStoreOptions = {
  readonly address: Address;
  readonly bytesProjectMax: number;
  /** Whether PostgreSQL was there a moment ago. */
  readonly reachable: () => boolean;
};

export class PostgresResponseStore implements ResponseStore, AsyncDisposable {
  readonly #pool: pg.Pool;
  readonly #options: ResponseStoreOptions;

  constructor(options: ResponseStoreOptions) {
    this.#options = options;
    this.#pool = new pg.Pool({
      ...options.address.config,
      max: CONNECTIONS_MAX,
      query_timeout: STORE_TIMEOUT_MS,
      statement_timeout: STORE_TIMEOUT_MS,
      connectionTimeoutMillis: STORE_TIMEOUT_MS,
    });
    // As in store.ts: what breaks fails the query on it.
    this.#pool.on('error', () => {});
    this.#pool.on('connect', (client) => client.on('error', () => {}));
  }

  available(): boolean {
    return this.#options.reachable();
  }

  keep(owner: Owner, answer: StoredAnswer, expiresAtMs: number): Asked<Kept> {
    return this.#ask(async () => {
      const { rowCount } = await this.#pool.query(INSERT_ANSWER, [
        ...insertValues(owner, answer, expiresAtMs),
        this.#options.bytesProjectMax,
      ]);
      return rowCount === 0 ? 'full' : 'kept';
    });
  }

  answer(owner: Owner, kind: AnswerKind, id: string): Asked<StoredAnswer | undefined> {
    return this.#ask(async () => {
      const { rows } = await this.#pool.query<AnswerRow>(
        `SELECT ${ANSWER_COLUMNS} FROM stored_answer
           WHERE id = $1 AND kind = $2 AND ${OWNED} AND expires_at > now()`,
        [id, kind, owner.projectId, owner.organisationId],
      );
      return rows[0] && answerOf(rows[0]);
    });
  }

  chain(owner: Owner, id: string): Asked<Chain> {
    return this.#ask(async () => {
      const { rows } = await this.#pool.query<AnswerRow & { readonly bytes: string }>(CHAIN, [
        id,
        owner.projectId,
        owner.organisationId,
      ]);
      const oldest = rows.at(-1);
      if (oldest === undefined) return { kind: 'missing', id };
      const bytes = rows.reduce((sum, row) => sum + Number(row.bytes), 0);
      if (rows.length > EARLIER_RESPONSES_MAX || bytes > EARLIER_BYTES_MAX) {
        return { kind: 'too-long' };
      }
      if (oldest.previous_id !== null) return { kind: 'missing', id: oldest.previous_id };
      return { kind: 'found', answers: rows.map(answerOf).toReversed() };
    });
  }

  async #ask<T>(work: () => Promise<T>): Asked<T> {
    try {
      return ok(await work());
    } catch (error) {
      if (isOurMistake(error)) throw error;
      return err('unavailable');
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#pool.end();
  }
}

/** Classes of SQLSTATE that say that a statement is wrong; everything else passes or is the machine's. */
function isOurMistake(error: unknown): boolean {
  return /^(?:22|23|42)/.test(codeOf(error) ?? '');
}

const OWNED = 'project_id = $3 AND organisation_id = $4';

const INSERT_ANSWER = `
  INSERT INTO stored_answer (id, kind, organisation_id, project_id, model, status, background, created_at, expires_at,
      form, body, input, output, metadata, previous_id, conversation_id, bytes)
    SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17
      WHERE coalesce((SELECT bytes FROM stored_bytes WHERE project_id = $4), 0) + $17 <= $18::bigint`;

/** From the newest to the oldest; what is expired but still leaned on is there. */
const CHAIN = `
  WITH RECURSIVE chain AS (
    SELECT ${ANSWER_COLUMNS}, bytes, 1 AS depth FROM stored_answer
      WHERE id = $1 AND kind = 'response' AND project_id = $2 AND organisation_id = $3 AND expires_at > now()
    UNION ALL
    SELECT ${ANSWER_COLUMNS.split(', ')
      .map((column) => `a.${column}`)
      .join(', ')}, a.bytes, c.depth + 1
      FROM chain AS c JOIN stored_answer AS a ON a.id = c.previous_id
      WHERE a.kind = 'response' AND a.project_id = $2 AND a.organisation_id = $3
        AND c.depth <= ${EARLIER_RESPONSES_MAX})
  SELECT ${ANSWER_COLUMNS}, bytes FROM chain ORDER BY depth`;
