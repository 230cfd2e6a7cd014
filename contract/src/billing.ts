// Invoices, statements and credit notes, who sells and who is billed.

import * as z from 'zod';

import { money } from './money.ts';
import { id, instant, name } from './scope.ts';
import { taxIdProblem } from './tax-ids.ts';

/** One line of an address, a tax id. */
const line = z
  .string()
  .trim()
  .min(1)
  .max(120)
  .regex(/^\P{Cc}*$/u, 'must not contain control characters');
const ADDRESS_LINES_MAX = 6;

const taxId = line.superRefine((text, check) => {
  const message = taxIdProblem(text);
  if (message !== undefined) check.addIssue({ code: 'custom', message });
});

export const partyFields = {
  name: name.describe('As it stands on invoices.'),
  address: z.array(line).max(ADDRESS_LINES_MAX).describe('A line each.'),
  email: z.email().max(254).optional(),
  taxId: taxId
    .optional()
    .describe('Such as a VAT number; one of the European Union is checked for its form.'),
};

export const seller = z.object(partyFields);
export type Seller = z.infer<typeof seller>;

export const taxRate = z
  .string()
  .regex(
    /^\d{1,3}(\.\d{1,4})?$/,
    'must be per cent with at most four decimals, such as "19" or "7.7"',
  )
  .refine((text) => Number(text) <= 100, 'must be at most 100')
  .describe('Per cent: "19".');

export const termsDays = z.int().min(0).max(365).describe('Days until an invoice is due.');

export const billingDetails = z.object({
  organisationId: id,
  ...partyFields,
  taxRate,
  termsDays,
  currency: z.literal('USD'),
});
export type BillingDetails = z.infer<typeof billingDetails>;

export const month = z
  .string()
  .regex(/^20\d\d-(?:0[1-9]|1[0-2])$/, 'must be a month such as "2026-10"')
  .describe('A calendar month of UTC.');

export const invoiceSummary = z.object({
  id,
  organisationId: id,
  month,
  state: z.enum(['draft', 'final']),
  createdAt: instant,
  kind: z.enum(['invoice', 'statement', 'credit-note']).optional(),
  number: z.string().optional(),
  total: money.optional(),
  sha256: z.string().optional().describe('Of the frozen document.'),
  finalisedAt: instant.optional(),
});
export type InvoiceSummary = z.infer<typeof invoiceSummary>;

const cents = z.string().regex(/^-?\d+$/);

export const invoice = invoiceSummary.extend({
  document: z
    .looseObject({
      lines: z.array(
        z.looseObject({
          description: z.string(),
          quantity: z.object({ count: z.number(), unit: z.string() }).optional(),
          amountCents: cents,
        }),
      ),
      totalCents: cents,
      amountDueCents: cents,
    })
    .describe('What the page shows; of a draft, as it would be now.'),
});
export type Invoice = z.infer<typeof invoice>;

export const creditNoteToWrite = z.strictObject({
  invoice: id,
  id: id.describe('Made by the client: sending it twice writes one.'),
  amount: z
    .string()
    .regex(/^\d{1,10}(\.\d{1,2})?$/, 'must be dollars and cents, such as "12.50"')
    .refine((text) => /[1-9]/.test(text), 'must be more than zero')
    .describe('Dollars and cents, tax included.'),
  reason: line,
});

export const invoicingToRun = z.strictObject({
  month,
  mode: z
    .enum(['draft', 'final'], 'must be draft or final')
    .default('final')
    .describe('final: numbered and frozen at once.'),
  now: z
    .boolean()
    .default(false)
    .describe('Also while something may still have to be settled: that is late then.'),
});

export const invoicingRun = z.object({
  month,
  final: z.int().describe('How many were made final, or were already.'),
  drafted: z.int(),
  nothing: z.int().describe('Organisations with nothing to bill.'),
  left: z.int().describe('Organisations that are still to come: ask again.'),
  failed: z.array(z.object({ organisationId: id, why: z.string() })),
});
export type InvoicingRun = z.infer<typeof invoicingRun>;
