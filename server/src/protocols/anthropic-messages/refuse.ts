// Refusal → Anthropic's error envelope, status and headers. Every row is in docs/errors.md.
// Source: Anthropic's errors page; `x-should-retry` is read by the official SDKs, the text of a prompt that is too long
// by Claude Code.

import { formatDollars } from '../../domain/money/nano.ts';
import {
  CONSENT_REQUIRED,
  frozenSentence,
  limitSource,
  ORGANISATION_FROZEN,
  type Refusal,
  spendLimitHeaders,
  spendLimitSentence,
} from '../../domain/refusal.ts';
import type { ProtocolHeaders, RefusalAnswer } from '../protocol.ts';
import { ADMIN_KEY_REQUIRED, refusedKey } from '../refused-keys.ts';

type Shape = {
  readonly status: number;
  readonly type: string;
  readonly message: string;
  readonly headers?: ProtocolHeaders;
};

/** Ours and Anthropic's name for the same id. */
export function idHeaders(requestId: string): ProtocolHeaders {
  return { 'x-request-id': requestId, 'request-id': requestId };
}

export function refuseMessages(refusal: Refusal, requestId: string): RefusalAnswer {
  const { status, headers } = errorOf(refusal);
  return {
    status,
    headers: { 'content-type': 'application/json', ...idHeaders(requestId), ...headers },
    body: errorBodyOf(refusal, requestId),
  };
}

/** The envelope, the same in a body and in a stream. */
export function errorBodyOf(refusal: Refusal, requestId: string): string {
  const { type, message } = errorOf(refusal);
  const source = refusal.kind === 'spend-limit-reached' && { limit_source: limitSource(refusal) };
  const error = { type, message, ...source };
  return JSON.stringify({ type: 'error', error, request_id: requestId });
}

const NO_CONSENT: Shape = {
  status: 403,
  type: 'permission_error',
  message: CONSENT_REQUIRED,
  headers: { 'x-should-retry': 'false' },
};

const FROZEN = {
  status: 402,
  type: 'billing_error',
  message: ORGANISATION_FROZEN,
  headers: { 'x-should-retry': 'false' },
} as const;

export function errorOf(refusal: Refusal): Shape {
  switch (refusal.kind) {
    case 'unauthenticated':
    case 'admin-key-required':
      return errorOfKey(refusal);
    case 'model-not-found':
      return {
        status: 404,
        type: 'not_found_error',
        message: `The model '${shown(refusal.model)}' does not exist or you do not have access to it.`,
      };
    case 'invalid-request':
      return invalid(400, refusal.message);
    case 'unsupported-feature':
      return invalid(400, unsupportedFeature(refusal));
    case 'context-length-exceeded':
      return invalid(400, promptTooLong(refusal.tokens, refusal.tokensMax));
    case 'organisation-frozen':
      return FROZEN;
    case 'frozen':
      return {
        status: 403,
        type: 'permission_error',
        message: frozenSentence(refusal.scope),
        headers: { 'x-should-retry': 'false' },
      };
    case 'insufficient-credit':
    case 'spend-limit-reached':
      return errorOfMoney(refusal);
    case 'consent-required':
      return NO_CONSENT;
    case 'route-not-found':
    case 'method-not-allowed':
    case 'websocket-not-served':
    case 'body-too-large':
    case 'headers-too-large':
    case 'unsupported-media-type':
    case 'request-timeout':
    case 'malformed-http':
      return errorOfArrival(refusal);
    case 'sealed-content-unreadable':
      return invalid(
        400,
        `'${refusal.field}' can't be opened: it was changed or is too old. Leave it out.`,
      );
    case 'websocket-busy':
    case 'websocket-expired':
      return errorOfWebSocket(refusal);
    case 'not-found':
    case 'previous-response-not-found':
      return { status: 404, type: 'not_found_error', message: `'${shown(refusal.id)}' not found.` };
    case 'storage-full':
      return {
        status: 403,
        type: 'permission_error',
        message: `The project keeps as much as it may, ${refusal.bytesMax} bytes. Delete what is not needed.`,
        headers: { 'x-should-retry': 'false' },
      };
    case 'model-not-priced':
    case 'overloaded':
    case 'shutting-down':
    case 'ledger-unavailable':
    case 'storage-unavailable':
    case 'engine-failed':
    case 'invalid-output':
    case 'internal':
      return errorOfService(refusal);
  }
}

type RefusalOf<K extends Refusal['kind']> = Extract<Refusal, { readonly kind: K }>;
type ArrivalRefusal = RefusalOf<
  | 'route-not-found'
  | 'method-not-allowed'
  | 'websocket-not-served'
  | 'body-too-large'
  | 'headers-too-large'
  | 'unsupported-media-type'
  | 'request-timeout'
  | 'malformed-http'
>;
type ServiceRefusal = RefusalOf<
  | 'model-not-priced'
  | 'overloaded'
  | 'shutting-down'
  | 'ledger-unavailable'
  | 'storage-unavailable'
  | 'engine-failed'
  | 'invalid-output'
  | 'internal'
>;

/** Not what was asked, but how it came. */
function errorOfArrival(refusal: ArrivalRefusal): Shape {
  switch (refusal.kind) {
    case 'route-not-found':
      return {
        status: 404,
        type: 'not_found_error',
        message: `Unknown request URL: ${refusal.method} ${shown(refusal.path)}. Look at the base URL of your client: it ends before /v1. All addresses are at /docs/api.`,
      };
    case 'method-not-allowed':
      return {
        ...invalid(
          405,
          `${refusal.method} is not allowed on ${shown(refusal.path)}; use ${refusal.allowed.join(' or ')}.`,
        ),
        headers: { allow: refusal.allowed.join(', ') },
      };
    case 'websocket-not-served':
      return {
        ...invalid(426, `There is no WebSocket at ${shown(refusal.path)}; send a POST request.`),
        headers: { upgrade: 'HTTP/1.1' },
      };
    case 'body-too-large':
      return tooLarge(413, `The request body is larger than ${refusal.bytesMax} bytes.`);
    case 'headers-too-large':
      return tooLarge(431, `The request headers are larger than ${refusal.bytesMax} bytes.`);
    case 'unsupported-media-type':
      return invalid(
        415,
        refusal.contentType === ''
          ? "Send the body as JSON with 'content-type: application/json'."
          : `'${shown(refusal.contentType)}' is not supported; send 'content-type: application/json', uncompressed.`,
      );
    case 'request-timeout':
      return invalid(408, `The request did not arrive within ${refusal.afterMs / 1000} s.`);
    case 'malformed-http':
      return invalid(400, 'The request is not well-formed HTTP.');
  }
}

/** Over one connection there is a limit of its own. */
function errorOfWebSocket(refusal: RefusalOf<'websocket-busy' | 'websocket-expired'>): Shape {
  switch (refusal.kind) {
    case 'websocket-busy':
      return retry(
        {
          status: 429,
          type: 'rate_limit_error',
          message: `One WebSocket takes ${refusal.lanesMax} streams at once and ${refusal.waitingMax} waiting requests. Try again shortly.`,
        },
        refusal.retryAfterMs,
      );
    case 'websocket-expired':
      return invalid(
        400,
        `This WebSocket has been open for ${refusal.afterMs / 60_000} minutes, which is the limit. Open a new one to go on.`,
      );
  }
}

/** The request is fine, and we can't serve it now. */
function errorOfService(refusal: ServiceRefusal): Shape {
  switch (refusal.kind) {
    case 'model-not-priced':
      return {
        ...failure(
          503,
          `The model '${refusal.model}' has no price yet, so it can't be sold. The operator has to publish one.`,
        ),
        headers: { 'x-should-retry': 'false' },
      };
    case 'overloaded':
      return overloaded(
        'Overloaded: the model is at its limit right now. Try again shortly.',
        refusal.retryAfterMs,
      );
    case 'shutting-down':
      return overloaded('The server is restarting. Try again shortly.', refusal.retryAfterMs);
    case 'ledger-unavailable':
      return retry(
        failure(503, 'Billing is briefly unavailable; nothing was charged. Try again shortly.'),
        refusal.retryAfterMs,
      );
    case 'storage-unavailable':
      return retry(
        failure(503, 'Storage is briefly unavailable; nothing was charged. Try again shortly.'),
        refusal.retryAfterMs,
      );
    case 'engine-failed':
      return refusal.timedOut
        ? {
            status: 504,
            type: 'timeout_error',
            message: `The model '${refusal.model}' did not answer in time. Nothing was charged.`,
          }
        : failure(502, `The model '${refusal.model}' failed to answer. Nothing was charged.`);
    case 'invalid-output':
      return {
        ...failure(
          502,
          `The model '${refusal.model}' did not give what was asked for: ${refusal.problem}. Nothing was charged. Ask for less, or use another model.`,
        ),
        headers: { 'x-should-retry': 'false' },
      };
    case 'internal':
      return failure(500, 'Something went wrong on our side. Nothing was charged.');
  }
}

function errorOfKey(refusal: RefusalOf<'unauthenticated' | 'admin-key-required'>): Shape {
  if (refusal.kind === 'admin-key-required') {
    return { status: 403, type: 'permission_error', message: ADMIN_KEY_REQUIRED };
  }
  return {
    status: 401,
    type: 'authentication_error',
    message: refusedKey(refusal.reason, HOW_TO_SEND),
    headers: { 'www-authenticate': 'Bearer' },
  };
}

const HOW_TO_SEND = "Send it as 'Authorization: Bearer YOUR_KEY' or as 'x-api-key: YOUR_KEY'.";

function invalid(status: number, message: string): Shape {
  return { status, type: 'invalid_request_error', message };
}

function tooLarge(status: number, message: string): Shape {
  return { status, type: 'request_too_large', message };
}

function failure(status: number, message: string): Shape {
  return { status, type: 'api_error', message };
}

function overloaded(message: string, afterMs: number): Shape {
  return retry({ status: 529, type: 'overloaded_error', message }, afterMs);
}

/** Both forms: seconds for everyone, milliseconds for the official SDKs. */
function retry(shape: Shape, afterMs: number): Shape {
  return {
    ...shape,
    headers: {
      'retry-after': String(Math.ceil(afterMs / 1000)),
      'retry-after-ms': String(afterMs),
    },
  };
}

function unsupportedFeature(refusal: RefusalOf<'unsupported-feature'>): string {
  if (refusal.field === 'model') {
    return `The model '${refusal.model ?? ''}' can't do this: ${refusal.feature}.`;
  }
  const where = refusal.model === undefined ? '' : ` by the model '${refusal.model}'`;
  return `'${refusal.field}' is not supported${where} (${refusal.feature}).`;
}

/** Claude Code looks for this text to know that it has to compact the conversation. */
function promptTooLong(tokens: number | undefined, tokensMax: number | undefined): string {
  if (tokensMax === undefined) return "prompt is too long: it does not fit the model's context";
  return `prompt is too long: ${tokens ?? `more than ${tokensMax}`} tokens > ${tokensMax} maximum`;
}

const SHOWN_CHARACTERS_MAX = 200;

/** What the client sent, short enough to send back. */
function shown(text: string): string {
  return text.length > SHOWN_CHARACTERS_MAX ? `${text.slice(0, SHOWN_CHARACTERS_MAX)}…` : text;
}

function errorOfMoney(
  refusal: Extract<Refusal, { kind: 'insufficient-credit' | 'spend-limit-reached' }>,
): Shape {
  const shape = { status: 402, type: 'billing_error' } as const;
  if (refusal.kind === 'spend-limit-reached') {
    return { ...shape, message: spendLimitSentence(refusal), headers: spendLimitHeaders(refusal) };
  }
  const message = `Your credit does not cover this request: it needs ${formatDollars(refusal.neededNano)} and ${formatDollars(refusal.availableNano)} is free. Add credit, or lower 'max_tokens'.`;
  return { ...shape, message, headers: { 'x-should-retry': 'false' } };
}
