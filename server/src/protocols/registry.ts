// The protocols that are served, in one list.

import { openaiChat } from './openai-chat/openai-chat.ts';
import type { Protocol } from './protocol.ts';

export const PROTOCOLS: readonly [Protocol, ...Protocol[]] = [openaiChat];
