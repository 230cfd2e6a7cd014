// What of an organisation's usage is on no invoice yet, by day: the roll-ups and their tail, less what invoices have taken.

import type pg from 'pg';
import { USAGE_BUCKETS } from '../../../domain/generation/usage.ts';
import type { DayUsage } from '../../../domain/billing/usage-lines.ts';
import { assert } from '../../../lib/assert.ts';
import { COLUMNS } from '../price-columns.ts';
import { count, tokensOf } from '../reports/usage-sums.ts';

const KEY = ['day', 'model', 'tier', 'price_version'];
const SUMS = [
  'requests',
  ...USAGE_BUCKETS.map((bucket) => COLUMNS[bucket]),
  'cost_nano',
  'charged_nano',
  'overrun_nano',
];
const COLUMN_LIST = [...KEY, ...SUMS].join(', ');

/** In a transaction that sees one moment. Days before `toMs` only. */
export async function unbilledUsage(
  client: pg.ClientBase,
  organisationId: string,
  toMs: number,
): Promise<readonly DayUsage[]> {
  const position = await client.query<{ upto: string }>(
    'SELECT upto::text FROM usage_roll_up_position',
  );
  const upto = position.rows[0]?.upto ?? '0';
  assert(/^\d+$/.test(upto), 'a transaction has a number');
  const plain = SUMS.slice(1).join(', ');
  const negative = SUMS.map((column) => `-u.${column}`).join(', ');
  const { rows } = await client.query<{ readonly [column: string]: string | null }>(
    `SELECT to_char(day AT TIME ZONE 'UTC', 'YYYY-MM-DD') AS day, model, tier, price_version::text,
         ${SUMS.map((column) => `sum(${column})::text AS ${column}`).join(', ')}
       FROM (
         SELECT starts_at AS day, model, tier, price_version, ${SUMS.join(', ')}
           FROM usage_day
           WHERE organisation_id = $1 AND starts_at < to_timestamp($2::float8 / 1000) AND NOT failed
         UNION ALL
         SELECT date_trunc('day', started_at, 'UTC'), model, tier, price_version, 1, ${plain}
           FROM usage
           WHERE organisation_id = $1 AND started_at < to_timestamp($2::float8 / 1000)
             AND settled_xid >= '${upto}' AND outcome <> 'failed'
         UNION ALL
         SELECT u.day, u.model, u.tier, u.price_version, ${negative}
           FROM invoice_usage AS u JOIN invoice AS i ON i.id = u.invoice_id
           WHERE i.organisation_id = $1 AND u.day < to_timestamp($2::float8 / 1000)
       ) AS entry
       GROUP BY 1, 2, 3, 4 HAVING sum(requests) <> 0 ORDER BY 1, 2, 3, 4`,
    [organisationId, toMs],
  );
  return rows.map((row) => ({
    day: row['day'] ?? '',
    model: row['model'] ?? '',
    tier: row['tier'] ?? '',
    priceVersion: count(row['price_version']),
    requests: count(row['requests']),
    tokens: tokensOf(row),
    costNano: BigInt(row['cost_nano'] ?? 0),
    chargedNano: BigInt(row['charged_nano'] ?? 0),
    overrunNano: BigInt(row['overrun_nano'] ?? 0),
  }));
}

/** From now on it is on this invoice. */
export async function takeUsage(
  client: pg.ClientBase,
  invoiceId: string,
  usage: readonly DayUsage[],
): Promise<void> {
  const rows = usage.map((day) => ({
    day: `${day.day}T00:00:00Z`,
    model: day.model,
    tier: day.tier,
    price_version: day.priceVersion,
    requests: day.requests,
    ...Object.fromEntries(USAGE_BUCKETS.map((bucket) => [COLUMNS[bucket], day.tokens[bucket]])),
    cost_nano: `${day.costNano}`,
    charged_nano: `${day.chargedNano}`,
    overrun_nano: `${day.overrunNano}`,
  }));
  await client.query(
    `INSERT INTO invoice_usage (invoice_id, ${COLUMN_LIST})
       SELECT $1, ${COLUMN_LIST} FROM jsonb_populate_recordset(NULL::invoice_usage, $2)`,
    [invoiceId, JSON.stringify(rows)],
  );
}
