// Who asks, at the beginning of everything that a key is needed for: a server that stops takes up nothing new.

import type { KeyEntry } from '../domain/accounts/snapshot.ts';
import type { Refusal } from '../domain/refusal.ts';
import { err, type Result } from '../lib/result.ts';
import { RETRY_AFTER_SHUTDOWN_MS } from '../limits.ts';
import { authenticate } from './authenticate.ts';
import type { Call } from './call.ts';
import type { Gateway } from './gateway.ts';

export function callerOf(gateway: Gateway, call: Call): Result<KeyEntry, Refusal> {
  if (gateway.load.stopping) {
    return err({ kind: 'shutting-down', retryAfterMs: RETRY_AFTER_SHUTDOWN_MS });
  }
  return authenticate(gateway.snapshot(), call.authorization);
}
