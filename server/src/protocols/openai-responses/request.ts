// What a Responses request may contain, but for its items and tools, which input-items.ts and tools.ts read one by one.
// A field that is not here has no effect and is named in the answer's headers (docs/decisions/0007).
// Source: OpenAI's published OpenAPI document, schema CreateResponse, and Open Responses, 2026-04-24.

import { z } from 'zod';
import { MESSAGES_MAX, MODEL_NAME_CHARACTERS_MAX, TOOLS_MAX } from '../../limits.ts';
import { boundedObject } from '../json-bounds.ts';
import { metadata } from '../openai-list.ts';
import { OPENAI_TIERS } from '../service-tiers.ts';

/** OpenAI refuses less, and clients count on it. */
const OUTPUT_TOKENS_LEAST = 16;

const format = z.discriminatedUnion('type', [
  z.object({ type: z.literal('text') }),
  z.object({ type: z.literal('json_object') }),
  z.object({
    type: z.literal('json_schema'),
    name: z.string().regex(/^[a-zA-Z0-9_-]{1,64}$/, 'expected 1 to 64 letters, digits, _ or -'),
    description: z.string().nullish(),
    schema: boundedObject,
    strict: z.boolean().nullish(),
  }),
]);

const namedTool = z.object({
  type: z.string().refine((type) => type !== 'allowed_tools'),
  name: z.string().optional(),
  namespace: z.string().nullish(),
});

const toolChoice = z.union(
  [
    z.enum(['none', 'auto', 'required']),
    z.object({
      type: z.literal('allowed_tools'),
      mode: z.enum(['auto', 'required']),
      tools: z.array(namedTool).min(1).max(TOOLS_MAX),
    }),
    namedTool,
  ],
  { error: "expected 'none', 'auto', 'required', a function or 'allowed_tools'" },
);

const penalty = z.number().min(-2).max(2);

export const responsesRequest = z.object({
  model: z.string().min(1).max(MODEL_NAME_CHARACTERS_MAX),
  input: z.union([z.string(), z.array(z.unknown()).max(MESSAGES_MAX)], {
    error: ({ input }) =>
      input === undefined
        ? 'received undefined'
        : `expected a string or a list of 1 to ${MESSAGES_MAX} items`,
  }),
  instructions: z.string().nullish(),
  /** Over a WebSocket alone: `false` asks for nothing but an id to go on from. */
  generate: z.boolean().nullish(),
  stream: z.boolean().nullish(),
  stream_options: z.object({ include_obfuscation: z.boolean().nullish() }).nullish(),
  max_output_tokens: z.int().min(OUTPUT_TOKENS_LEAST).nullish(),
  temperature: z.number().min(0).max(2).nullish(),
  top_p: z.number().gt(0).max(1).nullish(),
  frequency_penalty: penalty.nullish(),
  presence_penalty: penalty.nullish(),
  tools: z.array(z.unknown()).max(TOOLS_MAX).nullish(),
  tool_choice: toolChoice.nullish(),
  parallel_tool_calls: z.boolean().nullish(),
  max_tool_calls: z.int().min(1).nullish(),
  text: z
    .object({ format: format.nullish(), verbosity: z.enum(['low', 'medium', 'high']).nullish() })
    .nullish(),
  reasoning: z
    .object({
      effort: z.enum(['none', 'minimal', 'low', 'medium', 'high', 'xhigh', 'max']).nullish(),
      summary: z.enum(['auto', 'concise', 'detailed']).nullish(),
      generate_summary: z.enum(['auto', 'concise', 'detailed']).nullish(),
      context: z.string().nullish(),
      mode: z.string().nullish(),
    })
    .nullish(),
  metadata: metadata.nullish(),
  truncation: z.enum(['auto', 'disabled']).nullish(),
  store: z.boolean().nullish(),
  service_tier: z.enum(OPENAI_TIERS).nullish(),
  prompt_cache_key: z.string().nullish(),
  safety_identifier: z.string().nullish(),

  // Accepted because clients send them and they change nothing here.
  include: z.array(z.string()).nullish(),
  user: z.string().nullish(),
  client_metadata: z.unknown().optional(),
  prompt_cache_retention: z.string().nullish(),

  background: z.boolean().nullish(),
  previous_response_id: z.string().min(1).nullish(),
  conversation: z
    .union([z.string().min(1), z.object({ id: z.string().min(1) })], {
      error: "expected a conversation's id, or an object with it",
    })
    .nullish(),

  // Known and not served: refused by name unless it says that it is not wanted, see decode.ts.
  prompt: z.unknown().optional(),
  top_logprobs: z.int().min(0).max(20).nullish(),
});

export type ResponsesRequest = z.infer<typeof responsesRequest>;
export type ToolChoiceRequest = NonNullable<ResponsesRequest['tool_choice']>;
export type NamedTool = z.infer<typeof namedTool>;
