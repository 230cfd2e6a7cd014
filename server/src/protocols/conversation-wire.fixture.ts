// A conversation as clients of each protocol write it into their next request: what the client of one would make of what
// it has from another. And what of a conversation each protocol has words for.

import { isMedia, textOf, type Content, type ContentPart } from '../domain/generation/content.ts';
import type { Item } from '../domain/generation/generation.ts';
import { anthropicMessages } from './anthropic-messages/anthropic-messages.ts';
import { openaiChat } from './openai-chat/openai-chat.ts';
import { openaiResponses } from './openai-responses/openai-responses.ts';
import type { Protocol } from './protocol.ts';

export type Dialect = {
  readonly protocol: Protocol;
  /** What one answer gives the client to send back. */
  replay(answer: Wire): readonly object[];
  render(items: readonly Item[]): readonly object[];
  body(conversation: readonly object[]): object;
  /** What it has words for. */
  readonly can: {
    readonly seals: readonly ('signature' | 'redacted' | 'encrypted')[];
    readonly toolMedia: boolean;
    readonly toolErrors: boolean;
    readonly detail: boolean;
    readonly developer: boolean;
    readonly summaries: boolean;
    readonly documentAddresses: boolean;
  };
};

/** What the tests read of a whole answer. */
export type Wire = {
  readonly choices: readonly { readonly message: object }[];
  readonly output: readonly object[];
  readonly content: readonly object[];
};

const TOOLS = ['look', 'find'];
const PARAMETERS = { type: 'object', properties: {} };

function dataUrl(mediaType: string, base64: string): string {
  return `data:${mediaType};base64,${base64}`;
}

/** Of an image or a document: the address, or the data as one. */
function addressOf(part: Exclude<ContentPart, { kind: 'text' | 'refusal' }>): string {
  const { source } = part;
  if (source.kind === 'url') return source.url;
  if (source.kind === 'inline') return dataUrl(source.mediaType, source.base64);
  return dataUrl('text/plain', Buffer.from(source.text).toString('base64'));
}

function withDetail(part: ContentPart): object {
  return part.kind === 'image' && part.detail !== undefined ? { detail: part.detail } : {};
}

function withName(key: string, part: ContentPart): object {
  return part.kind === 'document' && part.name !== undefined ? { [key]: part.name } : {};
}

function chatPart(part: ContentPart): object {
  switch (part.kind) {
    case 'text':
      return { type: 'text', text: part.text };
    case 'refusal':
      return { type: 'refusal', refusal: part.text };
    case 'image':
      return { type: 'image_url', image_url: { url: addressOf(part), ...withDetail(part) } };
    case 'document':
      return { type: 'file', file: { file_data: addressOf(part), ...withName('filename', part) } };
  }
}

type ChatAnswer = {
  role: string;
  content: object[] | null;
  reasoning?: string;
  tool_calls?: object[];
};

/** Reasoning, text and calls in a row are one message. */
function chatMessages(items: readonly Item[]): object[] {
  const messages: object[] = [];
  let open: ChatAnswer | undefined;
  const answer = (): ChatAnswer => {
    if (open === undefined) messages.push((open = { role: 'assistant', content: null }));
    return open;
  };
  for (const item of items) {
    if (item.kind === 'reasoning') {
      open = undefined;
      if (item.text !== '') answer().reasoning = item.text;
    } else if (item.kind === 'tool-call') {
      const { callId: id, name, arguments: json } = item;
      const call = { id, type: 'function', function: { name, arguments: json } };
      (answer().tool_calls ??= []).push(call);
    } else if (item.kind === 'message' && item.role === 'assistant') {
      answer().content = item.content.map(chatPart);
    } else {
      open = undefined;
      if (item.kind === 'tool-result') {
        messages.push({ role: 'tool', tool_call_id: item.callId, content: textOf(item.content) });
      } else if (item.kind === 'message') {
        messages.push({ role: item.role, content: item.content.map(chatPart) });
      }
    }
  }
  return messages;
}

function responsesPart(part: ContentPart, said: 'input_text' | 'output_text'): object {
  switch (part.kind) {
    case 'text':
      return { type: said, text: part.text };
    case 'refusal':
      return { type: 'refusal', refusal: part.text };
    case 'image':
      return { type: 'input_image', image_url: addressOf(part), ...withDetail(part) };
    case 'document': {
      const key = part.source.kind === 'url' ? 'file_url' : 'file_data';
      return { type: 'input_file', [key]: addressOf(part), ...withName('filename', part) };
    }
  }
}

function responsesItem(item: Item): object {
  switch (item.kind) {
    case 'message': {
      const said = item.role === 'assistant' ? 'output_text' : 'input_text';
      const content = item.content.map((part) => responsesPart(part, said));
      return { type: 'message', role: item.role, content };
    }
    case 'reasoning': {
      const { text, summary = [], sealed } = item;
      return {
        type: 'reasoning',
        summary: summary.map((line) => ({ type: 'summary_text', text: line })),
        ...(text !== '' && { content: [{ type: 'reasoning_text', text }] }),
        ...(sealed?.form === 'encrypted' && { encrypted_content: sealed.data }),
      };
    }
    case 'tool-call': {
      const { callId, name, arguments: json } = item;
      return { type: 'function_call', call_id: callId, name, arguments: json };
    }
    case 'custom-tool-call': {
      const { callId, name, input } = item;
      return { type: 'custom_tool_call', call_id: callId, name, input };
    }
    case 'tool-result': {
      const output = item.content.map((part) => responsesPart(part, 'input_text'));
      return { type: 'function_call_output', call_id: item.callId, output };
    }
  }
}

function blockOf(part: ContentPart): object {
  if (part.kind === 'text' || part.kind === 'refusal') return { type: 'text', text: part.text };
  const { source } = part;
  const title = withName('title', part);
  if (source.kind === 'url') {
    return { type: part.kind, source: { type: 'url', url: source.url }, ...title };
  }
  if (source.kind === 'text') {
    const text = { type: 'text', media_type: 'text/plain', data: source.text };
    return { type: 'document', source: text, ...title };
  }
  const data = { type: 'base64', media_type: source.mediaType, data: source.base64 };
  return { type: part.kind, source: data, ...title };
}

function blocksOf(content: Content): readonly object[] {
  return content.map(blockOf);
}

function turnOf(item: Item): { readonly role: string; readonly content: readonly object[] } {
  switch (item.kind) {
    case 'message': {
      const role = item.role === 'developer' ? 'system' : item.role;
      return { role, content: blocksOf(item.content) };
    }
    case 'reasoning': {
      const { text, sealed } = item;
      const block =
        sealed?.form === 'redacted'
          ? { type: 'redacted_thinking', data: sealed.data }
          : { type: 'thinking', thinking: text, signature: sealed?.data ?? '' };
      return { role: 'assistant', content: [block] };
    }
    case 'tool-call': {
      const input: unknown = JSON.parse(item.arguments);
      const block = { type: 'tool_use', id: item.callId, name: item.name, input };
      return { role: 'assistant', content: [block] };
    }
    case 'custom-tool-call':
      return { role: 'assistant', content: [] };
    case 'tool-result': {
      const { callId, content, isError } = item;
      const failed = isError === true ? { is_error: true } : {};
      const block = { type: 'tool_result', tool_use_id: callId, content: blocksOf(content) };
      return { role: 'user', content: [{ ...block, ...failed }] };
    }
  }
}

export const DIALECTS: readonly Dialect[] = [
  {
    protocol: openaiChat,
    replay: ({ choices }) => choices.map(({ message }) => message),
    render: chatMessages,
    body: (messages) => ({
      model: 'm',
      messages,
      tools: TOOLS.map((name) => ({
        type: 'function',
        function: { name, parameters: PARAMETERS },
      })),
    }),
    can: {
      seals: [],
      toolMedia: false,
      toolErrors: false,
      detail: true,
      developer: true,
      summaries: false,
      documentAddresses: false,
    },
  },
  {
    protocol: openaiResponses,
    replay: ({ output }) => output,
    render: (items) => items.map(responsesItem),
    body: (input) => ({
      model: 'm',
      input,
      store: false,
      tools: TOOLS.map((name) => ({ type: 'function', name, parameters: PARAMETERS })),
    }),
    can: {
      seals: ['encrypted'],
      toolMedia: true,
      toolErrors: false,
      detail: true,
      developer: true,
      summaries: true,
      documentAddresses: true,
    },
  },
  {
    protocol: anthropicMessages,
    replay: ({ content }) => [{ role: 'assistant', content }],
    render: (items) => items.map(turnOf),
    body: (messages) => ({
      model: 'm',
      max_tokens: 2_048,
      messages,
      thinking: { type: 'enabled', budget_tokens: 1_024 },
      tools: TOOLS.map((name) => ({ name, input_schema: PARAMETERS })),
    }),
    can: {
      seals: ['signature', 'redacted'],
      toolMedia: true,
      toolErrors: true,
      detail: false,
      developer: false,
      summaries: false,
      documentAddresses: true,
    },
  },
];

/** What is left of a conversation that went through these: what all of them have words for. */
export function expressible(items: readonly Item[], through: readonly Dialect[]): readonly Item[] {
  const can = (
    what: 'toolMedia' | 'toolErrors' | 'detail' | 'developer' | 'summaries' | 'documentAddresses',
  ) => through.every((dialect) => dialect.can[what]);
  const content = (parts: Content): Content =>
    parts
      .filter(
        (part) =>
          can('documentAddresses') || part.kind !== 'document' || part.source.kind !== 'url',
      )
      .map((part) => {
        if (part.kind === 'refusal') return { kind: 'text', text: part.text };
        const { field: _place, ...rest } = { field: undefined, ...part };
        if (rest.kind !== 'image' || can('detail')) return rest;
        const { detail: _detail, ...image } = { detail: undefined, ...rest };
        return image;
      });
  return items.flatMap((item): Item[] => {
    switch (item.kind) {
      case 'message': {
        const role = item.role === 'developer' && !can('developer') ? 'system' : item.role;
        const said = content(item.content);
        return said.length === 0 ? [] : [{ kind: 'message', role, content: said }];
      }
      case 'tool-result': {
        const said = content(item.content).filter((part) => can('toolMedia') || !isMedia(part));
        // A protocol whose tools answer in one text has no parts there.
        const flat: Content = can('toolMedia') ? said : [{ kind: 'text', text: textOf(said) }];
        const failed = item.isError === true && can('toolErrors') ? { isError: true } : {};
        return [{ kind: 'tool-result', callId: item.callId, content: flat, ...failed }];
      }
      case 'reasoning': {
        const { text, summary, sealed } = item;
        const kept = through.every(({ can: { seals } }) => sealed && seals.includes(sealed.form));
        const summed = summary !== undefined && can('summaries') ? { summary } : {};
        const closed = kept && sealed !== undefined ? { sealed } : {};
        const left: Item = { kind: 'reasoning', text, ...summed, ...closed };
        return text === '' && !('summary' in summed) && !('sealed' in closed) ? [] : [left];
      }
      case 'tool-call':
      case 'custom-tool-call': {
        const { id: _id, ...call } = { id: undefined, ...item };
        return [call];
      }
    }
  });
}
