// The management API as one table: paths, inputs and answers. The server mounts it, the client is derived from it.
// A GET takes its input from the query, a POST from a JSON body; what `:name` stands for in a path is input too.

import * as z from 'zod';

import { adminKeyRoutes } from './admin-key-routes.ts';
import { freezeRoutes } from './freeze-routes.ts';
import { budget, budgetSet, budgetToSet, endUserSpend } from './budgets.ts';
import { alertRoutes } from './alert-routes.ts';
import { billingRoutes } from './billing-routes.ts';
import {
  balance,
  creditAccount,
  creditAdded,
  creditLimit,
  creditsReversed,
  creditsToAdd,
  creditsToReverse,
  topUpId,
} from './credits.ts';
import { createdKey, key, revokedKey } from './keys.ts';
import { model } from './models.ts';
import { organisation, project } from './organisations.ts';
import { priceRoutes } from './price-routes.ts';
import { reratingRoutes } from './rerating-routes.ts';
import { paymentRoutes } from './payment-routes.ts';
import {
  id,
  instant,
  modelList,
  modelListOrNull,
  name,
  organisationChoice,
  projectChoice,
} from './scope.ts';
import {
  changeTime,
  due,
  dueState,
  dueToSettle,
  plan,
  planId,
  planToSell,
  subscription,
} from './plans.ts';
import { reconciliation } from './reconciliation.ts';
import { serverStatus } from './status.ts';
import { storage } from './storage.ts';
import { usageDimensions, usageReport } from './usage.ts';

export const MANAGEMENT_PREFIX = '/manage/v1';

export type Route = {
  readonly method: 'GET' | 'POST';
  readonly path: `/${string}`;
  readonly summary: string;
  readonly input: z.ZodObject;
  readonly output: z.ZodType;
};

export const routes = {
  listOrganisations: {
    method: 'GET',
    path: '/organisations',
    summary: 'All organisations.',
    input: z.strictObject({}),
    output: z.object({ data: z.array(organisation) }),
  },
  listProjects: {
    method: 'GET',
    path: '/projects',
    summary: "An organisation's projects.",
    input: z.strictObject({ organisation: organisationChoice }),
    output: z.object({ data: z.array(project) }),
  },
  setProjectModels: {
    method: 'POST',
    path: '/projects/:id/models',
    summary:
      'Replaces the list of models that the keys of a project may call, everywhere within a second.',
    input: z.strictObject({ id, models: modelListOrNull }),
    output: project,
  },
  listBudgets: {
    method: 'GET',
    path: '/budgets',
    summary:
      'Budgets of an organisation, its projects, keys and end users, and what is spent of each.',
    input: z.strictObject({ organisation: organisationChoice }),
    output: z.object({ data: z.array(budget) }),
  },
  setBudget: {
    method: 'POST',
    path: '/budgets',
    summary:
      'Sets the hard limit and the alert of one budget, everywhere within a second; removes it with neither.',
    input: budgetToSet,
    output: budgetSet,
  },
  listBudgetEndUsers: {
    method: 'GET',
    path: '/budgets/:id/end-users',
    summary: 'Who of the end users has spent most in the window of a budget that is open.',
    input: z.strictObject({ organisation: organisationChoice, id }),
    output: z.object({ data: z.array(endUserSpend) }),
  },
  listStorage: {
    method: 'GET',
    path: '/storage',
    summary: "How much an organisation's projects keep: stored answers and conversations.",
    input: z.strictObject({ organisation: organisationChoice }),
    output: z.object({ data: z.array(storage) }),
  },
  listKeys: {
    method: 'GET',
    path: '/keys',
    summary: "An organisation's keys, revoked ones included.",
    input: z.strictObject({ organisation: organisationChoice }),
    output: z.object({ data: z.array(key) }),
  },
  createKey: {
    method: 'POST',
    path: '/keys',
    summary: 'Makes a key and shows it this once.',
    input: z.strictObject({
      organisation: organisationChoice,
      project: projectChoice,
      name: name.describe('What the key is for.'),
      models: modelList.optional().describe('The only models that it may call. Absent: every one.'),
    }),
    output: createdKey,
  },
  setKeyModels: {
    method: 'POST',
    path: '/keys/:id/models',
    summary: 'Replaces the list of models that a key may call, everywhere within a second.',
    input: z.strictObject({ id, models: modelListOrNull }),
    output: key,
  },
  revokeKey: {
    method: 'POST',
    path: '/keys/:id/revoke',
    summary: 'Ends a key within a second, for good. Revoking twice is the same as once.',
    input: z.strictObject({ id }),
    output: revokedKey,
  },
  getBalance: {
    method: 'GET',
    path: '/credits',
    summary: "An organisation's credits.",
    input: z.strictObject({ organisation: organisationChoice }),
    output: balance,
  },
  addCredits: {
    method: 'POST',
    path: '/credits',
    summary: 'Adds a block of credit, once per id.',
    input: creditsToAdd,
    output: creditAdded,
  },
  listCredits: {
    method: 'GET',
    path: '/credits/blocks',
    summary: "An organisation's blocks of credit, what it owes and what it may owe.",
    input: z.strictObject({ organisation: organisationChoice }),
    output: creditAccount,
  },
  reverseCredits: {
    method: 'POST',
    path: '/credits/blocks/:block/reverse',
    summary: 'Takes a block back, once per id; what of it was spent is owed.',
    input: creditsToReverse,
    output: creditsReversed,
  },
  setCreditLimit: {
    method: 'POST',
    path: '/credits/limit',
    summary: 'Sets what an organisation may owe; nothing: it pays first.',
    input: creditLimit,
    output: creditAccount,
  },
  listPlans: {
    method: 'GET',
    path: '/plans',
    summary: 'The plans on sale, each in its newest version.',
    input: z.strictObject({}),
    output: z.object({ data: z.array(plan) }),
  },
  putPlan: {
    method: 'POST',
    path: '/plans',
    summary:
      'Puts a plan on sale, or its next version: whoever has it keeps its terms until the next cycle.',
    input: planToSell,
    output: plan,
  },
  listSubscriptions: {
    method: 'GET',
    path: '/subscriptions',
    summary: "An organisation's subscriptions.",
    input: z.strictObject({ organisation: organisationChoice }),
    output: z.object({ data: z.array(subscription) }),
  },
  subscribe: {
    method: 'POST',
    path: '/subscriptions',
    summary: 'Subscribes to a plan, once per id: the first cycle begins at once.',
    input: z.strictObject({ id: topUpId, organisation: organisationChoice, plan: planId }),
    output: subscription,
  },
  changePlan: {
    method: 'POST',
    path: '/subscriptions/:id/plan',
    summary: 'Changes the plan: to a dearer one at once, to any with the next cycle.',
    input: z.strictObject({ id, plan: planId, when: changeTime }),
    output: subscription,
  },
  cancelSubscription: {
    method: 'POST',
    path: '/subscriptions/:id/cancel',
    summary: 'Ends a subscription with its cycle; what was granted stays until it expires.',
    input: z.strictObject({ id }),
    output: subscription,
  },
  listDues: {
    method: 'GET',
    path: '/dues',
    summary: 'What is or was to be paid for plans, the newest first.',
    input: z.strictObject({ organisation: organisationChoice }),
    output: z.object({ data: z.array(due) }),
  },
  settleDue: {
    method: 'POST',
    path: '/dues/settle',
    summary:
      'The money for what is due for a plan has come some other way: grants what it grants, once.',
    input: dueToSettle,
    output: dueState,
  },
  ...paymentRoutes,
  getUsage: {
    method: 'GET',
    path: '/usage',
    summary: 'Requests, tokens and cost by day, model and key.',
    input: z.strictObject({
      organisation: organisationChoice,
      from: instant.describe('Inclusive.'),
      to: instant.describe('Exclusive.'),
      by: usageDimensions,
    }),
    output: usageReport,
  },
  getReconciliation: {
    method: 'GET',
    path: '/reconciliation',
    summary: 'Adds up the books from nothing, and names every difference.',
    input: z.strictObject({}),
    output: reconciliation,
  },
  listModels: {
    method: 'GET',
    path: '/models',
    summary: 'The models on sale, with price, context and the state of their engine.',
    input: z.strictObject({}),
    output: z.object({ data: z.array(model) }),
  },
  ...priceRoutes,
  ...reratingRoutes,
  getStatus: {
    method: 'GET',
    path: '/status',
    summary: 'Version, uptime, engines and store.',
    input: z.strictObject({}),
    output: serverStatus,
  },
  ...freezeRoutes,
  ...adminKeyRoutes,
  ...billingRoutes,
  ...alertRoutes,
} as const satisfies { readonly [name: string]: Route };

export type RouteName = keyof typeof routes;
/** As a client writes it. */
export type RouteInput<N extends RouteName> = z.input<(typeof routes)[N]['input']>;
/** As a handler gets it, validated. */
export type RouteParsed<N extends RouteName> = z.output<(typeof routes)[N]['input']>;
export type RouteOutput<N extends RouteName> = z.output<(typeof routes)[N]['output']>;

const PATH_PARAMETER = /:(\w+)/g;

export function pathParameters(route: Pick<Route, 'path'>): readonly string[] {
  return [...route.path.matchAll(PATH_PARAMETER)].map((match) => match[1] ?? '');
}

/** The path with its parameters filled in, ready for a URL. */
export function pathOf(
  route: Pick<Route, 'path'>,
  values: { readonly [name: string]: unknown },
): string {
  const filled = route.path.replace(PATH_PARAMETER, (_, parameter: string) =>
    encodeURIComponent(String(values[parameter])),
  );
  return MANAGEMENT_PREFIX + filled;
}
