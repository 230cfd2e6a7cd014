// What a Messages request may contain. A field that is not here is named, see unknown-fields.ts; within blocks and
// tools anything may stand, see content.ts.
// Source: @anthropic-ai/sdk 1.10.0 and 0.128.0, MessageCreateParams with its beta fields.

import { z } from 'zod';
import {
  MESSAGES_MAX,
  MESSAGES_STOP_SEQUENCES_MAX,
  MODEL_NAME_CHARACTERS_MAX,
  STOP_SEQUENCE_CHARACTERS_MAX,
  TOOLS_MAX,
} from '../../limits.ts';
import { boundedObject, toolName, toolParameters } from '../json-bounds.ts';
import { ANTHROPIC_TIERS } from '../service-tiers.ts';
import { message, systemContent } from './content.ts';

const clientTool = z.looseObject({
  type: z.literal('custom').nullish(),
  name: toolName,
  description: z.string().nullish(),
  input_schema: toolParameters,
  strict: z.boolean().nullish(),
});

/** Tools that Anthropic itself defines or runs; see tools.ts. */
const definedTool = z.looseObject({ type: z.string().regex(/^(?!custom$)./) });

const toolChoice = z.discriminatedUnion('type', [
  z.looseObject({
    type: z.enum(['auto', 'any']),
    disable_parallel_tool_use: z.boolean().nullish(),
  }),
  z.looseObject({
    type: z.literal('tool'),
    name: z.string().min(1),
    disable_parallel_tool_use: z.boolean().nullish(),
  }),
  z.looseObject({ type: z.literal('none') }),
]);

/** Anthropic's own lower bound. */
const THINKING_BUDGET_TOKENS_MIN = 1_024;
const display = z.string().nullish();

const thinking = z.discriminatedUnion('type', [
  z.looseObject({
    type: z.literal('enabled'),
    budget_tokens: z.int().min(THINKING_BUDGET_TOKENS_MIN),
    display,
  }),
  z.looseObject({ type: z.literal('adaptive'), display }),
  z.looseObject({ type: z.literal('between_tools'), display }),
  z.looseObject({ type: z.literal('disabled') }),
]);

const format = z.looseObject({ type: z.literal('json_schema'), schema: boundedObject });

const anything = z.unknown().optional();

const stopSequence = z
  .string()
  .max(STOP_SEQUENCE_CHARACTERS_MAX)
  .regex(/\S/, 'each stop sequence must contain more than white space');

export const countRequest = z.object({
  model: z.string().min(1).max(MODEL_NAME_CHARACTERS_MAX),
  messages: z.array(message).min(1, 'expected at least one message').max(MESSAGES_MAX),
  system: systemContent.nullish(),
  tools: z
    .array(z.union([clientTool, definedTool]))
    .max(TOOLS_MAX)
    .nullish(),
  tool_choice: toolChoice.nullish(),
  thinking: thinking.nullish(),
  output_config: z
    .looseObject({
      effort: z.enum(['low', 'medium', 'high', 'xhigh', 'max']).nullish(),
      format: format.nullish(),
    })
    .nullish(),
  /** The older name of `output_config.format`. */
  output_format: format.nullish(),

  /** See cache-control.ts. */
  cache_control: anything,

  // Accepted because clients send them and they change nothing here.
  context_management: anything,
  diagnostics: anything,
  user_profile_id: anything,
  workspace_id: anything,

  // Empty it changes nothing and is accepted; anything else is refused by name, see decode.ts.
  speed: z.enum(['standard', 'fast']).nullish(),
  mcp_servers: z.array(z.unknown()).nullish(),
  compaction: anything,
});

export const messagesRequest = countRequest.extend({
  max_tokens: z.int().min(1),
  stream: z.boolean().nullish(),
  stop_sequences: z.array(stopSequence).max(MESSAGES_STOP_SEQUENCES_MAX).nullish(),
  /** These three are gone at 2026-10-21, see decode.ts. */
  temperature: z.number().min(0).max(1).nullish(),
  top_p: z.number().min(0).max(1).nullish(),
  top_k: z.int().min(0).nullish(),

  metadata: z.looseObject({ user_id: z.string().max(1_024).nullish() }).nullish(),
  service_tier: z.enum(ANTHROPIC_TIERS).nullish(),
  inference_geo: anything,
  billing_policy: anything,
  fallbacks: anything,
  fallback_credit_token: anything,

  container: anything,
  thread: anything,
});

export type CountRequest = z.infer<typeof countRequest>;
export type MessagesRequest = z.infer<typeof messagesRequest>;
