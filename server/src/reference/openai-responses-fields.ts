// What each field of a request does, for the API reference and the pages in docs/protocols. A field without its line does
// not compile.

import type { CompactRequest } from '../protocols/openai-responses/compact.ts';
import type { ResponsesRequest } from '../protocols/openai-responses/request.ts';
import type { FieldNotes } from './field-note.ts';

export const RESPONSES_FIELDS: FieldNotes<ResponsesRequest> = {
  model: { effect: 'acts', text: 'An id from `GET /v1/models`.' },
  input: {
    effect: 'acts',
    text: 'A text, or 1 to 4,096 items: messages with the role `system`, `developer`, `user` or `assistant` (text, or parts `input_text`, `input_image`, `input_file`, `output_text` and `refusal`; `phase` is kept), `function_call`, `function_call_output`, `custom_tool_call`, `custom_tool_call_output`, `reasoning`, `compaction`, `additional_tools`, and `item_reference`, which stands for an item of a stored response. Every call needs its output; one that the end of an answer cut off (`status: "incomplete"`) may go without, and is left out then. What an answer put out may be sent in again.',
  },
  instructions: { effect: 'acts', text: 'A system message before the input.' },
  stream: { effect: 'acts', text: '`true` for server-sent events.' },
  stream_options: {
    effect: 'acts',
    text: 'Only with `stream`. `include_obfuscation` is accepted and changes nothing.',
  },
  max_output_tokens: {
    effect: 'acts',
    text: 'The most output tokens, reasoning included; at least 16.',
  },
  temperature: { effect: 'acts', text: '0 to 2.' },
  top_p: { effect: 'acts', text: 'Above 0, up to 1.' },
  frequency_penalty: { effect: 'acts', text: '−2 to 2.' },
  presence_penalty: { effect: 'acts', text: '−2 to 2.' },
  tools: {
    effect: 'acts',
    text: 'Up to 512: `function`, `custom`, and `namespace` with such in it. A custom tool takes free text, held to its `grammar` where the engine can. Tools of other kinds, which the server would have to run, are left out and named in `turnpike-ignored`.',
  },
  tool_choice: {
    effect: 'acts',
    text: '`none`, `auto`, `required`, one function or custom tool, or `allowed_tools`.',
  },
  parallel_tool_calls: { effect: 'acts', text: 'Whether one answer may hold several calls.' },
  max_tool_calls: {
    effect: 'acts',
    text: 'How many calls one answer may hold; those beyond are left out of it.',
  },
  text: {
    effect: 'acts',
    text: '`format`: `text`, `json_object` or `json_schema`. `verbosity` is accepted.',
  },
  reasoning: {
    effect: 'acts',
    text: '`effort`: `none`, `minimal`, `low`, `medium` or `high`; `xhigh` and `max` become `high`, and are named in `turnpike-ignored`. `summary`, `generate_summary`, `context` and `mode` are accepted.',
  },
  metadata: {
    effect: 'acts',
    text: 'Up to 16 pairs, keys of up to 64 characters, values of up to 512. Comes back in the answer.',
  },
  truncation: {
    effect: 'acts',
    text: '`auto`: a conversation that does not fit loses as many of its oldest items as it must, and `turnpike-repaired` says how many; instructions and the last turn stay. `disabled`, the default: it is refused as `context_length_exceeded`.',
  },
  store: {
    effect: 'acts',
    text: 'Whether the answer is kept. `true` unless told, as at OpenAI. In the answer, whether it is kept; the last event of a stream has the last word.',
  },
  service_tier: {
    effect: 'acts',
    text: '`flex`, `priority` or `contributor`, where the operator sells them; else it is served as usual and the field named in `turnpike-ignored`. The answer says which tier was used, and that one is billed.',
  },
  prompt_cache_key: { effect: 'acts', text: 'Come back in the answer.' },
  safety_identifier: {
    effect: 'acts',
    text: 'A name of the end user, of your own making: it comes back in the answer and is on the usage of the request.',
  },
  include: {
    effect: 'acts',
    text: '`reasoning.encrypted_content`: reasoning items hold what was thought, sealed, for you to keep and send back. Other values change nothing.',
  },
  generate: {
    effect: 'acts',
    text: 'Over a WebSocket alone: `false` checks the request and answers with an empty response that can be gone on from. It costs nothing.',
  },
  user: {
    effect: 'acts',
    text: 'The older name of `safety_identifier`, which does not come back.',
  },
  client_metadata: { effect: 'accepted', text: 'What a client notes for itself.' },
  prompt_cache_retention: {
    effect: 'accepted',
    text: 'The engine decides how long it keeps a prefix.',
  },
  background: {
    effect: 'acts',
    text: '`true`: it is answered at once, and made whether or not anybody waits. Needs `store`.',
  },
  previous_response_id: {
    effect: 'acts',
    text: 'The response that this one goes on from: its input and its output, and those of all before it, come before `input`. `instructions` are not carried over.',
  },
  conversation: {
    effect: 'acts',
    text: 'A conversation that comes before `input`, by its id; input and output are added to it. Not beside `previous_response_id`.',
  },
  prompt: { effect: 'narrow', text: '`null`.' },
  top_logprobs: {
    effect: 'acts',
    text: 'The log probability of each token of the text, and of up to 20 alternatives; with `message.output_text.logprobs` in `include` also of none.',
  },
};

export const COMPACT_FIELDS: FieldNotes<CompactRequest> = {
  model: RESPONSES_FIELDS.model,
  input: {
    effect: 'acts',
    text: 'The conversation, as for a response. This or `previous_response_id`.',
  },
  previous_response_id: {
    effect: 'acts',
    text: 'The response up to which the conversation is made short.',
  },
  instructions: { effect: 'acts', text: 'As in the conversation.' },
  tools: {
    effect: 'acts',
    text: 'As in the conversation, so that the engine has its beginning in the cache. None is called.',
  },
  reasoning: RESPONSES_FIELDS.reasoning,
  max_output_tokens: { effect: 'acts', text: 'The most tokens of the summary.' },
  prompt_cache_key: { effect: 'accepted', text: 'The engine finds its prefix by itself.' },
};
