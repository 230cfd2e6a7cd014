// The books added up from nothing: what was looked at, what it came to, and every difference.

import * as z from 'zod';

import { money } from './money.ts';
import { instant } from './scope.ts';

const count = z.number().int().nonnegative();

export const reconciliation = z.object({
  at: instant.describe('Everything is as of this moment, in one consistent view.'),
  checks: z.array(z.string()).describe('What was looked at; each names its invariant.'),
  differences: z
    .array(
      z.object({
        check: z.string(),
        detail: z.string().describe('What does not agree, and by how much.'),
      }),
    )
    .describe('Empty when the books agree; at most 20 of each check.'),
  totals: z.object({
    transfers: count,
    requests: count.describe('Usage rows.'),
    credits: money.describe('What all customers together have left.'),
    revenue: money,
    overrun: money.describe('What was produced beyond what was held: the house has paid it.'),
  }),
});
export type Reconciliation = z.infer<typeof reconciliation>;
