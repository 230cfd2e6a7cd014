// OpenAI's legacy completions: POST /v1/completions. Raw text goes on, without a chat template.

import { openAiRefusal } from '../openai-error.ts';
import type { Protocol } from '../protocol.ts';
import { decodeCompletions } from './decode.ts';
import { FIELDS } from './fields.ts';

export const openaiCompletions: Protocol = {
  name: 'openai-completions',
  route: { method: 'POST', path: '/v1/completions' },
  fields: FIELDS,
  decode: decodeCompletions,
  refusal: (refusal, requestId) => openAiRefusal(refusal, requestId, FIELDS),
  headers: (requestId) => ({ 'x-request-id': requestId }),
};
