// What the management side needs of plans and subscriptions. Everything is safe to send twice.

import type { AmountDue, PlanTerms, PlanVersion, Subscription } from '../domain/plans/plan.ts';

export type Subscribed =
  | { readonly kind: 'subscribed' | 'already-subscribed'; readonly subscription: Subscription }
  | { readonly kind: 'no-such-plan' }
  /** The same id stands for another plan or organisation. */
  | { readonly kind: 'conflict' }
  /** The organisation has this plan by another subscription. */
  | { readonly kind: 'has-plan'; readonly subscriptionId: string };

export type PlanChanged =
  | { readonly kind: 'changed' | 'unchanged'; readonly subscription: Subscription }
  | { readonly kind: 'no-such-plan' | 'no-such-subscription' | 'ended' }
  /** Only to a plan that costs at least as much can be changed at once. */
  | { readonly kind: 'is-downgrade' }
  /** Its running cycle has not been paid for. */
  | { readonly kind: 'unpaid' };

export type DueSettled = {
  /** `void`: of a cycle that is over, of what has ended, or replaced by a later upgrade. */
  readonly kind: 'settled' | 'already-settled' | 'no-such-due' | 'void';
};

export interface Plans {
  /** The newest version of each. */
  plans(): Promise<readonly PlanVersion[]>;
  /** A new version if its terms differ from the newest one's. */
  putPlan(terms: PlanTerms): Promise<PlanVersion>;

  subscriptions(organisationId: string): Promise<readonly Subscription[]>;
  /** The first cycle begins at once: its price is due, and its credit is granted when that is paid. */
  subscribe(wanted: {
    readonly id: string;
    readonly organisationId: string;
    readonly planId: string;
  }): Promise<Subscribed>;
  /** For the rest of the cycle, from when it is paid. */
  upgrade(subscriptionId: string, planId: string): Promise<PlanChanged>;
  /** From the next cycle on. */
  changeAtPeriodEnd(subscriptionId: string, planId: string): Promise<PlanChanged>;
  /** What has been granted stays until it expires. */
  cancelAtPeriodEnd(subscriptionId: string): Promise<PlanChanged>;

  /** What is or was to be paid, the newest first; every cycle and every upgrade has one, also of nothing. */
  dues(organisationId: string): Promise<readonly AmountDue[]>;
  /** The money for it has come through this provider: what it grants is granted with it. */
  settleDue(dueId: string, provider: string): Promise<DueSettled>;

  /** Begins the cycles whose time has come, each exactly once, however late. Says when the next one is due. */
  tendPlans(): Promise<{ readonly nextInMs?: number }>;
}
