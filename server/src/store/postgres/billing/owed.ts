// What of an organisation's usage is owed, and what was paid for with credit that had been bought.

import type pg from 'pg';
import { ON_ACCOUNT } from '../plans/settle-due.ts';
import type { InvoiceRow } from './invoice-rows.ts';

export async function creditOf(client: pg.ClientBase, organisationId: string) {
  const { rows } = await client.query<{ left: string; limit: string; owed: string }>(
    `SELECT a.balance_nano AS left, coalesce(p.credit_limit_nano::bigint, 0) AS limit,
         -- The line burns last, and what of it has been charged may not have been burnt yet.
         greatest(line.remaining - a.balance_nano, 0) - coalesce(r.balance_nano, 0) AS owed
       FROM account AS a
       LEFT JOIN credit_position AS p ON p.organisation_id = $1
       LEFT JOIN account AS r ON r.id = 'receivable:' || $1
       CROSS JOIN LATERAL (
         SELECT coalesce(sum(remaining_nano), 0) AS remaining FROM credit_block
           WHERE organisation_id = $1 AND source = 'credit-line' AND effective
       ) AS line
       WHERE a.id = 'credits:' || $1`,
    [organisationId],
  );
  const [row] = rows;
  const [leftNano, limitNano] = [BigInt(row?.left ?? 0), BigInt(row?.limit ?? 0)];
  return { leftNano, limitNano, owedNano: BigInt(row?.owed ?? 0) };
}

/**
 * Of all that is owed, what is owed for this usage: without what earlier invoices ask for, what dues of plans have put on
 * the account, and what was used after the month, which is owed last as the credit line burns last. Never more than the
 * usage: a debt of another kind is not billed.
 */
export async function owedFor(
  client: pg.ClientBase,
  { organisation_id: organisationId, period_to: to }: InvoiceRow,
  owedNano: bigint,
  usageNano: bigint,
): Promise<bigint> {
  const { rows } = await client.query<{ asked: string; dues: string; newer: string }>(
    `SELECT
       (SELECT coalesce(sum(open_nano), 0) FROM invoice_open WHERE organisation_id = $1) AS asked,
       (SELECT coalesce(sum(d.amount_minor), 0) * 10000000 FROM amount_due AS d
          JOIN amount_due_paid AS p ON p.due_id = d.id AND p.provider = '${ON_ACCOUNT}'
          LEFT JOIN invoice_item_billed AS b ON b.item_id = 'due:' || d.id
          WHERE d.organisation_id = $1 AND b.item_id IS NULL) AS dues,
       (SELECT coalesce(sum(charged_nano::bigint), 0) FROM usage
          WHERE organisation_id = $1 AND started_at >= $2)
         + (SELECT coalesce(sum(charged_nano), 0) FROM rerated_day WHERE organisation_id = $1 AND day >= $2) AS newer`,
    [organisationId, to],
  );
  const of = (column: 'asked' | 'dues' | 'newer'): bigint => BigInt(rows[0]?.[column] ?? 0);
  const left = owedNano - of('asked') - of('dues') - of('newer');
  if (left <= 0n || usageNano <= 0n) return 0n;
  return left < usageNano ? left : usageNano;
}

/**
 * What of this usage was paid with credit that had been bought, as far as it was: promotions and credit lines were not, and
 * the price of a plan is a line of its own. All that an organisation was charged is one line of nano-dollars, which its
 * invoices cut into pieces that meet.
 */
export async function paidForOf(
  client: pg.ClientBase,
  organisationId: string,
  usageNano: bigint,
): Promise<bigint> {
  const { rows } = await client.query<{ paid: string }>(
    `WITH piece AS (
         SELECT coalesce(sum(usage_nano), 0)::bigint AS start, coalesce(sum(usage_nano), 0)::bigint + $2::bigint AS stop
           FROM invoice WHERE organisation_id = $1 AND number IS NOT NULL
       )
       SELECT coalesce(floor(sum((least(u.upto_nano, stop) - greatest(u.upto_nano - u.amount_nano, start))::numeric
           * b.cost_basis_nano / b.amount_nano)), 0)::text AS paid
         FROM piece, credit_burn AS u JOIN credit_block AS b ON b.id = u.block_id
         WHERE u.organisation_id = $1 AND u.upto_nano > start AND u.upto_nano - u.amount_nano < stop
           AND b.source NOT IN ('plan', 'credit-line')`,
    [organisationId, `${usageNano}`],
  );
  return BigInt(rows[0]?.paid ?? 0);
}
