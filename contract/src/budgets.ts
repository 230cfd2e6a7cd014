// Budgets: what an organisation, a project, a key or an end user may spend in a period. `hard_limit` is never exceeded;
// `alert` is told once in a window, and stops nobody.

import * as z from 'zod';

import { END_USER_CHARACTERS_MAX } from './limits.ts';
import { dollarsOrNothing, money } from './money.ts';
import { id, instant, organisationChoice } from './scope.ts';

export const budgetScope = z.enum(
  ['organisation', 'project', 'key', 'end-user', 'each-end-user'],
  'must be organisation, project, key, end-user or each-end-user',
);

export const budgetPeriod = z
  .enum(['daily', 'weekly', 'monthly', 'total'], 'must be daily, weekly, monthly or total')
  .describe('Windows begin at midnight, on Monday, on the first (UTC), or never again.');

const subject = z
  .string()
  .min(1)
  .max(END_USER_CHARACTERS_MAX)
  .describe(
    'The id of the project or the key, what requests call the end user, or the project of each end user; absent for the organisation.',
  );

export const budget = z.object({
  id,
  scope: budgetScope,
  subject: z.string(),
  period: budgetPeriod,
  hard_limit: money.nullable().describe('No request may spend beyond it; null: no limit.'),
  alert: money.nullable().describe('Told once in a window; null: none.'),
  spent: money.describe('In the window that is open now.'),
  held: money.describe(
    'Set aside in it by requests that are running, and by gateways for the next.',
  ),
  endUsers: z
    .int()
    .nullable()
    .describe(
      'Of each end user: how many have spent something in the window, and `spent` is the sum of all; else null.',
    ),
  resetsAt: instant.nullable().describe('When the next window begins; null: never.'),
});
export type Budget = z.infer<typeof budget>;

export const endUserSpend = z.object({
  endUser: z.string().describe('As requests call him; `sha256 …` where that is too long to keep.'),
  spent: money,
  held: money,
});
export type EndUserSpend = z.infer<typeof endUserSpend>;

export const budgetToSet = z.strictObject({
  organisation: organisationChoice,
  scope: budgetScope,
  subject: subject.optional(),
  period: budgetPeriod,
  hard_limit: dollarsOrNothing.nullable().optional(),
  alert: dollarsOrNothing.nullable().optional(),
  currency: z.literal('usd', 'must be usd: the books are kept in US dollars').optional(),
});

export const budgetSet = z.object({
  budget: budget.nullable().describe('Null when it was removed: neither limit nor alert was left.'),
  warning: z
    .string()
    .nullable()
    .describe('Says so where the hard limit is below what is spent already; else null.'),
});
