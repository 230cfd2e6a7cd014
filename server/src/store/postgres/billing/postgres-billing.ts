// Invoices in PostgreSQL.

import type pg from 'pg';
import { type InvoicingMode, type Month, monthBounds } from '../../../domain/billing/month.ts';
import { assert } from '../../../lib/assert.ts';
import { newId } from '../../../lib/ids.ts';
import type {
  Billing,
  BillingDetails,
  Finalised,
  Invoice,
  InvoiceSummary,
  InvoicedSome,
  NewCreditNote,
  NoteWritten,
  Seller,
} from '../../../ports/billing.ts';
import { readDetails, readSeller, writeDetails, writeSeller } from './billing-details.ts';
import { adjustmentLines } from './invoice-adjustments.ts';
import { dueItems } from './due-items.ts';
import { compose, finaliseRow } from './finalise.ts';
import { frozen, type InvoiceRow, readInvoice, readInvoices, summaryOf } from './invoice-rows.ts';
import { unbilledUsage } from './invoice-usage.ts';
import { bookTime, look } from '../credits/look.ts';
import type { SnapshotFeed } from '../snapshot-feed.ts';
import { transaction } from '../transaction.ts';
import { writeNote } from './credit-note.ts';
import { type Done, readSeen, readToInvoice, writeDone } from './months.ts';
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

  seen(month: Month) {
    return readSeen(this.#pool, month);
  }

  async invoiceSome(month: Month, mode: InvoicingMode, count: number): Promise<InvoicedSome> {
    const { ids, left } = await readToInvoice(this.#pool, month, mode, count);
    const counts = { final: 0, drafted: 0, nothing: 0 };
    const failed: { organisationId: string; why: string }[] = [];
    for (const organisationId of ids) {
      try {
        counts[await this.#invoiceMonth(organisationId, month, mode)] += 1;
      } catch (error) {
        failed.push({
          organisationId,
          why: error instanceof Error ? error.message : String(error),
        });
      }
    }
    return { ...counts, left, failed };
  }

  /** Each step can be done twice: the row of a month is one, what is final is final, and what is done stays done. */
  async #invoiceMonth(organisationId: string, month: Month, mode: InvoicingMode): Promise<Done> {
    const done = async (state: Done, invoiceId?: string): Promise<Done> => {
      const invoice = invoiceId === undefined ? {} : { invoiceId };
      await writeDone(this.#pool, { organisationId, month, state, ...invoice });
      return state;
    };
    if (!(await this.#hasSomething(organisationId, month))) return done('nothing');
    const { id, final } = await this.draft(newId('inv'), organisationId, month);
    if (mode === 'draft' && final === undefined) return done('drafted', id);
    const made = await this.finalise(id);
    if (made.kind === 'final') return done('final', id);
    assert(made.kind === 'later-is-final', 'a month that is billed is over');
    return done('nothing');
  }

  /** Lines to bill, or a document of this month already. */
  async #hasSomething(organisationId: string, month: Month): Promise<boolean> {
    const { fromMs: from, toMs: to } = monthBounds(month);
    return inOneMoment(this.#pool, async (client) => {
      const { rowCount } = await client.query(
        'SELECT FROM invoice WHERE organisation_id = $1 AND period_from = $2 AND corrects IS NULL',
        [organisationId, new Date(from)],
      );
      if (rowCount !== 0) return true;
      const items = await dueItems(client, organisationId, new Date(to));
      if (items.ids.length > 0) return true;
      if ((await unbilledUsage(client, organisationId, to)).length > 0) return true;
      return (await adjustmentLines(client, organisationId, new Date(to))).length > 0;
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
