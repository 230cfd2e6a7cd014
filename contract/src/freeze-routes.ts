// Routes of freezes.

import { freeze, freezeList, freezePolicyToSet, freezeToMake, thaw } from './freezes.ts';
import * as z from 'zod';
import { organisationChoice } from './scope.ts';

export const freezeRoutes = {
  listFreezes: {
    method: 'GET',
    path: '/freezes',
    summary: 'What of an organisation is or was frozen, and what freezes it by itself.',
    input: z.strictObject({ organisation: organisationChoice }),
    output: freezeList,
  },
  freeze: {
    method: 'POST',
    path: '/freezes',
    summary: 'Stops an organisation, a project or a key within a second, until it is thawed.',
    input: freezeToMake,
    output: freeze,
  },
  thaw: {
    method: 'POST',
    path: '/freezes/:id/thaw',
    summary: 'Ends a freeze within a second.',
    input: thaw,
    output: freeze,
  },
  setFreezePolicy: {
    method: 'POST',
    path: '/freezes/policy',
    summary: 'Says what stops an organisation by itself when a payment is taken back.',
    input: freezePolicyToSet,
    output: freezeList,
  },
} as const;
