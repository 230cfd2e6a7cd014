// API keys as the management API shows them. The key itself appears once, in the answer that makes it.

import * as z from 'zod';

import { id, instant, modelList } from './scope.ts';

export const key = z.object({
  id,
  name: z.string(),
  organisationId: id,
  projectId: id,
  redacted: z.string().describe('First and last characters, to recognise the key by.'),
  createdAt: instant,
  models: modelList
    .optional()
    .describe('The models that it may call. Absent: every one that its project may.'),
  revokedAt: instant.optional().describe('Absent while the key works.'),
});
export type Key = z.infer<typeof key>;

export const createdKey = key.extend({
  key: z.string().describe('The key itself, shown this once and stored nowhere.'),
});
export type CreatedKey = z.infer<typeof createdKey>;

export const revokedKey = z.object({ id, revoked: z.literal(true) });
export type RevokedKey = z.infer<typeof revokedKey>;
