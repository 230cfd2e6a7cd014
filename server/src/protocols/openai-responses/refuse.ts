// Refusal → OpenAI's error, in the words of Responses: as an HTTP answer, as an `error` event, and as the error of a
// response that failed.

import type { Refusal } from '../../domain/refusal.ts';
import { openAiError, openAiRefusal, type OpenAiError } from '../openai-error.ts';
import type { RefusalAnswer } from '../protocol.ts';
import { FIELDS } from './fields.ts';

export function refuseResponses(refusal: Refusal, requestId: string): RefusalAnswer {
  return openAiRefusal(refusal, requestId, FIELDS);
}

export function errorOf(refusal: Refusal): OpenAiError {
  return openAiError(refusal, FIELDS).error;
}

/**
 * Inside a stream there are no headers, so a client learns how long to wait from the message, and Codex looks for the
 * wait only under `rate_limit_exceeded`; at `server_is_overloaded` it gives up. A response has only one code for what is
 * the server's fault (schema ResponseErrorCode of OpenAI's published document); the `error` event before it says more.
 */
export function failedError(refusal: Refusal): { readonly code: string; readonly message: string } {
  const { code, message, type } = errorOf(refusal);
  if ('retryAfterMs' in refusal) return { code: 'rate_limit_exceeded', message };
  return { code: type === 'server_error' ? type : (code ?? 'invalid_prompt'), message };
}
