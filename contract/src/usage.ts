// What was used and what it cost, grouped the way the caller asks.

import * as z from 'zod';

import { money } from './money.ts';
import { id, instant } from './scope.ts';

export const usageDimension = z.enum(['day', 'model', 'key'], 'must be day, model or key');
export type UsageDimension = z.infer<typeof usageDimension>;

/** In a query string: `day,model`. */
export const usageDimensions = z
  .string()
  .transform((text) => text.split(','))
  .pipe(z.array(usageDimension).max(usageDimension.options.length))
  .refine((list) => new Set(list).size === list.length, 'must not name a dimension twice')
  .describe('What to group by, separated by commas: day, model, key.');

const count = z.number().int().nonnegative();

/** Disjoint: no token is in two of them, and their sum is the total. */
export const tokens = z.object({
  input: count.describe('Input that came from no cache.'),
  cacheRead: count,
  cacheWrite5m: count,
  cacheWrite1h: count,
  imageInput: count,
  audioInput: count,
  output: count.describe('Visible text.'),
  reasoning: count,
  imageOutput: count,
  audioOutput: count,
  toolCalls: count.describe('Calls of hosted tools, which are no tokens.'),
});
export type Tokens = z.infer<typeof tokens>;

export const usageRow = z.object({
  day: z.iso.date().optional().describe('UTC.'),
  model: z.string().optional(),
  key: z.object({ id, name: z.string(), redacted: z.string() }).optional(),
  requests: count,
  tokens,
  cost: money,
});
export type UsageRow = z.infer<typeof usageRow>;

export const usageReport = z.object({
  organisationId: id,
  from: instant.describe('Inclusive.'),
  to: instant.describe('Exclusive.'),
  by: z.array(usageDimension),
  rows: z.array(usageRow),
  total: usageRow.pick({ requests: true, tokens: true, cost: true }),
});
export type UsageReport = z.infer<typeof usageReport>;
