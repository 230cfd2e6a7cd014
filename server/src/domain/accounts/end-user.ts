// Whom a customer's request was for, as the customer names them: kept on the usage row, and what limits by end user go by.

import { createHash } from 'node:crypto';
import { END_USER_CHARACTERS_MAX } from '../../limits.ts';

// oxlint-disable-next-line no-control-regex -- names with control characters are exactly what must not be stored
const CONTROL = /[\u0000-\u001f\u007f]/;

/**
 * Undefined for no name. A name that is too long to keep, or not fit to be shown, is kept as its hash: two users never
 * become one, and no request is refused for it.
 */
export function endUserOf(name: string | null | undefined): string | undefined {
  if (name === null || name === undefined || name === '') return undefined;
  const isFit =
    name.length <= END_USER_CHARACTERS_MAX && name.isWellFormed() && !CONTROL.test(name);
  return isFit ? name : `sha256:${createHash('sha256').update(name).digest('hex')}`;
}
