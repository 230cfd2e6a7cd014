// What somebody should hear of, once each.

import type pg from 'pg';
import type { PaymentEvent, PaymentEvents } from '../../../ports/till-book.ts';

type Row = {
  readonly kind: PaymentEvent['kind'];
  readonly organisation_id: string;
  readonly top_up_id: string | null;
  readonly detail: string;
  readonly at: Date;
};

export class PostgresPaymentEvents implements PaymentEvents {
  readonly #pool: pg.Pool;

  constructor(pool: pg.Pool) {
    this.#pool = pool;
  }

  async note(event: PaymentEvent, subject: string, nowMs: number): Promise<void> {
    await noteEvent(this.#pool, event, subject, nowMs);
  }

  async list(
    organisationId: string,
    count: number,
  ): Promise<readonly (PaymentEvent & { atMs: number })[]> {
    const { rows } = await this.#pool.query<Row>(
      'SELECT * FROM payment_event WHERE organisation_id = $1 ORDER BY number DESC LIMIT $2',
      [organisationId, count],
    );
    return rows.map((row) => ({
      kind: row.kind,
      organisationId: row.organisation_id,
      detail: row.detail,
      atMs: row.at.getTime(),
      ...(row.top_up_id !== null && { topUpId: row.top_up_id }),
    }));
  }
}

export async function noteEvent(
  client: pg.Pool | pg.ClientBase,
  { kind, organisationId, topUpId, detail }: PaymentEvent,
  subject: string,
  nowMs: number,
): Promise<void> {
  await client.query(
    `INSERT INTO payment_event (kind, subject, organisation_id, top_up_id, detail, at)
       VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (kind, subject) DO NOTHING`,
    [kind, subject, organisationId, topUpId ?? null, detail, new Date(nowMs)],
  );
}
