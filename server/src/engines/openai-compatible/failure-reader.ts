// What an upstream's refusal or a broken connection means, as an EngineFailure. What the engine says about the
// request goes to the client, cut short; what it says about itself is the operator's matter.

import type { EngineFailure } from '../../domain/generation/engine-failure.ts';
import { isObject, objectOf, parseJson, textOf } from './json.ts';
import type { JsonObject } from './json.ts';

const MESSAGE_CHARS_MAX = 500;
const RETRY_AFTER_MAX_MS = 3_600_000;

export type Headers = { readonly [name: string]: string | readonly string[] | undefined };

/** A response whose status is not 2xx. `nowMs` is the time since 1970, for a `retry-after` that is a date. */
export function failureOfResponse(
  status: number,
  headers: Headers,
  body: string,
  nowMs: number,
): EngineFailure {
  const json = parseJson(body);
  const { message, code, field, fields } = readError(json);
  if (status === 429 || status === 503 || status === 529) {
    // The operator's own account there is empty: waiting does not help.
    if (code === 'insufficient_quota') return broken(status, message);
    const retryAfterMs = readRetryAfter(headers, nowMs);
    return retryAfterMs === undefined
      ? { kind: 'overloaded' }
      : { kind: 'overloaded', retryAfterMs };
  }
  const context = readContextLength(code, message, fields);
  if (context) return context;
  // A 404 that is no JSON does not come from an inference server: the base URL is wrong.
  const isTheirs = ABOUT_THE_REQUEST.has(status) && (status !== 404 || isObject(json));
  return isTheirs ? rejected(message, field) : broken(status, message ?? body);
}

const ABOUT_THE_REQUEST = new Set([400, 404, 413, 422]);

function rejected(said: string | undefined, field: string | undefined): EngineFailure {
  const message = clean(said ?? '') || 'The engine refused the request and did not say why.';
  return field === undefined ? { kind: 'rejected', message } : { kind: 'rejected', message, field };
}

/** An `error` that came inside a 200, most often in the middle of a stream. */
export function failureOfErrorObject(error: unknown): EngineFailure {
  const code = Number(objectOf(error)?.['code'] ?? objectOf(error)?.['status']);
  const status = Number.isInteger(code) && code >= 400 && code < 600 ? code : 500;
  return failureOfResponse(status, {}, JSON.stringify({ error }), 0);
}

function broken(status: number, message: string | undefined): EngineFailure {
  const said = clean(message ?? '');
  return {
    kind: 'broken',
    detail: said === '' ? `It answered ${status}.` : `It answered ${status}: ${said}`,
  };
}

type UpstreamError = {
  readonly message: string | undefined;
  readonly code: string | undefined;
  readonly field: string | undefined;
  readonly fields: JsonObject;
};

/** OpenAI's envelope, `error` as a bare string, vLLM's old flat form, and FastAPI's `detail`. */
function readError(json: unknown): UpstreamError {
  const whole = objectOf(json) ?? {};
  const fields = objectOf(whole['error']) ?? whole;
  const detail = Array.isArray(whole['detail'])
    ? objectOf(whole['detail'][0])?.['msg']
    : whole['detail'];
  return {
    message: textOf(whole['error']) ?? textOf(fields['message']) ?? textOf(detail),
    code: textOf(fields['code']) ?? textOf(fields['type']),
    field: textOf(fields['param'])?.slice(0, 100),
    fields,
  };
}

const CONTEXT_CODES = new Set(['context_length_exceeded', 'exceed_context_size_error']);
const CONTEXT_MESSAGE =
  /maximum context length|model's context length|exceeds? the (available )?context|context (size|window|length)[^.]{0,40}exceed|exceeds? (the )?(maximum|max) (input|context|prompt) length|prompt is too long|when context the overflows/i;

function readContextLength(
  code: string | undefined,
  message: string | undefined,
  fields: JsonObject,
): EngineFailure | undefined {
  const text = message?.slice(0, 2000) ?? '';
  if (!CONTEXT_CODES.has(code ?? '') && !CONTEXT_MESSAGE.test(text)) return undefined;
  const tokensMax = numberOf(fields['n_ctx']) ?? found(text, TOKENS_MAX_PATTERNS);
  const tokens = numberOf(fields['n_prompt_tokens']) ?? found(text, TOKENS_PATTERNS);
  return {
    kind: 'context-length',
    ...(tokens !== undefined && { tokens }),
    ...(tokensMax !== undefined && { tokensMax }),
  };
}

const TOKENS_MAX_PATTERNS = [
  /context length (?:is|of)(?: only)? (\d+)/i,
  /context length \((\d+)/i,
  /(?:context (?:size|window)|maximum)[^.\d]{0,20}\(?(\d+)/i,
  /> ?(\d+) maximum/i,
];
const TOKENS_PATTERNS = [
  /(?:requested a total of|you requested|resulted in|you passed|request has|first) (\d+)/i,
  /(?:input|request|prompt) \((\d+)/i,
  /too long: (\d+)/i,
  /(?:prompt|input)[^.\d]{0,20} (\d+)/i,
];

function found(text: string, patterns: readonly RegExp[]): number | undefined {
  for (const pattern of patterns) {
    const digits = pattern.exec(text)?.[1];
    if (digits !== undefined) return numberOf(Number(digits));
  }
  return undefined;
}

function numberOf(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : undefined;
}

function readRetryAfter(headers: Headers, nowMs: number): number | undefined {
  const exact = Number.parseFloat(first(headers['retry-after-ms']));
  if (exact >= 0) return bounded(exact);
  const given = first(headers['retry-after']);
  if (given === '') return undefined;
  const seconds = Number(given);
  return bounded(Number.isNaN(seconds) ? Date.parse(given) - nowMs : seconds * 1000);
}

function bounded(waitMs: number): number | undefined {
  if (Number.isNaN(waitMs)) return undefined;
  return Math.min(Math.max(0, Math.round(waitMs)), RETRY_AFTER_MAX_MS);
}

function first(header: string | readonly string[] | undefined): string {
  return (typeof header === 'string' ? header : header?.[0]) ?? '';
}

/** One line without control characters, cut short. HTML says nothing to a client. */
function clean(text: string): string {
  if (/^\s*</.test(text)) return '';
  const line = text
    .slice(0, 4 * MESSAGE_CHARS_MAX)
    .replace(/[\s\p{Cc}]+/gu, ' ')
    .trim();
  return line.length > MESSAGE_CHARS_MAX ? `${line.slice(0, MESSAGE_CHARS_MAX)}…` : line;
}

/** A connection that could not be made, or that ended before its answer did. */
export function failureOfError(
  error: Error,
  waits: { responseMs: number; idleMs: number; connectMs: number },
): EngineFailure {
  const code = 'code' in error ? String(error.code) : '';
  switch (code) {
    case 'UND_ERR_HEADERS_TIMEOUT':
      return { kind: 'timeout', afterMs: waits.responseMs };
    case 'UND_ERR_BODY_TIMEOUT':
      return { kind: 'timeout', afterMs: waits.idleMs };
    case 'UND_ERR_CONNECT_TIMEOUT':
      return { kind: 'unreachable', detail: `No connection within ${waits.connectMs} ms.` };
    case 'UND_ERR_DESTROYED':
    case 'UND_ERR_CLOSED':
      return { kind: 'unreachable', detail: 'The engine was closed.' };
    case 'UND_ERR_HEADERS_OVERFLOW':
    case 'UND_ERR_INVALID_ARG':
      return { kind: 'broken', detail: error.message };
  }
  // An end inside a chunk is a cut connection; anything else that can't be parsed is not HTTP.
  if (error.name === 'HTTPParserError' && !error.message.includes('EOF')) {
    return { kind: 'broken', detail: `It does not speak HTTP: ${clean(error.message)}.` };
  }
  return { kind: 'unreachable', detail: clean(error.message) || code || error.name };
}
