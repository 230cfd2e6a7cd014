// The key of a request: as a bearer, or bare in `x-api-key`, as Anthropic's clients before 2026-10-21 send it. Both are
// taken everywhere; where both are sent, `authorization` counts.

import type { IncomingHttpHeaders } from 'node:http';

export function authorizationOf(headers: IncomingHttpHeaders): string | undefined {
  const { authorization, 'x-api-key': key } = headers;
  if (authorization !== undefined && authorization !== '') return authorization;
  return typeof key === 'string' && key !== '' ? `Bearer ${key}` : undefined;
}
