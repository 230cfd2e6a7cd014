// What re-ratings have changed and no invoice says yet: lines of the next one, with the days that they are about.

import type pg from 'pg';
import { centsOf } from '../../../domain/billing/cents.ts';
import type { DocumentLine } from '../../../domain/billing/document.ts';

/** Of days before `$2`. */
const OPEN = `
  FROM rerated_day AS d LEFT JOIN invoice_rerated_day AS b USING (organisation_id, number, day, model, tier)
  JOIN rerating AS r ON r.number = d.number
  WHERE d.organisation_id = $1 AND d.day < $2 AND b.invoice_id IS NULL`;

type Row = {
  readonly note: string;
  readonly model: string;
  readonly tier: string;
  readonly from: string;
  readonly to: string;
  readonly amount: string;
};

/** In a transaction that sees one moment. */
export async function adjustmentLines(
  client: pg.ClientBase,
  organisationId: string,
  before: Date,
): Promise<readonly DocumentLine[]> {
  const { rows } = await client.query<Row>(
    `SELECT r.note, d.model, d.tier, to_char(min(day) AT TIME ZONE 'UTC', 'YYYY-MM-DD') AS from,
         to_char(max(day) AT TIME ZONE 'UTC', 'YYYY-MM-DD') AS to, sum(d.charged_nano)::text AS amount
       ${OPEN} GROUP BY d.number, r.note, d.model, d.tier HAVING sum(d.charged_nano) <> 0
       ORDER BY d.number, d.model = '', d.model, d.tier`,
    [organisationId, before],
  );
  return rows.map((row) => ({
    description: describe(row),
    days: { from: row.from, to: row.to },
    amountCents: `${centsOf(BigInt(row.amount))}`,
    amountNano: row.amount,
  }));
}

/** From now on they are on this invoice. */
export async function takeAdjustments(
  client: pg.ClientBase,
  invoiceId: string,
  organisationId: string,
  before: Date,
): Promise<void> {
  await client.query(
    `INSERT INTO invoice_rerated_day (organisation_id, number, day, model, tier, invoice_id)
       SELECT d.organisation_id, d.number, d.day, d.model, d.tier, $3 ${OPEN}`,
    [organisationId, before, invoiceId],
  );
}

/** Without a model: what could not be collected, or was set off against that. */
function describe({ note, model, tier, amount }: Row): string {
  const why = note === '' ? 'Adjustment of prices' : `Adjustment of prices: ${note}`;
  if (model === '')
    return `${why}, ${amount.startsWith('-') ? 'not charged' : 'not charged before'}`;
  return `${why}, ${tier === 'standard' ? model : `${model} (${tier})`}`;
}
