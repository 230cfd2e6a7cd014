// Top-ups that somebody pays for, the card that may be charged, and auto-reload.

import * as z from 'zod';

import { topUpId } from './credits.ts';
import { PAYMENT_AMOUNT_CHARACTERS_MAX, PAYMENT_REFERENCE_CHARACTERS_MAX } from './limits.ts';
import { money } from './money.ts';
import { id, instant } from './scope.ts';

/** What it means, and whether it is allowed, the server says: each wrong amount has its own code. */
export const paymentAmount = z
  .string()
  .max(PAYMENT_AMOUNT_CHARACTERS_MAX)
  .describe('US dollars as a decimal string in whole cents: "25" or "12.50".');

export const currency = z
  .string()
  .max(8)
  .default('usd')
  .describe('Must be usd, which it is when left out.');

export const paidBy = z
  .enum(['checkout', 'wire'])
  .describe(
    'checkout: a card, on a page of the payment provider. wire: a bank transfer that an operator confirms.',
  );

export const billId = z
  .string()
  .max(220)
  .regex(/^(?:due|invoice):[A-Za-z0-9/_.-]+$/, 'must be due:<id> or invoice:<id>')
  .describe(
    'The bill that it pays: "due:" and the id of what is due for a plan, or "invoice:" and an invoice\'s.',
  );

export const bankReference = z
  .string()
  .min(1)
  .max(PAYMENT_REFERENCE_CHARACTERS_MAX)
  .regex(/^[A-Za-z0-9][A-Za-z0-9 ./_-]*$/, 'must consist of letters, digits, spaces and . / _ -')
  .describe("The bank's own reference of that line of its statement: it stands for one top-up.");

export const refundId = topUpId.describe('Made by the client: sending it twice refunds once.');

export const reversal = z.object({
  id: z.string().describe("The provider's id."),
  kind: z.enum(['refund', 'dispute']),
  amount: money,
  state: z
    .enum(['seen', 'taken', 'given-back'])
    .describe(
      'taken: out of the credits. given-back: a dispute that was won, a refund that failed.',
    ),
  final: z.boolean().describe('False while more may come of it.'),
});

export const topUp = z.object({
  id: topUpId,
  organisationId: id,
  by: z.enum(['checkout', 'wire', 'auto-reload', 'bill']),
  pays: z.string().optional().describe('The bill that it is meant to pay.'),
  provider: z.string(),
  amount: money,
  state: z
    .enum(['created', 'open', 'paid', 'credited', 'declined', 'expired', 'suspect'])
    .describe(
      'suspect: what the provider has is not what was asked for, and nothing was credited.',
    ),
  reason: z.string().optional().describe('Why it was declined, or what does not agree.'),
  url: z.string().optional().describe('Where the customer pays, while it is open.'),
  paymentId: z.string().optional().describe("The provider's payment, or the bank's reference."),
  createdAt: instant,
  expiresAt: instant.describe('Nobody can pay it after that.'),
  creditedAt: instant.optional(),
});
export type TopUp = z.infer<typeof topUp>;

export const topUpWithReversals = topUp.extend({ reversals: z.array(reversal) });
export type TopUpWithReversals = z.infer<typeof topUpWithReversals>;

export const paymentMethod = z.object({
  brand: z.string(),
  last4: z.string(),
  expires: z.string().describe('Month and year: "2031-12".'),
});

export const autoReload = z.object({
  on: z.boolean(),
  offReason: z
    .string()
    .optional()
    .describe('Why it was turned off, where nobody had asked for that.'),
  threshold: money.optional().describe('Below this the card is charged.'),
  target: money.optional().describe('Credit is bought up to this.'),
  monthlyCap: money.optional().describe('At most this is charged in a calendar month (UTC).'),
  declines: z.number().int().nonnegative().describe('In a row.'),
  restsUntil: instant.optional().describe('After a decline nothing is charged until then.'),
  paymentMethod: paymentMethod.optional().describe('Absent: no card is saved.'),
});
export type AutoReload = z.infer<typeof autoReload>;

export const paymentEvent = z.object({
  at: instant,
  kind: z.string(),
  topUpId: z.string().optional(),
  detail: z.string(),
});
