// The protocols that are served, in one list. The first one's shapes are used where no protocol claims a request.

import { anthropicMessages } from './anthropic-messages/anthropic-messages.ts';
import { anthropicOrganization } from './anthropic-organization/anthropic-organization.ts';
import type { EmbeddingProtocol } from './embedding-protocol.ts';
import { openaiChat } from './openai-chat/openai-chat.ts';
import { openaiCompact } from './openai-responses/compact.ts';
import { openaiCompletions } from './openai-completions/openai-completions.ts';
import { openaiEmbeddings } from './openai-embeddings/openai-embeddings.ts';
import { openaiOrganization } from './openai-organization/openai-organization.ts';
import { openaiResponses } from './openai-responses/openai-responses.ts';
import type { Protocol } from './protocol.ts';
import type { ReportProtocol } from './report-protocol.ts';

export const PROTOCOLS: readonly [Protocol, ...Protocol[]] = [
  openaiChat,
  openaiCompletions,
  openaiResponses,
  openaiCompact,
  anthropicMessages,
];

export const EMBEDDING_PROTOCOLS: readonly EmbeddingProtocol[] = [openaiEmbeddings];

export const REPORT_PROTOCOLS: readonly ReportProtocol[] = [
  openaiOrganization,
  anthropicOrganization,
];
