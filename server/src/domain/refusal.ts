// Every way Turnpike says no, with its facts. Each protocol maps the union with an exhaustive switch to its own
// status, envelope, headers and in-stream event: precise inside, plain outside. The table of what a client
// reads is docs/errors.md.

import type { FreezeScope } from './accounts/freeze.ts';
import type { BudgetPeriod, BudgetScope } from './ledger/budget.ts';
import { formatAmount, formatDollars } from './money/nano.ts';

type StoredThing = 'response' | 'chat completion' | 'conversation' | 'item' | 'request';

export type Refusal =
  | {
      readonly kind: 'unauthenticated';
      /** `admin`: a key that reads usage and costs was shown where a key of a project is needed. */
      readonly reason: 'missing' | 'malformed' | 'unknown' | 'revoked' | 'admin';
    }
  /** A key of a project was shown where usage and costs of a whole organisation are read. */
  | { readonly kind: 'admin-key-required' }
  | { readonly kind: 'model-not-found'; readonly model: string }
  | { readonly kind: 'route-not-found'; readonly method: string; readonly path: string }
  | {
      readonly kind: 'method-not-allowed';
      readonly method: string;
      readonly path: string;
      readonly allowed: readonly string[];
    }
  /** A WebSocket was asked for where there is none: clients that know HTTP too go on with it. */
  | { readonly kind: 'websocket-not-served'; readonly path: string }
  /** More requests on one WebSocket than it may have. */
  | {
      readonly kind: 'websocket-busy';
      readonly lanesMax: number;
      readonly waitingMax: number;
      readonly retryAfterMs: number;
    }
  /** A WebSocket has lived as long as it may; another one can be opened at once. */
  | { readonly kind: 'websocket-expired'; readonly afterMs: number }
  /** `field` is the path of what is wrong, as the client wrote it: `messages[0].content`. */
  | { readonly kind: 'invalid-request'; readonly message: string; readonly field?: string }
  | {
      readonly kind: 'unsupported-feature';
      readonly feature: string;
      readonly field: string;
      readonly model?: string;
    }
  /** Something that a client kept for us and that can't be opened: changed, another organisation's, or too old. */
  | { readonly kind: 'sealed-content-unreadable'; readonly field: string }
  | { readonly kind: 'body-too-large'; readonly bytesMax: number }
  | { readonly kind: 'headers-too-large'; readonly bytesMax: number }
  | { readonly kind: 'unsupported-media-type'; readonly contentType: string }
  | { readonly kind: 'request-timeout'; readonly afterMs: number }
  | { readonly kind: 'malformed-http' }
  | {
      readonly kind: 'context-length-exceeded';
      readonly tokens?: number;
      readonly tokensMax?: number;
    }
  /** The organisation's credits can't cover the request; both in nano-dollars. */
  | {
      readonly kind: 'insufficient-credit';
      readonly availableNano: bigint;
      readonly neededNano: bigint;
    }
  /** A hard limit on spend, on the path of the request, can't cover it; amounts in nano-dollars. */
  | {
      readonly kind: 'spend-limit-reached';
      readonly scope: BudgetScope;
      readonly period: BudgetPeriod;
      readonly limitNano: bigint;
      /** The rest of the limit is spent, or set aside for requests that run. */
      readonly availableNano: bigint;
      readonly neededNano: bigint;
      /** When the next window begins; absent where there is none. */
      readonly resetsAtMs?: number;
      /** Until then; absent where the request is beyond the limit itself, so that no window will ever cover it. */
      readonly retryAfterMs?: number;
    }
  /** What was taken back of the organisation's credits had been spent: it owes that, and its keys wait until it has paid. */
  | { readonly kind: 'organisation-frozen' }
  /** Whoever runs this server has stopped it, until it is thawed; no money has moved. */
  | { readonly kind: 'frozen'; readonly scope: FreezeScope }
  /** A model that is served but has no price: the operator's mistake, and never free. */
  | { readonly kind: 'model-not-priced'; readonly model: string }
  /** The contributor tier was asked for, and the project has not consented to what its requests are used for. */
  | { readonly kind: 'consent-required' }
  | { readonly kind: 'overloaded'; readonly retryAfterMs: number }
  | { readonly kind: 'shutting-down'; readonly retryAfterMs: number }
  | { readonly kind: 'ledger-unavailable'; readonly retryAfterMs: number }
  /** Nothing of that id is kept for this project: it never was, was deleted, or has expired. */
  | { readonly kind: 'not-found'; readonly what: StoredThing; readonly id: string }
  /** The same, of a response that the request goes on from. */
  | { readonly kind: 'previous-response-not-found'; readonly id: string }
  | { readonly kind: 'storage-unavailable'; readonly retryAfterMs: number }
  /** The project keeps as much as it may. */
  | { readonly kind: 'storage-full'; readonly bytesMax: number }
  /** The model's engine failed; nothing is charged. `timedOut`: it said nothing in time. */
  | { readonly kind: 'engine-failed'; readonly model: string; readonly timedOut: boolean }
  /** The model did not give what was asked for: JSON, a schema, a call or a whole summary; nothing is charged. */
  | { readonly kind: 'invalid-output'; readonly model: string; readonly problem: string }
  /** A mistake of ours; the request id finds it in the log. */
  | { readonly kind: 'internal' };

/** In every protocol's words. */
export const CONSENT_REQUIRED =
  'The contributor tier is for projects whose owner has agreed that their requests may be used for training, and this project has no such consent on record. Ask for another service_tier.';

/** What clients of a frozen organisation read, whatever the protocol. */
export const ORGANISATION_FROZEN =
  'Your organisation owes for credit that was spent and whose payment was taken back. Pay what is owed; its keys work again within a second.';

/** What clients of something that was stopped read; why is for its operator and them. */
export function frozenSentence(scope: FreezeScope): string {
  return `This ${scope} is frozen by the operator of this API: its requests are refused until it is thawed. Your credit is untouched. Write to the operator.`;
}

const SCOPE_WORDS: Readonly<Record<BudgetScope, string>> = {
  organisation: 'this organisation',
  project: 'this project',
  key: 'this key',
  'end-user': 'this end user',
  'each-end-user': 'this end user',
};
const PERIOD_WORDS: Readonly<Record<BudgetPeriod, string>> = {
  daily: 'daily hard limit',
  weekly: 'weekly hard limit',
  monthly: 'monthly hard limit',
  total: 'hard limit',
};

type SpendLimitReached = Extract<Refusal, { kind: 'spend-limit-reached' }>;

/** The same sentence in every protocol. */
export function spendLimitSentence(refusal: SpendLimitReached): string {
  const { scope, period, limitNano, availableNano, neededNano, resetsAtMs } = refusal;
  const reset =
    resetsAtMs === undefined ? '' : ` It resets at ${new Date(resetsAtMs).toISOString()}.`;
  return `The ${PERIOD_WORDS[period]} of ${formatDollars(limitNano)} on the spend of ${SCOPE_WORDS[scope]} does not cover this request: it needs ${formatDollars(neededNano)} and ${formatDollars(availableNano)} is left.${reset} Raise the limit, or ask for fewer output tokens.`;
}

/** For a `retry-after`: whole seconds, and not before the window has ended. */
export function spendLimitHeaders({ retryAfterMs }: SpendLimitReached) {
  const wait = retryAfterMs !== undefined && { 'retry-after': `${Math.ceil(retryAfterMs / 1000)}` };
  return { 'x-should-retry': 'false', ...wait };
}

/** Which limit it was, for programs. */
export function limitSource(refusal: SpendLimitReached): LimitSource {
  const { scope, period, limitNano, availableNano, resetsAtMs } = refusal;
  const resets_at = resetsAtMs === undefined ? null : new Date(resetsAtMs).toISOString();
  const usedNano = limitNano - availableNano;
  return {
    kind: 'hard_limit',
    scope: scope === 'each-end-user' ? 'end-user' : scope,
    period,
    currency: 'USD',
    limit: formatAmount(limitNano),
    used: formatAmount(usedNano > 0n ? usedNano : 0n),
    left: formatAmount(availableNano),
    resets_at,
  };
}

export type LimitSource = {
  readonly kind: 'hard_limit';
  readonly scope: Exclude<BudgetScope, 'each-end-user'>;
  readonly period: BudgetPeriod;
  readonly currency: 'USD';
  readonly limit: string;
  /** Spent in this window, or set aside for requests that run. */
  readonly used: string;
  readonly left: string;
  readonly resets_at: string | null;
};
