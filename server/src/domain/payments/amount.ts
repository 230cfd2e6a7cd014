// What amount may be paid: whole cents of one currency, between two bounds. Every other amount has its name.

import { type Result, err, ok } from '../../lib/result.ts';
import { type Nano, nano } from '../money/nano.ts';

/** One ledger, one currency. */
export const PAYMENT_CURRENCY = 'usd';

const NANO_PER_CENT = 10_000_000n;

export type AmountRefusal =
  | { readonly kind: 'wrong-currency'; readonly currency: string }
  | { readonly kind: 'no-amount' }
  | { readonly kind: 'fraction-of-a-cent' }
  | { readonly kind: 'too-little'; readonly leastCents: number }
  | { readonly kind: 'too-much'; readonly mostCents: number };

export type AmountBounds = { readonly leastCents: number; readonly mostCents: number };

/** `amount` is dollars as people write them: `25`, `12.50`. Nothing is rounded. */
export function readAmount(
  amount: string,
  currency: string,
  { leastCents, mostCents }: AmountBounds,
): Result<number, AmountRefusal> {
  if (currency.toLowerCase() !== PAYMENT_CURRENCY) return err({ kind: 'wrong-currency', currency });
  const parts = /^(?<sign>-?)(?<whole>\d+)(?:\.(?<fraction>\d+))?$/.exec(amount)?.groups;
  if (parts === undefined) return err({ kind: 'no-amount' });
  const fraction = (parts['fraction'] ?? '').replace(/0+$/, '');
  if (fraction.length > 2) return err({ kind: 'fraction-of-a-cent' });
  const cents = BigInt(parts['whole'] ?? '0') * 100n + BigInt(fraction.padEnd(2, '0'));
  if (parts['sign'] === '-' || cents < BigInt(leastCents)) {
    return err({ kind: 'too-little', leastCents });
  }
  if (cents > BigInt(mostCents)) return err({ kind: 'too-much', mostCents });
  return ok(Number(cents));
}

export function nanoOfCents(cents: number): Nano {
  return nano(BigInt(cents) * NANO_PER_CENT);
}

/** Rounded up: what is bought covers what is needed. */
export function centsFor(amountNano: bigint): number {
  return Number((amountNano + NANO_PER_CENT - 1n) / NANO_PER_CENT);
}

export function dollarsOfCents(cents: number): string {
  return `$${Math.floor(cents / 100)}.${String(cents % 100).padStart(2, '0')}`;
}
