// What invoices need of the store. There is no adapter in memory: a final document is its number, its bytes, its usage and its
// transfers in one transaction of the books, and a second implementation of that would prove nothing about the first.
// Tests use a real PostgreSQL.

import type { BillingDocument, DocumentKind, Party } from '../domain/billing/document.ts';
import type { InvoicingMode, Month, MonthFacts } from '../domain/billing/month.ts';

export type Seller = Party;

export type BillingDetails = Party & {
  readonly organisationId: string;
  readonly taxRatePpm: number;
  readonly termsDays: number;
};

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

/** How many organisations of each kind. */
export type InvoicedSome = {
  readonly final: number;
  readonly drafted: number;
  /** Nothing was used and nothing was due; or a later month is final and has it. */
  readonly nothing: number;
  /** To whom it is still to be billed, without those that failed now. */
  readonly left: number;
  readonly failed: readonly { readonly organisationId: string; readonly why: string }[];
};

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

  /** What may still have to be settled of a month. */
  seen(month: Month): Promise<Pick<MonthFacts, 'gateways' | 'openHolds'>>;
  /**
   * Bills a month to some of those to whom it was not billed yet: each once, whoever does it, and to the end by whoever
   * comes next. What fails is left for the next time.
   */
  invoiceSome(month: Month, mode: InvoicingMode, count: number): Promise<InvoicedSome>;
}
