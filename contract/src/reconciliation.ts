// The books added up from nothing: what was looked at, what it came to, and every difference.

import * as z from 'zod';

import { money } from './money.ts';
import { instant } from './scope.ts';

const count = z.number().int().nonnegative();

const meterHour = z.object({
  hour: instant,
  model: z.string(),
  engine: z.string(),
  requests: count.describe('Completed ones.'),
  billedInput: count,
  billedOutput: count,
  engineInput: count.describe('As the engine reported.'),
  engineOutput: count,
  gatewayOutput: count.describe(
    'What has passed: its pieces, or a token for four bytes, whichever is more.',
  ),
  unreported: count.describe('Requests of which the engine reported nothing.'),
  doubtful: count.describe('Requests whose report was not believed, or not wholly.'),
});
export type MeterHour = z.infer<typeof meterHour>;

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
  meters: z
    .array(meterHour)
    .describe('What was billed beside what engine and gateway have counted, in the last 24 hours.'),
  lastRun: z
    .object({
      hour: instant,
      endedAt: instant,
      whole: z.boolean().describe('Whether the whole ledger was added up, or only what is cheap.'),
      checks: count,
      differences: count,
      failure: z.string().nullable().describe('Why the books could not be added up.'),
    })
    .nullable()
    .describe('When it was last done by itself; null: not yet.'),
});
export type Reconciliation = z.infer<typeof reconciliation>;
