// The models that this server sells: their prices, their context and whether they can answer now.

import * as z from 'zod';

import { money } from './money.ts';

export const engineState = z.enum(['ready', 'starting', 'down']);
export type EngineState = z.infer<typeof engineState>;

export const unitPrices = z.object({
  perMillionTokens: z.object({
    input: money,
    cacheRead: money,
    cacheWrite5m: money,
    cacheWrite1h: money,
    imageInput: money,
    audioInput: money,
    output: money,
    reasoning: money,
    imageOutput: money,
    audioOutput: money,
  }),
  perMillionCalls: z
    .object({
      toolCalls: money.describe('Of hosted tools.'),
      request: money.describe('The request itself, whatever is in it.'),
    })
    .describe('Beside the tokens; mostly nothing.'),
});
export type UnitPrices = z.infer<typeof unitPrices>;

export const price = unitPrices.extend({
  version: z
    .number()
    .int()
    .describe('Of the price book; every usage row names the one it was billed by.'),
});
export type Price = z.infer<typeof price>;

export const model = z.object({
  id: z.string(),
  engine: z.object({
    name: z.string(),
    state: engineState,
    reason: z.string().optional().describe('Why it is down.'),
  }),
  contextTokens: z.number().int().positive().optional().describe('Input and output together.'),
  price: price.optional().describe('Absent: the model is refused until it has a price.'),
});
export type Model = z.infer<typeof model>;
