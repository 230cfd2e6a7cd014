// Chat Completions request → Generation.

import type { Generation, OutputFormat, Sampling } from '../../domain/generation/generation.ts';
import type { Refusal } from '../../domain/refusal.ts';
import { err, ok, type Result } from '../../lib/result.ts';
import { firstIssue } from '../first-issue.ts';
import type { Decoded } from '../protocol.ts';
import { unservedPart } from './content.ts';
import { chatEncoder } from './encode.ts';
import { chatRequest, type ChatRequest } from './request.ts';
import { offerOf, type Offer } from './tools.ts';
import { itemsOf, unansweredCall } from './turns.ts';

export function decodeChat(body: unknown): Result<Decoded, Refusal> {
  const parsed = chatRequest.safeParse(body);
  if (!parsed.success) return err(firstIssue(parsed.error.issues));
  const request = parsed.data;
  const problem = unsupported(request) ?? inconsistent(request);
  if (problem !== undefined) return err(problem);
  const offer = offerOf(request);
  if (!offer.ok) return offer;
  const includeUsage = request.stream_options?.include_usage === true;
  const legacyFunctions = request.functions != null;
  return ok({
    model: request.model,
    generation: generationOf(request, offer.value),
    encoder: (facts) => chatEncoder({ ...facts, includeUsage, legacyFunctions }),
  });
}

function generationOf(request: ChatRequest, offer: Offer): Generation {
  const outputTokensMax = request.max_completion_tokens ?? request.max_tokens;
  return {
    items: itemsOf(request.messages),
    ...offer,
    // A message of the older form has room for one call.
    parallelToolCalls: request.functions == null && (request.parallel_tool_calls ?? true),
    sampling: samplingOf(request),
    ...(request.reasoning_effort != null && { reasoningEffort: request.reasoning_effort }),
    output: outputOf(request),
    ...(outputTokensMax != null && { outputTokensMax }),
    delivery: request.stream === true ? 'stream' : 'whole',
  };
}

function samplingOf(request: ChatRequest): Sampling {
  const stop = request.stop ?? [];
  return {
    ...(request.temperature != null && { temperature: request.temperature }),
    ...(request.top_p != null && { topP: request.top_p }),
    ...(request.frequency_penalty != null && { frequencyPenalty: request.frequency_penalty }),
    ...(request.presence_penalty != null && { presencePenalty: request.presence_penalty }),
    ...(request.seed != null && { seed: request.seed }),
    stop: typeof stop === 'string' ? [stop] : stop,
  };
}

function outputOf(request: ChatRequest): OutputFormat {
  const format = request.response_format;
  if (format == null || format.type === 'text') return { kind: 'text' };
  if (format.type === 'json_object') return { kind: 'json-object' };
  const { name, schema, strict } = format.json_schema;
  return { kind: 'json-schema', name, schema: schema ?? {}, strict: strict ?? false };
}

/** What OpenAI knows and we do not serve: refused by name rather than ignored. */
function unsupported(request: ChatRequest): Refusal | undefined {
  if ((request.n ?? 1) > 1) return feature('more than one choice', 'n');
  if (request.logprobs === true) return feature('log probabilities', 'logprobs');
  if ((request.top_logprobs ?? 0) > 0) return feature('log probabilities', 'top_logprobs');
  if (Object.keys(request.logit_bias ?? {}).length > 0) return feature('logit bias', 'logit_bias');
  for (const [index, message] of request.messages.entries()) {
    const problem = unservedPart(message.content ?? '', `messages[${index}]`);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

function feature(name: string, field: string): Refusal {
  return { kind: 'unsupported-feature', feature: name, field };
}

/** Fields that are right by themselves and wrong together. */
function inconsistent(request: ChatRequest): Refusal | undefined {
  if (request.stream_options != null && request.stream !== true) {
    return invalid('stream_options', "'stream_options' is only allowed when 'stream' is true.");
  }
  if (request.max_tokens != null && request.max_completion_tokens != null) {
    return invalid('max_tokens', "Send 'max_completion_tokens' or 'max_tokens', not both.");
  }
  return unansweredCall(request.messages);
}

function invalid(field: string, message: string): Refusal {
  return { kind: 'invalid-request', field, message };
}
