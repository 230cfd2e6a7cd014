// Customers and what they divide their work into.

import * as z from 'zod';

import { id, modelList } from './scope.ts';

export const organisation = z.object({ id, name: z.string() });
export type Organisation = z.infer<typeof organisation>;

export const project = z.object({
  id,
  organisationId: id,
  name: z.string(),
  models: modelList
    .optional()
    .describe('The models that its keys may call, each with its own list too. Absent: every one.'),
});
export type Project = z.infer<typeof project>;
