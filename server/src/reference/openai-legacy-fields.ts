// As openai-chat-fields.ts, for legacy completions and for embeddings.

import type { CompletionRequest } from '../protocols/openai-completions/decode.ts';
import type { EmbeddingsRequest } from '../protocols/openai-embeddings/decode.ts';
import type { FieldNotes } from './field-note.ts';

const CHAT = 'As in Chat Completions.';

export const COMPLETION_FIELDS: FieldNotes<CompletionRequest> = {
  model: { effect: 'acts', text: 'An id from `GET /v1/models`.' },
  prompt: {
    effect: 'acts',
    text: 'A text, the numbers of its tokens, or a list of up to 8 of either. Prompts times `n` are at most 8.',
  },
  max_tokens: { effect: 'acts', text: 'The most output tokens of one choice; 16 without it.' },
  n: { effect: 'acts', text: 'Choices for each prompt. The input of each prompt is billed once.' },
  best_of: { effect: 'narrow', text: 'As many as `n`; more draws than choices are refused.' },
  echo: {
    effect: 'acts',
    text: 'Each choice begins with its prompt. Not with `logprobs`, and not with token numbers.',
  },
  suffix: { effect: 'narrow', text: 'Refused, unless it is empty.' },
  logprobs: { effect: 'acts', text: '0 to 5 alternatives at each token.' },
  stream: { effect: 'acts', text: '`true` for server-sent events.' },
  stream_options: { effect: 'acts', text: CHAT },
  temperature: { effect: 'acts', text: CHAT },
  top_p: { effect: 'acts', text: CHAT },
  frequency_penalty: { effect: 'acts', text: CHAT },
  presence_penalty: { effect: 'acts', text: CHAT },
  seed: { effect: 'acts', text: CHAT },
  logit_bias: { effect: 'acts', text: CHAT },
  stop: { effect: 'acts', text: CHAT },
  user: { effect: 'acts', text: 'A name of the end user: it is on the usage of the request.' },
};

export const EMBEDDING_FIELDS: FieldNotes<EmbeddingsRequest> = {
  model: { effect: 'acts', text: 'The id of a model of type `embedding`.' },
  input: {
    effect: 'acts',
    text: 'A text, 1 to 2,048 texts, the token numbers of a text, or of 1 to 2,048 texts: at most 300,000.',
  },
  encoding_format: {
    effect: 'acts',
    text: '`float`, or `base64` of 32-bit numbers, the low byte first.',
  },
  dimensions: {
    effect: 'narrow',
    text: "How many numbers a vector has. The embedded engine knows only the model's own width.",
  },
  user: { effect: 'acts', text: 'A name of the end user: it is on the usage of the request.' },
};
