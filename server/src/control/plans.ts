// Plans by the month: what is on sale, who has subscribed, and what is to be paid for it.

import type { ManagementError } from '@turnpike/contract/errors.ts';
import { moneyOf } from '@turnpike/contract/money.ts';
import type {
  Due,
  DueState,
  Plan,
  Subscription as SubscriptionShown,
} from '@turnpike/contract/plans.ts';
import type { RouteParsed } from '@turnpike/contract/routes.ts';

import { nano, parseDollars } from '../domain/money/nano.ts';
import {
  type AmountDue,
  NANO_PER_MINOR,
  type PlanTerms,
  type PlanVersion,
  type Subscription,
} from '../domain/plans/plan.ts';
import { assert } from '../lib/assert.ts';
import { err, ok, type Result } from '../lib/result.ts';
import type { DueSettled, PlanChanged, Plans } from '../ports/plans.ts';
import type { ControlDeps, Handlers } from './handler.ts';
import { chooseOrganisation } from './scope.ts';

type PlanRoute =
  | 'listPlans'
  | 'putPlan'
  | 'listSubscriptions'
  | 'subscribe'
  | 'changePlan'
  | 'cancelSubscription'
  | 'listDues'
  | 'settleDue';

export function plans(deps: Pick<ControlDeps, 'accounts' | 'plans'>): Pick<Handlers, PlanRoute> {
  const { accounts, plans: sold } = deps;
  return {
    async listPlans() {
      return ok({ data: sold === undefined ? [] : (await sold.plans()).map(planOf) });
    },

    async putPlan(input) {
      return sold === undefined ? NONE : ok(planOf(await sold.putPlan(termsOf(input))));
    },

    async listSubscriptions(input) {
      const organisation = await chooseOrganisation(accounts, input.organisation);
      if (!organisation.ok) return organisation;
      const data = (await sold?.subscriptions(organisation.value.id)) ?? [];
      return ok({ data: data.map(subscriptionOf) });
    },

    async subscribe({ id, organisation: choice, plan }) {
      const organisation = await chooseOrganisation(accounts, choice);
      if (!organisation.ok) return organisation;
      return sold === undefined ? NONE : subscribed(sold, id, organisation.value.id, plan);
    },

    async changePlan({ id, plan, when }) {
      if (sold === undefined) return NONE;
      const changed =
        when === 'now' ? await sold.upgrade(id, plan) : await sold.changeAtPeriodEnd(id, plan);
      return answered(changed, id, plan);
    },

    async cancelSubscription({ id }) {
      return sold === undefined ? NONE : answered(await sold.cancelAtPeriodEnd(id), id, '');
    },

    async listDues(input) {
      const organisation = await chooseOrganisation(accounts, input.organisation);
      if (!organisation.ok) return organisation;
      const data = (await sold?.dues(organisation.value.id)) ?? [];
      return ok({ data: data.map(dueOf) });
    },

    async settleDue({ due, provider }) {
      return sold === undefined ? NONE : settled(await sold.settleDue(due, provider), due);
    },
  };
}

function settled({ kind }: DueSettled, due: string): Result<DueState, ManagementError> {
  switch (kind) {
    case 'settled':
    case 'already-settled':
      return ok({ due, state: 'paid' });
    case 'no-such-due': {
      const message = `There is nothing due with the id ${JSON.stringify(due)}. List the dues to see their ids.`;
      return err({ code: 'not-found', message, field: 'due' });
    }
    case 'void': {
      const message =
        'Nobody has to pay this any more: its cycle is over, its subscription has ended, or a later upgrade has replaced it.';
      return err({ code: 'conflict', message, field: 'due' });
    }
  }
}

const NONE = err({
  code: 'not-found',
  message: 'This server keeps no plans; start it with a database.',
} as const);

type Answer = Result<SubscriptionShown, ManagementError>;

async function subscribed(
  sold: Plans,
  id: string,
  organisationId: string,
  planId: string,
): Promise<Answer> {
  const answer = await sold.subscribe({ id, organisationId, planId });
  switch (answer.kind) {
    case 'subscribed':
    case 'already-subscribed':
      return ok(subscriptionOf(answer.subscription));
    case 'no-such-plan':
      return err(noSuchPlan(planId));
    case 'conflict': {
      const message = `The subscription ${JSON.stringify(id)} is there already, to another plan or of another organisation: use a new id.`;
      return err({ code: 'conflict', message, field: 'id' });
    }
    case 'has-plan': {
      const message = `The organisation has this plan already, by the subscription ${JSON.stringify(answer.subscriptionId)}.`;
      return err({ code: 'conflict', message, field: 'plan' });
    }
  }
}

function answered(changed: PlanChanged, id: string, planId: string): Answer {
  switch (changed.kind) {
    case 'changed':
    case 'unchanged':
      return ok(subscriptionOf(changed.subscription));
    case 'no-such-plan':
      return err(noSuchPlan(planId));
    case 'no-such-subscription': {
      const message = `There is no subscription ${JSON.stringify(id)}. List the subscriptions to see their ids.`;
      return err({ code: 'not-found', message, field: 'id' });
    }
    case 'ended': {
      const message = 'The subscription has ended: subscribe anew, under a new id.';
      return err({ code: 'conflict', message, field: 'id' });
    }
    case 'unpaid': {
      const message =
        'The running cycle has not been paid for: pay what is due, or change to it with "when": "period-end".';
      return err({ code: 'conflict', message, field: 'id' });
    }
    case 'is-downgrade': {
      const message =
        'The plan costs less than the present one: change to it with "when": "period-end".';
      return err({ code: 'invalid-request', message, field: 'when' });
    }
  }
}

function noSuchPlan(planId: string): ManagementError {
  const message = `There is no plan ${JSON.stringify(planId)}. List the plans to see what is on sale.`;
  return { code: 'not-found', message, field: 'plan' };
}

function termsOf(input: RouteParsed<'putPlan'>): PlanTerms {
  const { id: planId, name, rollover, tier, whenUnpaid } = input;
  const [price, creditsNano] = [parseDollars(input.price), parseDollars(input.credits)];
  assert(price !== undefined && creditsNano !== undefined, 'the contract lets only dollars in');
  const priceMinor = price / NANO_PER_MINOR;
  const sold = { planId, name, rollover, whenUnpaid };
  const terms = { ...sold, currency: 'usd', priceMinor, creditsNano } as const;
  return { ...terms, ...(tier !== undefined && { tier }) };
}

function planOf({ planId, name, rollover, whenUnpaid, tier, version, ...plan }: PlanVersion): Plan {
  return {
    id: planId,
    name,
    version,
    rollover,
    whenUnpaid,
    ...(tier !== undefined && { tier }),
    price: moneyOf(nano(plan.priceMinor * NANO_PER_MINOR)),
    credits: moneyOf(plan.creditsNano),
    createdAt: new Date(plan.createdAtMs).toISOString(),
  };
}

function subscriptionOf(subscription: Subscription): SubscriptionShown {
  const { id, organisationId, planId, version, state, cycle, nextPlanId, tier } = subscription;
  return {
    id,
    organisationId,
    plan: planId,
    version,
    state,
    cycle,
    cycleStartsAt: new Date(subscription.cycleStartsAtMs).toISOString(),
    cycleEndsAt: new Date(subscription.cycleEndsAtMs).toISOString(),
    ...(nextPlanId !== undefined && { nextPlan: nextPlanId }),
    cancelAtPeriodEnd: subscription.cancelAtPeriodEnd,
    ...(tier !== undefined && { tier }),
  };
}

function dueOf({
  id,
  subscriptionId,
  planId,
  version,
  amountMinor,
  paidAtMs,
  nextChargeAtMs,
  ...due
}: AmountDue): Due {
  return {
    id,
    subscriptionId,
    plan: planId,
    version,
    amount: moneyOf(nano(amountMinor * NANO_PER_MINOR)),
    periodStartsAt: new Date(due.periodStartsAtMs).toISOString(),
    periodEndsAt: new Date(due.periodEndsAtMs).toISOString(),
    ...(paidAtMs !== undefined && { paidAt: new Date(paidAtMs).toISOString() }),
    ...(nextChargeAtMs !== undefined && { nextChargeAt: new Date(nextChargeAtMs).toISOString() }),
  };
}
