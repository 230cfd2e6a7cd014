// Admin keys: they read an organisation's usage and costs in the shapes of OpenAI and Anthropic, and can do nothing else.

import * as z from 'zod';

import { id, instant } from './scope.ts';

export const adminKey = z.object({
  id,
  name: z.string(),
  organisationId: id,
  redacted: z.string().describe('First and last characters, to recognise the key by.'),
  createdAt: instant,
  revokedAt: instant.optional().describe('Absent while the key works.'),
});
export type AdminKey = z.infer<typeof adminKey>;

export const createdAdminKey = adminKey.extend({
  key: z.string().describe('The key itself, shown this once and stored nowhere.'),
});
export type CreatedAdminKey = z.infer<typeof createdAdminKey>;
