// What never got a webhook, and what a crash has left: rows that are due, and everything of the last days at the provider.

import type { PaymentProvider } from '../ports/payments.ts';
import { advance } from './advance.ts';
import { follow } from './hear.ts';
import { takeBack } from './take-back.ts';
import { CLAIM_MS, type TillDeps } from './till-deps.ts';

const ROWS_AT_ONCE = 20;

/** Returns how many rows were looked at: as many as were asked for may mean that more wait. */
export async function collectDue(till: TillDeps): Promise<number> {
  const nowMs = till.nowMs();
  const { topUps, reversals } = till.book;
  const due = await topUps.claimDue(nowMs, nowMs + CLAIM_MS, ROWS_AT_ONCE);
  for (const topUp of due) await advance(till, topUp);
  const open = await reversals.claimDue(nowMs, nowMs + CLAIM_MS, ROWS_AT_ONCE);
  for (const { topUpId } of open) {
    const topUp = await topUps.get(topUpId);
    if (topUp !== undefined) await takeBack(till, topUp);
  }
  return due.length + open.length;
}

/** What no webhook told: payments that nobody credited, refunds and disputes that nobody took back. */
export async function sweep(
  till: TillDeps,
  provider: PaymentProvider,
  sinceMs: number,
): Promise<void> {
  const { topUps, reversals } = till.book;
  for await (const { orderId, paymentId } of paged((after) => provider.payments(sinceMs, after))) {
    const known = await topUps.byObject(provider.name, paymentId ?? orderId);
    if (known?.state === 'credited' || known?.state === 'suspect') continue;
    await follow(till, provider, { kind: 'payment', objectId: paymentId ?? orderId });
  }
  for await (const { id, paymentId, status } of paged((after) =>
    provider.reversalsSince(sinceMs, after),
  )) {
    const known = await reversals.get(provider.name, id);
    const isSettled =
      status === 'undone'
        ? known === undefined || known.state === 'given-back'
        : known?.state === 'taken';
    if (!isSettled) await follow(till, provider, { kind: 'reversal', paymentId });
  }
}

/** 1,000 pages of 100: more than that in some days is another kind of business. */
const PAGES_MAX = 1_000;

type Pages<T> = (
  after?: string,
) => Promise<
  | { readonly ok: true; readonly value: { readonly items: readonly T[]; readonly next?: string } }
  | { readonly ok: false; readonly error: { readonly detail: string } }
>;

/** Throws where the provider gives no answer: half of a list is none. */
export async function* paged<T>(pages: Pages<T>): AsyncGenerator<T> {
  let after: string | undefined;
  for (let page = 0; page < PAGES_MAX; page++) {
    const read = await pages(after);
    if (!read.ok) throw new Error(`The payment provider gave no list: ${read.error.detail}.`);
    yield* read.value.items;
    after = read.value.next;
    if (after === undefined) return;
  }
}
