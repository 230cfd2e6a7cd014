// Every address that a developer's key can reach, with the schemas of what goes in and what comes out. A route that is
// missing here fails tools/docs.test.ts.

import { messagesRequest, countRequest } from '../protocols/anthropic-messages/request.ts';
import { chatRequest } from '../protocols/openai-chat/request.ts';
import { completionRequest } from '../protocols/openai-completions/decode.ts';
import { embeddingsRequest } from '../protocols/openai-embeddings/decode.ts';
import { compactRequest } from '../protocols/openai-responses/compact.ts';
import { responsesRequest } from '../protocols/openai-responses/request.ts';
import * as answers from './answer-schemas.ts';
import { MESSAGES_FIELDS } from './anthropic-messages-fields.ts';
import { CHAT_FIELDS } from './openai-chat-fields.ts';
import { COMPLETION_FIELDS, EMBEDDING_FIELDS } from './openai-legacy-fields.ts';
import { COMPACT_FIELDS, RESPONSES_FIELDS } from './openai-responses-fields.ts';
import type { Operation } from './operation.ts';
import { REPORT_OPERATIONS } from './report-operations.ts';
import { STORED_OPERATIONS } from './stored-operations.ts';

const QUESTION = 'What is Turnpike?';

export const OPERATIONS: readonly Operation[] = [
  {
    id: 'createChatCompletion',
    method: 'post',
    path: '/v1/chat/completions',
    tag: 'Chat Completions',
    summary: 'Answers a conversation',
    description:
      'In the form of OpenAI’s Chat Completions. With `stream: true` the answer comes as server-sent events, one chunk each, and ends with `data: [DONE]`.',
    needsKey: true,
    request: {
      name: 'ChatCompletionRequest',
      schema: chatRequest,
      fields: CHAT_FIELDS,
      example: { model: 'turnpike-mini', messages: [{ role: 'user', content: QUESTION }] },
    },
    answer: { name: 'ChatCompletion', schema: answers.chatCompletion },
    event: { name: 'ChatCompletionChunk', schema: answers.chatChunk },
    error: 'OpenAiError',
  },
  {
    id: 'createCompletion',
    method: 'post',
    path: '/v1/completions',
    tag: 'Legacy completions',
    summary: 'Goes on with a text',
    description:
      'In the form of OpenAI’s legacy completions: raw text, without a chat template. For a conversation, use another address.',
    needsKey: true,
    request: {
      name: 'CompletionRequest',
      schema: completionRequest,
      fields: COMPLETION_FIELDS,
      example: { model: 'turnpike-mini', prompt: 'Once upon a time', max_tokens: 32 },
    },
    answer: { name: 'Completion', schema: answers.textCompletion },
    event: { name: 'CompletionChunk', schema: answers.textCompletion },
    error: 'OpenAiError',
  },
  {
    id: 'createEmbedding',
    method: 'post',
    path: '/v1/embeddings',
    tag: 'Embeddings',
    summary: 'Vectors in place of texts',
    description:
      'In the form of OpenAI’s embeddings. Vectors have the length 1. Only models of type `embedding` make them.',
    needsKey: true,
    request: {
      name: 'EmbeddingRequest',
      schema: embeddingsRequest,
      fields: EMBEDDING_FIELDS,
      example: { model: 'turnpike-embed', input: QUESTION },
    },
    answer: { name: 'EmbeddingList', schema: answers.embeddingList },
    error: 'OpenAiError',
  },
  {
    id: 'createResponse',
    method: 'post',
    path: '/v1/responses',
    tag: 'Responses',
    summary: 'Answers items with items',
    description:
      'In the form of OpenAI’s Responses. A stream’s events are numbered without gaps by `sequence_number` and end with `response.completed`, `response.incomplete` or `response.failed`.',
    needsKey: true,
    request: {
      name: 'ResponseRequest',
      schema: responsesRequest,
      fields: RESPONSES_FIELDS,
      example: { model: 'turnpike-mini', input: QUESTION },
    },
    answer: { name: 'Response', schema: answers.response },
    event: { name: 'ResponseEvent', schema: answers.responseEvent },
    error: 'OpenAiError',
  },
  {
    id: 'countResponseTokens',
    method: 'post',
    path: '/v1/responses/input_tokens',
    tag: 'Responses',
    summary: 'Counts the input tokens of a response',
    description: 'Generates nothing and costs nothing.',
    needsKey: true,
    request: {
      name: 'ResponseCountRequest',
      schema: responsesRequest,
      fields: RESPONSES_FIELDS,
      example: { model: 'turnpike-mini', input: QUESTION },
    },
    answer: { name: 'ResponseInputTokens', schema: answers.responseInputTokens },
    error: 'OpenAiError',
  },
  {
    id: 'compactResponse',
    method: 'post',
    path: '/v1/responses/compact',
    tag: 'Responses',
    summary: 'Makes a long conversation short',
    description:
      'The model writes a summary, which is billed like any answer and comes back sealed. Send `output` back as the beginning of the next `input`.',
    needsKey: true,
    request: {
      name: 'CompactRequest',
      schema: compactRequest,
      fields: COMPACT_FIELDS,
      example: { model: 'turnpike-mini', input: QUESTION },
    },
    answer: { name: 'CompactedResponse', schema: answers.compactedResponse },
    error: 'OpenAiError',
  },
  {
    id: 'createMessage',
    method: 'post',
    path: '/v1/messages',
    tag: 'Messages',
    summary: 'Answers messages',
    description:
      'In the form of Anthropic’s Messages, versions `2023-06-01` and `2026-10-21` as the header `anthropic-version` says. The key may stand in `x-api-key`.',
    needsKey: true,
    request: {
      name: 'MessageRequest',
      schema: messagesRequest,
      fields: MESSAGES_FIELDS,
      example: {
        model: 'turnpike-mini',
        max_tokens: 256,
        messages: [{ role: 'user', content: QUESTION }],
      },
    },
    answer: { name: 'Message', schema: answers.message },
    event: { name: 'MessageEvent', schema: answers.messageEvent },
    error: 'AnthropicError',
  },
  {
    id: 'countMessageTokens',
    method: 'post',
    path: '/v1/messages/count_tokens',
    tag: 'Messages',
    summary: 'Counts the input tokens of messages',
    description: 'Generates nothing and costs nothing.',
    needsKey: true,
    request: {
      name: 'CountTokensRequest',
      schema: countRequest,
      fields: MESSAGES_FIELDS,
      example: { model: 'turnpike-mini', messages: [{ role: 'user', content: QUESTION }] },
    },
    answer: { name: 'CountedTokens', schema: answers.counted },
    error: 'AnthropicError',
  },
  ...STORED_OPERATIONS,
  ...REPORT_OPERATIONS,
  {
    id: 'listModels',
    method: 'get',
    path: '/v1/models',
    tag: 'Models',
    summary: 'The models that this key can call',
    description:
      'In OpenAI’s form, or in Anthropic’s for a client that sends `anthropic-version`, in pages then.',
    needsKey: true,
    answer: { name: 'ModelList', schema: answers.modelList },
    error: 'OpenAiError',
  },
  {
    id: 'getModel',
    method: 'get',
    path: '/v1/models/{id}',
    tag: 'Models',
    summary: 'One of them',
    description: 'A model that this key may not call does not exist.',
    needsKey: true,
    answer: { name: 'Model', schema: answers.oneModel },
    error: 'OpenAiError',
  },
  {
    id: 'getRequest',
    method: 'get',
    path: '/v1/requests/{id}',
    tag: 'Money',
    summary: 'The receipt of a request',
    description:
      'By `x-request-id` or by the id of its answer, as soon as that is complete; requests of the key’s own project. Tokens, prices and the exact cost, line by line.',
    needsKey: true,
    answer: { name: 'Request', schema: answers.request },
    error: 'OpenAiError',
  },
  {
    id: 'getKey',
    method: 'get',
    path: '/v1/key',
    tag: 'Money',
    summary: 'What this key may do, has spent and can spend',
    description:
      'Its models with the tiers that are on sale, its spend today and this month, the budgets on its path with what is spent and left of each, whether it is frozen, and the credit that is left.',
    needsKey: true,
    answer: { name: 'Key', schema: answers.ownKey },
    error: 'OpenAiError',
  },
  {
    id: 'getStatus',
    method: 'get',
    path: '/v1/status',
    tag: 'State of the server',
    summary: 'Whether all is well',
    description:
      'For people and their monitors; needs no key. With one, it names the models that the key may call.',
    needsKey: false,
    answer: { name: 'Status', schema: answers.status },
    error: 'OpenAiError',
  },
];
