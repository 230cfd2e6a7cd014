// Refunds and disputes: what the provider has taken back of a payment leaves the books too, once per object of the
// provider; what turns out to be undone, a dispute that was won, a refund that failed, comes back once.

import { dollarsOfCents, nanoOfCents } from '../domain/payments/amount.ts';
import { type Nano, nano } from '../domain/money/nano.ts';
import type { PaymentReversal } from '../domain/payments/payment.ts';
import type { TopUp } from '../domain/payments/top-up.ts';
import type { ReversalRow } from '../ports/till-book.ts';
import { alarm } from './alarm.ts';
import { creditIdOf, givenBackIdOf, reversalIdOf } from './credit-id.ts';
import type { TillDeps } from './till-deps.ts';

/** A dispute takes weeks; its end usually comes by webhook. */
const LOOK_AGAIN_MS = 24 * 3_600_000;
/** More credits of one payment than that nobody has seen. */
const PARTS_MAX = 20;

/** Everything of one payment. Before its credit is posted there is nothing to take back. */
export async function takeBack(till: TillDeps, topUp: TopUp): Promise<void> {
  const provider = till.providers.get(topUp.provider);
  if (provider === undefined || topUp.state !== 'credited' || topUp.paymentId === undefined) return;
  const found = await provider.reversals(topUp.paymentId);
  if (!found.ok) {
    till.log.warn(
      { topUp: topUp.id, why: found.error.detail },
      'a payment provider gave no answer',
    );
    return;
  }
  for (const reversal of found.value) await settleReversal(till, topUp, reversal);
}

async function settleReversal(
  till: TillDeps,
  topUp: TopUp,
  reversal: PaymentReversal,
): Promise<void> {
  const { reversals } = till.book;
  const { provider } = topUp;
  const before = await reversals.get(provider, reversal.id);
  // It was over before we heard of it: nothing was taken, nothing comes back.
  if (before === undefined && reversal.status === 'undone') return;
  if (reversal.currency !== topUp.currency) {
    return alarm(till, topUp, `its ${reversal.kind} ${reversal.id} is in ${reversal.currency}`);
  }
  const row = await reversals.seen(provider, topUp.id, reversal, till.nowMs());
  if (row.amountCents !== reversal.amountCents) {
    await alarm(till, topUp, `the amount of ${reversal.id} has changed`);
  }
  // Also of what is undone already: somebody who read it a moment ago may be taking it now.
  const isShort = row.state === 'seen' && !(await take(till, topUp, row));
  if (reversal.status === 'undone') return giveBack(till, topUp, row);
  if (isShort) return;
  if (row.state === 'given-back') return;
  const lookAtMs = till.nowMs() + LOOK_AGAIN_MS;
  await reversals.advance(provider, row.id, 'taken', reversal.isFinal ? undefined : lookAtMs);
}

/** False: the books would not have it. */
async function take(till: TillDeps, topUp: TopUp, row: ReversalRow): Promise<boolean> {
  const amountNano = nanoOfCents(row.amountCents);
  for (let part = 0; part < PARTS_MAX; part++) {
    const taken = await till.book.reversals.taken(row.provider, row.id);
    const rest = taken.amounts.reduce((left, amount) => left - amount, BigInt(amountNano));
    if (rest <= 0n) return isTaken(till, topUp, row);
    if (!(await takePart(till, topUp, row, taken.amounts.length, nano(rest)))) break;
  }
  await alarm(till, topUp, `its ${row.kind} ${row.id} takes more than was credited`);
  await till.book.reversals.look(row.provider, row.id, till.nowMs() + LOOK_AGAIN_MS);
  return false;
}

/** From the first credit of this payment that has something left; the next part comes from the next one. */
async function takePart(
  till: TillDeps,
  topUp: TopUp,
  row: ReversalRow,
  part: number,
  restNano: Nano,
): Promise<boolean> {
  const reason = row.kind === 'refund' ? 'refund' : 'chargeback';
  const id = reversalIdOf(row, part);
  for (const blockId of await creditsOf(till, topUp)) {
    const { accounts } = till;
    const all = await accounts.reverseCredits({ id, blockId, amountNano: restNano, reason });
    if (all.kind !== 'too-much') return all.kind !== 'not-found';
    if (all.leftNano <= 0n) continue;
    const some = await accounts.reverseCredits({ id, blockId, amountNano: all.leftNano, reason });
    return some.kind !== 'not-found';
  }
  return false;
}

async function isTaken(till: TillDeps, topUp: TopUp, row: ReversalRow): Promise<true> {
  const { organisationId } = topUp;
  const detail = `${dollarsOfCents(row.amountCents)} were taken back by a ${row.kind}.`;
  const event = { kind: 'taken-back', organisationId, topUpId: topUp.id, detail } as const;
  await till.book.events.note(event, `${row.provider} ${row.id}`, till.nowMs());
  return true;
}

/** What a won dispute or a failed refund gave back is a credit of its own, and can be taken like the first. */
async function creditsOf(till: TillDeps, topUp: TopUp): Promise<readonly string[]> {
  const rows = await till.book.reversals.of(topUp.id);
  const back = rows.filter(({ state }) => state === 'given-back').map(givenBackIdOf);
  return [creditIdOf(topUp), ...back];
}

async function giveBack(till: TillDeps, topUp: TopUp, row: ReversalRow): Promise<void> {
  if (row.state === 'given-back') return;
  const { organisationId } = topUp;
  const { amounts } = await till.book.reversals.taken(row.provider, row.id);
  const takenNano = nano(amounts.reduce((sum, amount) => sum + amount, 0n));
  if (takenNano > 0n) {
    const added = await till.accounts.addCredits({
      id: givenBackIdOf(row),
      organisationId,
      amountNano: takenNano,
      source: 'payment',
      provider: row.provider,
    });
    if (added.kind === 'conflict') {
      return alarm(till, topUp, `what ${row.id} gives back exists with another ${added.field}`);
    }
  }
  await till.book.reversals.advance(row.provider, row.id, 'given-back');
  const why = row.kind === 'dispute' ? 'the dispute was won' : 'the refund failed';
  const detail = `${dollarsOfCents(row.amountCents)} came back: ${why}.`;
  const event = { kind: 'given-back', organisationId, topUpId: topUp.id, detail } as const;
  await till.book.events.note(event, `${row.provider} ${row.id}`, till.nowMs());
}
