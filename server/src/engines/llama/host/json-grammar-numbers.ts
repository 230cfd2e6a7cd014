// Numbers between bounds, digit by digit, in llama.cpp's grammar notation. No exponents: a number is written as people do.

import { anyOf } from './grammar-rules.ts';
import type { Schema } from './json-schema-algebra.ts';

export const NO_BOUNDS: NumberBounds = { minExcluded: false, maxExcluded: false };

/** What every reader of JSON keeps exactly: fifteen digits. */
const LARGEST = 999_999_999_999_999;
const FRACTION = '"." [0-9]{0,14} [1-9]';
const WHOLE = '("0" | [1-9] [0-9]{0,14})';

export type NumberBounds = {
  readonly min?: number;
  readonly minExcluded: boolean;
  readonly max?: number;
  readonly maxExcluded: boolean;
};

/** Undefined: there is no such number, or none that starts with a whole one. */
export function integerRule(bounds: NumberBounds): string | undefined {
  const { low, high } = wholeBounds(bounds);
  if (low === -LARGEST && high === LARGEST) return '("0" | "-"? [1-9] [0-9]{0,14})';
  return between(low, high);
}

export function numberRule(bounds: NumberBounds): string | undefined {
  const { min, max } = bounds;
  if (min === undefined && max === undefined) return `"-"? ${WHOLE} ("." [0-9]{1,15})?`;
  const low = clamp(Math.ceil(min ?? -LARGEST));
  const high = clamp(Math.floor(max ?? LARGEST));
  const whole = wholeBounds(bounds);
  const rules = [
    between(whole.low, whole.high),
    // With a fraction that is not 0 the number lies strictly between two whole ones, which may themselves be excluded.
    withFraction('', Math.max(0, low), high - 1),
    withFraction('"-" ', Math.max(0, -high), -low - 1),
  ].filter((rule) => rule !== undefined);
  return rules.length === 0 ? undefined : anyOf(rules);
}

function wholeBounds(bounds: NumberBounds): { readonly low: number; readonly high: number } {
  const min = bounds.min ?? -LARGEST;
  const max = bounds.max ?? LARGEST;
  return {
    low: clamp(bounds.minExcluded ? Math.floor(min) + 1 : Math.ceil(min)),
    high: clamp(bounds.maxExcluded ? Math.ceil(max) - 1 : Math.floor(max)),
  };
}

function clamp(value: number): number {
  // `+ 0` makes 0 of -0.
  return Math.min(LARGEST, Math.max(-LARGEST, value)) + 0;
}

function withFraction(sign: string, low: number, high: number): string | undefined {
  const whole = between(low, high);
  return whole === undefined ? undefined : `${sign}${whole} ${FRACTION}`;
}

function between(low: number, high: number): string | undefined {
  if (low > high) return undefined;
  const rules: string[] = [];
  if (low < 0) rules.push(`"-" ${natural(Math.max(1, -high), -low)}`);
  if (high >= 0) rules.push(natural(Math.max(0, low), high));
  return anyOf(rules);
}

/** 0 ≤ low ≤ high: for each count of digits, the numbers of that length. */
function natural(low: number, high: number): string {
  const rules: string[] = [];
  for (let digits = String(low).length; digits <= String(high).length; digits += 1) {
    const from = Math.max(low, digits === 1 ? 0 : 10 ** (digits - 1));
    const to = Math.min(high, 10 ** digits - 1);
    rules.push(sameLength(String(from), String(to)));
  }
  return anyOf(rules);
}

function sameLength(low: string, high: string): string {
  const [l, h] = [Number(low[0]), Number(high[0])];
  const [lowRest, highRest] = [low.slice(1), high.slice(1)];
  if (lowRest === '') return digit(l, h);
  if (l === h) return `"${l}" ${sameLength(lowRest, highRest)}`;
  const rules: string[] = [];
  const lowWhole = /^0*$/u.test(lowRest);
  const highWhole = /^9*$/u.test(highRest);
  if (!lowWhole) rules.push(`"${l}" ${sameLength(lowRest, '9'.repeat(lowRest.length))}`);
  const [from, to] = [lowWhole ? l : l + 1, highWhole ? h : h - 1];
  if (from <= to) rules.push(`${digit(from, to)} [0-9]{${lowRest.length}}`);
  if (!highWhole) rules.push(`"${h}" ${sameLength('0'.repeat(highRest.length), highRest)}`);
  return anyOf(rules);
}

function digit(from: number, to: number): string {
  return from === to ? `"${from}"` : `[${from}-${to}]`;
}

/** Also as older drafts have it, where `exclusiveMinimum: true` speaks of `minimum`. */
export function numberBounds(schema: Schema): NumberBounds {
  const { minimum, maximum, exclusiveMinimum, exclusiveMaximum } = schema;
  const [low, minExcluded] = bound(minimum, exclusiveMinimum, Math.max);
  const [high, maxExcluded] = bound(maximum, exclusiveMaximum, Math.min);
  return {
    ...(low !== undefined && { min: low }),
    minExcluded,
    ...(high !== undefined && { max: high }),
    maxExcluded,
  };
}

function bound(
  inclusive: unknown,
  exclusive: unknown,
  stronger: (a: number, b: number) => number,
): [number | undefined, boolean] {
  const allowed = typeof inclusive === 'number' ? inclusive : undefined;
  if (exclusive === true) return [allowed, true];
  if (typeof exclusive !== 'number') return [allowed, false];
  if (allowed === undefined) return [exclusive, true];
  return [stronger(allowed, exclusive), stronger(allowed, exclusive) === exclusive];
}
