// What each field of a request does, for the API reference and the pages in docs/protocols. A field without its line does
// not compile.

import type { ChatRequest } from '../protocols/openai-chat/request.ts';
import type { FieldNotes } from './field-note.ts';

export const CHAT_FIELDS: FieldNotes<ChatRequest> = {
  model: { effect: 'acts', text: 'An id from `GET /v1/models`.' },
  messages: {
    effect: 'acts',
    text: "1 to 4,096 messages with the role `system`, `developer`, `user`, `assistant` or `tool`. Content is text, or a list of parts; a user's may be images and files. Every tool call of an assistant message must be answered before anything else is said.",
  },
  stream: { effect: 'acts', text: '`true` for server-sent events.' },
  stream_options: {
    effect: 'acts',
    text: 'Only with `stream`. `include_usage` adds a last chunk with the usage; `include_obfuscation` is accepted and changes nothing.',
  },
  max_completion_tokens: {
    effect: 'acts',
    text: 'The most output tokens, reasoning included. One of the two.',
  },
  max_tokens: {
    effect: 'acts',
    text: 'The most output tokens, reasoning included. One of the two.',
  },
  temperature: { effect: 'acts', text: '0 to 2.' },
  top_p: { effect: 'acts', text: 'Above 0, up to 1.' },
  frequency_penalty: { effect: 'acts', text: '−2 to 2.' },
  presence_penalty: { effect: 'acts', text: '−2 to 2.' },
  seed: { effect: 'acts', text: 'A whole number.' },
  stop: { effect: 'acts', text: 'A text, or up to four, of at most 1,024 characters.' },
  tools: {
    effect: 'acts',
    text: 'Up to 512 functions and custom tools. With `strict: true` the arguments are valid against the schema, always; on the embedded engine they are without it too, as far as a grammar can keep the schema. A custom tool takes free text, held to its `grammar` where the engine can.',
  },
  tool_choice: {
    effect: 'acts',
    text: '`none`, `auto`, `required`, one function, one custom tool, or `allowed_tools`.',
  },
  functions: {
    effect: 'acts',
    text: 'The older form of tools; calls come back as `function_call`. Not beside `tools`.',
  },
  function_call: {
    effect: 'acts',
    text: 'The older form of tools; calls come back as `function_call`. Not beside `tools`.',
  },
  parallel_tool_calls: { effect: 'acts', text: 'Whether one answer may hold several calls.' },
  response_format: {
    effect: 'acts',
    text: '`text`, `json_object` or `json_schema`. The embedded engine makes JSON by a grammar; a keyword that no grammar keeps, such as `pattern`, is refused by its path with `strict: true`, and left out without.',
  },
  reasoning_effort: {
    effect: 'acts',
    text: '`none`, `minimal`, `low`, `medium` or `high`; `xhigh` and `max` become `high`, and are named in `turnpike-ignored`.',
  },
  n: {
    effect: 'acts',
    text: '1 to 8 answers to one prompt, told apart by `index`. The input is billed once, the output of each. One that fails, fails the request. With a `seed`, each answer has the next one.',
  },
  logprobs: {
    effect: 'acts',
    text: "The log probability of each token of the text, and of up to 20 alternatives: the model's own, before `temperature` and `top_p`. Under a grammar (JSON, tools) the embedded engine tells those of what the grammar left.",
  },
  top_logprobs: {
    effect: 'acts',
    text: "The log probability of each token of the text, and of up to 20 alternatives: the model's own, before `temperature` and `top_p`. Under a grammar (JSON, tools) the embedded engine tells those of what the grammar left.",
  },
  logit_bias: {
    effect: 'acts',
    text: "Up to 1,024 token numbers of the model's vocabulary, each with −100 (never) to 100.",
  },
  metadata: {
    effect: 'acts',
    text: 'Up to 16 pairs, keys of up to 64 characters, values of up to 512. Kept with a stored answer.',
  },
  prompt_cache_key: { effect: 'accepted', text: 'The engine finds its own prefixes.' },
  prompt_cache_options: { effect: 'accepted', text: 'The engine finds its own prefixes.' },
  prompt_cache_retention: {
    effect: 'accepted',
    text: 'The engine decides how long it keeps a prefix.',
  },
  safety_identifier: {
    effect: 'acts',
    text: 'A name of the end user, of your own making: it is on the usage of the request.',
  },
  store: {
    effect: 'acts',
    text: 'Whether the answer is kept, so that it can be fetched, listed and deleted. Not unless told.',
  },
  user: { effect: 'acts', text: 'The older name of `safety_identifier`.' },
  moderation: { effect: 'accepted', text: 'Named in `turnpike-ignored`.' },
  prediction: { effect: 'accepted', text: 'Named in `turnpike-ignored`.' },
  service_tier: {
    effect: 'acts',
    text: '`flex`, `priority` or `contributor`, where the operator sells them; else it is served as usual and the field named in `turnpike-ignored`. The answer says which tier was used, and that one is billed.',
  },
  verbosity: { effect: 'accepted', text: 'Named in `turnpike-ignored` unless it is `medium`.' },
  web_search_options: { effect: 'accepted', text: 'Named in `turnpike-ignored`.' },
  audio: { effect: 'narrow', text: '`null`.' },
  modalities: { effect: 'narrow', text: '`["text"]`.' },
};
