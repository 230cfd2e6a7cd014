// Which organisations a month is still to be billed for, and what may still have to be settled of it.

import type pg from 'pg';
import {
  type GatewaySeen,
  type InvoicingMode,
  monthBounds,
} from '../../../domain/billing/month.ts';

type Seen = { readonly gateways: readonly GatewaySeen[]; readonly openHolds: number };

export async function readSeen(pool: pg.Pool, month: string): Promise<Seen> {
  const { fromMs, toMs } = monthBounds(month);
  const gateways = await pool.query<{ id: string; heard: Date; left: boolean }>(
    `SELECT id, heartbeat_at AS heard, left_at IS NOT NULL AS left FROM gateway WHERE heartbeat_at >= $1 ORDER BY id`,
    [new Date(fromMs)],
  );
  const holds = await pool.query<{ count: number }>(
    'SELECT count(*)::int AS count FROM hold WHERE created_at < $1',
    [new Date(toMs)],
  );
  return {
    gateways: gateways.rows.map(({ id, heard, left }) => ({
      id,
      heardAtMs: heard.getTime(),
      left,
    })),
    openHolds: holds.rows[0]?.count ?? 0,
  };
}

/** In any order, so that servers which look at the same time mostly find others. */
export async function readToInvoice(
  pool: pg.Pool,
  month: string,
  mode: InvoicingMode,
  count: number,
): Promise<{ readonly ids: readonly string[]; readonly left: number }> {
  const { fromMs, toMs } = monthBounds(month);
  const { rows } = await pool.query<{ id: string; total: number }>(
    `SELECT o.id, count(*) OVER ()::int AS total FROM organisation AS o
       LEFT JOIN invoicing AS i ON i.organisation_id = o.id AND i.period_from = $1
       WHERE o.created_at < $2 AND (i.state IS NULL OR ($3 AND i.state = 'drafted'))
       ORDER BY random() LIMIT $4`,
    [new Date(fromMs), new Date(toMs), mode === 'final', count],
  );
  const total = rows[0]?.total ?? 0;
  return { ids: rows.map(({ id }) => id), left: Math.max(0, total - rows.length) };
}

export type Done = 'drafted' | 'final' | 'nothing';

/** Once for each organisation and month; a draft may become final. */
export async function writeDone(
  client: pg.Pool | pg.ClientBase,
  {
    organisationId,
    month,
    state,
    invoiceId,
  }: {
    readonly organisationId: string;
    readonly month: string;
    readonly state: Done;
    readonly invoiceId?: string;
  },
): Promise<void> {
  await client.query(
    `INSERT INTO invoicing (organisation_id, period_from, state, invoice_id, done_at) VALUES ($1, $2, $3, $4, now())
       ON CONFLICT (organisation_id, period_from) DO UPDATE
         SET state = excluded.state, invoice_id = coalesce(excluded.invoice_id, invoicing.invoice_id), done_at = now()
         WHERE invoicing.state = 'drafted' AND excluded.state <> 'drafted'`,
    [organisationId, new Date(monthBounds(month).fromMs), state, invoiceId ?? null],
  );
}
