// Customers and what they divide their work into.

import * as z from 'zod';

import { id } from './scope.ts';

export const organisation = z.object({ id, name: z.string() });
export type Organisation = z.infer<typeof organisation>;

export const project = z.object({ id, organisationId: id, name: z.string() });
export type Project = z.infer<typeof project>;
