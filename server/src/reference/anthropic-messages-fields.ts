// What each field of a request does, for the API reference and the pages in docs/protocols. A field without its line does
// not compile.

import type { MessagesRequest } from '../protocols/anthropic-messages/request.ts';
import type { FieldNotes } from './field-note.ts';

export const MESSAGES_FIELDS: FieldNotes<MessagesRequest> = {
  model: { effect: 'acts', text: 'An id from `GET /v1/models`.' },
  messages: {
    effect: 'acts',
    text: '1 to 4,096 messages with the role `user`, `assistant` or `system`; the last that is no `system` must be of the user. Blocks are `text`, `image`, `document`, `tool_use`, `tool_result`, `thinking` and `redacted_thinking`. Messages of one role in a row are one turn. Every `tool_use` needs its `tool_result` in the next turn.',
  },
  system: { effect: 'acts', text: 'A text, or a list of text blocks.' },
  tools: {
    effect: 'acts',
    text: "Up to 512 tools with an `input_schema`, `strict` or not. On the embedded engine the input is valid against the schema, as far as a grammar can keep it. `bash`, `text_editor`, `memory` and `computer` tools of Anthropic's types are offered with their documented fields; those that Anthropic's servers run are left out and named in `turnpike-ignored`.",
  },
  tool_choice: {
    effect: 'acts',
    text: '`auto`, `any`, `tool` or `none`, each with `disable_parallel_tool_use`.',
  },
  thinking: {
    effect: 'acts',
    text: '`enabled` with `budget_tokens`, `adaptive`, `between_tools` or `disabled`. A budget becomes an effort: up to 4,096 tokens `low`, up to 16,384 `medium`, more `high`. `display: "omitted"` leaves the blocks empty; their signature holds the thinking sealed, and the model has it again when they come back. Who does not ask for thinking gets no thinking blocks; what the model thinks all the same is counted.',
  },
  output_config: {
    effect: 'acts',
    text: '`effort` (`xhigh` and `max` become `high`, and are named) and `format`, a `json_schema`, which the embedded engine keeps by a grammar.',
  },
  output_format: { effect: 'acts', text: 'The older name of `output_config.format`.' },
  cache_control: {
    effect: 'accepted',
    text: 'Checked, and changes nothing: the engine finds its own prefixes.',
  },
  context_management: { effect: 'accepted', text: 'Nothing is edited out of the conversation.' },
  diagnostics: { effect: 'accepted', text: 'A wish for more facts about the answer.' },
  user_profile_id: { effect: 'accepted', text: 'A name of your own.' },
  workspace_id: { effect: 'accepted', text: 'A key belongs to one project.' },
  speed: { effect: 'narrow', text: '`standard`.' },
  mcp_servers: { effect: 'narrow', text: 'An empty list.' },
  compaction: { effect: 'narrow', text: '`null`.' },
  max_tokens: { effect: 'acts', text: 'The most output tokens, thinking included.' },
  stream: { effect: 'acts', text: '`true` for server-sent events.' },
  stop_sequences: {
    effect: 'acts',
    text: 'Up to 64 texts of at most 1,024 characters. The one that ended the answer is in `stop_sequence`, where the engine says which.',
  },
  temperature: {
    effect: 'acts',
    text: '0 to 1. Refused since 2026-10-21, even at its default.',
  },
  top_p: {
    effect: 'acts',
    text: '0 to 1. Refused since 2026-10-21, even at its default.',
  },
  top_k: {
    effect: 'acts',
    text: 'A whole number. Refused since 2026-10-21, even at its default.',
  },
  metadata: {
    effect: 'acts',
    text: '`user_id`: a name of the end user, of your own making: it is on the usage of the request.',
  },
  service_tier: {
    effect: 'acts',
    text: '`flex`, `priority` or `contributor`, where the operator sells them; else it is served as usual and the field named in `turnpike-ignored`. The answer says which tier was used, and that one is billed.',
  },
  inference_geo: { effect: 'accepted', text: 'The operator says where it runs.' },
  billing_policy: { effect: 'accepted', text: 'The key says who pays.' },
  fallbacks: { effect: 'accepted', text: 'Other models to try: none is tried.' },
  fallback_credit_token: { effect: 'accepted', text: 'Goes with `fallbacks`.' },
  container: { effect: 'narrow', text: '`null`.' },
  thread: { effect: 'narrow', text: '`null`.' },
};
