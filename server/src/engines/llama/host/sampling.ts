// The client's sampling settings in llama.cpp's terms.

import { randomInt } from 'node:crypto';

import type { SequenceEvaluateOptions, Token } from 'node-llama-cpp';

import type { Sampling } from '../../../domain/generation/generation.ts';

/** For what the client leaves open: what small models write best with. */
const DEFAULTS = { temperature: 0.7, topP: 0.95, topK: 40 } as const;
/** Penalties look back this far, so that their cost per token stays constant. */
const PENALISED_TOKENS_MAX = 1_024;
const SEEDS = 2 ** 32;

/** The client may expect the same text again: then nothing may depend on what ran before. */
export function isReproducible(sampling: Sampling): boolean {
  return sampling.seed !== undefined || sampling.temperature === 0;
}

/** The model's own distribution, whole; a temperature of 0 leaves it alone too, and takes the likeliest. */
export function wholeDistribution(sampling: Sampling): SequenceEvaluateOptions {
  return { temperature: sampling.temperature === 0 ? 0 : 1, topP: 1, topK: 0 };
}

export function resolvedSampling({ temperature, topP, topK }: Sampling): {
  readonly temperature: number;
  readonly topP: number;
  readonly topK: number;
} {
  return {
    temperature: temperature ?? DEFAULTS.temperature,
    topP: topP ?? DEFAULTS.topP,
    topK: topK ?? DEFAULTS.topK,
  };
}

/** `produced` is read while the generation runs. */
export function samplerOptions(
  sampling: Sampling,
  produced: readonly Token[],
): SequenceEvaluateOptions {
  return {
    ...resolvedSampling(sampling),
    seed: seedOf(sampling),
    yieldEogToken: true,
    ...penalties(sampling, produced),
  };
}

function penalties(
  { frequencyPenalty = 0, presencePenalty = 0 }: Sampling,
  produced: readonly Token[],
): Pick<SequenceEvaluateOptions, 'repeatPenalty'> {
  if (frequencyPenalty === 0 && presencePenalty === 0) return {};
  return {
    repeatPenalty: {
      punishTokens: () => produced.slice(-PENALISED_TOKENS_MAX),
      maxPunishTokens: PENALISED_TOKENS_MAX,
      penalty: 1,
      frequencyPenalty,
      presencePenalty,
    },
  };
}

/** llama.cpp's seeds have 32 bits; clients send any whole number, or none. */
export function seedOf({ seed }: Sampling): number {
  if (seed === undefined) return randomInt(SEEDS);
  return Number(BigInt.asUintN(32, BigInt(Math.trunc(seed))));
}
