// Invoices in PostgreSQL.

import type pg from 'pg';
import { composeCreditNote } from '../../../domain/billing/compose-document.ts';
import { assert } from '../../../lib/assert.ts';
import type {
  Billing,
  BillingDetails,
  Finalised,
  Invoice,
  InvoiceSummary,
  Month,
  NewCreditNote,
  NoteWritten,
  Seller,
} from '../../../ports/billing.ts';
import { readDetails, readSeller, writeDetails, writeSeller } from './billing-details.ts';
import { compose, finaliseRow, freeze, nextNumber } from './finalise.ts';
import { frozen, type InvoiceRow, readInvoice, readInvoices, summaryOf } from './invoice-rows.ts';
import { inOneMoment } from './one-moment.ts';

const LIST_ROWS_MAX = 10_000;

export class PostgresBilling implements Billing {
  readonly #pool: pg.Pool;
  readonly #nowMs: () => number;

  constructor(pool: pg.Pool, nowMs: () => number = Date.now) {
    this.#pool = pool;
    this.#nowMs = nowMs;
  }

  seller(): Promise<Seller> {
    return readSeller(this.#pool);
  }

  setSeller(seller: Seller): Promise<void> {
    return writeSeller(this.#pool, seller);
  }

  details(organisationId: string): Promise<BillingDetails> {
    return readDetails(this.#pool, organisationId);
  }

  setDetails(details: BillingDetails): Promise<void> {
    return writeDetails(this.#pool, details);
  }

  async draft(id: string, organisationId: string, month: Month): Promise<InvoiceSummary> {
    const { rows } = await this.#pool.query<{ id: string }>(
      `INSERT INTO invoice (id, organisation_id, period_from, period_to)
         VALUES ($1, $2, $3, ($3::timestamptz AT TIME ZONE 'UTC' + interval '1 month') AT TIME ZONE 'UTC')
         ON CONFLICT (organisation_id, period_from) WHERE corrects IS NULL DO UPDATE SET organisation_id = $2
           WHERE invoice.number IS NULL
         RETURNING id`,
      [id, organisationId, `${month}-01T00:00:00Z`],
    );
    const row = await this.#rowOf(rows[0]?.id, organisationId, month);
    return summaryOf(row);
  }

  /** The one of a month that is final was not touched, and so not returned. */
  async #rowOf(id: string | undefined, organisationId: string, month: Month): Promise<InvoiceRow> {
    const found =
      id === undefined
        ? (await readInvoices(this.#pool, organisationId, LIST_ROWS_MAX)).find(
            (one) => one.corrects === null && summaryOf(one).month === month,
          )
        : await readInvoice(this.#pool, id);
    assert(found !== undefined, 'a draft that was made is there');
    return found;
  }

  async list(organisationId: string): Promise<readonly InvoiceSummary[]> {
    return (await readInvoices(this.#pool, organisationId, LIST_ROWS_MAX)).map(summaryOf);
  }

  async find(id: string): Promise<Invoice | undefined> {
    return inOneMoment(this.#pool, async (client) => {
      const row = await readInvoice(client, id);
      if (row === undefined) return undefined;
      if (row.number !== null) return frozen(row);
      const { document } = await compose(client, row, async () => 'DRAFT', this.#nowMs());
      return { ...summaryOf(row), document, json: JSON.stringify(document) };
    });
  }

  async finalise(id: string): Promise<Finalised> {
    return inOneMoment(this.#pool, async (client) => {
      // Numbers are given out one after the other: who waits here sees what the one before has done.
      const row = await readInvoice(client, id, 'FOR UPDATE');
      if (row === undefined) return { kind: 'not-found' };
      if (row.number !== null) return { kind: 'final', invoice: frozen(row) };
      if (row.period_to.getTime() > this.#nowMs()) return { kind: 'month-not-over' };
      if (await laterIsFinal(client, row)) return { kind: 'later-is-final' };
      await finaliseRow(client, row, this.#nowMs());
      const done = await readInvoice(client, id);
      assert(done !== undefined && done.number !== null, 'what was made final is');
      return { kind: 'final', invoice: frozen(done) };
    });
  }

  async writeCreditNote(note: NewCreditNote): Promise<NoteWritten> {
    return inOneMoment(this.#pool, async (client) => {
      const corrected = await readInvoice(client, note.invoiceId);
      if (corrected === undefined) return { kind: 'not-found' };
      if (corrected.number === null || corrected.kind === 'credit-note')
        return { kind: 'not-final' };
      const before = await readInvoice(client, note.id);
      if (before !== undefined) return sameNote(before, note);
      const leftCents = await leftOf(client, corrected);
      if (note.amountCents > leftCents) return { kind: 'too-much', leftCents };
      await client.query(
        `INSERT INTO invoice (id, organisation_id, period_from, period_to, corrects) VALUES ($1, $2, $3, $4, $5)`,
        [
          note.id,
          corrected.organisation_id,
          corrected.period_from,
          corrected.period_to,
          corrected.id,
        ],
      );
      const document = composeCreditNote({
        ...note,
        number: await nextNumber(client, 'CN'),
        issuedAt: new Date(this.#nowMs()).toISOString(),
        corrected: frozen(corrected).document,
      });
      await freeze(client, note.id, document);
      const written = await readInvoice(client, note.id);
      assert(written !== undefined, 'a note that was written is there');
      return { kind: 'written', note: frozen(written) };
    });
  }
}

function sameNote(before: InvoiceRow, note: NewCreditNote): NoteWritten {
  const isSame =
    before.corrects === note.invoiceId && before.total_cents === `${-note.amountCents}`;
  return isSame ? { kind: 'already-written', note: frozen(before) } : { kind: 'conflict' };
}

async function leftOf(client: pg.ClientBase, corrected: InvoiceRow): Promise<bigint> {
  const { rows } = await client.query<{ noted: string }>(
    'SELECT coalesce(sum(total_cents), 0) AS noted FROM invoice WHERE corrects = $1',
    [corrected.id],
  );
  return BigInt(corrected.total_cents ?? 0) + BigInt(rows[0]?.noted ?? 0);
}

async function laterIsFinal(client: pg.ClientBase, row: InvoiceRow): Promise<boolean> {
  const { rowCount } = await client.query(
    `SELECT FROM invoice WHERE organisation_id = $1 AND period_from > $2 AND number IS NOT NULL AND corrects IS NULL
       LIMIT 1`,
    [row.organisation_id, row.period_from],
  );
  return rowCount !== 0;
}
