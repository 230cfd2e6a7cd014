// What invoices need of the store. There is no adapter in memory: a final document is its number, its bytes, its usage and its
// transfers in one transaction of the books, and a second implementation of that would prove nothing about the first.
// Tests use a real PostgreSQL.

import type { BillingDocument, DocumentKind, Party } from '../domain/billing/document.ts';

export type Seller = Party;

export type BillingDetails = Party & {
  readonly organisationId: string;
  readonly taxRatePpm: number;
  readonly termsDays: number;
};

/** A calendar month of UTC: `2026-10`. */
export type Month = string;

export type InvoiceSummary = {
  readonly id: string;
  readonly organisationId: string;
  readonly month: Month;
  readonly createdAtMs: number;
  readonly final?: {
    readonly kind: DocumentKind;
    readonly number: string;
    readonly totalCents: bigint;
    readonly sha256: string;
    readonly finalisedAtMs: number;
  };
};

export type Invoice = InvoiceSummary & {
  readonly document: BillingDocument;
  /** Of what is final: the very bytes that the hash is of. */
  readonly json: string;
};

export type Finalised =
  | { readonly kind: 'final'; readonly invoice: Invoice }
  | { readonly kind: 'not-found' }
  /** Its month is not over, or a later one is final already. */
  | { readonly kind: 'month-not-over' | 'later-is-final' };

export type NewCreditNote = {
  /** Makes it safe to send twice. */
  readonly id: string;
  readonly invoiceId: string;
  readonly amountCents: bigint;
  readonly reason: string;
};

export type NoteWritten =
  | { readonly kind: 'written' | 'already-written'; readonly note: Invoice }
  | { readonly kind: 'not-found' | 'not-final' | 'conflict' }
  | { readonly kind: 'too-much'; readonly leftCents: bigint };

export interface Billing {
  seller(): Promise<Seller>;
  setSeller(seller: Seller): Promise<void>;
  details(organisationId: string): Promise<BillingDetails>;
  setDetails(details: BillingDetails): Promise<void>;

  /** The draft of a month, made if there is none. */
  draft(id: string, organisationId: string, month: Month): Promise<InvoiceSummary>;
  list(organisationId: string): Promise<readonly InvoiceSummary[]>;
  /** Of a draft: as it would be now. */
  find(id: string): Promise<Invoice | undefined>;
  /** Once: finalising again returns what is final. */
  finalise(id: string): Promise<Finalised>;
  writeCreditNote(note: NewCreditNote): Promise<NoteWritten>;
}
