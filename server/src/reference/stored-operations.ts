// The addresses of what is kept between requests: responses, conversations, chat completions.

import { z } from 'zod';
import { STORED_PAGE_DEFAULT, STORED_PAGE_MAX } from '../limits.ts';
import { completionChange } from '../protocols/openai-chat/stored.ts';
import {
  conversationAddition,
  conversationChange,
  conversationCreation,
} from '../protocols/openai-responses/conversations.ts';
import * as answers from './answer-schemas.ts';
import type { Operation, QueryFields } from './operation.ts';

const deleted = {
  name: 'Deleted',
  schema: z.object({ id: z.string(), object: z.string(), deleted: z.literal(true) }),
};
const list = {
  name: 'StoredList',
  schema: z.object({
    object: z.literal('list'),
    data: z.array(z.looseObject({ id: z.string() })),
    first_id: z.string().nullable(),
    last_id: z.string().nullable(),
    has_more: z.boolean(),
  }),
};
const conversation = {
  name: 'Conversation',
  schema: z.object({
    id: z.string(),
    object: z.literal('conversation'),
    created_at: z.int().describe('Seconds since 1970.'),
    metadata: z.record(z.string(), z.string()),
  }),
};
const item = { name: 'ConversationItem', schema: z.looseObject({ id: z.string() }) };
const response = { name: 'Response', schema: answers.response };
const completion = { name: 'ChatCompletion', schema: answers.chatCompletion };

const PAGES: QueryFields = {
  limit: {
    type: 'integer',
    description: `1 to ${STORED_PAGE_MAX}; ${STORED_PAGE_DEFAULT} unless told.`,
  },
  order: { type: 'string', description: '`asc`, the oldest first, or `desc`.' },
  after: { type: 'string', description: 'The id of an entry: the page begins behind it.' },
  before: { type: 'string', description: 'The id of an entry: the page ends in front of it.' },
};

/** By the id of the operation. */
const QUERIES: { readonly [id: string]: QueryFields } = {
  getResponse: {
    stream: { type: 'boolean', description: 'The events in the place of the response.' },
    starting_after: {
      type: 'integer',
      description: 'With `stream`: the `sequence_number` behind which they begin.',
    },
  },
  listInputItems: PAGES,
  listConversationItems: PAGES,
  listChatCompletions: {
    ...PAGES,
    model: { type: 'string', description: 'Those of one model.' },
    metadata: { type: 'object', description: 'Those with these pairs: `metadata[key]=value`.' },
  },
  listChatMessages: PAGES,
};

const METADATA = 'Up to 16 pairs, keys of up to 64 characters, values of up to 512.';
const ITEMS = 'Up to 20 items, in the form of the `input` of a response.';
const example = { metadata: { topic: 'toll' } };
const items = [{ type: 'message', role: 'user', content: 'What is Turnpike?' }];

const REQUESTS: { readonly [id: string]: NonNullable<Operation['request']> } = {
  createConversation: {
    name: 'ConversationCreation',
    schema: conversationCreation,
    fields: {
      metadata: { effect: 'acts', text: METADATA },
      items: { effect: 'acts', text: ITEMS },
    },
    example: { ...example, items },
  },
  updateConversation: {
    name: 'ConversationChange',
    schema: conversationChange,
    fields: { metadata: { effect: 'acts', text: METADATA } },
    example,
  },
  addConversationItems: {
    name: 'ConversationAddition',
    schema: conversationAddition,
    fields: { items: { effect: 'acts', text: ITEMS } },
    example: { items },
  },
  updateChatCompletion: {
    name: 'ChatCompletionChange',
    schema: completionChange,
    fields: { metadata: { effect: 'acts', text: METADATA } },
    example,
  },
};

type Row = readonly [
  id: string,
  method: Operation['method'],
  path: string,
  summary: string,
  answer: Operation['answer'],
  description: string,
];

const ROWS: readonly Row[] = [
  [
    'getResponse',
    'get',
    '/v1/responses/{id}',
    'A stored response',
    response,
    'With `stream=true` the events of one that was made in the background, from the one after `starting_after` on.',
  ],
  [
    'deleteResponse',
    'delete',
    '/v1/responses/{id}',
    'Deletes a response',
    deleted,
    'Nothing of it is left. One that is being made is ended.',
  ],
  [
    'cancelResponse',
    'post',
    '/v1/responses/{id}/cancel',
    'Ends a background response',
    response,
    'What was made until then is charged. Cancelling twice is the same as once.',
  ],
  [
    'listInputItems',
    'get',
    '/v1/responses/{id}/input_items',
    'What a response was asked',
    list,
    'Its own input, newest first.',
  ],
  [
    'createConversation',
    'post',
    '/v1/conversations',
    'Begins a conversation',
    conversation,
    'With `metadata` and up to 20 `items`, where they are sent.',
  ],
  [
    'getConversation',
    'get',
    '/v1/conversations/{id}',
    'A conversation',
    conversation,
    'Without its items.',
  ],
  [
    'updateConversation',
    'post',
    '/v1/conversations/{id}',
    'Changes its metadata',
    conversation,
    'Takes `metadata`, which replaces all of it.',
  ],
  [
    'deleteConversation',
    'delete',
    '/v1/conversations/{id}',
    'Deletes a conversation',
    deleted,
    'With all its items.',
  ],
  [
    'addConversationItems',
    'post',
    '/v1/conversations/{id}/items',
    'Adds items',
    list,
    'Takes 1 to 20 `items`, in the form of the `input` of a response.',
  ],
  [
    'listConversationItems',
    'get',
    '/v1/conversations/{id}/items',
    'What was said in it',
    list,
    'Newest first.',
  ],
  [
    'getConversationItem',
    'get',
    '/v1/conversations/{id}/items/{item}',
    'One of its items',
    item,
    'By its id.',
  ],
  [
    'deleteConversationItem',
    'delete',
    '/v1/conversations/{id}/items/{item}',
    'Deletes an item',
    conversation,
    'Answers with the conversation.',
  ],
  [
    'listChatCompletions',
    'get',
    '/v1/chat/completions',
    'The stored chat completions',
    list,
    'Oldest first.',
  ],
  [
    'getChatCompletion',
    'get',
    '/v1/chat/completions/{id}',
    'A stored chat completion',
    completion,
    'One that was created with `store: true`.',
  ],
  [
    'updateChatCompletion',
    'post',
    '/v1/chat/completions/{id}',
    'Changes its metadata',
    completion,
    'Takes `metadata`, which replaces all of it.',
  ],
  [
    'deleteChatCompletion',
    'delete',
    '/v1/chat/completions/{id}',
    'Deletes a chat completion',
    deleted,
    'Nothing of it is left.',
  ],
  [
    'listChatMessages',
    'get',
    '/v1/chat/completions/{id}/messages',
    'What it was asked',
    list,
    'The messages of its request, oldest first.',
  ],
];

export const STORED_OPERATIONS: readonly Operation[] = ROWS.map(
  ([id, method, path, summary, answer, description]) => ({
    id,
    method,
    path,
    tag: 'What is stored',
    summary,
    description,
    needsKey: true,
    ...(QUERIES[id] && { query: QUERIES[id] }),
    ...(REQUESTS[id] && { request: REQUESTS[id] }),
    answer,
    error: 'OpenAiError',
  }),
);
