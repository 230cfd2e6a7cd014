// What must become of a request, read off the terms that its gateway knew when it came: at which price, and in which windows
// of which budgets. As plain as it can be, and with nothing of the product's.

import type { Budget } from '../../server/src/domain/ledger/budget.ts';
import type { ModelPrice } from '../../server/src/domain/pricing/price-book.ts';
import type { ServiceTier } from '../../server/src/domain/pricing/service-tier.ts';
import type { Caller, Terms } from './office.ts';

export type Pin = {
  readonly version: number;
  readonly tier: ServiceTier;
  readonly price: ModelPrice;
};

/** Undefined: not sold. `no consent`: may be used to train, and nobody agreed to that. */
export function pinOf(
  terms: Terms,
  caller: Caller,
  asked: ServiceTier,
  nowMs: number,
): Pin | 'no consent' | undefined {
  if (asked === 'contributor' && !caller.contributes) return 'no consent';
  let book = 'list';
  for (const contract of terms.contracts) {
    if (contract.organisationId !== caller.organisationId) continue;
    if (contract.fromMs <= nowMs) book = contract.book;
  }
  let pin: Pin | undefined;
  for (const version of terms.prices) {
    if (version.book !== book || version.fromMs > nowMs) continue;
    const own = version.tiers[asked];
    pin = {
      version: version.version,
      tier: own === undefined ? 'standard' : asked,
      price: own ?? version.tiers.standard,
    };
  }
  return pin;
}

/** In any order. */
export function windowsOf(
  budgets: readonly Budget[],
  caller: Caller,
  endUser: string | undefined,
  nowMs: number,
): readonly string[] {
  const who: Readonly<Record<Budget['scope'], string | undefined>> = {
    organisation: caller.organisationId,
    project: caller.projectId,
    key: caller.keyId,
    'end-user': endUser,
    'each-end-user': endUser === undefined ? undefined : caller.projectId,
  };
  const found = budgets.filter(
    ({ organisationId, scope, subject }) =>
      organisationId === caller.organisationId && who[scope] === subject,
  );
  const isNamed = ({ period }: Budget) =>
    found.some((one) => one.scope === 'end-user' && one.period === period);
  return found.flatMap((budget) => {
    const window = `budget:${budget.id}:${windowName(budget.period, nowMs)}`;
    if (budget.scope !== 'each-end-user') return [window];
    // Who has a limit of his own has that instead.
    return isNamed(budget) ? [] : [`${window}:${Buffer.from(endUser ?? '').toString('base64url')}`];
  });
}

const DAY_MS = 86_400_000;

/** Days are counted from 1970, which began on a Thursday. */
function windowName(period: Budget['period'], nowMs: number): string {
  const day = Math.floor(nowMs / DAY_MS);
  const date = (days: number) => new Date(days * DAY_MS).toISOString().slice(0, 10);
  switch (period) {
    case 'daily':
      return date(day);
    case 'weekly':
      return date(day - ((day + 3) % 7));
    case 'monthly':
      return `${date(day).slice(0, 7)}-01`;
    case 'total':
      return 'total';
  }
}
