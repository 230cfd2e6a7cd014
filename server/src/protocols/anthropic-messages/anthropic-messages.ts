// Anthropic Messages, API versions 2023-06-01 and 2026-10-21: POST /v1/messages and what belongs to it.

import type { Protocol } from '../protocol.ts';
import { decodeCount, decodeMessages } from './decode.ts';
import { FIELDS } from './fields.ts';
import { messagesModels } from './models.ts';
import { idHeaders, refuseMessages } from './refuse.ts';

const PATH = '/v1/messages';

export const anthropicMessages: Protocol = {
  name: 'anthropic-messages',
  route: { method: 'POST', path: PATH },
  fields: FIELDS,
  decode: decodeMessages,
  refusal: refuseMessages,
  headers: idHeaders,
  counting: {
    path: `${PATH}/count_tokens`,
    decode: decodeCount,
    answer: (inputTokens) => JSON.stringify({ input_tokens: inputTokens }),
  },
  // By the version alone, never by `x-api-key`: newer clients send the key as a bearer.
  speaks: (path, headers) =>
    headers['anthropic-version'] !== undefined || path === PATH || path.startsWith(`${PATH}/`),
  models: messagesModels,
};
