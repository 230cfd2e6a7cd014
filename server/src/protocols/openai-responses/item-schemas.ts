// The items that a client may send in `input`. Fields that are not here are left out: clients replay items with
// whatever they hung on them.
// Source: OpenAI's published OpenAPI document, schema InputItem.

import { z } from 'zod';
import { CONTENT_PARTS_MAX, TOOLS_MAX } from '../../limits.ts';
import { documentData, httpsAddress, imageAddress, mediaName } from '../media.ts';

const textPart = z.object({ type: z.enum(['input_text', 'output_text']), text: z.string() });
const refusalPart = z.object({ type: z.literal('refusal'), refusal: z.string() });
const fileId = z.string().nullish();
const imagePart = z.object({
  type: z.literal('input_image'),
  image_url: imageAddress.nullish(),
  file_id: fileId,
  detail: z.enum(['auto', 'low', 'high', 'original']).nullish(),
});
const filePart = z.object({
  type: z.literal('input_file'),
  file_data: documentData.nullish(),
  file_url: httpsAddress.nullish(),
  file_id: fileId,
  filename: mediaName.nullish(),
});
/** Understood well enough to be refused by name. */
const unservedPart = z.object({ type: z.enum(['input_audio', 'computer_screenshot']) });

const part = z.discriminatedUnion('type', [
  textPart,
  refusalPart,
  imagePart,
  filePart,
  unservedPart,
]);
const content = z.union([z.string(), z.array(part).max(CONTENT_PARTS_MAX)], {
  error: 'expected a string or a list of content parts',
});
export type Content = z.infer<typeof content>;

const id = z.string().nullish();
const callId = z.string().min(1);
const name = z.string().min(1);
/** Of a call: `incomplete` where the end of the answer cut it off. */
const status = z.string().nullish().catch(undefined);

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
  status,
});

/** Of a function or of a custom tool. */
export const callOutput = z.object({ id, call_id: callId, output: content });

export const customToolCall = z.object({
  id,
  call_id: callId,
  name,
  namespace: z.string().nullish(),
  input: z.string(),
  status,
});

export const reasoning = z.object({
  id,
  summary: z.array(z.object({ text: z.string() })).default([]),
  content: z.array(z.object({ text: z.string() })).nullish(),
  encrypted_content: z.string().nullish(),
});

export const compaction = z.object({ id, encrypted_content: z.string() });

export const additionalTools = z.object({ tools: z.array(z.unknown()).max(TOOLS_MAX) });
