// Charges the saved card of whoever has fallen below their threshold. The row is written under a lock and a constraint
// before the card is touched; requests go on with what gateways have leased meanwhile.

import { PAYMENT_CURRENCY } from '../domain/payments/amount.ts';
import { advance } from './advance.ts';
import { TTL_MS, type TillDeps } from './till-deps.ts';

const AT_ONCE = 20;

/** One indexed query when nobody is hungry. Returns how many were charged, or tried. */
export async function reloadHungry(till: TillDeps): Promise<number> {
  if (till.cards === undefined) return 0;
  const hungry = await till.book.reloads.hungry(till.nowMs(), AT_ONCE);
  const begun = await Promise.all(hungry.map((organisationId) => reload(till, organisationId)));
  return begun.filter(Boolean).length;
}

async function reload(till: TillDeps, organisationId: string): Promise<boolean> {
  const { cards, bounds } = till;
  if (cards === undefined) return false;
  const topUp = await till.book.reloads.begin(
    organisationId,
    { id: till.newId('top'), provider: cards.name, currency: PAYMENT_CURRENCY },
    { ...bounds, ttlMs: TTL_MS['auto-reload'] },
    till.nowMs(),
  );
  if (topUp === undefined) return false;
  await advance(till, topUp);
  return true;
}
