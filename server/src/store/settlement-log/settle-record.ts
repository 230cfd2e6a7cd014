// A settlement as the payload of the log: JSON, because it is read by people when something is wrong and by later
// versions of this program, and to write it takes 2 µs.

import { z } from 'zod';
import type { Usage } from '../../domain/generation/usage.ts';
import { METER_DOUBTS } from '../../domain/metering/meter.ts';
import type { Settlement } from '../../domain/ledger/settlement.ts';
import { nano } from '../../domain/money/nano.ts';
import { SERVICE_TIERS } from '../../domain/pricing/service-tier.ts';

export type SettleRecord = {
  readonly settlement: Settlement;
  /** What the customer pays: the cost as far as it was held. */
  readonly chargedNano: bigint;
};

export function recordText({ settlement, chargedNano }: SettleRecord): string {
  const { tier, ...rest } = settlement;
  const usage = usageText(settlement.usage);
  const more = { costNano: `${settlement.costNano}`, chargedNano: `${chargedNano}` };
  // What is as usual is left out: most records are short, and an older program reads them.
  return JSON.stringify({ ...rest, ...(tier !== 'standard' && { tier }), usage, ...more });
}

function usageText(usage: Usage): object {
  const { imageInput, audioInput, imageOutput, audioOutput, toolCalls, ...always } = usage;
  if (imageInput + audioInput + imageOutput + audioOutput + toolCalls === 0) return always;
  return usage;
}

const count = z.int().min(0);
/** Records of before it was counted have none of it. */
const later = count.default(0);
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
    imageInput: later,
    audioInput: later,
    output: count,
    reasoning: count,
    imageOutput: later,
    audioOutput: later,
    toolCalls: later,
  }),
  usageSource: z.enum(['engine', 'counted']),
  meter: z
    .object({
      engineInput: count.exactOptional(),
      engineOutput: count.exactOptional(),
      pieces: count,
      bytes: count,
      doubts: z.array(z.enum(METER_DOUBTS)),
    })
    .exactOptional(),
  priceVersion: z.int(),
  tier: z.enum(SERVICE_TIERS).default('standard'),
  endUser: z.string().exactOptional(),
  costNano: amount,
  outcome: z.enum(['completed', 'client-left', 'credit-ended', 'failed']),
  startedAtMs: z.number(),
  firstTokenAfterMs: z.number().exactOptional(),
  durationMs: z.number(),
  budgets: z.array(z.string()).exactOptional(),
  chargedNano: amount,
});

/** Throws for what this program can't have written. */
export function parseRecord(text: string): SettleRecord {
  const { chargedNano, ...settlement } = record.parse(JSON.parse(text));
  return { settlement, chargedNano };
}
