// Who is calling: one look-up in memory, by the SHA-256 of the key.

import { hashKey, keyKind } from '../domain/accounts/key.ts';
import type { KeyEntry, Snapshot } from '../domain/accounts/snapshot.ts';
import type { Refusal } from '../domain/refusal.ts';
import { err, ok, type Result } from '../lib/result.ts';

const BEARER = /^Bearer +(?<key>\S+) *$/i;

export function authenticate(
  snapshot: Snapshot,
  authorization: string | undefined,
): Result<KeyEntry, Refusal> {
  const caller = identify(snapshot, authorization);
  const frozen = caller.ok ? snapshot.freezes?.of(caller.value) : undefined;
  return frozen === undefined ? caller : err({ kind: 'frozen', scope: frozen.scope });
}

/** The same, also of who is frozen. */
export function identify(
  snapshot: Snapshot,
  authorization: string | undefined,
): Result<KeyEntry, Refusal> {
  if (authorization === undefined || authorization === '') return refused('missing');
  const key = bearerOf(authorization);
  const kind = key === undefined ? undefined : keyKind(key);
  if (key === undefined || kind === undefined) return refused('malformed');
  if (kind === 'admin') return refused('admin');
  const entry = snapshot.keys.get(hashKey(key));
  if (entry === undefined) return refused('unknown');
  return entry.revoked ? refused('revoked') : ok(entry);
}

export function bearerOf(authorization: string): string | undefined {
  return BEARER.exec(authorization)?.groups?.['key'];
}

function refused(reason: 'missing' | 'malformed' | 'unknown' | 'revoked' | 'admin') {
  return err({ kind: 'unauthenticated', reason } as const);
}
