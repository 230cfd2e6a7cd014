// Usage as both of OpenAI's older protocols tell it.

import { inputTokens, outputTokens, type Usage } from '../domain/generation/usage.ts';

/** OpenAI's convention: cached tokens are inside prompt_tokens, reasoning tokens inside completion_tokens. */
export function openAiUsage(usage: Usage): object {
  const prompt = inputTokens(usage);
  const completion = outputTokens(usage);
  return {
    prompt_tokens: prompt,
    completion_tokens: completion,
    total_tokens: prompt + completion,
    prompt_tokens_details: { cached_tokens: usage.cacheRead, audio_tokens: 0 },
    completion_tokens_details: {
      reasoning_tokens: usage.reasoning,
      audio_tokens: 0,
      accepted_prediction_tokens: 0,
      rejected_prediction_tokens: 0,
    },
  };
}
