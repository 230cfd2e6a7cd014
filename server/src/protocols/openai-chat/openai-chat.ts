// OpenAI Chat Completions: POST /v1/chat/completions, and what is kept of it.

import type { Protocol } from '../protocol.ts';
import { decodeChat } from './decode.ts';
import { FIELDS } from './fields.ts';
import { chatModels } from './models.ts';
import { refuseChat } from './refuse.ts';
import { chatResources } from './stored.ts';

export const openaiChat: Protocol = {
  name: 'openai-chat',
  route: { method: 'POST', path: '/v1/chat/completions' },
  fields: FIELDS,
  decode: decodeChat,
  refusal: refuseChat,
  headers: (requestId) => ({ 'x-request-id': requestId }),
  models: chatModels,
  resources: chatResources,
};
