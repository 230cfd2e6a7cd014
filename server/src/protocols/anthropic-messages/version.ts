// The API version a client asks for. Two are served; what 2026-10-21 took away is refused there and served before it.
// Source: platform.claude.com/docs/en/api/versioning.

import type { Refusal } from '../../domain/refusal.ts';
import { err, ok, type Result } from '../../lib/result.ts';
import type { RequestHeaders } from '../protocol.ts';

const VERSIONS = ['2023-06-01', '2026-10-21'] as const;
export type Version = (typeof VERSIONS)[number];

/** Only this protocol is spoken at its addresses, so a client that names no version gets the more lenient one. */
const DEFAULT: Version = '2023-06-01';

export function versionOf(headers: RequestHeaders): Result<Version, Refusal> {
  const sent = headers['anthropic-version'];
  if (sent === undefined) return ok(DEFAULT);
  const version = VERSIONS.find((known) => known === sent);
  if (version !== undefined) return ok(version);
  const message = `Invalid 'anthropic-version': expected one of ${VERSIONS.join(', ')}.`;
  return err({ kind: 'invalid-request', message, field: 'anthropic-version' });
}
