// Prepaid credits: what an organisation has, and adding to it.

import * as z from 'zod';

import { ID_CHARACTERS_MAX, TOP_UP_ID_CHARACTERS_MIN } from './limits.ts';
import { money } from './money.ts';
import { organisation } from './organisations.ts';

export const topUpId = z
  .string()
  .min(TOP_UP_ID_CHARACTERS_MIN)
  .max(ID_CHARACTERS_MAX)
  .regex(/^[A-Za-z0-9._:-]+$/, 'must consist of letters, digits and . _ : -')
  .describe('Made by the client, such as a UUID or a payment number: sending it twice adds once.');

export const balance = z.object({
  organisation,
  available: money.describe('What can be spent now.'),
  held: money.describe('Set aside for requests that are running.'),
  balance: money.describe('Both together: what the books say.'),
});
export type Balance = z.infer<typeof balance>;

export const creditAdded = balance.extend({
  id: topUpId,
  status: z
    .enum(['added', 'already-added'])
    .describe('already-added: the same id and amount came before, and nothing changed.'),
});
export type CreditAdded = z.infer<typeof creditAdded>;
