// What an answer tells its client of the request: what of it had no effect, and what was put right.

import type { Headers } from './sink.ts';

const NAMES_MAX = 16;
const NAME_CHARACTERS_MAX = 240;

export function toldHeaders(named: readonly string[], repairs: readonly string[] = []): Headers {
  // A protocol and a model may have the same to say of a field.
  const ignored = [...new Set(named)];
  return {
    ...(ignored.length > 0 && { 'turnpike-ignored': listed(ignored, ', ') }),
    ...(repairs.length > 0 && { 'turnpike-repaired': listed(repairs, '; ') }),
  };
}

/** A client can call a field anything; a header holds printable ASCII, and proxies bound its length. */
function listed(names: readonly string[], separator: string): string {
  const more = names.length > NAMES_MAX ? [`and ${names.length - NAMES_MAX} more`] : [];
  return [...names.slice(0, NAMES_MAX), ...more]
    .map((name) => name.slice(0, NAME_CHARACTERS_MAX).replaceAll(/[^\x20-\x7e]/g, '?'))
    .join(separator);
}
