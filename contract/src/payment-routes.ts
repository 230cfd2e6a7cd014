// The part of the table of routes that is about paid top-ups and auto-reload.

import * as z from 'zod';

import { topUpId } from './credits.ts';
import {
  autoReload,
  bankReference,
  billId,
  currency,
  paidBy,
  paymentAmount,
  paymentEvent,
  refundId,
  topUp,
  topUpWithReversals,
} from './payments.ts';
import { organisationChoice } from './scope.ts';

export const paymentRoutes = {
  listTopUps: {
    method: 'GET',
    path: '/top-ups',
    summary: "An organisation's paid top-ups, newest first, 100 at a time.",
    input: z.strictObject({
      organisation: organisationChoice,
      after: topUpId.optional().describe('The last one of the page before.'),
    }),
    output: z.object({ data: z.array(topUp) }),
  },
  createTopUp: {
    method: 'POST',
    path: '/top-ups',
    summary: 'Begins a top-up that the customer pays, once per id.',
    input: z.strictObject({
      id: topUpId,
      organisation: organisationChoice,
      amount: paymentAmount.optional().describe('May be left out with "pays": all that is open.'),
      pays: billId.optional(),
      currency,
      by: paidBy,
      saveCard: z
        .boolean()
        .default(false)
        .describe('Keep the card, so that auto-reload can use it.'),
    }),
    output: topUp,
  },
  getTopUp: {
    method: 'GET',
    path: '/top-ups/:id',
    summary: 'One top-up, with what was taken back of it.',
    input: z.strictObject({ id: topUpId, organisation: organisationChoice }),
    output: topUpWithReversals,
  },
  confirmWire: {
    method: 'POST',
    path: '/top-ups/:id/confirm',
    summary: 'The bank has the money of a wire: credits it, once per reference.',
    input: z.strictObject({
      id: topUpId,
      reference: bankReference,
      amount: paymentAmount.describe('What has arrived; must be what was asked for.'),
      currency,
    }),
    output: topUp,
  },
  refundTopUp: {
    method: 'POST',
    path: '/top-ups/:id/refund',
    summary: 'Pays back all or a part, and takes that out of the credits, once per refund id.',
    input: z.strictObject({ id: topUpId, refundId, amount: paymentAmount, currency }),
    output: topUpWithReversals,
  },
  getAutoReload: {
    method: 'GET',
    path: '/auto-reload',
    summary: 'Whether and how credits are bought when they run low, and the card for it.',
    input: z.strictObject({ organisation: organisationChoice }),
    output: autoReload,
  },
  setAutoReload: {
    method: 'POST',
    path: '/auto-reload',
    summary:
      'Turns auto-reload on: charges the saved card below a threshold, up to a target, within a monthly cap.',
    input: z.strictObject({
      organisation: organisationChoice,
      threshold: paymentAmount,
      target: paymentAmount,
      monthlyCap: paymentAmount,
    }),
    output: autoReload,
  },
  turnOffAutoReload: {
    method: 'POST',
    path: '/auto-reload/off',
    summary: 'Turns auto-reload off. What is being charged already stays.',
    input: z.strictObject({ organisation: organisationChoice }),
    output: autoReload,
  },
  listPaymentEvents: {
    method: 'GET',
    path: '/payment-events',
    summary: 'What happened with payments, the newest 100 first.',
    input: z.strictObject({ organisation: organisationChoice }),
    output: z.object({ data: z.array(paymentEvent) }),
  },
} as const;
