// Puts an invoice or a statement together: pure, so that the same facts always make the same document.

import { centsOf, NANO_PER_CENT, taxOf } from './cents.ts';
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
  /** What it owes, for those who pay afterwards; undefined for those who pay before. */
  readonly owedNano: bigint | undefined;
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
  // Those who pay before have paid the tax with their credit.
  const tax = isInvoice && facts.taxRatePpm > 0 ? taxOf(subtotal, facts.taxRatePpm) : 0n;
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
    ...(isInvoice &&
      facts.taxRatePpm > 0 && { tax: { ratePpm: facts.taxRatePpm, cents: `${tax}` } }),
    totalCents: `${total}`,
    usageNano: `${usageNano}`,
    roundingNano: `${usageCents * NANO_PER_CENT - usageNano}`,
    paidCents: `${paid}`,
    amountDueCents: `${total - paid}`,
    ...(!isInvoice && { creditsLeftNano: `${facts.creditsLeftNano}` }),
  };
}

/** What is not owed was paid by credit when it was used. */
function paidByCredits(usageCents: bigint, owedNano: bigint): bigint {
  const owed = centsOf(owedNano);
  return usageCents > owed ? usageCents - owed : 0n;
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
  /** Above zero, tax included. */
  readonly amountCents: bigint;
  readonly reason: string;
};

/** Its tax is the part of the amount that the corrected document's rate says. */
export function composeCreditNote(facts: NoteFacts): BillingDocument {
  const { corrected, amountCents, reason, number, issuedAt } = facts;
  const rate = corrected.tax?.ratePpm ?? 0;
  const net =
    (amountCents * 1_000_000n * 2n + BigInt(1_000_000 + rate)) / (2n * BigInt(1_000_000 + rate));
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
    ...(rate > 0 && { tax: { ratePpm: rate, cents: `${net - amountCents}` } }),
    totalCents: `${-amountCents}`,
    usageNano: '0',
    roundingNano: '0',
    paidCents: '0',
    amountDueCents: '0',
    corrects: corrected.number,
    reason,
  };
}
