// Refusal → OpenAI's error envelope, status and headers, for all of OpenAI's protocols. Every row is in docs/errors.md.
// Source: OpenAI's error codes guide; `x-should-retry` is read by the official SDKs.

import {
  creditError,
  frozenError,
  OPENAI_FROZEN,
  OPENAI_NO_CONSENT,
  spendLimitError,
} from './openai-account-errors.ts';
import type { LimitSource, Refusal } from '../domain/refusal.ts';
import type { RefusalAnswer } from './protocol.ts';
import { ADMIN_KEY_REQUIRED, refusedKey } from './refused-keys.ts';
import type { WireFields } from './wire-fields.ts';

/** What of a protocol's own words the messages need. */
export type OpenAiWords = Pick<WireFields, 'conversation'>;

export type OpenAiError = {
  readonly message: string;
  readonly type: string;
  readonly param: string | null;
  readonly code: string | null;
  /** Which hard limit on spend it was. */
  readonly limit_source?: LimitSource;
};

export type OpenAiFailure = {
  readonly status: number;
  readonly error: OpenAiError;
  readonly headers?: { readonly [name: string]: string };
};

export function openAiRefusal(
  refusal: Refusal,
  requestId: string,
  words: OpenAiWords,
): RefusalAnswer {
  const { status, error, headers } = openAiError(refusal, words);
  return {
    status,
    headers: { 'content-type': 'application/json', 'x-request-id': requestId, ...headers },
    body: JSON.stringify({ error }),
  };
}

export function openAiError(refusal: Refusal, words: OpenAiWords): OpenAiFailure {
  switch (refusal.kind) {
    case 'unauthenticated':
      return {
        ...invalid(401, refusedKey(refusal.reason, HOW_TO_SEND), 'invalid_api_key'),
        headers: { 'www-authenticate': 'Bearer' },
      };
    case 'admin-key-required':
      return invalid(403, ADMIN_KEY_REQUIRED, 'missing_scope');
    case 'model-not-found':
      return invalid(
        404,
        `The model '${shown(refusal.model)}' does not exist or you do not have access to it.`,
        'model_not_found',
        'model',
      );
    case 'invalid-request':
      return invalid(400, refusal.message, null, refusal.field);
    case 'unsupported-feature':
      return unsupportedFeature(refusal);
    case 'context-length-exceeded':
      return invalid(
        400,
        contextLength(refusal, words),
        'context_length_exceeded',
        words.conversation,
      );
    case 'organisation-frozen':
      return OPENAI_FROZEN;
    case 'frozen':
      return frozenError(refusal);
    case 'insufficient-credit':
      return creditError(refusal);
    case 'consent-required':
      return OPENAI_NO_CONSENT;
    case 'spend-limit-reached':
      return spendLimitError(refusal);
    case 'route-not-found':
    case 'method-not-allowed':
    case 'body-too-large':
    case 'headers-too-large':
    case 'unsupported-media-type':
    case 'request-timeout':
    case 'malformed-http':
    case 'websocket-not-served':
      return errorOfArrival(refusal);
    case 'sealed-content-unreadable':
      return invalid(400, SEALED_UNREADABLE, 'invalid_encrypted_content', refusal.field);
    case 'websocket-busy':
    case 'websocket-expired':
      return errorOfWebSocket(refusal);
    case 'not-found':
    case 'previous-response-not-found':
    case 'storage-unavailable':
    case 'storage-full':
      return errorOfStorage(refusal);
    case 'model-not-priced':
    case 'overloaded':
    case 'shutting-down':
    case 'ledger-unavailable':
    case 'engine-failed':
    case 'invalid-output':
    case 'internal':
      return errorOfService(refusal);
  }
}

type ArrivalRefusal = RefusalOf<
  | 'route-not-found'
  | 'method-not-allowed'
  | 'body-too-large'
  | 'headers-too-large'
  | 'unsupported-media-type'
  | 'request-timeout'
  | 'malformed-http'
  | 'websocket-not-served'
>;
type StorageRefusal = RefusalOf<
  'not-found' | 'previous-response-not-found' | 'storage-unavailable' | 'storage-full'
>;
type ServiceRefusal = RefusalOf<
  | 'model-not-priced'
  | 'overloaded'
  | 'shutting-down'
  | 'ledger-unavailable'
  | 'engine-failed'
  | 'invalid-output'
  | 'internal'
>;
type RefusalOf<K extends Refusal['kind']> = Extract<Refusal, { readonly kind: K }>;

/** Not what was asked, but how it came. */
function errorOfArrival(refusal: ArrivalRefusal): OpenAiFailure {
  switch (refusal.kind) {
    case 'route-not-found':
      return invalid(
        404,
        `Unknown request URL: ${refusal.method} ${shown(refusal.path)}. Look at the base URL of your client: it ends in /v1. All addresses are at /docs/api.`,
        'unknown_url',
      );
    case 'method-not-allowed':
      return {
        ...invalid(
          405,
          `${refusal.method} is not allowed on ${shown(refusal.path)}; use ${refusal.allowed.join(' or ')}.`,
          'method_not_allowed',
        ),
        headers: { allow: refusal.allowed.join(', ') },
      };
    case 'body-too-large':
      return invalid(
        413,
        `The request body is larger than ${refusal.bytesMax} bytes.`,
        'request_too_large',
      );
    case 'headers-too-large':
      return invalid(
        431,
        `The request headers are larger than ${refusal.bytesMax} bytes.`,
        'headers_too_large',
      );
    case 'unsupported-media-type':
      return invalid(
        415,
        refusal.contentType === ''
          ? "Send the body as JSON with 'content-type: application/json'."
          : `'${shown(refusal.contentType)}' is not supported; send 'content-type: application/json', uncompressed.`,
        'unsupported_media_type',
      );
    case 'request-timeout':
      return invalid(
        408,
        `The request did not arrive within ${refusal.afterMs / 1000} s.`,
        'request_timeout',
      );
    case 'malformed-http':
      return invalid(400, 'The request is not well-formed HTTP.', 'malformed_http');
    case 'websocket-not-served':
      return {
        ...invalid(
          426,
          `There is no WebSocket at ${shown(refusal.path)}; send a POST request over HTTP.`,
          'websocket_not_served',
        ),
        headers: { upgrade: 'HTTP/1.1' },
      };
  }
}

/** About what is kept, or should have been. */
function errorOfStorage(refusal: StorageRefusal): OpenAiFailure {
  switch (refusal.kind) {
    case 'not-found': {
      const what = refusal.what.charAt(0).toUpperCase() + refusal.what.slice(1);
      return invalid(404, `${what} with id '${shown(refusal.id)}' not found.`, 'not_found');
    }
    case 'previous-response-not-found':
      return invalid(
        400,
        `Previous response with id '${shown(refusal.id)}' not found. Send the whole conversation as input instead.`,
        'previous_response_not_found',
        'previous_response_id',
      );
    case 'storage-unavailable':
      return retry(
        failure(
          503,
          `Storage is briefly unavailable; nothing was charged. ${tryAgain(refusal.retryAfterMs)}`,
          'storage_unavailable',
        ),
        refusal.retryAfterMs,
      );
    case 'storage-full':
      return {
        ...invalid(
          403,
          `The project keeps as much as it may, ${refusal.bytesMax} bytes. Delete what is not needed, or send 'store: false'.`,
          'storage_full',
        ),
        headers: { 'x-should-retry': 'false' },
      };
  }
}

/** Over one connection there is a limit of its own. */
function errorOfWebSocket(
  refusal: RefusalOf<'websocket-busy' | 'websocket-expired'>,
): OpenAiFailure {
  switch (refusal.kind) {
    case 'websocket-busy':
      return retry(
        {
          status: 429,
          error: {
            message: `One WebSocket takes ${refusal.lanesMax} streams at once and ${refusal.waitingMax} waiting requests. ${tryAgain(refusal.retryAfterMs)}`,
            type: 'requests',
            param: null,
            code: 'rate_limit_exceeded',
          },
        },
        refusal.retryAfterMs,
      );
    case 'websocket-expired':
      return invalid(
        400,
        `This WebSocket has been open for ${refusal.afterMs / 60_000} minutes, which is the limit. Open a new one to go on.`,
        'websocket_connection_limit_reached',
      );
  }
}

/** The request is fine, and we can't serve it now. */
function errorOfService(refusal: ServiceRefusal): OpenAiFailure {
  switch (refusal.kind) {
    case 'model-not-priced':
      return {
        ...failure(
          503,
          `The model '${refusal.model}' has no price yet, so it can't be sold. The operator has to publish one.`,
          'model_not_priced',
        ),
        headers: { 'x-should-retry': 'false' },
      };
    case 'overloaded':
      return retry(
        failure(
          503,
          `The model is at its limit right now. ${tryAgain(refusal.retryAfterMs)}`,
          'server_is_overloaded',
        ),
        refusal.retryAfterMs,
      );
    case 'shutting-down':
      return retry(
        failure(
          503,
          `The server is restarting. ${tryAgain(refusal.retryAfterMs)}`,
          'server_is_restarting',
        ),
        refusal.retryAfterMs,
      );
    case 'ledger-unavailable':
      return retry(
        failure(
          503,
          `Billing is briefly unavailable; nothing was charged. ${tryAgain(refusal.retryAfterMs)}`,
          'billing_unavailable',
        ),
        refusal.retryAfterMs,
      );
    case 'engine-failed':
      return refusal.timedOut
        ? failure(
            504,
            `The model '${refusal.model}' did not answer in time. Nothing was charged.`,
            'engine_timeout',
          )
        : failure(
            502,
            `The model '${refusal.model}' failed to answer. Nothing was charged.`,
            'engine_failed',
          );
    case 'invalid-output':
      return {
        ...failure(
          502,
          `The model '${refusal.model}' did not give what was asked for: ${refusal.problem}. Nothing was charged. Ask for less, or use another model.`,
          'invalid_output',
        ),
        headers: { 'x-should-retry': 'false' },
      };
    case 'internal':
      return failure(
        500,
        'Something went wrong on our side. Nothing was charged.',
        'internal_error',
      );
  }
}

function invalid(
  status: number,
  message: string,
  code: string | null,
  param?: string,
): OpenAiFailure {
  return { status, error: { message, type: 'invalid_request_error', param: param ?? null, code } };
}

function failure(status: number, message: string, code: string): OpenAiFailure {
  return { status, error: { message, type: 'server_error', param: null, code } };
}

/** Codex reads the wait from this sentence, exactly as OpenAI writes it. */
function tryAgain(afterMs: number): string {
  return `Please try again in ${Math.ceil(afterMs) / 1000}s.`;
}

/** Both forms: seconds for everyone, milliseconds for the official SDKs. */
function retry(shape: OpenAiFailure, afterMs: number): OpenAiFailure {
  return {
    ...shape,
    headers: {
      'retry-after': String(Math.ceil(afterMs / 1000)),
      'retry-after-ms': String(afterMs),
    },
  };
}

function unsupportedFeature(refusal: RefusalOf<'unsupported-feature'>): OpenAiFailure {
  const { field } = refusal;
  const where = refusal.model === undefined ? '' : ` with the model '${refusal.model}'`;
  if (field === 'model') {
    const message = `The model '${refusal.model ?? ''}' can't do this: ${refusal.feature}.`;
    return invalid(400, message, 'unsupported_parameter', field);
  }
  const message = `Unsupported parameter: '${field}' (${refusal.feature}) is not supported${where}.`;
  return invalid(400, message, 'unsupported_parameter', field);
}

const HOW_TO_SEND = "Send it in an Authorization header: 'Bearer YOUR_KEY'.";

const SEALED_UNREADABLE =
  'The encrypted content could not be verified: it was changed, made for another organisation, or is too old. Send the items that it stands for, or leave it out.';

function contextLength(
  { tokens, tokensMax }: RefusalOf<'context-length-exceeded'>,
  { conversation }: OpenAiWords,
): string {
  const max = tokensMax === undefined ? '' : ` of ${tokensMax} tokens`;
  const be = conversation.endsWith('s') ? 'are' : 'is';
  const yours = tokens === undefined ? '' : ` Your ${conversation} ${be} ${tokens} tokens.`;
  return `The conversation is longer than this model's context${max}.${yours} Shorten the ${conversation}.`;
}

const SHOWN_CHARACTERS_MAX = 200;

/** What the client sent, short enough to send back. */
function shown(text: string): string {
  return text.length > SHOWN_CHARACTERS_MAX ? `${text.slice(0, SHOWN_CHARACTERS_MAX)}…` : text;
}
