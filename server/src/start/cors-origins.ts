// Which pages may call the API from a browser.

import { err, ok, type Result } from '../lib/result.ts';

/** As a browser writes them: `https://app.example.com`, with a port where it is not the scheme's own. */
export function readCorsOrigins(text: string): Result<readonly string[], string> {
  const origins = text.split(/[\s,]+/).filter(Boolean);
  const stray = origins.find((origin) => {
    if (origin === '*') return false;
    const url = URL.canParse(origin) ? new URL(origin) : undefined;
    return !/^https?:$/.test(url?.protocol ?? '') || url?.origin !== origin;
  });
  if (stray === undefined) return ok(origins);
  return err(
    `TURNPIKE_CORS_ORIGINS must be * or origins such as https://app.example.com, not '${stray}'.`,
  );
}
