// Invoices in PostgreSQL.

import type pg from 'pg';
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
import { compose, finaliseRow } from './finalise.ts';
import { frozen, type InvoiceRow, readInvoice, readInvoices, summaryOf } from './invoice-rows.ts';
import { bookTime, look } from '../credits/look.ts';
import type { SnapshotFeed } from '../snapshot-feed.ts';
import { transaction } from '../transaction.ts';
import { writeNote } from './credit-note.ts';
import { inOneMoment } from './one-moment.ts';

const LIST_ROWS_MAX = 10_000;

export class PostgresBilling implements Billing {
  readonly #pool: pg.Pool;
  readonly #feed: Pick<SnapshotFeed, 'reach'>;
  readonly #nowMs: () => number;

  constructor(pool: pg.Pool, feed: Pick<SnapshotFeed, 'reach'>, nowMs: () => number = Date.now) {
    this.#pool = pool;
    this.#feed = feed;
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
    await this.#burn(id);
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

  /** What was charged is allocated to credits before it is asked what paid for it. */
  async #burn(id: string): Promise<void> {
    const row = await readInvoice(this.#pool, id);
    if (row === undefined || row.number !== null) return;
    await transaction(this.#pool, async (client) =>
      look(client, row.organisation_id, await bookTime(client)),
    );
  }

  /** The note, its credit and its tax: all of it or nothing. */
  async writeCreditNote(note: NewCreditNote): Promise<NoteWritten> {
    const done = await transaction(this.#pool, (client) => writeNote(client, note, this.#nowMs()));
    if (done.version !== undefined) await this.#feed.reach(done.version);
    return done.answer;
  }
}

async function laterIsFinal(client: pg.ClientBase, row: InvoiceRow): Promise<boolean> {
  const { rowCount } = await client.query(
    `SELECT FROM invoice WHERE organisation_id = $1 AND period_from > $2 AND number IS NOT NULL AND corrects IS NULL
       LIMIT 1`,
    [row.organisation_id, row.period_from],
  );
  return rowCount !== 0;
}
