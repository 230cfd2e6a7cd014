// Legacy completions request → Generation.
// Source: OpenAI's published OpenAPI document, schema CreateCompletionRequest.

import { z } from 'zod';
import type { Generation } from '../../domain/generation/generation.ts';
import type { Refusal } from '../../domain/refusal.ts';
import { err, ok, type Result } from '../../lib/result.ts';
import { CHOICES_MAX, MODEL_NAME_CHARACTERS_MAX } from '../../limits.ts';
import { firstIssue } from '../first-issue.ts';
import { samplingFields, samplingOf, streamOptions } from '../openai-sampling.ts';
import type { Decoded } from '../protocol.ts';
import { termsOf } from '../service-tiers.ts';
import { unknownFields } from '../unknown-fields.ts';
import { completionEncoder } from './encode.ts';

/** OpenAI's bound for this protocol. */
const LOGPROBS_MAX = 5;
/** OpenAI's default. */
const MAX_TOKENS_DEFAULT = 16;

export const completionRequest = z.object({
  model: z.string().min(1).max(MODEL_NAME_CHARACTERS_MAX),
  /** See promptsOf. */
  prompt: z.unknown(),
  max_tokens: z.int().min(1).nullish(),
  n: z.int().min(1).max(CHOICES_MAX).nullish(),
  best_of: z.int().min(1).nullish(),
  echo: z.boolean().nullish(),
  suffix: z.string().nullish(),
  logprobs: z.int().min(0).max(LOGPROBS_MAX).nullish(),
  stream: z.boolean().nullish(),
  stream_options: streamOptions,
  ...samplingFields,
  /** For whom: it is on the usage row. */
  user: z.string().nullish(),
});
export type CompletionRequest = z.infer<typeof completionRequest>;

export function decodeCompletions(body: unknown): Result<Decoded, Refusal> {
  const parsed = completionRequest.safeParse(body);
  if (!parsed.success) return err(firstIssue(parsed.error.issues));
  const request = parsed.data;
  const prompts = promptsOf(request.prompt);
  if (!prompts.ok) return prompts;
  const n = request.n ?? 1;
  const problem = unserved(request) ?? inconsistent(request, prompts.value.length * n);
  if (problem !== undefined) return err(problem);
  const asked = {
    includeUsage: request.stream_options?.include_usage === true,
    logprobs: request.logprobs != null,
    echoed: prompts.value.flatMap((prompt) =>
      Array.from({ length: n }, () => (request.echo === true ? prompt : '')),
    ),
  };
  return ok({
    model: request.model,
    generation: generationOf(request, prompts.value, n),
    encoder: (facts) => completionEncoder({ ...facts, ...asked }),
    unknown: unknownFields(completionRequest, body),
    ...termsOf(undefined, request.user),
  });
}

function generationOf(
  request: CompletionRequest,
  rawPrompts: readonly string[],
  n: number,
): Generation {
  const choices = rawPrompts.length * n;
  return {
    items: [],
    rawPrompts,
    tools: [],
    toolChoice: { kind: 'none' },
    parallelToolCalls: true,
    sampling: samplingOf(request),
    output: { kind: 'text' },
    outputTokensMax: request.max_tokens ?? MAX_TOKENS_DEFAULT,
    ...(choices > 1 && { choices }),
    ...(request.logprobs != null && { logprobs: { top: request.logprobs } }),
    delivery: request.stream === true ? 'stream' : 'whole',
  };
}

/** A text or several; token numbers belong to one model and to no other, so they are refused. */
function promptsOf(prompt: unknown): Result<readonly string[], Refusal> {
  if (prompt == null) return err(invalid('prompt', "Missing required parameter: 'prompt'."));
  const prompts: unknown[] = Array.isArray(prompt) ? prompt : [prompt];
  const isTokens = prompts.some((one) => typeof one === 'number' || Array.isArray(one));
  if (isTokens) return err(feature('token numbers; send the text', 'prompt'));
  const texts = prompts.filter((one) => typeof one === 'string' && one !== '');
  if (texts.length === prompts.length && texts.length > 0) return ok(texts as string[]); // as filtered
  const message = "Invalid 'prompt': expected a text or a list of texts, none of them empty.";
  return err(invalid('prompt', message));
}

function unserved({ suffix, best_of: best, n, echo, logprobs }: CompletionRequest) {
  if (suffix != null && suffix !== '') return feature('text after the insertion', 'suffix');
  if (best != null && best !== (n ?? 1)) return feature('more draws than choices', 'best_of');
  if (echo === true && logprobs != null) return feature('log probabilities of the prompt', 'echo');
  return undefined;
}

function inconsistent(request: CompletionRequest, choices: number): Refusal | undefined {
  if (request.stream_options != null && request.stream !== true) {
    return invalid('stream_options', "'stream_options' is only allowed when 'stream' is true.");
  }
  if (choices <= CHOICES_MAX) return undefined;
  const field = (request.n ?? 1) > 1 ? 'n' : 'prompt';
  const message = `Invalid '${field}': prompts times 'n' may be at most ${CHOICES_MAX}, not ${choices}.`;
  return invalid(field, message);
}

function feature(name: string, field: string): Refusal {
  return { kind: 'unsupported-feature', feature: name, field };
}

function invalid(field: string, message: string): Refusal {
  return { kind: 'invalid-request', field, message };
}
