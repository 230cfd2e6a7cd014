// What both of OpenAI's older protocols say about the draw, as they write it and as the hub does.

import { z } from 'zod';
import type { Sampling } from '../domain/generation/generation.ts';
import { LOGIT_BIASES_MAX, STOP_SEQUENCE_CHARACTERS_MAX, STOP_SEQUENCES_MAX } from '../limits.ts';

const stopSequence = z.string().min(1).max(STOP_SEQUENCE_CHARACTERS_MAX);
const penalty = z.number().min(-2).max(2);

/** Token numbers of the model's own vocabulary. */
const logitBias = z
  .record(
    z.string().regex(/^\d{1,7}$/, "expected the number of a token of the model's vocabulary"),
    z.number().min(-100).max(100),
  )
  .refine((biases) => Object.keys(biases).length <= LOGIT_BIASES_MAX, {
    error: `expected at most ${LOGIT_BIASES_MAX} tokens`,
  });

export const samplingFields = {
  temperature: z.number().min(0).max(2).nullish(),
  top_p: z.number().gt(0).max(1).nullish(),
  frequency_penalty: penalty.nullish(),
  presence_penalty: penalty.nullish(),
  seed: z.int().nullish(),
  logit_bias: logitBias.nullish(),
  stop: z
    .union([stopSequence, z.array(stopSequence).max(STOP_SEQUENCES_MAX)], {
      error: `expected a string or up to ${STOP_SEQUENCES_MAX} strings`,
    })
    .nullish(),
};

export const streamOptions = z
  .object({
    include_usage: z.boolean().nullish(),
    include_obfuscation: z.boolean().nullish(),
  })
  .nullish();

const samplingRequest = z.object(samplingFields);
type SamplingRequest = z.infer<typeof samplingRequest>;

export function samplingOf(request: SamplingRequest): Sampling {
  const stop = request.stop ?? [];
  return {
    ...(request.temperature != null && { temperature: request.temperature }),
    ...(request.top_p != null && { topP: request.top_p }),
    ...(request.frequency_penalty != null && { frequencyPenalty: request.frequency_penalty }),
    ...(request.presence_penalty != null && { presencePenalty: request.presence_penalty }),
    ...(request.seed != null && { seed: request.seed }),
    ...biasOf(request),
    stop: typeof stop === 'string' ? [stop] : stop,
  };
}

function biasOf({ logit_bias: biases }: SamplingRequest): Pick<Sampling, 'logitBias'> {
  const entries = Object.entries(biases ?? {});
  if (entries.length === 0) return {};
  return { logitBias: entries.map(([token, bias]) => ({ token: Number(token), bias })) };
}
