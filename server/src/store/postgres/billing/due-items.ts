// What is billed beside usage: dues of plans and items that were put there, on the first invoice after they were due, once.

import type pg from 'pg';
import { ON_ACCOUNT } from '../plans/settle-due.ts';
import type { DocumentLine } from '../../../domain/billing/document.ts';

export type DueItems = {
  /** As they stand in `invoice_item_billed`. */
  readonly ids: readonly string[];
  readonly lines: readonly DocumentLine[];
  /** What of them was paid when it was bought. */
  readonly paidCents: bigint;
  /** Granted, and neither paid nor on account yet. */
  readonly openDueIds: readonly string[];
  /** Of the items that are not of a plan. */
  readonly otherCents: bigint;
};

type ItemRow = {
  readonly id: string;
  readonly description: string;
  readonly amount_cents: string;
  readonly service_from: Date | null;
  readonly service_to: Date | null;
  readonly state: 'other' | 'paid' | 'on-account' | 'open';
};

const ITEMS = `
  SELECT id, description, amount_cents, service_from, service_to, due_at, 'other' AS state
    FROM invoice_item WHERE organisation_id = $1
  UNION ALL
  SELECT 'due:' || d.id, 'Plan ' || v.name, d.amount_minor, d.starts_at, d.ends_at - interval '1 day', d.created_at,
      CASE WHEN p.due_id IS NULL THEN 'open' WHEN p.provider = '${ON_ACCOUNT}' THEN 'on-account' ELSE 'paid' END
    FROM amount_due AS d
    JOIN plan_version AS v ON v.plan_id = d.plan_id AND v.version = d.version
    LEFT JOIN amount_due_paid AS p ON p.due_id = d.id
    LEFT JOIN bill AS b ON b.id = 'due:' || d.id
    -- What nobody has paid was not granted; but for what has no bill, which was granted before there were any.
    WHERE d.organisation_id = $1 AND d.amount_minor > 0 AND (p.due_id IS NOT NULL OR b.id IS NULL)`;

export async function dueItems(
  client: pg.ClientBase,
  organisationId: string,
  before: Date,
): Promise<DueItems> {
  const { rows } = await client.query<ItemRow>(
    `SELECT i.id, description, amount_cents::text, service_from, service_to, state
       FROM (${ITEMS}) AS i
       LEFT JOIN invoice_item_billed AS b ON b.item_id = i.id
       WHERE i.due_at < $2 AND b.item_id IS NULL
       ORDER BY i.due_at, i.id`,
    [organisationId, before],
  );
  const centsIn = (state: ItemRow['state']): bigint =>
    rows.reduce((sum, row) => (row.state === state ? sum + BigInt(row.amount_cents) : sum), 0n);
  return {
    ids: rows.map(({ id }) => id),
    lines: rows.map(lineOf),
    paidCents: centsIn('paid'),
    openDueIds: rows.flatMap(({ id, state }) =>
      state === 'open' ? [id.slice('due:'.length)] : [],
    ),
    otherCents: centsIn('other'),
  };
}

function lineOf(row: ItemRow): DocumentLine {
  const { service_from: from, service_to: to } = row;
  return {
    description: row.description,
    ...(from !== null && to !== null && { days: { from: dayOf(from), to: dayOf(to) } }),
    amountCents: row.amount_cents,
  };
}

function dayOf(moment: Date): string {
  return moment.toISOString().slice(0, 10);
}
