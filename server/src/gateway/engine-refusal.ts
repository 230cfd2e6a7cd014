// What a client reads when an engine fails. What is the client's own doing keeps its facts; what concerns the
// operator's fleet (addresses, credentials, crashes) stays in the log.

import type { EngineFailure } from '../domain/generation/engine-failure.ts';
import type { Refusal } from '../domain/refusal.ts';
import { RETRY_AFTER_OVERLOADED_MS } from '../limits.ts';

/** `wire`: the client's own name of a field that the engine knows by the hub's. */
export function engineRefusal(
  failure: EngineFailure,
  model: string,
  wire: (field: string) => string,
): Refusal {
  switch (failure.kind) {
    case 'overloaded':
      return {
        kind: 'overloaded',
        retryAfterMs: failure.retryAfterMs ?? RETRY_AFTER_OVERLOADED_MS,
      };
    case 'context-length':
      return {
        kind: 'context-length-exceeded',
        ...(failure.tokens !== undefined && { tokens: failure.tokens }),
        ...(failure.tokensMax !== undefined && { tokensMax: failure.tokensMax }),
      };
    case 'rejected':
      return {
        kind: 'invalid-request',
        message: failure.message,
        ...(failure.field !== undefined && { field: wire(failure.field) }),
      };
    case 'unsupported':
      return {
        kind: 'unsupported-feature',
        feature: failure.feature,
        field: wire(failure.field),
        model,
      };
    case 'invalid-output':
      return { kind: 'invalid-output', model, problem: failure.problem };
    case 'timeout':
      return { kind: 'engine-failed', model, timedOut: true };
    case 'aborted':
    case 'unreachable':
    case 'broken':
    case 'crashed':
      return { kind: 'engine-failed', model, timedOut: false };
  }
}

/** Failures that an operator should read about; the others are a client's or a busy hour's. */
export function isOperatorsConcern(failure: EngineFailure): boolean {
  return ['unreachable', 'broken', 'crashed', 'timeout'].includes(failure.kind);
}
