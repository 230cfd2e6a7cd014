// OpenAI Responses: POST /v1/responses, and what is kept of it.

import type { Protocol } from '../protocol.ts';
import { decodeResponses } from './decode.ts';
import { FIELDS } from './fields.ts';
import { recallsOf } from './recall.ts';
import { refuseResponses } from './refuse.ts';
import { responsesFrames } from './socket-frames.ts';

export const openaiResponses: Protocol = {
  name: 'openai-responses',
  route: { method: 'POST', path: '/v1/responses' },
  fields: FIELDS,
  recalls: recallsOf,
  decode: (body, _headers, earlier) => decodeResponses(body, earlier),
  refusal: refuseResponses,
  headers: (requestId) => ({ 'x-request-id': requestId }),
  socket: responsesFrames,
};
