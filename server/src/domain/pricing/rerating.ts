// Charges of the past under other prices: what a customer should have paid of a cost, and who pays the difference now.
// docs/prices.md has the rule in words.

/** Of one request, as its usage row has it. */
export type OnceCharged = { readonly costNano: bigint; readonly chargedNano: bigint };

/**
 * What the customer pays where the same request costs `costNano`. What the house bore of it stays the house's: a lower cost
 * first takes that away, a higher one is the customer's. Of the row and the cost alone, so that whoever comes back to the
 * first cost is back at the first charge.
 */
export function chargeAt(once: OnceCharged, costNano: bigint): bigint {
  if (costNano > once.costNano) return once.chargedNano + costNano - once.costNano;
  return costNano < once.chargedNano ? costNano : once.chargedNano;
}

export type Adjustment = {
  /** By house account: how much more or less it earns. */
  readonly revenues: ReadonlyMap<string, bigint>;
  /** What the customer is to pay more, or less. */
  readonly chargedNano: bigint;
};

export type CustomerNow = {
  readonly organisationId: string;
  /** What nothing holds, a credit line included. */
  readonly freeNano: bigint;
  readonly owedNano: bigint;
  readonly paysAfterwards: boolean;
  /** What earlier adjustments could not collect. */
  readonly openNano: bigint;
};

export type Leg = { readonly account: string; readonly amountNano: bigint };

export type Posting = {
  /** Both come to the same sum. */
  readonly from: readonly Leg[];
  readonly to: readonly Leg[];
  /** What the customer does pay now; below zero: gets back. */
  readonly settledNano: bigint;
  /** Of what it gets back: into a block of credits, and off what it owes. */
  readonly creditedNano: bigint;
  readonly debtNano: bigint;
};

export function postingOf({ revenues, chargedNano }: Adjustment, customer: CustomerNow): Posting {
  const credits = `credits:${customer.organisationId}`;
  const receivable = `receivable:${customer.organisationId}`;
  const { collected, onCredit, credited, debt } = partsOf(chargedNano, customer);
  const settledNano = collected + onCredit - credited - debt;
  const earned = [...revenues.values()].reduce((sum, one) => sum + one, 0n);
  const house = earned - settledNano;
  const legs: readonly [string, bigint][] = [
    [credits, credited - collected],
    [receivable, debt - onCredit],
    ['overrun_loss', -house],
    ...revenues,
  ];
  const signed = (sign: bigint): readonly Leg[] =>
    legs
      .map(([account, amount]) => ({ account, amountNano: sign * amount }))
      .filter(({ amountNano }) => amountNano > 0n);
  return {
    from: signed(-1n),
    to: signed(1n),
    settledNano,
    creditedNano: credited,
    debtNano: debt,
  };
}

function partsOf(chargedNano: bigint, customer: CustomerNow) {
  const { freeNano, owedNano, paysAfterwards, openNano } = customer;
  if (chargedNano >= 0n) {
    const collected = least(chargedNano, freeNano);
    const onCredit = paysAfterwards ? chargedNano - collected : 0n;
    return { collected, onCredit, credited: 0n, debt: 0n };
  }
  // What was never collected is not given back.
  const back = -chargedNano - least(-chargedNano, openNano);
  const debt = least(back, owedNano);
  return { collected: 0n, onCredit: 0n, credited: back - debt, debt };
}

/** Not below nothing. */
function least(one: bigint, other: bigint): bigint {
  const smaller = one < other ? one : other;
  return smaller > 0n ? smaller : 0n;
}
