// Makes an invoice final: its number, its document, which usage it has, and what that moves in the ledger, in one
// transaction that sees one moment.

import { createHash } from 'node:crypto';
import type pg from 'pg';
import { NANO_PER_CENT } from '../../../domain/billing/cents.ts';
import {
  composeDocument,
  type InvoiceFacts,
  taxCentsOf,
} from '../../../domain/billing/compose-document.ts';
import type { BillingDocument, Days } from '../../../domain/billing/document.ts';
import { type DayUsage, usageLines } from '../../../domain/billing/usage-lines.ts';
import { invoiceBill } from '../../../domain/payments/bill.ts';
import type { BillingDetails, Seller } from '../../../ports/billing.ts';
import { pricesOf } from '../reports/postgres-usage-reports.ts';
import { readDetails, readSeller } from './billing-details.ts';
import { dueItems, type DueItems } from './due-items.ts';
import { adjustmentLines, takeAdjustments } from './invoice-adjustments.ts';
import type { InvoiceRow } from './invoice-rows.ts';
import { takeUsage, unbilledUsage } from './invoice-usage.ts';
import { creditOf, owedFor, paidForOf } from './owed.ts';
import { post } from './postings.ts';

const DAY_MS = 86_400_000;

export type Composed = {
  readonly document: BillingDocument;
  readonly usage: readonly DayUsage[];
  readonly items: DueItems;
  /** What is owed for this usage, exact; undefined for those who pay before. */
  readonly owedNano: bigint | undefined;
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
  const adjustments = await adjustmentLines(client, organisationId, row.period_to);
  const usageNano =
    usage.reduce((sum, { chargedNano }) => sum + chargedNano, 0n) +
    adjustments.reduce((sum, { amountNano = '0' }) => sum + BigInt(amountNano), 0n);
  const owedNano =
    kind === 'invoice' ? await owedFor(client, row, credit.owedNano, usageNano) : undefined;
  const paidForNano =
    kind === 'statement' ? await paidForOf(client, organisationId, usageNano) : 0n;
  const facts: InvoiceFacts = {
    number: await number(kind),
    issuedAt: new Date(issuedAtMs).toISOString(),
    period,
    organisationId,
    seller: partyOf(await readSeller(client)),
    customer: partyOf(details),
    taxRatePpm: details.taxRatePpm,
    termsDays: details.termsDays,
    usageLines: [...usageLines(usage, period, prices), ...adjustments],
    itemLines: items.lines,
    itemsPaidCents: items.paidCents,
    owedNano,
    paidForNano,
    creditsLeftNano: credit.leftNano,
  };
  return { document: composeDocument(facts), usage, items, owedNano };
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
         rounding_nano = $8, finalised_at = $9, due_nano = $10, tax_cents = $11 WHERE id = $1`,
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
      `${BigInt(document.amountDueCents) * NANO_PER_CENT}`,
      `${taxCentsOf(document)}`,
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
  const composed = await compose(client, row, number, nowMs);
  const { document, usage, items } = composed;
  await freeze(client, row.id, document);
  await takeUsage(client, row.id, usage);
  await takeAdjustments(client, row.id, row.organisation_id, row.period_to);
  await client.query(
    'INSERT INTO invoice_item_billed (item_id, invoice_id) SELECT unnest($1::text[]), $2',
    [items.ids, row.id],
  );
  await post(client, document, composed, new Date(nowMs));
  await openBill(client, row, document, nowMs);
}

/** What is still due on the day that it is due is charged to the saved card, where there is one. */
async function openBill(
  client: pg.ClientBase,
  { id, organisation_id: organisationId }: InvoiceRow,
  { amountDueCents, dueOn }: BillingDocument,
  nowMs: number,
): Promise<void> {
  if (dueOn === undefined || BigInt(amountDueCents) <= 0n) return;
  await client.query(
    `INSERT INTO bill (id, organisation_id, state, next_at, created_at) VALUES ($1, $2, 'open', $3, $4)`,
    [invoiceBill(id), organisationId, new Date(`${dueOn}T00:00:00Z`), new Date(nowMs)],
  );
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
