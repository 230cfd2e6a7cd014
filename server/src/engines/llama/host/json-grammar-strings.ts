// Strings of JSON in llama.cpp's grammar notation: characters, and the formats that are easily written so.

import type { GrammarRules } from './grammar-rules.ts';

const HEX = '[0-9a-fA-F]';
/**
 * One character of Unicode, as JSON Schema counts lengths. Half a surrogate pair is no character, so it can't stand
 * alone. llama.cpp knows no more of UTF-8 than this: see valid-utf8.ts.
 */
const CHARACTER =
  '[ !#-\\x5B\\x5D-\\x7F\\u0080-\\uD7FF\\uE000-\\U0010FFFF] | "\\\\" (["\\\\/bfnrt] | "u" json-escape)';
const ESCAPE =
  `[0-9abcefABCEF] ${HEX}{3} | [dD] [0-7] ${HEX}{2}` +
  ` | [dD] [89abAB] ${HEX}{2} "\\\\u" [dD] [c-fC-F] ${HEX}{2}`;

const DAYS_TO_28 = '("0" [1-9] | "1" [0-9] | "2" [0-8])';
const DAYS_TO_30 = '("0" [1-9] | [12] [0-9] | "30")';
const DAYS_TO_31 = '("0" [1-9] | [12] [0-9] | "3" [01])';
const LEAP_CENTURY = '([02468] [048] | [13579] [26])';
const LEAP_YEAR = `([0-9]{2} ("0" [48] | [2468] [048] | [13579] [26]) | ${LEAP_CENTURY} "00")`;
const DATE =
  `([0-9]{4} "-" (("0" [13578] | "1" [02]) "-" ${DAYS_TO_31} | ("0" [469] | "11") "-" ${DAYS_TO_30}` +
  ` | "02-" ${DAYS_TO_28}) | ${LEAP_YEAR} "-02-29")`;
const HOURS_MINUTES = '([01] [0-9] | "2" [0-3]) ":" [0-5] [0-9]';
const TIME = `${HOURS_MINUTES} ":" [0-5] [0-9] ("." [0-9]{1,6})? ("Z" | [-+] ${HOURS_MINUTES})`;
const BYTE = '("25" [0-5] | "2" [0-4] [0-9] | "1" [0-9]{2} | [1-9] [0-9] | [0-9])';
const LABEL = '[a-z0-9] ([-a-z0-9]{0,30} [a-z0-9])?';

const FORMATS: { readonly [format: string]: string } = {
  date: DATE,
  time: TIME,
  'date-time': `${DATE} "T" ${TIME}`,
  uuid: `${HEX}{8} "-" ${HEX}{4} "-" ${HEX}{4} "-" ${HEX}{4} "-" ${HEX}{12}`,
  ipv4: `${BYTE} ("." ${BYTE}){3}`,
  email: `[a-zA-Z0-9] ([-+_a-zA-Z0-9]{0,30} [a-zA-Z0-9])? ("." [a-zA-Z0-9]{1,30}){0,2} "@" ${LABEL} ("." ${LABEL}){0,2} "." [a-z]{2,12}`,
};

export function stringRule(rules: GrammarRules, min: number, max: number): string {
  rules.once('json-escape', () => ESCAPE);
  rules.once('json-char', () => CHARACTER);
  return `"\\"" ${rules.times('json-char', min, max)} "\\""`;
}

/** Undefined for a format that says nothing here, as JSON Schema allows. */
export function formatRule(rules: GrammarRules, format: unknown): string | undefined {
  const body =
    typeof format === 'string' && Object.hasOwn(FORMATS, format) ? FORMATS[format] : undefined;
  if (body === undefined) return undefined;
  return rules.once(`format-${String(format)}`, () => `"\\"" ${body} "\\""`);
}
