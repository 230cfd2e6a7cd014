// Price books: lists of prices as people write them, versions as they are kept, rules of contracts, and consents.

import * as z from 'zod';

import {
  EACH_PRICE_DOLLARS_MAX,
  NOTE_CHARACTERS_MAX,
  PERMILLE_MAX,
  PRICE_DOLLARS_MAX,
  PRICE_RULES_MAX,
  PRICED_MODELS_MAX,
} from './limits.ts';
import { unitPrices } from './models.ts';
import { money } from './money.ts';
import { id, instant, name } from './scope.ts';

export const serviceTier = z.enum(
  ['standard', 'priority', 'flex', 'batch', 'contributor'],
  'must be standard, priority, flex, batch or contributor',
);
export type ServiceTier = z.infer<typeof serviceTier>;

function dollarsUpTo(most: number) {
  return z
    .string()
    .regex(/^\d{1,10}(\.\d{1,9})?$/, {
      error: 'must be dollars as a decimal string with at most nine decimals, such as "0.15"',
      abort: true,
    })
    .refine(
      (text) => BigInt(text.split('.')[0] ?? '0') < BigInt(most),
      `must be below ${most} dollars`,
    );
}

const perMillion = dollarsUpTo(PRICE_DOLLARS_MAX);
const each = dollarsUpTo(EACH_PRICE_DOLLARS_MAX);

/** As in the configuration file: what is left out costs what it would be counted as without a bucket of its own. */
const written = z.strictObject({
  input: perMillion.describe('US dollars per million tokens.'),
  output: perMillion.optional().describe('Embeddings have none.'),
  cacheRead: perMillion.optional(),
  cacheWrite5m: perMillion.optional(),
  cacheWrite1h: perMillion.optional(),
  imageInput: perMillion.optional(),
  audioInput: perMillion.optional(),
  reasoning: perMillion.optional(),
  imageOutput: perMillion.optional(),
  audioOutput: perMillion.optional(),
  toolCalls: each.optional().describe('US dollars for one call of a hosted tool.'),
  request: each.optional().describe('US dollars for the request itself.'),
});
export type WrittenPrice = z.infer<typeof written>;

const permille = z.int().min(0).max(PERMILLE_MAX);

const writtenModel = written.extend({
  tiers: z
    .partialRecord(
      serviceTier.exclude(['standard']),
      z.union([z.strictObject({ permille }), written]),
    )
    .optional()
    .describe(
      'A tier that is not here is not sold. `permille` of the standard price, or prices of its own.',
    ),
});

export const writtenModels = z
  .record(z.string().min(1).max(128), writtenModel)
  .refine((models) => Object.keys(models).length <= PRICED_MODELS_MAX, 'has too many models')
  .describe('By the id of the model.');
export type WrittenModels = z.infer<typeof writtenModels>;

export const by = name.describe('Who does this, for the record.');
export const note = z.string().max(NOTE_CHARACTERS_MAX);

export const rule = z
  .strictObject({
    model: z.string().min(1).max(128).optional(),
    tier: serviceTier.optional(),
    item: unitPrices.shape.perMillionTokens
      .keyof()
      .or(unitPrices.shape.perMillionCalls.keyof())
      .optional(),
    permille: permille.optional().describe('Of the list price: 900 is ten per cent less.'),
    price: perMillion.optional().describe('US dollars per million, instead of the list price.'),
  })
  .refine(
    (one) => (one.permille === undefined) !== (one.price === undefined),
    'must have either permille or price',
  );
export const rules = z
  .array(rule)
  .max(PRICE_RULES_MAX)
  .describe(
    'Of several that are about a price, the first one counts. What is not named is meant in general.',
  );
export type WrittenRule = z.infer<typeof rule>;

export const pricedModel = unitPrices.extend({ model: z.string(), tier: serviceTier });
export type PricedModel = z.infer<typeof pricedModel>;

export const draft = z.object({
  id,
  book: id,
  state: z.enum(['draft', 'approved', 'scheduled', 'discarded', 'called-off']),
  note: z.string(),
  by: z.string(),
  approvedBy: z.string().optional(),
  version: z.number().int().optional().describe('Once it is scheduled.'),
  withdrawn: z.array(z.string()),
  prices: z.array(pricedModel),
});
export type Draft = z.infer<typeof draft>;

export const priceBook = z.object({
  id,
  name: z.string(),
  base: id.optional().describe('Its versions are those of this book under its rules.'),
  approvalRequired: z.boolean(),
  rules: z.array(
    z.object({
      model: z.string().optional(),
      tier: serviceTier.optional(),
      item: z.string().optional(),
      permille: z.number().int().optional(),
      perMillion: money.optional(),
    }),
  ),
  organisations: z.number().int(),
});
export type PriceBook = z.infer<typeof priceBook>;

export const priceVersion = z.object({
  version: z.number().int(),
  book: id,
  effectiveFrom: instant,
  source: z
    .string()
    .describe(
      'configuration, draft, or base: made of the version of the book that it is based on.',
    ),
  note: z.string(),
  by: z.string(),
  calledOff: z
    .object({ by: z.string(), reason: z.string(), at: instant })
    .optional()
    .describe('Before it began: it never is in force.'),
  prices: z.array(pricedModel),
});
export type PriceVersion = z.infer<typeof priceVersion>;

const simulated = z.object({
  requests: z.number().int(),
  cost: money.describe('What they cost.'),
  simulated: money.describe(
    'What they would have cost; each request rounded once, as it is charged.',
  ),
  exact: z
    .string()
    .regex(/^\d+$/)
    .describe('The same before rounding, in millionths of a nano-dollar.'),
  difference: money,
  unpriced: z
    .number()
    .int()
    .describe('Requests that would have been refused: there is no price for them.'),
});

export const simulation = z.object({
  from: instant,
  to: instant,
  next: instant
    .optional()
    .describe('There is more: ask again with this as `from`, the same `to`, and add up.'),
  byModel: z.array(simulated.extend({ model: z.string(), tier: serviceTier })),
  byOrganisation: z.array(simulated.extend({ organisationId: id, name: z.string() })),
  total: simulated,
});
export type Simulation = z.infer<typeof simulation>;

export const consent = z.object({
  kind: z.enum(['granted', 'revoked']),
  textVersion: z.string(),
  by: z.string(),
  at: instant,
});
export type Consent = z.infer<typeof consent>;
