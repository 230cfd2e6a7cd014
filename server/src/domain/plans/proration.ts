// What an upgrade within a cycle takes back, grants and costs. Whole nano-dollars and whole cents, rounded against the
// house by less than one of each.

import type { PlanTerms } from './plan.ts';

type Upgrade = {
  readonly from: PlanTerms;
  readonly to: PlanTerms;
  /** What the old plan granted for the period that runs, and what of that is unburnt and free. */
  readonly grantedNano: bigint;
  readonly takeableNano: bigint;
  readonly cycleMs: number;
  /** From the last change within the cycle to its end. */
  readonly periodMs: number;
  readonly leftMs: number;
};

export type Proration = {
  readonly takeBackNano: bigint;
  readonly grantNano: bigint;
  readonly dueMinor: bigint;
};

/**
 * The old block gives back its share of the time that is left, as far as it has not been used; the new plan's share of
 * that time is granted. To be paid is the new plan's share of its price less the price of what was given back: what has
 * been used stays paid, and nobody pays twice for the same days.
 */
export function prorate(upgrade: Upgrade): Proration {
  const { from, to, grantedNano, takeableNano } = upgrade;
  const [left, period, cycle] = [upgrade.leftMs, upgrade.periodMs, upgrade.cycleMs].map(BigInt);
  if (
    left === undefined ||
    period === undefined ||
    cycle === undefined ||
    cycle <= 0n ||
    period <= 0n
  )
    throw new RangeError('a cycle lasts, and so does what is left of it');
  const share = (grantedNano * left) / period;
  const takeBackNano = share < takeableNano ? share : takeableNano;
  const paidMinor = (from.priceMinor * period) / cycle;
  const credited =
    grantedNano === 0n ? (paidMinor * left) / period : (paidMinor * takeBackNano) / grantedNano;
  const price = (to.priceMinor * left) / cycle;
  return {
    takeBackNano,
    grantNano: (to.creditsNano * left + cycle - 1n) / cycle,
    dueMinor: price > credited ? price - credited : 0n,
  };
}
