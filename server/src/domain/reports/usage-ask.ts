// What a report on usage asks for, whoever's shape it comes in: sums over buckets of time, told apart by some dimensions.

import type { Usage } from '../generation/usage.ts';
import type { Nano } from '../money/nano.ts';

export const WIDTH_MS = { minute: 60_000, hour: 3_600_000, day: 86_400_000 } as const;

/** Buckets begin at whole minutes, hours and days of UTC. */
export type BucketWidth = keyof typeof WIDTH_MS;

/** `price` is the version of the price book that a request was billed by. */
export type Dimension = 'project' | 'key' | 'model' | 'tier' | 'endUser' | 'price';

/** By what a sum is told apart from the others of its bucket. */
export type SumKey = { readonly [dimension in Dimension]?: string };

export type UsageAsk = {
  readonly organisationId: string;
  readonly width: BucketWidth;
  /** At the beginnings of buckets: from inclusive, to exclusive. */
  readonly fromMs: number;
  readonly toMs: number;
  readonly by: readonly Dimension[];
  /** Only these; a dimension that is missing is not looked at. */
  readonly only: { readonly [dimension in Dimension]?: readonly string[] };
  readonly what: 'generations' | 'embeddings' | 'everything';
  /** What was charged is not wanted, and is 0 in the sums: a sixth of the work. */
  readonly tokensOnly?: true;
};

/** Requests that failed are in none: they cost nothing. */
export type UsageSum = {
  readonly startsAtMs: number;
  readonly key: SumKey;
  readonly requests: number;
  readonly tokens: Usage;
  /** What the customer paid, and what of the cost the house bore. */
  readonly chargedNano: Nano;
  readonly overrunNano: Nano;
};

export function bucketStart(ms: number, width: BucketWidth): number {
  return Math.floor(ms / WIDTH_MS[width]) * WIDTH_MS[width];
}
