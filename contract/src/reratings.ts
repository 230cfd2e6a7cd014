// Prices changed afterwards: what a look at it says, and what a run has done.

import * as z from 'zod';

import { money } from './money.ts';
import { serviceTier } from './prices.ts';
import { id, instant } from './scope.ts';

const VERSION_MAX = 2_147_483_647;

export const ratedVersion = z
  .union([z.int().min(1).max(VERSION_MAX), z.literal('admitted')])
  .describe(
    'A version of a price book, or `admitted`: what each request was admitted at, which takes back what was re-rated.',
  );

export const reratedSum = z.object({
  organisationId: id,
  name: z.string(),
  model: z.string(),
  tier: serviceTier,
  requests: z.int(),
  cost: money.describe('What they cost as it stands.'),
  rerated: money.describe('What they would cost; each request rounded once.'),
  difference: money.describe('What the organisation would pay more or, below zero, get back.'),
  unpriced: z.int().describe('Requests that the version has no price for.'),
});

export const ratingPreview = z.object({
  from: instant,
  to: instant,
  next: instant
    .optional()
    .describe('There is more: ask again with this as `from`, the same `to`, and add up.'),
  data: z.array(reratedSum),
});
export type RatingPreview = z.infer<typeof ratingPreview>;

export const rerating = z.object({
  id,
  organisationId: id.optional().describe('Absent: everybody.'),
  from: instant,
  to: instant,
  version: ratedVersion,
  note: z.string(),
  by: z.string(),
  begunAt: instant,
  finishedAt: instant.optional().describe('Absent: it is not done, and is to be proceeded with.'),
  organisations: z
    .array(
      z.object({
        organisationId: id,
        name: z.string(),
        requests: z.int().describe('Those that cost something else since.'),
        difference: money,
        settled: money.describe('What of it was paid or, below zero, given back.'),
        block: z.string().optional().describe('The block of credits that was given back.'),
      }),
    )
    .describe('What is in the ledger.'),
});
export type Rerating = z.infer<typeof rerating>;
