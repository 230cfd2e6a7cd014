// Freezes: an organisation, a project or a key is stopped within a second, until it is thawed. No money moves.

import * as z from 'zod';

import { NOTE_CHARACTERS_MAX } from './limits.ts';
import { id, instant, name, organisationChoice } from './scope.ts';

export const freezeScope = z.enum(
  ['organisation', 'project', 'key'],
  'must be organisation, project or key',
);

export const freezePolicy = z
  .enum(['never', 'debt', 'chargeback'], 'must be never, debt or chargeback')
  .describe(
    'What stops an organisation by itself: nothing; credit that was spent and is taken back, beyond its limit, until it has paid; or every chargeback as well, until it is thawed.',
  );

const reason = z
  .string()
  .trim()
  .min(1, 'must say why')
  .max(NOTE_CHARACTERS_MAX)
  .regex(/^\P{Cc}*$/u, 'must not contain control characters')
  .describe('For the record; no client reads it.');
const by = name.describe('Who does this, for the record.');

export const freeze = z.object({
  id: z.string(),
  scope: freezeScope,
  subject: z.string(),
  reason: z.string(),
  by: z.string(),
  running: z.enum(['finish', 'end']),
  frozenAt: instant,
  thawed: z.object({ at: instant, by: z.string(), reason: z.string() }).nullable(),
});
export type Freeze = z.infer<typeof freeze>;

export const freezeList = z.object({
  policy: freezePolicy,
  data: z.array(freeze).describe('All there ever were, the newest first.'),
});

export const freezeToMake = z.strictObject({
  organisation: organisationChoice,
  scope: freezeScope,
  subject: id.optional().describe('The project or the key; absent for the organisation.'),
  reason,
  by,
  running: z
    .enum(['finish', 'end'], 'must be finish or end')
    .default('finish')
    .describe(
      'Running answers may finish and are paid, or end with their next token and cost nothing.',
    ),
});

const freezeId = z
  .string()
  .max(200)
  .regex(/^[\w./:-]+$/, 'is not the id of a freeze');
export const thaw = z.strictObject({ id: freezeId, by, reason });

export const freezePolicyToSet = z.strictObject({
  organisation: organisationChoice,
  policy: freezePolicy,
});
