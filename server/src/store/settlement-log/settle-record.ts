// A settlement as the payload of the log: JSON, because it is read by people when something is wrong and by later
// versions of this program, and to write it takes 2 µs.

import { z } from 'zod';
import type { Settlement } from '../../domain/ledger/settlement.ts';
import { nano } from '../../domain/money/nano.ts';

export type SettleRecord = {
  readonly settlement: Settlement;
  /** What the customer pays: the cost as far as it was held. */
  readonly chargedNano: bigint;
};

export function recordText({ settlement, chargedNano }: SettleRecord): string {
  const costNano = `${settlement.costNano}`;
  return JSON.stringify({ ...settlement, costNano, chargedNano: `${chargedNano}` });
}

const count = z.int().min(0);
const amount = z
  .string()
  .regex(/^\d{1,19}$/)
  .transform((digits) => nano(BigInt(digits)));

const record = z.object({
  requestId: z.string(),
  organisationId: z.string(),
  projectId: z.string(),
  keyId: z.string(),
  model: z.string(),
  engine: z.string(),
  protocol: z.string(),
  usage: z.object({
    input: count,
    cacheRead: count,
    cacheWrite5m: count,
    cacheWrite1h: count,
    output: count,
    reasoning: count,
  }),
  usageSource: z.enum(['engine', 'counted']),
  priceVersion: z.int(),
  costNano: amount,
  outcome: z.enum(['completed', 'client-left', 'credit-ended', 'failed']),
  startedAtMs: z.number(),
  firstTokenAfterMs: z.number().exactOptional(),
  durationMs: z.number(),
  chargedNano: amount,
});

/** Throws for what this program can't have written. */
export function parseRecord(text: string): SettleRecord {
  const { chargedNano, ...settlement } = record.parse(JSON.parse(text));
  return { settlement, chargedNano };
}
