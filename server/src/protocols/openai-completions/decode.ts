// Legacy completions request → Generation.
// Source: OpenAI's published OpenAPI document, schema CreateCompletionRequest.

import { z } from 'zod';
import type { Generation, RawPrompt } from '../../domain/generation/generation.ts';
import type { Refusal } from '../../domain/refusal.ts';
import { err, ok, type Result } from '../../lib/result.ts';
import { CHOICES_MAX, MODEL_NAME_CHARACTERS_MAX, PROMPT_TOKENS_MAX } from '../../limits.ts';
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
  const problem =
    unserved(request, prompts.value) ?? inconsistent(request, prompts.value.length * n);
  if (problem !== undefined) return err(problem);
  const asked = {
    includeUsage: request.stream_options?.include_usage === true,
    logprobs: request.logprobs != null,
    echoed: prompts.value.flatMap((prompt) =>
      Array.from({ length: n }, () =>
        request.echo === true && typeof prompt === 'string' ? prompt : '',
      ),
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
  rawPrompts: readonly RawPrompt[],
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

/** A text, the numbers of its tokens, or a list of either. Read by hand: there may be half a million numbers in it. */
function promptsOf(prompt: unknown): Result<readonly RawPrompt[], Refusal> {
  if (prompt == null) return err(invalid('prompt', "Missing required parameter: 'prompt'."));
  const isOne = !Array.isArray(prompt) || typeof prompt[0] === 'number';
  const sent: readonly unknown[] = isOne ? [prompt] : prompt;
  if (sent.length > CHOICES_MAX) return err(tooMany('prompt', sent.length));
  const prompts: RawPrompt[] = [];
  for (const [at, one] of sent.entries()) {
    const field = isOne ? 'prompt' : `prompt[${at}]`;
    const read = promptOf(one);
    if (read === undefined) return err(invalid(field, `Invalid '${field}': ${EXPECTED}.`));
    prompts.push(read);
  }
  if (prompts.length > 0) return ok(prompts);
  return err(invalid('prompt', `Invalid 'prompt': ${EXPECTED}.`));
}

const EXPECTED = `expected a text, the numbers of at most ${PROMPT_TOKENS_MAX} tokens, or a list of either, none of them empty`;

function promptOf(sent: unknown): RawPrompt | undefined {
  if (typeof sent === 'string') return sent === '' ? undefined : sent;
  if (!Array.isArray(sent) || sent.length === 0 || sent.length > PROMPT_TOKENS_MAX)
    return undefined;
  return sent.every(isToken) ? sent : undefined;
}

function isToken(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}

function unserved(
  { suffix, best_of: best, n, echo, logprobs }: CompletionRequest,
  prompts: readonly RawPrompt[],
): Refusal | undefined {
  if (suffix != null && suffix !== '') return feature('text after the insertion', 'suffix');
  if (best != null && best !== (n ?? 1)) return feature('more draws than choices', 'best_of');
  if (echo !== true) return undefined;
  if (logprobs != null) return feature('log probabilities of the prompt', 'echo');
  // Only the model could say what text they are.
  const byTokens = prompts.some((prompt) => typeof prompt !== 'string');
  return byTokens ? feature('a prompt of token numbers before the answer', 'echo') : undefined;
}

function inconsistent(request: CompletionRequest, choices: number): Refusal | undefined {
  if (request.stream_options != null && request.stream !== true) {
    return invalid('stream_options', "'stream_options' is only allowed when 'stream' is true.");
  }
  if (choices <= CHOICES_MAX) return undefined;
  return tooMany((request.n ?? 1) > 1 ? 'n' : 'prompt', choices);
}

function tooMany(field: string, choices: number): Refusal {
  const message = `Invalid '${field}': prompts times 'n' may be at most ${CHOICES_MAX}, not ${choices}.`;
  return invalid(field, message);
}

function feature(name: string, field: string): Refusal {
  return { kind: 'unsupported-feature', feature: name, field };
}

function invalid(field: string, message: string): Refusal {
  return { kind: 'invalid-request', field, message };
}
