// What is sold by the month: versions of plans, which never change, and who has subscribed to which.

import type { Nano } from '../money/nano.ts';

/** What happens at the end of a cycle to what is left of its credit. */
export type Rollover = 'none' | 'one-cycle' | 'forever';

/** What becomes of a subscription whose cycle nobody has paid for, after the last try. */
export type WhenUnpaid = 'end' | 'keep';

export type PlanTerms = {
  readonly planId: string;
  readonly name: string;
  /** The books are kept in US dollars. */
  readonly currency: 'usd';
  /** Per month, in cents. */
  readonly priceMinor: bigint;
  /** The credit that each cycle grants. */
  readonly creditsNano: Nano;
  readonly rollover: Rollover;
  /** `keep`: the next cycle is tried anew. */
  readonly whenUnpaid: WhenUnpaid;
  /** Names the limits that come with the plan. */
  readonly tier?: string;
};

/** A plan that is edited has another version; nobody's cycle that has begun changes. */
export type PlanVersion = PlanTerms & { readonly version: number; readonly createdAtMs: number };

export type Subscription = {
  readonly id: string;
  readonly organisationId: string;
  readonly planId: string;
  readonly version: number;
  /** `past-due`: a charge for the running cycle was declined, and it is tried again. */
  readonly state: 'active' | 'past-due' | 'ended';
  /** Of the cycle that runs, counted from 0. */
  readonly cycle: number;
  readonly cycleStartsAtMs: number;
  readonly cycleEndsAtMs: number;
  /** From the next cycle on. */
  readonly nextPlanId?: string;
  readonly cancelAtPeriodEnd: boolean;
  readonly tier?: string;
};

/** What is to be paid for a cycle or for an upgrade: a line of an invoice, and a charge where a card is on file. */
export type AmountDue = {
  /** `plan/<subscription>/<cycle>/<step>`, as the block that was granted for it. */
  readonly id: string;
  readonly organisationId: string;
  readonly subscriptionId: string;
  readonly planId: string;
  readonly version: number;
  readonly currency: 'usd';
  readonly amountMinor: bigint;
  readonly periodStartsAtMs: number;
  readonly periodEndsAtMs: number;
  readonly createdAtMs: number;
  /** Absent: it has not been paid, and what it grants is not there. */
  readonly paidAtMs?: number;
  /** When the saved card is charged next, while it is open. */
  readonly nextChargeAtMs?: number;
};

/** A cent is ten million nano-dollars. */
export const NANO_PER_MINOR = 10_000_000n;

export function sameTerms(a: PlanTerms, b: PlanTerms): boolean {
  return (
    a.name === b.name &&
    a.priceMinor === b.priceMinor &&
    a.creditsNano === b.creditsNano &&
    a.rollover === b.rollover &&
    a.whenUnpaid === b.whenUnpaid &&
    a.tier === b.tier
  );
}
