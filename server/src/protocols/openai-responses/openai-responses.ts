// OpenAI Responses: POST /v1/responses, and what is kept of it.

import type { Protocol } from '../protocol.ts';
import { conversationResources } from './conversations.ts';
import { decodeResponses } from './decode.ts';
import { FIELDS } from './fields.ts';
import { interrupted } from './interrupted.ts';
import { recallsOf } from './recall.ts';
import { refuseResponses } from './refuse.ts';
import { responsesFrames } from './socket-frames.ts';
import { responseResources } from './resources.ts';

export const openaiResponses: Protocol = {
  name: 'openai-responses',
  route: { method: 'POST', path: '/v1/responses' },
  fields: FIELDS,
  recalls: recallsOf,
  decode: (body, _headers, earlier, sealer) => decodeResponses(body, earlier, sealer),
  refusal: refuseResponses,
  resources: [...responseResources, ...conversationResources],
  interrupted,
  headers: (requestId) => ({ 'x-request-id': requestId }),
  socket: responsesFrames,
  counting: {
    path: '/v1/responses/input_tokens',
    decode: (body, _headers, earlier, sealer) =>
      decodeResponses(withoutStream(body), earlier, sealer),
    answer: (tokens) => JSON.stringify({ object: 'response.input_tokens', input_tokens: tokens }),
  },
};

/** A count has no answer that could be streamed; everything else of a request counts. */
function withoutStream(body: unknown): unknown {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) return body;
  return { ...body, stream: false, stream_options: null };
}
