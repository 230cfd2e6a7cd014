// OpenAI embeddings: POST /v1/embeddings.

import type { EmbeddingProtocol } from '../embedding-protocol.ts';
import { openAiRefusal } from '../openai-error.ts';
import { decodeEmbeddings } from './decode.ts';

const WORDS = { conversation: 'input', outputFormat: 'encoding_format' };

export const openaiEmbeddings: EmbeddingProtocol = {
  name: 'openai-embeddings',
  route: { method: 'POST', path: '/v1/embeddings' },
  decode: decodeEmbeddings,
  refusal: (refusal, requestId) => openAiRefusal(refusal, requestId, WORDS),
  headers: (requestId) => ({ 'x-request-id': requestId }),
};
