// What is wrong with whose request it is, and not with the request: in the words of OpenAI's clients.

import { formatDollars } from '../domain/money/nano.ts';
import {
  CONSENT_REQUIRED,
  frozenSentence,
  limitSource,
  ORGANISATION_FROZEN,
  type Refusal,
  spendLimitHeaders,
  spendLimitSentence,
} from '../domain/refusal.ts';

export const OPENAI_NO_CONSENT = {
  status: 403,
  error: {
    message: CONSENT_REQUIRED,
    type: 'invalid_request_error',
    param: 'service_tier',
    code: 'data_use_consent_required',
  },
  headers: { 'x-should-retry': 'false' },
};

export const OPENAI_FROZEN = {
  status: 402,
  error: {
    message: ORGANISATION_FROZEN,
    type: 'insufficient_quota',
    param: null,
    code: 'organisation_frozen',
  },
  headers: { 'x-should-retry': 'false' },
} as const;

export function frozenError({ scope }: Extract<Refusal, { kind: 'frozen' }>) {
  return {
    status: 403,
    error: {
      message: frozenSentence(scope),
      type: 'invalid_request_error',
      param: null,
      code: 'access_frozen',
    },
    headers: { 'x-should-retry': 'false' },
  };
}

export function creditError({
  neededNano,
  availableNano,
}: Extract<Refusal, { kind: 'insufficient-credit' }>) {
  return {
    status: 402,
    error: {
      message: `Your credit does not cover this request: it needs ${formatDollars(neededNano)} and ${formatDollars(availableNano)} is free. Add credit, or ask for fewer output tokens.`,
      type: 'insufficient_quota',
      param: null,
      code: 'insufficient_quota',
    },
    headers: { 'x-should-retry': 'false' },
  };
}

export function spendLimitError(refusal: Extract<Refusal, { kind: 'spend-limit-reached' }>) {
  return {
    status: 402,
    error: {
      message: spendLimitSentence(refusal),
      type: 'insufficient_quota',
      param: null,
      code: 'spend_limit_reached',
      limit_source: limitSource(refusal),
    },
    headers: spendLimitHeaders(refusal),
  };
}
