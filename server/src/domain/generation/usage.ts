// Usage is one vector of disjoint buckets: no token is in two of them, and their sum is the total.
// Each protocol renders it in its own convention (OpenAI's input contains cached tokens, Anthropic's does not).

import { TOKENS_PER_BUCKET_MAX } from '../../limits.ts';

export const USAGE_BUCKETS = [
  'input',
  'cacheRead',
  'cacheWrite5m',
  'cacheWrite1h',
  'output',
  'reasoning',
] as const;

export type UsageBucket = (typeof USAGE_BUCKETS)[number];

/** Tokens per bucket: whole numbers ≥ 0. `input` is uncached input, `output` is visible output. */
export type Usage = { readonly [bucket in UsageBucket]: number };

/** Who counted: the engine itself, or we, by the pieces that it sent, because it reported nothing. */
export type UsageSource = 'engine' | 'counted';

export const NO_USAGE: Usage = {
  input: 0,
  cacheRead: 0,
  cacheWrite5m: 0,
  cacheWrite1h: 0,
  output: 0,
  reasoning: 0,
};

export function inputTokens(usage: Usage): number {
  return usage.input + usage.cacheRead + usage.cacheWrite5m + usage.cacheWrite1h;
}

export function outputTokens(usage: Usage): number {
  return usage.output + usage.reasoning;
}

/** Of two generations together. */
export function sumOf(one: Usage, other: Usage): Usage {
  const total: { -readonly [bucket in UsageBucket]: number } = { ...one };
  for (const bucket of USAGE_BUCKETS) total[bucket] += other[bucket];
  return total;
}

/** A count that can be billed: whole, not negative, and small enough that no price makes it overflow. */
export function isValidUsage(usage: Usage): boolean {
  return USAGE_BUCKETS.every((bucket) => isCount(usage[bucket]));
}

function isCount(tokens: number): boolean {
  return Number.isInteger(tokens) && tokens >= 0 && tokens <= TOKENS_PER_BUCKET_MAX;
}

/** True when no bucket of `next` is below `previous`: engines report running totals. */
export function isMonotone(previous: Usage, next: Usage): boolean {
  return USAGE_BUCKETS.every((bucket) => next[bucket] >= previous[bucket]);
}
