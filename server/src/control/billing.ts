// Invoices, statements and credit notes, and who is on them.

import type {
  BillingDetails as DetailsShown,
  Invoice as InvoiceShown,
  InvoiceSummary as SummaryShown,
  Seller as SellerShown,
} from '@turnpike/contract/billing.ts';
import { moneyOf } from '@turnpike/contract/money.ts';

import { NANO_PER_CENT } from '../domain/billing/cents.ts';
import { stateOfMonth } from '../domain/billing/month.ts';
import { parseDollars } from '../domain/money/nano.ts';
import { assert } from '../lib/assert.ts';
import { err, ok } from '../lib/result.ts';
import type { BillingDetails, Invoice, InvoiceSummary, Seller } from '../ports/billing.ts';
import type { ControlDeps, Handlers } from './handler.ts';
import { chooseOrganisation } from './scope.ts';

type DetailRoutes = 'getSeller' | 'setSeller' | 'getBillingDetails' | 'setBillingDetails';
type InvoiceRoutes =
  | 'listInvoices'
  | 'draftInvoice'
  | 'getInvoice'
  | 'finaliseInvoice'
  | 'runInvoicing'
  | 'writeCreditNote';

export function billing(deps: ControlDeps): Pick<Handlers, DetailRoutes | InvoiceRoutes> {
  return { ...details(deps), ...invoices(deps) };
}

function details({ accounts, billing: books }: ControlDeps): Pick<Handlers, DetailRoutes> {
  return {
    async getSeller() {
      return ok(partyShown(await books.seller()));
    },
    async setSeller(input) {
      await books.setSeller(partyOf(input));
      return ok(partyShown(await books.seller()));
    },
    async getBillingDetails(input) {
      const organisation = await chooseOrganisation(accounts, input.organisation);
      if (!organisation.ok) return organisation;
      return ok(detailsShown(await books.details(organisation.value.id)));
    },
    async setBillingDetails({ organisation: choice, taxRate, termsDays, ...party }) {
      const organisation = await chooseOrganisation(accounts, choice);
      if (!organisation.ok) return organisation;
      const organisationId = organisation.value.id;
      const taxRatePpm = ppmOf(taxRate);
      await books.setDetails({ organisationId, ...partyOf(party), taxRatePpm, termsDays });
      return ok(detailsShown(await books.details(organisationId)));
    },
  };
}

function invoices(deps: ControlDeps): Pick<Handlers, InvoiceRoutes> {
  const { accounts, billing: books, newId } = deps;
  return {
    async listInvoices(input) {
      const organisation = await chooseOrganisation(accounts, input.organisation);
      if (!organisation.ok) return organisation;
      return ok({ data: (await books.list(organisation.value.id)).map(summaryShown) });
    },
    async draftInvoice({ organisation: choice, month }) {
      const organisation = await chooseOrganisation(accounts, choice);
      if (!organisation.ok) return organisation;
      return ok(summaryShown(await books.draft(newId('inv'), organisation.value.id, month)));
    },
    async getInvoice({ id }) {
      const found = await books.find(id);
      return found === undefined ? noSuchInvoice(id) : ok(invoiceShown(found));
    },
    async finaliseInvoice({ id }) {
      const done = await books.finalise(id);
      switch (done.kind) {
        case 'final':
          return ok(invoiceShown(done.invoice));
        case 'not-found':
          return noSuchInvoice(id);
        case 'month-not-over': {
          const message = 'Its month is not over: what is still used would be missing on it.';
          return err({ code: 'conflict', message, field: 'id' });
        }
        case 'later-is-final': {
          const message =
            'A later month of this organisation is final already, and has what this one would bill.';
          return err({ code: 'conflict', message, field: 'id' });
        }
      }
    },
    runInvoicing: (input) => runInvoicing(deps, input),
    writeCreditNote: (input) => writeCreditNote(deps, input),
  };
}

/** Its part of one call: some seconds. */
const INVOICED_BY_A_CALL = 50;

async function runInvoicing(
  { billing: books, facts }: ControlDeps,
  { month, mode, now }: Parameters<Handlers['runInvoicing']>[0],
): ReturnType<Handlers['runInvoicing']> {
  const nowMs = facts.nowMs();
  const state = stateOfMonth({ month, nowMs, graceMs: 0, ...(await books.seen(month)) });
  if (state.kind === 'not-over') {
    const message = `${month} is not over: what is still used would be missing.`;
    return err({ code: 'conflict', message, field: 'month' });
  }
  if (state.kind === 'unsettled' && !now) {
    const who = [
      ...state.gateways.map((gateway) => `server ${gateway}`),
      ...(state.openHolds === 0 ? [] : [`${state.openHolds} running requests`]),
    ].join(', ');
    const message = `What was used in ${month} may not all be in the books: ${who}. Start them again, or send "now": true; what they settle later is on the next invoice.`;
    return err({ code: 'conflict', message, field: 'now' });
  }
  const { failed, ...counts } = await books.invoiceSome(month, mode, INVOICED_BY_A_CALL);
  return ok({ month, ...counts, failed: [...failed] });
}

type NoteInput = Parameters<Handlers['writeCreditNote']>[0];

async function writeCreditNote(
  { billing: books }: ControlDeps,
  { invoice, id, amount, reason }: NoteInput,
): ReturnType<Handlers['writeCreditNote']> {
  const amountNano = parseDollars(amount);
  assert(amountNano !== undefined, 'the contract lets only dollars and cents in');
  const amountCents = amountNano / NANO_PER_CENT;
  const written = await books.writeCreditNote({ id, invoiceId: invoice, amountCents, reason });
  switch (written.kind) {
    case 'not-found':
      return noSuchInvoice(invoice);
    case 'not-final': {
      const message = 'Only what is final, and no credit note, can be corrected by one.';
      return err({ code: 'conflict', message, field: 'invoice' });
    }
    case 'conflict': {
      const message = `The id ${JSON.stringify(id)} stands for something else: use a new one.`;
      return err({ code: 'conflict', message, field: 'id' });
    }
    case 'too-much': {
      const left = moneyOf(written.leftCents * NANO_PER_CENT).dollars;
      const message = `Only ${left} dollars of it are left to be credited.`;
      return err({ code: 'invalid-request', message, field: 'amount' });
    }
    case 'written':
    case 'already-written':
      return ok(invoiceShown(written.note));
  }
}

function noSuchInvoice(id: string) {
  const message = `There is no invoice with the id ${JSON.stringify(id)}. List them to see their ids.`;
  return err({ code: 'not-found', message, field: 'id' } as const);
}

const PPM_PER_PERCENT = 10_000;

function ppmOf(percent: string): number {
  return Math.round(Number(percent) * PPM_PER_PERCENT);
}

type PartyInput = {
  readonly name: string;
  readonly address: readonly string[];
  readonly email?: string | undefined;
  readonly taxId?: string | undefined;
};

function partyOf({ name, address, email, taxId }: PartyInput): Seller {
  return {
    name,
    address,
    ...(email !== undefined && { email }),
    ...(taxId !== undefined && { taxId }),
  };
}

function partyShown(party: Seller): SellerShown {
  return { ...partyOf(party), address: [...party.address] };
}

function detailsShown({
  organisationId,
  taxRatePpm,
  termsDays,
  ...party
}: BillingDetails): DetailsShown {
  const taxRate = `${taxRatePpm / PPM_PER_PERCENT}`;
  return { organisationId, ...partyShown(party), taxRate, termsDays, currency: 'USD' };
}

function summaryShown({
  id,
  organisationId,
  month,
  createdAtMs,
  final,
}: InvoiceSummary): SummaryShown {
  const createdAt = new Date(createdAtMs).toISOString();
  const head = { id, organisationId, month, createdAt };
  if (final === undefined) return { ...head, state: 'draft' };
  const { kind, number, totalCents, sha256, finalisedAtMs } = final;
  return {
    ...head,
    state: 'final',
    kind,
    number,
    total: moneyOf(totalCents * NANO_PER_CENT),
    sha256,
    finalisedAt: new Date(finalisedAtMs).toISOString(),
  };
}

function invoiceShown(invoice: Invoice): InvoiceShown {
  // As JSON has it: the document's lists are not to be written to, and the schema's are.
  const document = JSON.parse(invoice.json) as InvoiceShown['document'];
  return { ...summaryShown(invoice), document };
}
