// Puts an invoice or a statement together: pure, so that the same facts always make the same document.

import { centsOf, NANO_PER_CENT, taxOf, taxWithin } from './cents.ts';
import type { BillingDocument, Days, DocumentLine, Party } from './document.ts';

export type InvoiceFacts = {
  readonly number: string;
  readonly issuedAt: string;
  readonly period: Days;
  readonly organisationId: string;
  readonly seller: Party;
  readonly customer: Party;
  readonly taxRatePpm: number;
  readonly termsDays: number;
  readonly usageLines: readonly DocumentLine[];
  readonly itemLines: readonly DocumentLine[];
  /** What of the items was paid when it was bought. */
  readonly itemsPaidCents: bigint;
  /** What is owed for this usage, for those who pay afterwards; undefined for those who pay before. */
  readonly owedNano: bigint | undefined;
  /** What of the usage credit has paid that was bought, for those who pay before: their prices contain the tax. */
  readonly paidForNano: bigint;
  readonly creditsLeftNano: bigint;
};

const DAY_MS = 86_400_000;

export function composeDocument(facts: InvoiceFacts): BillingDocument {
  const { usageLines, itemLines, owedNano } = facts;
  const lines = [...usageLines, ...itemLines];
  const usageNano = sumOf(usageLines.map(({ amountNano = '0' }) => amountNano));
  const usageCents = sumOf(usageLines.map(({ amountCents }) => amountCents));
  const subtotal = sumOf(lines.map(({ amountCents }) => amountCents));
  const isInvoice = owedNano !== undefined;
  const ratePpm = facts.taxRatePpm;
  const tax = isInvoice ? taxOf(subtotal, ratePpm) : 0n;
  const sold = centsOf(facts.paidForNano) + (subtotal - usageCents);
  const included = isInvoice ? 0n : taxWithin(sold, ratePpm);
  const items = subtotal - usageCents - facts.itemsPaidCents;
  const byCredits = isInvoice ? paidByCredits(usageCents, owedNano) : usageCents;
  const paid = byCredits + facts.itemsPaidCents;
  const total = subtotal + tax;
  return {
    version: 1,
    kind: isInvoice ? 'invoice' : 'statement',
    number: facts.number,
    currency: 'USD',
    issuedAt: facts.issuedAt,
    ...((isInvoice || items > 0n) && { dueOn: dayAfter(facts.issuedAt, facts.termsDays) }),
    period: facts.period,
    seller: facts.seller,
    customer: facts.customer,
    organisationId: facts.organisationId,
    lines,
    subtotalCents: `${subtotal}`,
    ...(isInvoice && ratePpm > 0 && { tax: { ratePpm, cents: `${tax}` } }),
    ...(!isInvoice && ratePpm > 0 && { taxIncluded: { ratePpm, cents: `${included}` } }),
    totalCents: `${total}`,
    usageNano: `${usageNano}`,
    roundingNano: `${usageCents * NANO_PER_CENT - usageNano}`,
    paidCents: `${paid}`,
    amountDueCents: `${total - paid}`,
    ...(!isInvoice && { creditsLeftNano: `${facts.creditsLeftNano}` }),
  };
}

/** What is not owed was paid by credit when it was used; where more was given back than used, that is credit already. */
function paidByCredits(usageCents: bigint, owedNano: bigint): bigint {
  const owed = centsOf(owedNano);
  return usageCents > owed || usageCents < 0n ? usageCents - owed : 0n;
}

function sumOf(amounts: readonly string[]): bigint {
  return amounts.reduce((sum, amount) => sum + BigInt(amount), 0n);
}

function dayAfter(instant: string, days: number): string {
  return new Date(Date.parse(instant) + days * DAY_MS).toISOString().slice(0, 10);
}

export type NoteFacts = {
  readonly number: string;
  readonly issuedAt: string;
  readonly corrected: BillingDocument;
  /** What earlier notes have taken back of it. */
  readonly notedCents: bigint;
  /** Above zero, tax included. */
  readonly amountCents: bigint;
  readonly reason: string;
};

/** Its tax is its share of the corrected document's, so that notes over all of it take back all of the tax. */
export function composeCreditNote(facts: NoteFacts): BillingDocument {
  const { corrected, notedCents, amountCents, reason, number, issuedAt } = facts;
  const { tax, taxIncluded } = corrected;
  const shareOf = (upTo: bigint): bigint =>
    (BigInt((tax ?? taxIncluded)?.cents ?? 0) * upTo) / BigInt(corrected.totalCents);
  const taxCents = shareOf(notedCents + amountCents) - shareOf(notedCents);
  const net = tax === undefined ? amountCents : amountCents - taxCents;
  const taxBack = (of: { readonly ratePpm: number }) => ({
    ratePpm: of.ratePpm,
    cents: `${-taxCents}`,
  });
  return {
    version: 1,
    kind: 'credit-note',
    number,
    currency: 'USD',
    issuedAt,
    period: corrected.period,
    seller: corrected.seller,
    customer: corrected.customer,
    organisationId: corrected.organisationId,
    lines: [{ description: `Credit for ${corrected.number}: ${reason}`, amountCents: `${-net}` }],
    subtotalCents: `${-net}`,
    ...(tax !== undefined && { tax: taxBack(tax) }),
    ...(taxIncluded !== undefined && { taxIncluded: taxBack(taxIncluded) }),
    totalCents: `${-amountCents}`,
    usageNano: '0',
    roundingNano: '0',
    paidCents: '0',
    amountDueCents: '0',
    corrects: corrected.number,
    reason,
  };
}

/** In cents, whether it comes on top or is contained; below zero on a credit note. */
export function taxCentsOf({ tax, taxIncluded }: BillingDocument): bigint {
  return BigInt((tax ?? taxIncluded)?.cents ?? 0);
}
