// From nano-dollars to cents, once.

export const NANO_PER_CENT = 10_000_000n;

/** Rounded half up, away from zero: -0.5 cents is -1, as 0.5 is 1. */
export function centsOf(amountNano: bigint): bigint {
  const magnitude = amountNano < 0n ? -amountNano : amountNano;
  const cents = (magnitude + NANO_PER_CENT / 2n) / NANO_PER_CENT;
  return amountNano < 0n ? -cents : cents;
}

/** Of an amount in cents, in cents, rounded half up. */
export function taxOf(cents: bigint, ratePpm: number): bigint {
  const magnitude = cents < 0n ? -cents : cents;
  const tax = (magnitude * BigInt(ratePpm) + 500_000n) / 1_000_000n;
  return cents < 0n ? -tax : tax;
}

/** What an amount in cents contains of tax, rounded half up. */
export function taxWithin(cents: bigint, ratePpm: number): bigint {
  if (cents <= 0n) return 0n;
  const whole = 1_000_000n + BigInt(ratePpm);
  return cents - (cents * 1_000_000n + whole / 2n) / whole;
}
