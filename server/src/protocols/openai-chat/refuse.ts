// Refusal → OpenAI's error, in the words of Chat Completions.

import type { Refusal } from '../../domain/refusal.ts';
import { openAiError, openAiRefusal, type OpenAiFailure } from '../openai-error.ts';
import type { RefusalAnswer } from '../protocol.ts';
import { FIELDS } from './fields.ts';

export function refuseChat(refusal: Refusal, requestId: string): RefusalAnswer {
  return openAiRefusal(refusal, requestId, FIELDS);
}

export function errorOf(refusal: Refusal): OpenAiFailure {
  return openAiError(refusal, FIELDS);
}
