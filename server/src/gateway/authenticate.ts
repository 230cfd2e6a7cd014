// Who is calling: one look-up in memory, by the SHA-256 of the key.

import { hashKey, isWellFormedKey } from '../domain/accounts/key.ts';
import type { KeyEntry, Snapshot } from '../domain/accounts/snapshot.ts';
import type { Refusal } from '../domain/refusal.ts';
import { err, ok, type Result } from '../lib/result.ts';

const BEARER = /^Bearer +(?<key>\S+) *$/i;

export function authenticate(
  snapshot: Snapshot,
  authorization: string | undefined,
): Result<KeyEntry, Refusal> {
  if (authorization === undefined || authorization === '') return refused('missing');
  const key = BEARER.exec(authorization)?.groups?.['key'];
  if (key === undefined || !isWellFormedKey(key)) return refused('malformed');
  const entry = snapshot.keys.get(hashKey(key));
  if (entry === undefined) return refused('unknown');
  return entry.revoked ? refused('revoked') : ok(entry);
}

function refused(reason: 'missing' | 'malformed' | 'unknown' | 'revoked') {
  return err({ kind: 'unauthenticated', reason } as const);
}
