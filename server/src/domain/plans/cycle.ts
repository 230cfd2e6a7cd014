// Months by the calendar (UTC), from an anchor: one that began on the 31st begins on the last day of shorter months, and
// on the 31st again after them. Always counted from the anchor, so that no cycle depends on the one before.

import type { Rollover } from './plan.ts';

/** When cycle `number` begins, which is when the one before ends. */
export function cycleStart(anchorMs: number, number: number): number {
  const anchor = new Date(anchorMs);
  const month = anchor.getUTCMonth() + number;
  const lastDay = new Date(Date.UTC(anchor.getUTCFullYear(), month + 1, 0)).getUTCDate();
  const timeOfDayMs =
    anchorMs - Date.UTC(anchor.getUTCFullYear(), anchor.getUTCMonth(), anchor.getUTCDate());
  const day = Math.min(anchor.getUTCDate(), lastDay);
  return Date.UTC(anchor.getUTCFullYear(), month, day) + timeOfDayMs;
}

/** When the credit of a cycle expires; undefined: never. */
export function creditEnd(
  anchorMs: number,
  number: number,
  rollover: Rollover,
): number | undefined {
  switch (rollover) {
    case 'none':
      return cycleStart(anchorMs, number + 1);
    case 'one-cycle':
      return cycleStart(anchorMs, number + 2);
    case 'forever':
      return undefined;
  }
}
