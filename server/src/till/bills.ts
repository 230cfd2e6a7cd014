// Charges the saved card for bills that are due: dues of plans at the beginning of their cycle, invoices on the day they are
// due. The row is written under a lock and a constraint before the card is touched; what was declined is tried again by the
// days of `domain/payments/bill.ts`.

import { PAYMENT_CURRENCY } from '../domain/payments/amount.ts';
import { advance } from './advance.ts';
import { TTL_MS, type TillDeps } from './till-deps.ts';

const AT_ONCE = 20;

/** One indexed query when nothing is due. Returns how many were charged, or tried. */
export async function chargeBills(till: TillDeps): Promise<number> {
  if (till.cards === undefined) return 0;
  const due = await till.book.bills.due(till.nowMs(), AT_ONCE);
  const begun = await Promise.all(due.map((id) => charge(till, id)));
  return begun.filter(Boolean).length;
}

async function charge(till: TillDeps, id: string): Promise<boolean> {
  if (till.cards === undefined) return false;
  const topUp = await till.book.bills.begin(
    id,
    { id: till.newId('top'), provider: till.cards.name, currency: PAYMENT_CURRENCY },
    TTL_MS.bill,
    till.nowMs(),
  );
  if (topUp === undefined) return false;
  await advance(till, topUp);
  return true;
}
