// The part of the route table about invoices.

import * as z from 'zod';

import {
  billingDetails,
  creditNoteToWrite,
  invoice,
  invoiceSummary,
  invoicingRun,
  invoicingToRun,
  month,
  partyFields,
  seller,
  taxRate,
  termsDays,
} from './billing.ts';
import { id, organisationChoice } from './scope.ts';

export const billingRoutes = {
  getSeller: {
    method: 'GET',
    path: '/billing/seller',
    summary: 'Who sells, as it stands on invoices.',
    input: z.strictObject({}),
    output: seller,
  },
  setSeller: {
    method: 'POST',
    path: '/billing/seller',
    summary: 'Replaces who sells; what is final stays as it is.',
    input: z.strictObject(partyFields),
    output: seller,
  },
  getBillingDetails: {
    method: 'GET',
    path: '/billing/details',
    summary: 'Who is billed for an organisation, its tax rate and terms.',
    input: z.strictObject({ organisation: organisationChoice }),
    output: billingDetails,
  },
  setBillingDetails: {
    method: 'POST',
    path: '/billing/details',
    summary: 'Replaces them; what is final stays as it is.',
    input: z.strictObject({
      organisation: organisationChoice,
      ...partyFields,
      taxRate: taxRate.default('0'),
      termsDays: termsDays.default(30),
    }),
    output: billingDetails,
  },
  listInvoices: {
    method: 'GET',
    path: '/invoices',
    summary: "An organisation's invoices, statements, credit notes and drafts, newest first.",
    input: z.strictObject({ organisation: organisationChoice }),
    output: z.object({ data: z.array(invoiceSummary) }),
  },
  draftInvoice: {
    method: 'POST',
    path: '/invoices',
    summary: 'Makes the draft of a month, or returns what there is of that month.',
    input: z.strictObject({ organisation: organisationChoice, month }),
    output: invoiceSummary,
  },
  getInvoice: {
    method: 'GET',
    path: '/invoices/:id',
    summary: 'One of them with its document.',
    input: z.strictObject({ id }),
    output: invoice,
  },
  finaliseInvoice: {
    method: 'POST',
    path: '/invoices/:id/finalise',
    summary: 'Gives a draft its number and freezes it, once its month is over.',
    input: z.strictObject({ id }),
    output: invoice,
  },
  runInvoicing: {
    method: 'POST',
    path: '/invoicing',
    summary: 'Bills a month to some of the organisations to whom it was not billed yet.',
    input: invoicingToRun,
    output: invoicingRun,
  },
  writeCreditNote: {
    method: 'POST',
    path: '/invoices/:invoice/credit-notes',
    summary: 'Takes back a part of what is final, and adds it to the credits.',
    input: creditNoteToWrite,
    output: invoice,
  },
} as const;
