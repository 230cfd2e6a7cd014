// An invoice as it is frozen. All that a page of it shows is in here; amounts are integers as text, so that no reader of JSON
// makes floats of them.

export type DocumentKind = 'invoice' | 'statement' | 'credit-note';

export type Party = {
  readonly name: string;
  /** A line each. */
  readonly address: readonly string[];
  readonly email?: string;
  readonly taxId?: string;
};

/** Days are `2026-10-31`, both included. */
export type Days = { readonly from: string; readonly to: string };

export type DocumentLine = {
  readonly description: string;
  /** Where it is not the period of the document: usage that was settled late, the months of a plan. */
  readonly days?: Days;
  readonly quantity?: { readonly count: number; readonly unit: 'tokens' | 'calls' | 'requests' };
  /** Nano-dollars for a million. */
  readonly unitPriceNano?: string;
  readonly amountCents: string;
  /** Exact, for usage: the cents are this, rounded half up once. */
  readonly amountNano?: string;
};

export type BillingDocument = {
  readonly version: 1;
  readonly kind: DocumentKind;
  readonly number: string;
  readonly currency: 'USD';
  readonly issuedAt: string;
  readonly dueOn?: string;
  readonly period: Days;
  readonly seller: Party;
  readonly customer: Party;
  readonly organisationId: string;
  readonly lines: readonly DocumentLine[];
  readonly subtotalCents: string;
  readonly tax?: { readonly ratePpm: number; readonly cents: string };
  /** Of a statement: what the total contains. */
  readonly taxIncluded?: { readonly ratePpm: number; readonly cents: string };
  readonly totalCents: string;
  /** Of the lines of usage: what the ledger has, and cents × 10,000,000 less that. */
  readonly usageNano: string;
  readonly roundingNano: string;
  /** What credit has paid of the usage, and what else was paid before. */
  readonly paidCents: string;
  readonly amountDueCents: string;
  /** Of a statement: what is left, exact, with what was added until it was issued. */
  readonly creditsLeftNano?: string;
  /** Of a credit note: the number of what it corrects, and why. */
  readonly corrects?: string;
  readonly reason?: string;
};
