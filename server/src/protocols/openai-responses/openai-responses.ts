// OpenAI Responses: POST /v1/responses, its stateless part.

import type { Protocol } from '../protocol.ts';
import { decodeResponses } from './decode.ts';
import { refuseResponses } from './refuse.ts';

export const openaiResponses: Protocol = {
  name: 'openai-responses',
  route: { method: 'POST', path: '/v1/responses' },
  decode: decodeResponses,
  refusal: refuseResponses,
  headers: (requestId) => ({ 'x-request-id': requestId }),
};
