// The rows of top-ups. One statement each: a change that is not allowed from where the row stands changes nothing.

import type pg from 'pg';
import { statesBefore, type TopUp } from '../../../domain/payments/top-up.ts';
import { assert } from '../../../lib/assert.ts';
import type {
  NewTopUp,
  TopUpChange,
  TopUpChanged,
  TopUpCreated,
  TopUps,
} from '../../../ports/till-book.ts';
import { codeOf } from '../connection.ts';
import { timeOf, topUpOf, type TopUpRow } from './top-up-row.ts';

const UNIQUE_VIOLATION = '23505';
/** What reconciliation reads at once. */
const COMPARED_ROWS_MAX = 100_000;

export class PostgresTopUps implements TopUps {
  readonly #pool: pg.Pool;

  constructor(pool: pg.Pool) {
    this.#pool = pool;
  }

  async create(topUp: NewTopUp): Promise<TopUpCreated> {
    const inserted = await insertTopUp(this.#pool, topUp);
    if (inserted !== undefined) return { kind: 'created', topUp: inserted };
    const before = await mustGet(this.#pool, topUp.id);
    return sameOrder(before, topUp) ? { kind: 'existing', topUp: before } : { kind: 'conflict' };
  }

  async get(id: string): Promise<TopUp | undefined> {
    return this.#one('SELECT * FROM top_up WHERE id = $1', [id]);
  }

  async list(organisationId: string, count: number, afterId?: string): Promise<readonly TopUp[]> {
    return this.#many(
      `SELECT * FROM top_up WHERE organisation_id = $1
         AND ($3::text IS NULL
           OR (created_at, id) < (SELECT created_at, id FROM top_up WHERE id = $3 AND organisation_id = $1))
         ORDER BY created_at DESC, id DESC LIMIT $2`,
      [organisationId, count, afterId ?? null],
    );
  }

  async byObject(provider: string, objectId: string): Promise<TopUp | undefined> {
    return this.#one(
      `SELECT * FROM top_up WHERE provider = $1 AND payment_id = $2
         UNION ALL SELECT * FROM top_up WHERE provider = $1 AND order_id = $2 LIMIT 1`,
      [provider, objectId],
    );
  }

  async change(id: string, change: TopUpChange): Promise<TopUpChanged> {
    try {
      return await changeTopUp(this.#pool, id, change);
    } catch (error) {
      if (codeOf(error) === UNIQUE_VIOLATION) return { kind: 'taken' };
      throw error;
    }
  }

  async attempt(id: string): Promise<number> {
    const { rows } = await this.#pool.query<{ attempts: number }>(
      'UPDATE top_up SET attempts = attempts + 1 WHERE id = $1 RETURNING attempts',
      [id],
    );
    return rows[0]?.attempts ?? 0;
  }

  async claimDue(nowMs: number, untilMs: number, count: number): Promise<readonly TopUp[]> {
    return this.#many(
      `UPDATE top_up SET look_at = $2, looks = looks + 1
         WHERE id IN (SELECT id FROM top_up WHERE look_at <= $1 ORDER BY look_at LIMIT $3
           FOR UPDATE SKIP LOCKED)
         RETURNING *`,
      [new Date(nowMs), new Date(untilMs), count],
    );
  }

  /** Only where nobody has finished it meanwhile. */
  async lookAgain(id: string, atMs: number): Promise<void> {
    await this.#pool.query(
      `UPDATE top_up SET look_at = $2 WHERE id = $1 AND state IN ('created', 'open', 'paid')`,
      [id, new Date(atMs)],
    );
  }

  async received(id: string, amountCents: number): Promise<boolean> {
    const { rowCount } = await this.#pool.query(
      `UPDATE top_up SET amount_cents = $2 WHERE id = $1 AND origin = 'wire' AND pays IS NOT NULL
         AND state IN ('created', 'open', 'expired')`,
      [id, amountCents],
    );
    return rowCount === 1;
  }

  async since(provider: string, sinceMs: number): Promise<readonly TopUp[]> {
    return this.#many(
      `SELECT * FROM top_up WHERE provider = $1 AND created_at >= $2
         ORDER BY created_at, id LIMIT ${COMPARED_ROWS_MAX}`,
      [provider, new Date(sinceMs)],
    );
  }

  async #one(sql: string, values: readonly unknown[]): Promise<TopUp | undefined> {
    return (await this.#many(sql, values))[0];
  }

  async #many(sql: string, values: readonly unknown[]): Promise<readonly TopUp[]> {
    const { rows } = await this.#pool.query<TopUpRow>(sql, [...values]);
    return rows.map(topUpOf);
  }
}

/** Throws where another top-up has the order or the payment already. */
export async function changeTopUp(
  client: pg.Pool | pg.ClientBase,
  id: string,
  { to, nowMs, reason, orderId, paymentId, url, lookAtMs }: TopUpChange,
): Promise<TopUpChanged> {
  const { rows } = await client.query<TopUpRow>(
    `UPDATE top_up SET state = $2, reason = $4, order_id = coalesce(order_id, $5),
         payment_id = coalesce(payment_id, $6), url = coalesce($7, url), look_at = $8, looks = 0,
         credited_at = CASE $2 WHEN 'credited' THEN $9::timestamptz END
       WHERE id = $1 AND state = ANY($3) RETURNING *`,
    [
      id,
      to,
      statesBefore(to),
      reason ?? null,
      orderId ?? null,
      paymentId ?? null,
      url ?? null,
      timeOf(lookAtMs),
      timeOf(nowMs),
    ],
  );
  if (rows[0] !== undefined) return { kind: 'changed', topUp: topUpOf(rows[0]) };
  return { kind: 'elsewhere', topUp: await mustGet(client, id) };
}

async function mustGet(client: pg.Pool | pg.ClientBase, id: string): Promise<TopUp> {
  const { rows } = await client.query<TopUpRow>('SELECT * FROM top_up WHERE id = $1', [id]);
  assert(rows[0] !== undefined, 'a top-up is never deleted');
  return topUpOf(rows[0]);
}

/** Whoever writes the row goes on with it; should that process die, others see it after this. */
const FIRST_LOOK_MS = 60_000;

/** Undefined: the id is taken. */
export async function insertTopUp(
  client: pg.Pool | pg.ClientBase,
  topUp: NewTopUp,
): Promise<TopUp | undefined> {
  const { rows } = await client.query<TopUpRow>(
    `INSERT INTO top_up (id, organisation_id, provider, origin, amount_cents, currency, state, save_method,
         created_at, expires_at, look_at, pays)
       VALUES ($1, $2, $3, $4, $5, $6, 'created', $7, $8, $9, $10, $11) ON CONFLICT (id) DO NOTHING RETURNING *`,
    [
      topUp.id,
      topUp.organisationId,
      topUp.provider,
      topUp.origin,
      topUp.amountCents,
      topUp.currency,
      topUp.saveMethod,
      new Date(topUp.createdAtMs),
      new Date(topUp.expiresAtMs),
      new Date(topUp.createdAtMs + FIRST_LOOK_MS),
      topUp.pays ?? null,
    ],
  );
  return rows[0] === undefined ? undefined : topUpOf(rows[0]);
}

function sameOrder(before: TopUp, wanted: NewTopUp): boolean {
  return (
    before.organisationId === wanted.organisationId &&
    before.provider === wanted.provider &&
    before.origin === wanted.origin &&
    before.amountCents === wanted.amountCents &&
    before.pays === wanted.pays &&
    before.currency === wanted.currency
  );
}
