// Money on the wire: always text, because JSON's numbers are floats. One amount, written twice, so that people
// read dollars and programs add integers.

import * as z from 'zod';

import { TOP_UP_DOLLARS_MAX } from './limits.ts';

const NANO_PER_DOLLAR = 1_000_000_000n;

export const money = z
  .object({
    dollars: z
      .string()
      .regex(/^-?\d+\.\d{2,9}$/)
      .describe('US dollars as a decimal string with two to nine decimals, exact: "0.000012345".'),
    nano: z
      .string()
      .regex(/^-?\d+$/)
      .describe('The same amount in nano-dollars (1e-9 USD) as an integer string: "12345".'),
  })
  .describe('An amount of money, exact, written both ways.');

export type Money = z.infer<typeof money>;

/** What a client sends: `12`, `12.5` or `0.000000001`. */
export const dollarsOrNothing = z
  .string('must be dollars as a decimal string, such as "12.50"')
  .regex(/^\d{1,10}(\.\d{1,9})?$/, {
    error: 'must be dollars as a decimal string with at most nine decimals, such as "12.50"',
    abort: true,
  })
  .refine(
    (text) => BigInt(text.split('.')[0] ?? '0') < BigInt(TOP_UP_DOLLARS_MAX),
    `must be less than ${TOP_UP_DOLLARS_MAX} dollars at a time`,
  )
  .describe('US dollars as a decimal string with at most nine decimals: "12.50".');

/** The same, above zero. */
export const dollarsToAdd = dollarsOrNothing
  .refine((text) => /[1-9]/.test(text), 'must be more than zero')
  .describe('US dollars above zero as a decimal string with at most nine decimals: "12.50".');

export function moneyOf(nano: bigint): Money {
  const magnitude = nano < 0n ? -nano : nano;
  const fraction = (magnitude % NANO_PER_DOLLAR).toString().padStart(9, '0');
  const shown = fraction.replace(/0+$/, '').padEnd(2, '0');
  const sign = nano < 0n ? '-' : '';
  return { dollars: `${sign}${magnitude / NANO_PER_DOLLAR}.${shown}`, nano: nano.toString() };
}
