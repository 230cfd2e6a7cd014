// Makes an invoice final: its number, its document, which usage it has, and the transfer of what rounding made of it, in one
// transaction that sees one moment.

import { createHash } from 'node:crypto';
import type pg from 'pg';
import { composeDocument, type InvoiceFacts } from '../../../domain/billing/compose-document.ts';
import type { BillingDocument, Days, DocumentLine } from '../../../domain/billing/document.ts';
import { type DayUsage, usageLines } from '../../../domain/billing/usage-lines.ts';
import type { BillingDetails, Seller } from '../../../ports/billing.ts';
import { pricesOf } from '../reports/postgres-usage-reports.ts';
import { readDetails, readSeller } from './billing-details.ts';
import type { InvoiceRow } from './invoice-rows.ts';
import { takeUsage, unbilledUsage } from './invoice-usage.ts';

const DAY_MS = 86_400_000;

export type Composed = {
  readonly document: BillingDocument;
  readonly usage: readonly DayUsage[];
  readonly itemIds: readonly string[];
};

/** `number` undefined: as a draft, which has none. */
export async function compose(
  client: pg.ClientBase,
  row: InvoiceRow,
  number: (kind: 'invoice' | 'statement') => Promise<string>,
  issuedAtMs: number,
): Promise<Composed> {
  const organisationId = row.organisation_id;
  const period = daysOf(row);
  const usage = await unbilledUsage(client, organisationId, row.period_to.getTime());
  const prices = await pricesOf(
    client,
    usage.map(({ priceVersion }) => priceVersion),
  );
  const items = await dueItems(client, organisationId, row.period_to);
  const details = await readDetails(client, organisationId);
  const credit = await creditOf(client, organisationId);
  const kind = credit.limitNano > 0n ? 'invoice' : 'statement';
  const facts: InvoiceFacts = {
    number: await number(kind),
    issuedAt: new Date(issuedAtMs).toISOString(),
    period,
    organisationId,
    seller: partyOf(await readSeller(client)),
    customer: partyOf(details),
    taxRatePpm: details.taxRatePpm,
    termsDays: details.termsDays,
    usageLines: usageLines(usage, period, prices),
    itemLines: items.lines,
    itemsPaidCents: items.paidCents,
    owedNano: kind === 'invoice' ? credit.owedNano : undefined,
    creditsLeftNano: credit.leftNano,
  };
  return { document: composeDocument(facts), usage, itemIds: items.ids };
}

/** The counter's row is locked until the transaction ends: nobody gets the next number before this one is there to stay. */
export async function nextNumber(client: pg.ClientBase, series: string): Promise<string> {
  const { rows } = await client.query<{ last: string }>(
    'UPDATE invoice_counter SET last = last + 1 WHERE series = $1 RETURNING last',
    [series],
  );
  return `${series}-${(rows[0]?.last ?? '').padStart(6, '0')}`;
}

export async function freeze(
  client: pg.ClientBase,
  id: string,
  document: BillingDocument,
): Promise<void> {
  const json = JSON.stringify(document);
  await client.query(
    `UPDATE invoice SET kind = $2, number = $3, document = $4, sha256 = $5, total_cents = $6, usage_nano = $7,
         rounding_nano = $8, finalised_at = $9 WHERE id = $1`,
    [
      id,
      document.kind,
      document.number,
      json,
      createHash('sha256').update(json).digest('hex'),
      document.totalCents,
      document.usageNano,
      document.roundingNano,
      document.issuedAt,
    ],
  );
}

export async function finaliseRow(
  client: pg.ClientBase,
  row: InvoiceRow,
  nowMs: number,
): Promise<void> {
  const number = (kind: 'invoice' | 'statement') =>
    nextNumber(client, kind === 'invoice' ? 'INV' : 'ST');
  const { document, usage, itemIds } = await compose(client, row, number, nowMs);
  await freeze(client, row.id, document);
  await takeUsage(client, row.id, usage);
  await client.query(
    'INSERT INTO invoice_item_billed (item_id, invoice_id) SELECT unnest($1::text[]), $2',
    [itemIds, row.id],
  );
  await moveRounding(client, document);
}

/** House accounts only: what was used has been charged, to the nano-dollar, when it was used. */
async function moveRounding(client: pg.ClientBase, document: BillingDocument): Promise<void> {
  const rounding = BigInt(document.roundingNano);
  if (rounding === 0n) return;
  const accounts = ['rounding', 'revenue:rounding'] as const;
  const [from, to] = rounding > 0n ? accounts : accounts.toReversed();
  await client.query(`SELECT ledger_move($1, $2, $3, $4, 'rounding', now())`, [
    `rounding:${document.number}`,
    from,
    to,
    `${rounding < 0n ? -rounding : rounding}`,
  ]);
}

function daysOf(row: InvoiceRow): Days {
  const last = new Date(row.period_to.getTime() - DAY_MS);
  return {
    from: row.period_from.toISOString().slice(0, 10),
    to: last.toISOString().slice(0, 10),
  };
}

/** Without what is nobody else's business. */
function partyOf({ name, address, email, taxId }: Seller | BillingDetails): Seller {
  return {
    name,
    address,
    ...(email !== undefined && { email }),
    ...(taxId !== undefined && { taxId }),
  };
}

type ItemRow = {
  readonly id: string;
  readonly description: string;
  readonly amount_cents: string;
  readonly service_from: Date | null;
  readonly service_to: Date | null;
  readonly paid: boolean;
};

async function dueItems(client: pg.ClientBase, organisationId: string, before: Date) {
  const { rows } = await client.query<ItemRow>(
    `SELECT i.id, description, amount_cents::text, service_from, service_to, paid
       FROM (
         SELECT id, description, amount_cents, service_from, service_to, due_at, false AS paid
           FROM invoice_item WHERE organisation_id = $1
         UNION ALL
         SELECT 'due:' || d.id, 'Plan ' || v.name, d.amount_minor, d.starts_at, d.ends_at - interval '1 day', d.created_at,
             p.due_id IS NOT NULL
           FROM amount_due AS d
           JOIN plan_version AS v ON v.plan_id = d.plan_id AND v.version = d.version
           LEFT JOIN amount_due_paid AS p ON p.due_id = d.id
           WHERE d.organisation_id = $1 AND d.amount_minor > 0
       ) AS i
       LEFT JOIN invoice_item_billed AS b ON b.item_id = i.id
       WHERE i.due_at < $2 AND b.item_id IS NULL
       ORDER BY i.due_at, i.id`,
    [organisationId, before],
  );
  const lines = rows.map((row): DocumentLine => ({
    description: row.description,
    ...(row.service_from !== null &&
      row.service_to !== null && {
        days: {
          from: row.service_from.toISOString().slice(0, 10),
          to: row.service_to.toISOString().slice(0, 10),
        },
      }),
    amountCents: row.amount_cents,
  }));
  const paidCents = rows.reduce(
    (sum, row) => (row.paid ? sum + BigInt(row.amount_cents) : sum),
    0n,
  );
  return { ids: rows.map(({ id }) => id), lines, paidCents };
}

async function creditOf(client: pg.ClientBase, organisationId: string) {
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
