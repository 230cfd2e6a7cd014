// The part of the route table about admin keys.

import * as z from 'zod';

import { adminKey, createdAdminKey } from './admin-keys.ts';
import { revokedKey } from './keys.ts';
import { id, name, organisationChoice } from './scope.ts';

export const adminKeyRoutes = {
  listAdminKeys: {
    method: 'GET',
    path: '/admin-keys',
    summary: "An organisation's admin keys, revoked ones included.",
    input: z.strictObject({ organisation: organisationChoice }),
    output: z.object({ data: z.array(adminKey) }),
  },
  createAdminKey: {
    method: 'POST',
    path: '/admin-keys',
    summary: 'Makes a key that reads usage and costs and cannot generate, and shows it this once.',
    input: z.strictObject({
      organisation: organisationChoice,
      name: name.describe('What the key is for.'),
    }),
    output: createdAdminKey,
  },
  revokeAdminKey: {
    method: 'POST',
    path: '/admin-keys/:id/revoke',
    summary: 'Ends an admin key at once, for good. Revoking twice is the same as once.',
    input: z.strictObject({ id }),
    output: revokedKey,
  },
} as const;
