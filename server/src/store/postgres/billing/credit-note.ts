// A credit note and the credit that it gives, in one transaction: there is never one without the other, whoever sends it
// again.

import type pg from 'pg';
import { NANO_PER_CENT } from '../../../domain/billing/cents.ts';
import { composeCreditNote } from '../../../domain/billing/compose-document.ts';
import { factsOf } from '../../../domain/credits/credit-block.ts';
import { nano } from '../../../domain/money/nano.ts';
import { assert } from '../../../lib/assert.ts';
import type { NewCreditNote, NoteWritten } from '../../../ports/billing.ts';
import { addBlock } from '../credits/add-credits.ts';
import { thaw } from '../credits/freeze.ts';
import { bookTime } from '../credits/look.ts';
import { nextVersion } from '../snapshot-feed.ts';
import { freeze, nextNumber } from './finalise.ts';
import { frozen, type InvoiceRow, readInvoice } from './invoice-rows.ts';
import { postNote } from './postings.ts';

type Written = {
  readonly answer: NoteWritten;
  /** Keys go on that had stopped: gateways must hear of it. */
  readonly version?: number;
};

export async function writeNote(
  client: pg.ClientBase,
  note: NewCreditNote,
  nowMs: number,
): Promise<Written> {
  // Notes of one invoice are written one after the other.
  const corrected = await readInvoice(client, note.invoiceId, 'FOR UPDATE');
  if (corrected === undefined) return { answer: { kind: 'not-found' } };
  if (corrected.number === null || corrected.kind === 'credit-note')
    return { answer: { kind: 'not-final' } };
  const before = await readInvoice(client, note.id);
  if (before !== undefined && !isSame(before, note)) return { answer: { kind: 'conflict' } };
  if (before === undefined) {
    const leftCents = await leftOf(client, corrected);
    if (note.amountCents > leftCents) return { answer: { kind: 'too-much', leftCents } };
  }
  const credit = await giveCredit(client, corrected, note);
  if (credit.kind === 'conflict') return { answer: { kind: 'conflict' } };
  const version = credit.thawed ? { version: await nextVersion(client) } : {};
  if (before !== undefined)
    return { answer: { kind: 'already-written', note: frozen(before) }, ...version };
  await writeRow(client, corrected, note, nowMs);
  const written = await readInvoice(client, note.id);
  assert(written !== undefined, 'a note that was written is there');
  return { answer: { kind: 'written', note: frozen(written) }, ...version };
}

/** It pays what is still owed of the invoice first. Added by an earlier attempt it is not added again. */
async function giveCredit(
  client: pg.ClientBase,
  { id: invoiceId, organisation_id: organisationId }: InvoiceRow,
  { id, amountCents }: NewCreditNote,
): Promise<{ readonly kind: 'given'; readonly thawed: boolean } | { readonly kind: 'conflict' }> {
  const amountNano = nano(amountCents * NANO_PER_CENT);
  const credits = factsOf({ id: `note:${id}`, organisationId, amountNano, source: 'refund' });
  const added = await addBlock(client, credits, await bookTime(client), { invoiceId });
  if (added.kind === 'conflict') return { kind: 'conflict' };
  return { kind: 'given', thawed: added.kind === 'added' && (await thaw(client, organisationId)) };
}

async function writeRow(
  client: pg.ClientBase,
  corrected: InvoiceRow,
  note: NewCreditNote,
  nowMs: number,
): Promise<void> {
  const { id, organisation_id: organisationId, period_from: from, period_to: to } = corrected;
  const notedCents = await notedOf(client, id);
  await client.query(
    `INSERT INTO invoice (id, organisation_id, period_from, period_to, corrects) VALUES ($1, $2, $3, $4, $5)`,
    [note.id, organisationId, from, to, id],
  );
  const document = composeCreditNote({
    ...note,
    number: await nextNumber(client, 'CN'),
    issuedAt: new Date(nowMs).toISOString(),
    corrected: frozen(corrected).document,
    notedCents,
  });
  await freeze(client, note.id, document);
  await postNote(client, document, new Date(nowMs));
}

function isSame(before: InvoiceRow, note: NewCreditNote): boolean {
  return before.corrects === note.invoiceId && before.total_cents === `${-note.amountCents}`;
}

async function leftOf(
  client: pg.ClientBase,
  { id, total_cents: total }: InvoiceRow,
): Promise<bigint> {
  return BigInt(total ?? 0) - (await notedOf(client, id));
}

async function notedOf(client: pg.ClientBase, invoiceId: string): Promise<bigint> {
  const { rows } = await client.query<{ noted: string }>(
    'SELECT -coalesce(sum(total_cents), 0) AS noted FROM invoice WHERE corrects = $1',
    [invoiceId],
  );
  return BigInt(rows[0]?.noted ?? 0);
}
