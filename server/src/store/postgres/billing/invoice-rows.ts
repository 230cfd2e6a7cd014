// Rows of invoices as the port shows them.

import type pg from 'pg';
import type { BillingDocument, DocumentKind } from '../../../domain/billing/document.ts';
import type { Invoice, InvoiceSummary } from '../../../ports/billing.ts';

export type InvoiceRow = {
  readonly id: string;
  readonly organisation_id: string;
  readonly kind: DocumentKind | null;
  readonly period_from: Date;
  readonly period_to: Date;
  readonly corrects: string | null;
  readonly created_at: Date;
  readonly number: string | null;
  readonly document: string | null;
  readonly sha256: string | null;
  readonly total_cents: string | null;
  readonly finalised_at: Date | null;
};

const COLUMNS = `id, organisation_id, kind, period_from, period_to, corrects, created_at, number, document, sha256,
  total_cents, finalised_at`;

export async function readInvoice(
  client: pg.Pool | pg.ClientBase,
  id: string,
  lock: '' | 'FOR UPDATE' = '',
): Promise<InvoiceRow | undefined> {
  const { rows } = await client.query<InvoiceRow>(
    `SELECT ${COLUMNS} FROM invoice WHERE id = $1 ${lock}`,
    [id],
  );
  return rows[0];
}

export async function readInvoices(
  client: pg.Pool,
  organisationId: string,
  rowsMax: number,
): Promise<readonly InvoiceRow[]> {
  const { rows } = await client.query<InvoiceRow>(
    `SELECT ${COLUMNS} FROM invoice WHERE organisation_id = $1
       ORDER BY period_from DESC, created_at DESC LIMIT ${rowsMax}`,
    [organisationId],
  );
  return rows;
}

export function summaryOf(row: InvoiceRow): InvoiceSummary {
  const { kind, number, sha256, total_cents: total, finalised_at: finalisedAt } = row;
  const isFinal =
    kind !== null && number !== null && sha256 !== null && total !== null && finalisedAt !== null;
  return {
    id: row.id,
    organisationId: row.organisation_id,
    month: row.period_from.toISOString().slice(0, 7),
    createdAtMs: row.created_at.getTime(),
    ...(isFinal && {
      final: {
        kind,
        number,
        totalCents: BigInt(total),
        sha256,
        finalisedAtMs: finalisedAt.getTime(),
      },
    }),
  };
}

/** Of a row that is final. */
export function frozen(row: InvoiceRow): Invoice {
  const json = row.document ?? '';
  // Written by composeDocument() and never changed since; its hash is checked by the reconciliation.
  return { ...summaryOf(row), json, document: JSON.parse(json) as BillingDocument };
}
