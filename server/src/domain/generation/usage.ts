// Usage is one vector of disjoint buckets: no token is in two of them, and their sum is the total.
// Each protocol renders it in its own convention (OpenAI's input contains cached tokens, Anthropic's does not).

import { TOKENS_PER_BUCKET_MAX } from '../../limits.ts';

/** `input` is uncached text; images and audio are beside it where an engine counts them apart. */
export const INPUT_BUCKETS = [
  'input',
  'cacheRead',
  'cacheWrite5m',
  'cacheWrite1h',
  'imageInput',
  'audioInput',
] as const;

/** `output` is visible text. */
export const OUTPUT_BUCKETS = ['output', 'reasoning', 'imageOutput', 'audioOutput'] as const;

/** Everything that is counted and has a price of its own: tokens, and calls of tools that we host. */
export const USAGE_BUCKETS = [...INPUT_BUCKETS, ...OUTPUT_BUCKETS, 'toolCalls'] as const;

export type UsageBucket = (typeof USAGE_BUCKETS)[number];

/** Whole numbers ≥ 0. */
export type Usage = { readonly [bucket in UsageBucket]: number };

/** Who counted: the engine itself, or we, by the pieces that it sent, because it reported nothing. */
export type UsageSource = 'engine' | 'counted';

export const NO_USAGE: Usage = {
  input: 0,
  cacheRead: 0,
  cacheWrite5m: 0,
  cacheWrite1h: 0,
  imageInput: 0,
  audioInput: 0,
  output: 0,
  reasoning: 0,
  imageOutput: 0,
  audioOutput: 0,
  toolCalls: 0,
};

export function inputTokens(usage: Usage): number {
  const { input, cacheRead, cacheWrite5m, cacheWrite1h, imageInput, audioInput } = usage;
  return input + cacheRead + cacheWrite5m + cacheWrite1h + imageInput + audioInput;
}

export function outputTokens(usage: Usage): number {
  return usage.output + usage.reasoning + usage.imageOutput + usage.audioOutput;
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
