// Money is an integer number of nano-dollars (1e-9 USD) in a bigint: exact at any size, and never a float.

declare const brand: unique symbol;

/** Nano-dollars. One dollar is 1_000_000_000. */
export type Nano = bigint & { readonly [brand]: 'Nano' };

export const NANO_PER_DOLLAR = 1_000_000_000n;

export const ZERO_NANO = nano(0n);

export function nano(amount: bigint): Nano {
  return amount as Nano; // the brand has no runtime form; this is the one place that gives it
}

const DOLLARS = /^(?<sign>-?)(?<whole>\d{1,10})(?:\.(?<fraction>\d{1,9}))?$/;

/** Reads `12`, `12.50` or `0.000000001` dollars; undefined for anything else, more than nine decimals included. */
export function parseDollars(text: string): Nano | undefined {
  const groups = DOLLARS.exec(text)?.groups;
  if (groups === undefined) return undefined;
  const whole = BigInt(groups['whole'] ?? '0') * NANO_PER_DOLLAR;
  const fraction = BigInt((groups['fraction'] ?? '').padEnd(9, '0'));
  const magnitude = whole + fraction;
  return nano(groups['sign'] === '-' ? -magnitude : magnitude);
}

/** Every digit that counts and at least two decimals: `$0.50`, `$0.000012345`, `-$3.00`. */
export function formatDollars(amount: bigint): string {
  const sign = amount < 0n ? '-' : '';
  return `${sign}$${formatAmount(amount < 0n ? -amount : amount)}`;
}

/** The same without the dollar sign, for headers and files. */
export function formatAmount(amount: bigint): string {
  if (amount < 0n) return `-${formatAmount(-amount)}`;
  const digits = amount.toString().padStart(10, '0');
  let end = digits.length;
  const decimals = end - 9;
  while (end > decimals + 2 && digits.charCodeAt(end - 1) === ZERO) end--;
  return `${digits.slice(0, decimals)}.${digits.slice(decimals, end)}`;
}

const ZERO = 48; // the character '0'
