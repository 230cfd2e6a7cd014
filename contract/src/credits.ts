// Prepaid credits: what an organisation has, and adding to it.

import * as z from 'zod';

import {
  BLOCK_ID_CHARACTERS_MAX,
  ID_CHARACTERS_MAX,
  NOTE_CHARACTERS_MAX,
  TOP_UP_ID_CHARACTERS_MIN,
} from './limits.ts';
import { dollarsOrNothing, dollarsToAdd, money } from './money.ts';
import { organisation } from './organisations.ts';
import { instant, organisationChoice } from './scope.ts';

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

export const creditSource = z
  .enum(['manual', 'payment', 'promo', 'refund'], 'must be manual, payment, promo or refund')
  .describe('Where it comes from: by hand, from a payment, or given.');

export const provider = z
  .string()
  .regex(/^[a-z][a-z0-9-]{0,31}$/, 'must be a short name in lower case, such as "stripe"')
  .describe('Through whom the money came; absent: manual.');

export const priority = z
  .number('must be a whole number from 0 to 999')
  .int('must be a whole number from 0 to 999')
  .min(0, 'must be a whole number from 0 to 999')
  .max(999, 'must be a whole number from 0 to 999')
  .describe('Lower burns first; absent: 100.');

export const note = z
  .string()
  .trim()
  .min(1)
  .max(NOTE_CHARACTERS_MAX)
  .regex(/^\P{Cc}*$/u, 'must not contain control characters');

export const creditsToAdd = z.strictObject({
  id: topUpId,
  organisation: organisationChoice,
  amount: dollarsToAdd,
  currency: z.literal('usd', 'must be usd: the books are kept in US dollars').optional(),
  source: creditSource.default('manual'),
  provider: provider.optional(),
  priority: priority.optional(),
  effectiveAt: instant.describe('From then on it may be spent; absent: at once.').optional(),
  expiresAt: instant.describe('From then on it may not; absent: never.').optional(),
  costBasis: dollarsOrNothing
    .describe(
      'What was paid for it, at most its amount; absent: all of it, or nothing of what is given.',
    )
    .optional(),
  note: note.optional(),
});

export const blockId = z
  .string()
  .min(1)
  .max(BLOCK_ID_CHARACTERS_MAX)
  .regex(/^[A-Za-z0-9._:/-]+$/, 'is not the id of a credit block');

export const creditBlock = z.object({
  id: blockId.describe('The id under which it was added.'),
  source: z.enum(['payment', 'promo', 'refund', 'manual', 'plan', 'credit-line']),
  provider: z.string(),
  state: z
    .enum(['pending', 'live', 'ended'])
    .describe('pending: not effective yet. ended: nothing of it is left.'),
  priority: z.number().int(),
  createdAt: instant,
  effectiveAt: instant.optional(),
  expiresAt: instant.optional().describe('Absent: it does not expire.'),
  amount: money,
  remaining: money.describe('What of it has not been charged, taken back or expired.'),
  costBasis: money.describe('What was paid for it.'),
  note: z.string().optional(),
});
export type CreditBlock = z.infer<typeof creditBlock>;

export const creditAccount = balance.extend({
  pending: money.describe('Of blocks that are not effective yet.'),
  owed: money.describe('Spent on credit and not paid, or taken back after it was spent.'),
  creditLimit: money.describe('What it may owe; nothing for an organisation that pays first.'),
  frozen: z.boolean().describe('Its keys are refused until it has paid what it owes.'),
  blocks: z
    .array(creditBlock)
    .describe('In the order in which they burn; those that have ended come last. At most 1,000.'),
});
export type CreditAccount = z.infer<typeof creditAccount>;

export const creditsToReverse = z.strictObject({
  block: blockId,
  id: topUpId.describe('Made by the client: sending it twice takes back once.'),
  amount: dollarsToAdd,
  reason: z.enum(['refund', 'chargeback', 'mistake'], 'must be refund, chargeback or mistake'),
});

export const creditsReversed = z.object({
  id: topUpId,
  block: blockId,
  status: z.enum(['reversed', 'already-reversed']),
  taken: money.describe('What the block still had, or had let expire.'),
  owed: money.describe('What it had not: the organisation owes it.'),
});
export type CreditsReversed = z.infer<typeof creditsReversed>;

export const creditLimit = z.strictObject({
  organisation: organisationChoice,
  amount: dollarsOrNothing,
});
