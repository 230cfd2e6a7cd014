// What the management side needs of price books: drafts, versions, whose book is whose, consents, and what a draft would have
// earned.
// There is no adapter in memory: what can go wrong is between transactions (two that schedule at once, a version that a
// gateway has pinned), and only PostgreSQL has those. Tests use a real one.

import type { ModelPrices } from '../domain/pricing/price-book.ts';
import type { DraftState, ScheduleProblem } from '../domain/pricing/price-draft.ts';
import type { PriceRule } from '../domain/pricing/price-rules.ts';
import type { ServiceTier } from '../domain/pricing/service-tier.ts';
import type { Result } from '../lib/result.ts';

export type PriceProblem =
  | ScheduleProblem
  | { readonly kind: 'no-such-book'; readonly book: string }
  | { readonly kind: 'no-such-draft'; readonly draft: string }
  | { readonly kind: 'book-exists'; readonly book: string }
  /** Its versions are made of another book's, and not drafted. */
  | { readonly kind: 'book-of-rules'; readonly book: string }
  /** Only a book with a base has rules. */
  | { readonly kind: 'book-without-base'; readonly book: string }
  /** What is scheduled or in force never changes. */
  | { readonly kind: 'price-immutable'; readonly state: DraftState }
  /** By somebody else than who made it. */
  | { readonly kind: 'approval-required' }
  /** The book has no version in force from that moment on. */
  | { readonly kind: 'book-not-in-force'; readonly book: string }
  | { readonly kind: 'no-such-version'; readonly version: number }
  /** It begins in a few seconds, or has begun. */
  | { readonly kind: 'too-late-to-call-off'; readonly version: number; readonly fromMs: number }
  /** A version that begins later would leave out models that had a price until then. */
  | {
      readonly kind: 'later-price-gap';
      readonly version: number;
      readonly models: readonly string[];
    };

export type Book = {
  readonly id: string;
  readonly name: string;
  readonly base?: string;
  readonly approvalRequired: boolean;
  readonly rules: readonly PriceRule[];
  readonly organisations: number;
};

export type NewBook = {
  readonly id: string;
  readonly name: string;
  readonly approvalRequired: boolean;
  /** With these, its versions are those of `base` under them. */
  readonly of?: { readonly base: string; readonly rules: readonly PriceRule[] };
  readonly by: string;
};

export type Draft = {
  readonly id: string;
  readonly bookId: string;
  readonly state: DraftState;
  readonly models: ReadonlyMap<string, ModelPrices>;
  readonly withdrawn: readonly string[];
  readonly note: string;
  readonly by: string;
  readonly approvedBy?: string;
  /** Once it is scheduled. */
  readonly version?: number;
};

export type Drafted = Pick<Draft, 'id' | 'bookId' | 'models' | 'withdrawn' | 'note' | 'by'>;

export type Version = {
  readonly version: number;
  readonly bookId: string;
  readonly effectiveFromMs: number;
  readonly source: string;
  readonly note: string;
  readonly by: string;
  readonly models: ReadonlyMap<string, ModelPrices>;
  /** Before it began: it never is in force. */
  readonly calledOff?: CalledOff;
};

export type CalledOff = { readonly by: string; readonly reason: string; readonly atMs: number };

export type Consent = {
  readonly kind: 'granted' | 'revoked';
  readonly textVersion: string;
  readonly by: string;
  readonly atMs: number;
};

export type SimulatedRow = {
  readonly organisationId: string;
  readonly model: string;
  readonly tier: ServiceTier;
  readonly requests: number;
  /** What these requests cost, and what they would have. */
  readonly costNano: bigint;
  readonly simulatedNano: bigint;
  /** The same before rounding: nano-dollars × 1,000,000. */
  readonly simulatedFemto: bigint;
  /** Requests that the draft has no price for: they would have been refused. */
  readonly unpriced: number;
};

export type Simulated = {
  readonly rows: readonly SimulatedRow[];
  /** Up to then; earlier than asked for where that would have taken too long. */
  readonly reachedMs: number;
};

export type Outcome<T> = Promise<Result<T, PriceProblem>>;

export interface PriceBooks {
  books(): Promise<readonly Book[]>;
  createBook(book: NewBook): Outcome<true>;
  setRules(
    bookId: string,
    rules: readonly PriceRule[],
    fromMs: number | undefined,
    by: string,
  ): Outcome<true>;
  /** From then on the organisation pays by this book. */
  assign(
    organisationId: string,
    bookId: string,
    fromMs: number | undefined,
    by: string,
  ): Outcome<true>;

  drafts(): Promise<readonly Draft[]>;
  /** Makes or changes it. */
  saveDraft(draft: Drafted): Outcome<Draft>;
  approveDraft(id: string, by: string): Outcome<Draft>;
  /** Absent: now. */
  scheduleDraft(id: string, fromMs: number | undefined, by: string): Outcome<Draft>;
  discardDraft(id: string): Outcome<Draft>;
  /** Of a version that has not begun, with those that contracts make of it. Twice is the same as once. */
  callOff(version: number, by: string, reason: string): Outcome<Version>;

  /** The newest first. */
  history(bookId: string): Promise<readonly Version[]>;
  /** Of the requests of that time, of everybody whose book this is or is made of this one. */
  simulate(
    drafted: Pick<Drafted, 'bookId' | 'models'>,
    span: { readonly fromMs: number; readonly toMs: number },
  ): Outcome<Simulated>;

  consents(projectId: string): Promise<readonly Consent[]>;
  recordConsent(projectId: string, consent: Omit<Consent, 'atMs'>): Promise<void>;
}
