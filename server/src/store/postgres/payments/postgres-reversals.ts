// The rows of refunds and disputes: one per object of a provider.

import type pg from 'pg';
import type { PaymentReversal } from '../../../domain/payments/payment.ts';
import { assert } from '../../../lib/assert.ts';
import type {
  RefundRequest,
  ReversalRow,
  Reversals,
  ReversalState,
} from '../../../ports/till-book.ts';
import { timeOf } from './top-up-row.ts';

type Row = {
  readonly provider: string;
  readonly id: string;
  readonly payment_id: string;
  readonly top_up_id: string;
  readonly organisation_id: string;
  readonly kind: PaymentReversal['kind'];
  readonly amount_cents: string;
  readonly currency: string;
  readonly status: PaymentReversal['status'];
  readonly is_final: boolean;
  readonly state: ReversalState;
};

const ROWS_MAX = 100_000;

export class PostgresReversals implements Reversals {
  readonly #pool: pg.Pool;

  constructor(pool: pg.Pool) {
    this.#pool = pool;
  }

  async seen(
    provider: string,
    topUpId: string,
    reversal: PaymentReversal,
    nowMs: number,
  ): Promise<ReversalRow> {
    const { id, paymentId, kind, amountCents, currency, status, isFinal } = reversal;
    const [row] = await this.#many(
      `INSERT INTO payment_reversal (provider, id, payment_id, top_up_id, organisation_id, kind, amount_cents,
           currency, status, is_final, state, created_at, look_at)
         SELECT $1, $2, $3, t.id, t.organisation_id, $5, $6, $7, $8, $9, 'seen', $10, $10
           FROM top_up AS t WHERE t.id = $4
         ON CONFLICT (provider, id) DO UPDATE SET status = excluded.status, is_final = excluded.is_final
         RETURNING *`,
      [
        provider,
        id,
        paymentId,
        topUpId,
        kind,
        amountCents,
        currency,
        status,
        isFinal,
        new Date(nowMs),
      ],
    );
    assert(row !== undefined, 'a reversal belongs to a top-up');
    return row;
  }

  async get(provider: string, id: string): Promise<ReversalRow | undefined> {
    const rows = await this.#many(
      'SELECT * FROM payment_reversal WHERE provider = $1 AND id = $2',
      [provider, id],
    );
    return rows[0];
  }

  async advance(
    provider: string,
    id: string,
    to: Exclude<ReversalState, 'seen'>,
    lookAtMs?: number,
  ): Promise<void> {
    await this.#pool.query(
      `UPDATE payment_reversal SET state = $3, look_at = $4
         WHERE provider = $1 AND id = $2 AND state <> 'given-back'`,
      [provider, id, to, timeOf(lookAtMs)],
    );
  }

  async taken(provider: string, id: string): Promise<{ readonly amounts: readonly bigint[] }> {
    const name = `${provider}:${id}`;
    const { rows } = await this.#pool.query<{ amount: string }>(
      `SELECT amount_nano AS amount FROM credit_reversal WHERE id >= $1 AND id < $1 || '$'
         AND (id = $1 OR starts_with(id, $1 || '#'))`,
      [name],
    );
    return { amounts: rows.map(({ amount }) => BigInt(amount)) };
  }

  async look(provider: string, id: string, atMs: number): Promise<void> {
    await this.#pool.query(
      'UPDATE payment_reversal SET look_at = $3 WHERE provider = $1 AND id = $2',
      [provider, id, new Date(atMs)],
    );
  }

  async of(topUpId: string): Promise<readonly ReversalRow[]> {
    return this.#many(
      'SELECT * FROM payment_reversal WHERE top_up_id = $1 ORDER BY created_at, id',
      [topUpId],
    );
  }

  async claimDue(nowMs: number, untilMs: number, count: number): Promise<readonly ReversalRow[]> {
    return this.#many(
      `UPDATE payment_reversal SET look_at = $2
         WHERE (provider, id) IN (SELECT provider, id FROM payment_reversal WHERE look_at <= $1
           ORDER BY look_at LIMIT $3 FOR UPDATE SKIP LOCKED)
         RETURNING *`,
      [new Date(nowMs), new Date(untilMs), count],
    );
  }

  async since(provider: string, sinceMs: number): Promise<readonly ReversalRow[]> {
    return this.#many(
      `SELECT * FROM payment_reversal WHERE provider = $1 AND created_at >= $2
         ORDER BY created_at, id LIMIT ${ROWS_MAX}`,
      [provider, new Date(sinceMs)],
    );
  }

  async requestRefund(
    { id, topUpId, amountCents }: RefundRequest,
    nowMs: number,
  ): Promise<'new' | 'existing' | 'conflict'> {
    const { rowCount } = await this.#pool.query(
      `INSERT INTO refund_request (id, top_up_id, amount_cents, created_at) VALUES ($1, $2, $3, $4)
         ON CONFLICT (id) DO NOTHING`,
      [id, topUpId, amountCents, new Date(nowMs)],
    );
    if (rowCount === 1) return 'new';
    const same = await this.#pool.query(
      'SELECT FROM refund_request WHERE id = $1 AND top_up_id = $2 AND amount_cents = $3',
      [id, topUpId, amountCents],
    );
    return same.rowCount === 1 ? 'existing' : 'conflict';
  }

  async #many(sql: string, values: readonly unknown[]): Promise<readonly ReversalRow[]> {
    const { rows } = await this.#pool.query<Row>(sql, [...values]);
    return rows.map((row) => ({
      provider: row.provider,
      id: row.id,
      paymentId: row.payment_id,
      topUpId: row.top_up_id,
      organisationId: row.organisation_id,
      kind: row.kind,
      amountCents: Number(row.amount_cents),
      currency: row.currency,
      status: row.status,
      isFinal: row.is_final,
      state: row.state,
    }));
  }
}
