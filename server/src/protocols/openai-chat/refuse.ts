// Refusal → OpenAI's error, in the words of Chat Completions.

import type { Refusal } from '../../domain/refusal.ts';
import { openAiError, openAiRefusal, type OpenAiFailure } from '../openai-error.ts';
import type { RefusalAnswer } from '../protocol.ts';

const WORDS = { conversation: 'messages', outputFormat: 'response_format' };

export function refuseChat(refusal: Refusal, requestId: string): RefusalAnswer {
  return openAiRefusal(refusal, requestId, WORDS);
}

export function errorOf(refusal: Refusal): OpenAiFailure {
  return openAiError(refusal, WORDS);
}
