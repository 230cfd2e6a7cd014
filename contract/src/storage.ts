// What the projects of an organisation keep between requests.

import * as z from 'zod';

import { id } from './scope.ts';

export const storage = z.object({
  projectId: id,
  name: z.string(),
  bytes: z
    .int()
    .describe('Of stored answers, conversations and events, with what they cost in the database.'),
});
export type Storage = z.infer<typeof storage>;
