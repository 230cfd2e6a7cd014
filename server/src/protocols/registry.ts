// The protocols that are served, in one list. The first one's shapes are used where no protocol claims a request.

import { anthropicMessages } from './anthropic-messages/anthropic-messages.ts';
import { openaiChat } from './openai-chat/openai-chat.ts';
import { openaiCompact } from './openai-responses/compact.ts';
import { openaiResponses } from './openai-responses/openai-responses.ts';
import type { Protocol } from './protocol.ts';

export const PROTOCOLS: readonly [Protocol, ...Protocol[]] = [
  openaiChat,
  openaiResponses,
  openaiCompact,
  anthropicMessages,
];
