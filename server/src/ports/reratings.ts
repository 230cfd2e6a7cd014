// What the management side needs to price the past anew: a look at what would change, and runs that change it, bit by bit.

import type { ServiceTier } from '../domain/pricing/service-tier.ts';
import type { Result } from '../lib/result.ts';

export type ReratingAsk = {
  /** Absent: everybody. */
  readonly organisationId?: string;
  /** Requests that began then: from inclusive, to exclusive. */
  readonly fromMs: number;
  readonly toMs: number;
  /** Absent: of each request, the one that it was admitted at. */
  readonly version?: number;
};

export type NewRerating = ReratingAsk & {
  /** Makes it safe to send twice. */
  readonly id: string;
  readonly note: string;
  readonly by: string;
};

export type ReratingProblem =
  | { readonly kind: 'no-such-version'; readonly version: number }
  /** Called off, or its time is still to come. */
  | { readonly kind: 'version-not-in-force'; readonly version: number }
  /** It has no price for what was used: `large`, or `large (flex)`. */
  | { readonly kind: 'unpriced'; readonly models: readonly string[] }
  | { readonly kind: 'span-not-over'; readonly nowMs: number }
  | { readonly kind: 'span-empty' }
  /** One at a time: this one is not finished. */
  | { readonly kind: 'another-is-open'; readonly id: string }
  | { readonly kind: 'conflict'; readonly field: keyof NewRerating }
  | { readonly kind: 'no-such-rerating'; readonly id: string };

export type ReratedSum = {
  readonly organisationId: string;
  readonly model: string;
  readonly tier: ServiceTier;
  readonly requests: number;
  /** What they cost as it stands, and what they would. */
  readonly beforeNano: bigint;
  readonly afterNano: bigint;
  /** What the customer would pay more (or, below zero, less). */
  readonly chargedNano: bigint;
  /** Requests that the version has no price for. */
  readonly unpriced: number;
};

export type Preview = {
  readonly sums: readonly ReratedSum[];
  /** Up to then; earlier than asked for where that would have taken too long. */
  readonly reachedMs: number;
};

export type Rerating = NewRerating & {
  readonly begunAtMs: number;
  readonly finishedAtMs?: number;
  readonly organisations: readonly ReratedOrganisation[];
};

/** What is in the ledger. */
export type ReratedOrganisation = {
  readonly organisationId: string;
  readonly requests: number;
  readonly chargedNano: bigint;
  /** What of that was paid (or, below zero, given back); the rest is the house's. */
  readonly settledNano: bigint;
  /** The credits that it got back. */
  readonly blockId?: string;
};

export type Rerated<T> = Promise<Result<T, ReratingProblem>>;

export interface Reratings {
  preview(ask: ReratingAsk): Rerated<Preview>;
  /** Records it; nothing is changed yet. The same again is the same. */
  begin(rerating: NewRerating): Rerated<Rerating>;
  /** Works for some seconds, and says how far it is. Whatever breaks, the next call goes on where this one was. */
  proceed(id: string): Rerated<Rerating>;
  /** The newest first. */
  list(): Promise<readonly Rerating[]>;
}
