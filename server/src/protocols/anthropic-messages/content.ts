// The blocks that messages are made of. Loose: a block carries marks that change nothing here (cache_control, citations,
// caller), and clients send back what they were given, so an unknown key in a block must not end a conversation.
// Source: @anthropic-ai/sdk 1.10.0, ContentBlockParam.

import { z } from 'zod';
import { CONTENT_PARTS_MAX } from '../../limits.ts';
import { boundedObject } from '../json-bounds.ts';
import { base64, httpsAddress, imageMediaType, mediaName } from '../media.ts';

const text = z.looseObject({
  type: z.literal('text'),
  text: z.string(),
  citations: z.array(z.unknown()).nullish(),
});

const thinking = z.looseObject({
  type: z.literal('thinking'),
  thinking: z.string(),
  signature: z.string().nullish(),
});

const redactedThinking = z.looseObject({ type: z.literal('redacted_thinking'), data: z.string() });

const toolUse = z.looseObject({
  type: z.literal('tool_use'),
  id: z.string().min(1),
  name: z.string().min(1),
  input: boundedObject,
});

const urlSource = z.looseObject({ type: z.literal('url'), url: httpsAddress });
/** Refused by name, see unserved.ts. */
const fileSource = z.looseObject({ type: z.literal('file') });

const image = z.looseObject({
  type: z.literal('image'),
  source: z.discriminatedUnion('type', [
    z.looseObject({ type: z.literal('base64'), media_type: imageMediaType, data: base64 }),
    urlSource,
    fileSource,
  ]),
});

const document = z.looseObject({
  type: z.literal('document'),
  title: mediaName.nullish(),
  context: z.string().nullish(),
  source: z.discriminatedUnion('type', [
    z.looseObject({
      type: z.literal('base64'),
      media_type: z.literal('application/pdf'),
      data: base64,
    }),
    z.looseObject({ type: z.literal('text'), data: z.string() }),
    z.looseObject({
      type: z.literal('content'),
      content: z.union([
        z.string(),
        z.array(z.discriminatedUnion('type', [text, image])).max(CONTENT_PARTS_MAX),
      ]),
    }),
    urlSource,
    fileSource,
  ]),
});

/** Understood well enough to be refused by name; see decode.ts. */
const unserved = z.looseObject({
  type: z.enum([
    'search_result',
    'tool_reference',
    'browser_state',
    'container_upload',
    'compaction',
    'fallback',
    'server_tool_use',
    'mcp_tool_use',
    'mcp_tool_result',
    'web_search_tool_result',
    'web_fetch_tool_result',
    'code_execution_tool_result',
    'bash_code_execution_tool_result',
    'text_editor_code_execution_tool_result',
    'tool_search_tool_result',
  ]),
});

const CONTENT = 'expected a string or a list of content blocks';

function contentOf<B extends z.ZodType>(block: B) {
  return z.union([z.string(), z.array(block).max(CONTENT_PARTS_MAX)], { error: CONTENT });
}

const resultContent = contentOf(z.discriminatedUnion('type', [text, image, document, unserved]));

const toolResult = z.looseObject({
  type: z.literal('tool_result'),
  tool_use_id: z.string().min(1),
  content: resultContent.nullish(),
  is_error: z.boolean().nullish(),
});

const userContent = contentOf(
  z.discriminatedUnion('type', [text, image, document, toolResult, unserved]),
);

const assistantContent = contentOf(
  z.discriminatedUnion('type', [
    text,
    thinking,
    redactedThinking,
    toolUse,
    image,
    document,
    unserved,
  ]),
);

/** Instructions: the top-level `system`, and messages with that role. */
export const systemContent = z.union([z.string(), z.array(text)], {
  error: 'expected a string or a list of text blocks',
});

export const message = z.discriminatedUnion('role', [
  z.looseObject({ role: z.literal('user'), content: userContent }),
  z.looseObject({ role: z.literal('assistant'), content: assistantContent }),
  z.looseObject({ role: z.literal('system'), content: systemContent }),
]);

export type Message = z.infer<typeof message>;
type Blocks<C> = C extends readonly (infer B)[] ? B : never;
export type Block = Blocks<Message['content']>;
export type ToolResultBlock = z.infer<typeof toolResult>;
export type ImageBlock = z.infer<typeof image>;
export type DocumentBlock = z.infer<typeof document>;

/** Content that is a string is one block of text. */
export function blocksOf(content: Message['content']): readonly Block[] {
  return typeof content === 'string' ? [{ type: 'text', text: content }] : content;
}
