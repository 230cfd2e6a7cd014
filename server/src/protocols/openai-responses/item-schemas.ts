// The items that a client may send in `input`. Fields that are not here are left out: clients replay items with
// whatever they hung on them.
// Source: OpenAI's published OpenAPI document, schema InputItem.

import { z } from 'zod';
import { TOOLS_MAX } from '../../limits.ts';

const textPart = z.object({ type: z.enum(['input_text', 'output_text']), text: z.string() });
const refusalPart = z.object({ type: z.literal('refusal'), refusal: z.string() });
/** Understood well enough to be refused by name. */
const mediaPart = z.object({
  type: z.enum(['input_image', 'input_file', 'input_audio', 'computer_screenshot']),
});

const content = z.union(
  [z.string(), z.array(z.discriminatedUnion('type', [textPart, refusalPart, mediaPart]))],
  { error: 'expected a string or a list of content parts' },
);
export type Content = z.infer<typeof content>;

const id = z.string().nullish();
const callId = z.string().min(1);
const name = z.string().min(1);

export const messageItem = z.object({
  id,
  role: z.enum(['user', 'assistant', 'system', 'developer']),
  content,
  phase: z.enum(['commentary', 'final_answer']).nullish(),
});

export const functionCall = z.object({
  id,
  call_id: callId,
  name,
  namespace: z.string().nullish(),
  arguments: z.string(),
});

/** Of a function or of a custom tool. */
export const callOutput = z.object({ id, call_id: callId, output: content });

export const customToolCall = z.object({ id, call_id: callId, name, input: z.string() });

export const reasoning = z.object({
  id,
  summary: z.array(z.object({ text: z.string() })).default([]),
  content: z.array(z.object({ text: z.string() })).nullish(),
  encrypted_content: z.string().nullish(),
});

export const additionalTools = z.object({ tools: z.array(z.unknown()).max(TOOLS_MAX) });
