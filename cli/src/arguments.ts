// Reads what stands on the command line, by the contract's own schemas, before anything is sent.

import { InvalidArgumentError } from 'commander';
import type * as z from 'zod';

import { modelList } from '@turnpike/contract/scope.ts';

import { portOf } from './surroundings.ts';

/** Checks an argument with a schema and keeps it as it was written. */
export function checkedBy(schema: z.ZodType): (text: string) => string {
  return (text) => {
    const parsed = schema.safeParse(text);
    if (parsed.success) return text;
    throw new InvalidArgumentError(`It ${parsed.error.issues[0]?.message ?? 'is invalid'}.`);
  };
}

/** Ids of models, with commas between them. */
export function modelIds(text: string): readonly string[] {
  const parsed = modelList.safeParse(text.split(',').map((id) => id.trim()));
  if (parsed.success) return parsed.data;
  throw new InvalidArgumentError('It must be the ids of models, with commas between them.');
}

export function port(text: string): string {
  if (portOf(text) === undefined) throw new InvalidArgumentError('It must be a port, 0 to 65535.');
  return text;
}

export function wholeNumber(text: string): number {
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('It must be a whole number.');
}

const AGO = /^(?<count>\d{1,4})(?<unit>[hd])$/;
const DATE = /^\d{4}-\d\d-\d\d$/;
const UNIT_MS = { h: 3_600_000, d: 86_400_000 };

/** `2026-11-01` (UTC), an ISO 8601 time, or how long ago: `36h`, `7d`. */
export function pointInTime(text: string): Date {
  const ago = AGO.exec(text)?.groups;
  if (ago !== undefined) {
    const unitMs = ago['unit'] === 'h' ? UNIT_MS.h : UNIT_MS.d;
    return new Date(Date.now() - Number(ago['count']) * unitMs);
  }
  const time = new Date(DATE.test(text) ? `${text}T00:00:00Z` : text);
  if (!Number.isNaN(time.getTime()) && /^\d{4}-\d\d-\d\d/.test(text)) return time;
  throw new InvalidArgumentError(
    'It must be a day (2026-11-01), a time (2026-11-01T12:00:00Z) or how long ago (36h, 7d).',
  );
}
