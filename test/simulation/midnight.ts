// Moments in which days, weeks, months and years begin, and days do not begin on the clock of most people.

import type { Chance } from './chance.ts';

/** In UTC. */
export function midnightNear(chance: Chance): number {
  return chance.pick([
    Date.UTC(2026, 10, 20), // a Friday: only a day begins
    Date.UTC(2026, 10, 23), // a Monday
    Date.UTC(2027, 0, 1), // a day, a month and a year, in the middle of a week
    Date.UTC(2028, 1, 29),
    Date.UTC(2027, 1, 1), // a month that begins on a Monday
    Date.UTC(2026, 10, 20) + 3_600_000 * 12, // noon: nothing begins
  ]);
}
