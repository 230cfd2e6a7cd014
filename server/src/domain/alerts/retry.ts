// When a delivery that failed is tried again: 5 s, 15 s, 45 s … 4 h, for about a day, each a fifth more or less by chance, so
// that what failed together does not come back together.

const FIRST_MS = 5_000;
const FACTOR = 3;
const LONGEST_MS = 4 * 3_600_000;
/** The sum of the waits between so many tries is 25 hours, ± 20 %. */
const TRIES_MAX = 14;
const JITTER = 0.2;

/** After how long the next try comes; undefined: it was the last. `tries` were made, `chance` is from 0 to 1. */
export function retryAfterMs(tries: number, chance: number): number | undefined {
  if (tries >= TRIES_MAX) return undefined;
  const waitMs = Math.min(FIRST_MS * FACTOR ** (tries - 1), LONGEST_MS);
  return Math.round(waitMs * (1 - JITTER + 2 * JITTER * chance));
}
