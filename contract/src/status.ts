// How the server is, for its operator.

import * as z from 'zod';

import { engineState } from './models.ts';
import { instant } from './scope.ts';

const milliseconds = z.number().int().nonnegative();

export const serverStatus = z.object({
  version: z.string(),
  startedAt: instant,
  uptimeMs: milliseconds,
  generationsRunning: z.number().int().nonnegative(),
  engines: z.array(
    z.object({
      name: z.string(),
      kind: z.string().describe('The adapter: llama, openai-compatible, scripted.'),
      state: engineState,
      reason: z.string().optional(),
    }),
  ),
  store: z.object({
    kind: z.string().describe('embedded-postgres, postgres or memory.'),
    reachable: z.boolean(),
    version: z.string().optional(),
  }),
  snapshot: z.object({
    version: z.number().int(),
    ageMs: milliseconds.describe(
      'Since keys and prices were last known to be current; 1,000 is normal.',
    ),
  }),
  priceVersion: z.number().int().optional().describe('Absent: no prices are published.'),
});
export type ServerStatus = z.infer<typeof serverStatus>;
