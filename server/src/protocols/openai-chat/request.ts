// What a Chat Completions request may contain. A field that is not here is named, see
// unknown-fields.ts.
// Source: OpenAI's published OpenAPI document, schema CreateChatCompletionRequest.

import { z } from 'zod';
import {
  CHOICES_MAX,
  CONTENT_PARTS_MAX,
  MESSAGES_MAX,
  MODEL_NAME_CHARACTERS_MAX,
  TOP_LOGPROBS_MAX,
} from '../../limits.ts';
import { boundedObject } from '../json-bounds.ts';
import { samplingFields, streamOptions } from '../openai-sampling.ts';
import { metadata } from '../openai-list.ts';
import { documentData, imageAddress, mediaName } from '../media.ts';
import { OPENAI_TIERS } from '../service-tiers.ts';
import {
  legacyCall,
  legacyChoice,
  legacyFunctions,
  toolCall,
  toolChoice,
  tools,
} from './tool-schemas.ts';

const textPart = z.object({ type: z.literal('text'), text: z.string() });
const refusalPart = z.object({ type: z.literal('refusal'), refusal: z.string() });
const imagePart = z.object({
  type: z.literal('image_url'),
  image_url: z.object({
    url: imageAddress,
    detail: z.enum(['auto', 'low', 'high', 'original']).nullish(),
  }),
});
const filePart = z.object({
  type: z.literal('file'),
  file: z.object({
    file_data: documentData.nullish(),
    filename: mediaName.nullish(),
    /** Refused by name, see decode.ts. */
    file_id: z.string().nullish(),
  }),
});
/** Understood well enough to be refused by name; see decode.ts. */
const audioPart = z.looseObject({ type: z.literal('input_audio') });

const CONTENT = 'expected a string or a list of at least one content part';

function partsOf<P extends z.ZodType>(part: P) {
  return z.union([z.string(), z.array(part).min(1).max(CONTENT_PARTS_MAX)], { error: CONTENT });
}
const inputPart = z.discriminatedUnion('type', [textPart, imagePart, filePart, audioPart]);
const inputContent = partsOf(inputPart);
const plainContent = partsOf(textPart);
const assistantContent = partsOf(z.discriminatedUnion('type', [textPart, refusalPart]));

const message = z.discriminatedUnion('role', [
  z.object({
    role: z.enum(['system', 'developer']),
    content: plainContent,
    name: z.string().optional(),
  }),
  z.object({ role: z.literal('user'), content: inputContent, name: z.string().optional() }),
  z.object({
    role: z.literal('assistant'),
    content: assistantContent.nullish(),
    name: z.string().optional(),
    refusal: z.string().nullish(),
    reasoning: z.string().nullish(),
    annotations: z.array(z.unknown()).nullish(),
    audio: z.null().optional(),
    function_call: legacyCall.nullish(),
    tool_calls: z.array(toolCall).nullish(),
  }),
  z.object({
    role: z.literal('function'),
    content: plainContent.nullable(),
    name: z.string().min(1),
  }),
  z.object({
    role: z.literal('tool'),
    content: plainContent,
    tool_call_id: z.string().min(1),
  }),
]);

const responseFormat = z.discriminatedUnion('type', [
  z.object({ type: z.literal('text') }),
  z.object({ type: z.literal('json_object') }),
  z.object({
    type: z.literal('json_schema'),
    json_schema: z.object({
      name: z.string().regex(/^[a-zA-Z0-9_-]{1,64}$/, 'expected 1 to 64 letters, digits, _ or -'),
      description: z.string().nullish(),
      schema: boundedObject.optional(),
      strict: z.boolean().nullish(),
    }),
  }),
]);

const tokens = z.int().min(1);

export const chatRequest = z.object({
  model: z.string().min(1).max(MODEL_NAME_CHARACTERS_MAX),
  messages: z.array(message).min(1, 'expected at least one message').max(MESSAGES_MAX),
  stream: z.boolean().nullish(),
  stream_options: streamOptions,
  max_completion_tokens: tokens.nullish(),
  max_tokens: tokens.nullish(),
  ...samplingFields,
  tools: tools.nullish(),
  tool_choice: toolChoice.nullish(),
  functions: legacyFunctions.nullish(),
  function_call: legacyChoice.nullish(),
  parallel_tool_calls: z.boolean().nullish(),
  response_format: responseFormat.nullish(),
  reasoning_effort: z.enum(['none', 'minimal', 'low', 'medium', 'high', 'xhigh', 'max']).nullish(),

  n: z.int().min(1).max(CHOICES_MAX).nullish(),
  logprobs: z.boolean().nullish(),
  top_logprobs: z.int().min(0).max(TOP_LOGPROBS_MAX).nullish(),

  // Accepted because clients send them and they change nothing here.
  metadata: metadata.nullish(),
  prompt_cache_key: z.string().nullish(),
  prompt_cache_options: z.looseObject({}).nullish(),
  prompt_cache_retention: z.enum(['in_memory', 'in-memory', '24h']).nullish(),
  safety_identifier: z.string().nullish(),
  store: z.boolean().nullish(),
  user: z.string().nullish(),

  // Accepted, but named in a header where they ask for something that they don't get; see unserved.ts.
  moderation: z.unknown().optional(),
  prediction: z.unknown().optional(),
  service_tier: z.enum(OPENAI_TIERS).nullish(),
  verbosity: z.enum(['low', 'medium', 'high']).nullish(),
  web_search_options: z.unknown().optional(),

  // Refused by name where they ask for more than text; see unserved.ts.
  audio: z.unknown().optional(),
  modalities: z.array(z.enum(['text', 'audio'])).nullish(),
});

export type ChatRequest = z.infer<typeof chatRequest>;
export type ChatMessage = z.infer<typeof message>;
