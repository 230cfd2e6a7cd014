// Chat Completions request → Generation.

import type { Generation, OutputFormat } from '../../domain/generation/generation.ts';
import type { Refusal } from '../../domain/refusal.ts';
import { err, ok, type Result } from '../../lib/result.ts';
import { firstIssue } from '../first-issue.ts';
import { unknownFields } from '../unknown-fields.ts';
import { samplingOf } from '../openai-sampling.ts';
import type { Decoded } from '../protocol.ts';
import { termsOf } from '../service-tiers.ts';
import { chatEncoder } from './encode.ts';
import { chatRequest, type ChatRequest } from './request.ts';
import { keepingOf, StoredCompletion } from './stored.ts';
import { offerOf, placesOf, type Offer } from './tools.ts';
import { itemsOf, unansweredCall } from './turns.ts';
import { ignoredIn, unserved } from './unserved.ts';

export function decodeChat(body: unknown): Result<Decoded, Refusal> {
  const parsed = chatRequest.safeParse(body);
  if (!parsed.success) return err(firstIssue(parsed.error.issues));
  const request = parsed.data;
  const problem = unserved(request) ?? inconsistent(request);
  if (problem !== undefined) return err(problem);
  const offer = offerOf(request);
  if (!offer.ok) return offer;
  const asked = {
    includeUsage: request.stream_options?.include_usage === true,
    legacyFunctions: request.functions != null,
    choices: request.n ?? 1,
    logprobs: request.logprobs === true,
  };
  return ok({
    model: request.model,
    generation: generationOf(request, offer.value),
    unknown: unknownFields(chatRequest, body),
    toolPlaces: placesOf(request),
    keeping: keepingOf(request),
    ...termsOf(request.service_tier, request.safety_identifier ?? request.user),
    encoder: (facts) => {
      const shown = chatEncoder({ ...facts, ...asked });
      if (facts.stored !== true) return shown;
      const whole = chatEncoder({ ...facts, ...asked, delivery: 'whole' });
      return new StoredCompletion(shown, whole, facts.requestId);
    },
    ignored: ignoredIn(request),
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
    ...effortOf(request),
    output: outputOf(request),
    ...(outputTokensMax != null && { outputTokensMax }),
    ...(request.n != null && request.n > 1 && { choices: request.n }),
    ...(request.logprobs === true && { logprobs: { top: request.top_logprobs ?? 0 } }),
    delivery: request.stream === true ? 'stream' : 'whole',
  };
}

/** Above `high` nothing is known here. */
function effortOf({ reasoning_effort: effort }: ChatRequest): Pick<Generation, 'reasoningEffort'> {
  if (effort == null) return {};
  return { reasoningEffort: effort === 'xhigh' || effort === 'max' ? 'high' : effort };
}

function outputOf(request: ChatRequest): OutputFormat {
  const format = request.response_format;
  if (format == null || format.type === 'text') return { kind: 'text' };
  if (format.type === 'json_object') return { kind: 'json-object' };
  const { name, schema, strict } = format.json_schema;
  return { kind: 'json-schema', name, schema: schema ?? {}, strict: strict ?? false };
}

/** Fields that are right by themselves and wrong together. */
function inconsistent(request: ChatRequest): Refusal | undefined {
  if (request.stream_options != null && request.stream !== true) {
    return invalid('stream_options', "'stream_options' is only allowed when 'stream' is true.");
  }
  if (request.max_tokens != null && request.max_completion_tokens != null) {
    return invalid('max_tokens', "Send 'max_completion_tokens' or 'max_tokens', not both.");
  }
  if (request.top_logprobs != null && request.top_logprobs > 0 && request.logprobs !== true) {
    return invalid('top_logprobs', "'top_logprobs' is only allowed when 'logprobs' is true.");
  }
  return unansweredCall(request.messages);
}

function invalid(field: string, message: string): Refusal {
  return { kind: 'invalid-request', field, message };
}
