// What a Response object repeats of its request: not what was asked but what was done, defaults included.

import type { Generation } from '../../domain/generation/generation.ts';
import { conversationIdOf } from './recall.ts';
import type { ResponsesRequest } from './request.ts';

/** Every field of the Response object that is known before the answer begins. */
export type Echo = ReturnType<typeof echoOf>;

export function echoOf(
  request: ResponsesRequest,
  generation: Generation,
  tools: readonly object[],
) {
  const { sampling } = generation;
  const conversationId = conversationIdOf(request.conversation);
  return {
    background: request.background ?? false,
    previous_response_id: request.previous_response_id ?? null,
    ...(conversationId !== undefined && { conversation: { id: conversationId } }),
    instructions: request.instructions ?? null,
    tools,
    tool_choice: request.tool_choice ?? 'auto',
    parallel_tool_calls: generation.parallelToolCalls,
    max_tool_calls: request.max_tool_calls ?? null,
    truncation: request.truncation ?? 'disabled',
    text: textOf(request),
    reasoning: { effort: generation.reasoningEffort ?? null, summary: null },
    temperature: sampling.temperature ?? 1,
    top_p: sampling.topP ?? 1,
    presence_penalty: sampling.presencePenalty ?? 0,
    frequency_penalty: sampling.frequencyPenalty ?? 0,
    top_logprobs: generation.logprobs?.top ?? 0,
    max_output_tokens: request.max_output_tokens ?? null,
    metadata: request.metadata ?? {},
    safety_identifier: request.safety_identifier ?? null,
    prompt_cache_key: request.prompt_cache_key ?? null,
  };
}

function textOf({ text }: ResponsesRequest): object {
  const verbosity = text?.verbosity ?? 'medium';
  const format = text?.format ?? { type: 'text' };
  if (format.type !== 'json_schema') return { format: { type: format.type }, verbosity };
  const { type, name, description = null, schema, strict } = format;
  return { format: { type, name, description, schema, strict: strict ?? false }, verbosity };
}
