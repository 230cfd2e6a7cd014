// Plans by the month, who has subscribed to them, and what is to be paid for that.

import * as z from 'zod';

import { dollarsOrNothing, money } from './money.ts';
import { id, instant, name } from './scope.ts';

export const planId = z
  .string()
  .regex(/^[a-z0-9][a-z0-9._-]{0,47}$/, 'must be a short name in lower case, such as "pro"');

const rollover = z
  .enum(['none', 'one-cycle', 'forever'], 'must be none, one-cycle or forever')
  .describe('How long what is left of a cycle may be spent after it.');

const whenUnpaid = z
  .enum(['end', 'keep'], 'must be end or keep')
  .describe('What becomes of a subscription when nobody has paid for its cycle after a week.');

const terms = {
  id: planId,
  name,
  rollover,
  whenUnpaid,
  tier: z
    .string()
    .regex(/^[a-z0-9-]{1,32}$/, 'must be a short name in lower case')
    .optional()
    .describe('Names the limits that come with the plan.'),
};

export const planToSell = z.strictObject({
  ...terms,
  rollover: rollover.default('none'),
  whenUnpaid: whenUnpaid.default('end'),
  currency: z.literal('usd', 'must be usd: the books are kept in US dollars').optional(),
  price: z
    .string('must be dollars and cents, such as "20.00"')
    .regex(/^\d{1,6}(\.\d\d)?$/, 'must be dollars and cents, such as "20.00"')
    .describe('Per month: "20.00".'),
  credits: dollarsOrNothing.describe('What each cycle grants, in US dollars: "25.00".'),
});

export const plan = z.object({
  ...terms,
  version: z.number().int().positive(),
  price: money,
  credits: money,
  createdAt: instant,
});
export type Plan = z.infer<typeof plan>;

export const subscription = z.object({
  id,
  organisationId: id,
  plan: planId,
  version: z.number().int().describe('Of the plan: its terms stay until the next cycle.'),
  state: z
    .enum(['active', 'past-due', 'ended'])
    .describe('past-due: a charge for the running cycle was declined.'),
  cycle: z.number().int().nonnegative().describe('Counted from 0.'),
  cycleStartsAt: instant,
  cycleEndsAt: instant,
  nextPlan: planId.optional().describe('From the next cycle on.'),
  cancelAtPeriodEnd: z.boolean(),
  tier: z.string().optional(),
});
export type Subscription = z.infer<typeof subscription>;

export const changeTime = z
  .enum(['now', 'period-end'], 'must be now or period-end')
  .default('now')
  .describe('now: for the rest of the cycle, to a plan that costs at least as much.');

export const due = z.object({
  id: z.string(),
  subscriptionId: id,
  plan: planId,
  version: z.number().int(),
  amount: money,
  periodStartsAt: instant,
  periodEndsAt: instant,
  paidAt: instant
    .optional()
    .describe('Absent: it has not been paid, and nothing was granted for it.'),
  nextChargeAt: instant.optional().describe('When the saved card is charged for it.'),
});
export type Due = z.infer<typeof due>;

export const dueToSettle = z.strictObject({
  due: z.string().max(200).describe('As GET /dues shows it.'),
  provider: z
    .string()
    .regex(/^[a-z0-9-]{1,32}$/, 'must be a short name in lower case, such as "manual"')
    .default('manual')
    .describe('Where the money is: names the account that it comes from.'),
});

export const dueState = z.object({ due: z.string(), state: z.literal('paid') });
export type DueState = z.infer<typeof dueState>;
