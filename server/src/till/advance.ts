// Brings one top-up as far as it gets now. Whoever calls it, a customer's request, a webhook, the poller after a crash:
// it reads what the provider has, and every step can be done twice.

import { nanoOfCents, dollarsOfCents } from '../domain/payments/amount.ts';
import { mismatchOf, type Payment } from '../domain/payments/payment.ts';
import { type DeclineReason, isAutomatic, type TopUp } from '../domain/payments/top-up.ts';
import { unreachable } from '../lib/assert.ts';
import type { Answered, PaymentOrder, PaymentProvider } from '../ports/payments.ts';
import type { TopUpChange, TopUpChanged } from '../ports/till-book.ts';
import { alarm } from './alarm.ts';
import { creditIdOf } from './credit-id.ts';
import { takeBack } from './take-back.ts';
import { lookAfterMs, type TillDeps } from './till-deps.ts';

export async function advance(till: TillDeps, topUp: TopUp): Promise<TopUp> {
  const provider = till.providers.get(topUp.provider);
  if (provider === undefined) {
    till.log.error(
      { topUp: topUp.id },
      `No payment provider ${topUp.provider} is configured any more.`,
    );
    return later(till, topUp);
  }
  switch (topUp.state) {
    case 'created':
      return begin(till, provider, topUp);
    case 'open':
    case 'declined':
    case 'expired':
      return look(till, provider, topUp);
    case 'paid':
      return credit(till, provider, topUp);
    case 'credited':
    case 'suspect':
      return topUp;
    default:
      return unreachable(topUp.state);
  }
}

/** The provider is asked to make it, unless it turns out to have been made. */
async function begin(till: TillDeps, provider: PaymentProvider, topUp: TopUp): Promise<TopUp> {
  const method = await till.book.methods.get(topUp.organisationId, provider.name);
  const order = orderOf(topUp, method?.customerId);
  const attempts = await till.book.topUps.attempt(topUp.id);
  if (attempts > 1) {
    const found = await provider.find(order);
    if (!found.ok) return later(till, topUp, found.error.detail);
    if (found.value !== undefined) return accept(till, provider, topUp, found.value);
    // There is nothing, and to ask again now could make a second one.
    if (till.nowMs() >= topUp.expiresAtMs) return end(till, topUp, { to: 'expired' });
  }
  if (isAutomatic(topUp.origin)) {
    if (method === undefined) return decline(till, topUp, 'no-payment-method');
    return begun(till, provider, topUp, await provider.charge(order, method));
  }
  return begun(till, provider, topUp, await provider.open(order));
}

async function begun(
  till: TillDeps,
  provider: PaymentProvider,
  topUp: TopUp,
  made: Awaited<Answered<Payment>>,
): Promise<TopUp> {
  if (made.ok) return accept(till, provider, topUp, made.value);
  if (made.error.kind === 'unknown') return later(till, topUp, made.error.detail);
  till.log.error(
    { topUp: topUp.id, detail: made.error.detail },
    'the payment provider refused a top-up',
  );
  return decline(till, topUp, 'refused-by-provider');
}

async function look(till: TillDeps, provider: PaymentProvider, topUp: TopUp): Promise<TopUp> {
  if (topUp.orderId === undefined) {
    const found = await provider.find(orderOf(topUp));
    if (!found.ok) return later(till, topUp, found.error.detail);
    return found.value === undefined ? topUp : accept(till, provider, topUp, found.value);
  }
  const read = await provider.read(topUp.orderId);
  if (!read.ok) return later(till, topUp, read.error.detail);
  if (read.value === undefined) return suspect(till, topUp, 'no-such-payment');
  return accept(till, provider, topUp, read.value);
}

/** What the provider has now, read a moment ago. */
export async function accept(
  till: TillDeps,
  provider: PaymentProvider,
  topUp: TopUp,
  payment: Payment,
): Promise<TopUp> {
  const { status } = payment;
  switch (status.kind) {
    case 'succeeded': {
      const mismatch = mismatchOf(topUp, payment);
      return mismatch === undefined
        ? paid(till, provider, topUp, payment)
        : suspect(till, topUp, mismatch);
    }
    case 'open':
      if (till.nowMs() >= topUp.expiresAtMs) return giveUp(till, provider, topUp, payment);
      return open(till, topUp, payment);
    case 'processing':
      return open(till, topUp, payment);
    case 'declined':
      if (isAutomatic(topUp.origin)) {
        return declineCharge(till, provider, topUp, payment, status.reason);
      }
      return decline(till, topUp, status.reason, payment);
    case 'expired':
      return end(till, topUp, { to: 'expired', ...objectsOf(payment) });
    default:
      return unreachable(status);
  }
}

async function paid(
  till: TillDeps,
  provider: PaymentProvider,
  topUp: TopUp,
  payment: Payment,
): Promise<TopUp> {
  const { method } = payment;
  if (method !== undefined && topUp.saveMethod) {
    await till.book.methods.save(topUp.organisationId, provider.name, method);
  }
  const nowMs = till.nowMs();
  // Due at once: should this process die before the credit is posted, the next look posts it.
  const change = { to: 'paid', nowMs, lookAtMs: nowMs, ...objectsOf(payment) } as const;
  const changed = await till.book.topUps.change(topUp.id, change);
  if (changed.kind === 'taken') return suspect(till, topUp, 'another-top-ups-payment');
  return changed.topUp.state === 'paid' ? credit(till, provider, changed.topUp) : changed.topUp;
}

async function credit(till: TillDeps, provider: PaymentProvider, topUp: TopUp): Promise<TopUp> {
  const { organisationId, amountCents } = topUp;
  const credits = {
    id: creditIdOf(topUp),
    organisationId,
    amountNano: nanoOfCents(amountCents),
    source: 'payment',
    provider: provider.name,
  } as const;
  const added = await till.accounts.addCredits(credits, topUp.pays);
  if (added.kind === 'conflict') {
    await alarm(till, topUp, `its credit exists with another ${added.field}`);
    return later(till, topUp);
  }
  const nowMs = till.nowMs();
  const changed = await till.book.topUps.change(topUp.id, { to: 'credited', nowMs });
  if (changed.kind !== 'changed') return changed.kind === 'elsewhere' ? changed.topUp : topUp;
  if (topUp.origin === 'auto-reload') await till.book.reloads.credited(organisationId);
  const detail = `${dollarsOfCents(amountCents)} were paid and credited.`;
  const event = { kind: 'credited', organisationId, topUpId: topUp.id, detail } as const;
  await till.book.events.note(event, topUp.id, nowMs);
  // It may have been refunded before we heard of it.
  await takeBack(till, changed.topUp);
  return changed.topUp;
}

async function open(till: TillDeps, topUp: TopUp, payment: Payment): Promise<TopUp> {
  if (topUp.state !== 'created') return later(till, topUp);
  const lookAtMs = till.nowMs() + lookAfterMs(0);
  const { url } = payment;
  const change = { ...objectsOf(payment), ...(url !== undefined && { url }), lookAtMs };
  return end(till, topUp, { to: 'open', ...change });
}

/** Nobody may pay it any more, and what the provider says to that counts. */
async function giveUp(
  till: TillDeps,
  provider: PaymentProvider,
  topUp: TopUp,
  { orderId }: Payment,
): Promise<TopUp> {
  const cancelled = await provider.cancel(orderId);
  if (!cancelled.ok) return later(till, topUp, cancelled.error.detail);
  const now = cancelled.value;
  if (now === undefined || now.status.kind === 'open') return later(till, topUp);
  return accept(till, provider, topUp, now);
}

/** Ended at the provider first: what was declined must not succeed after the next one was begun. */
async function declineCharge(
  till: TillDeps,
  provider: PaymentProvider,
  topUp: TopUp,
  payment: Payment,
  reason: DeclineReason,
): Promise<TopUp> {
  const cancelled = await provider.cancel(payment.orderId);
  if (!cancelled.ok) return later(till, topUp, cancelled.error.detail);
  const now = cancelled.value?.status.kind;
  if (now === 'succeeded' && cancelled.value !== undefined) {
    return accept(till, provider, topUp, cancelled.value);
  }
  if (now === 'open' || now === 'processing') return later(till, topUp);
  return decline(till, topUp, reason, payment);
}

async function decline(
  till: TillDeps,
  topUp: TopUp,
  reason: DeclineReason,
  payment?: Payment,
): Promise<TopUp> {
  const { id, organisationId, amountCents } = topUp;
  const nowMs = till.nowMs();
  const change = { reason, nowMs, ...(payment !== undefined && objectsOf(payment)) };
  const changed = await declined(till, topUp, change);
  if (changed.kind !== 'changed') return changed.kind === 'elsewhere' ? changed.topUp : topUp;
  const detail = `${dollarsOfCents(amountCents)} were not paid: ${reason}.`;
  await till.book.events.note({ kind: 'declined', organisationId, topUpId: id, detail }, id, nowMs);
  return changed.topUp;
}

/** What comes of it is written with it: when the card is tried again. */
function declined(
  { book }: TillDeps,
  topUp: TopUp,
  change: Omit<TopUpChange, 'to'>,
): Promise<TopUpChanged> {
  switch (topUp.origin) {
    case 'auto-reload':
      return book.reloads.decline(topUp, change);
    case 'bill':
      return book.bills.decline(topUp, change);
    case 'checkout':
    case 'wire':
      return book.topUps.change(topUp.id, { to: 'declined', ...change });
  }
}

async function suspect(till: TillDeps, topUp: TopUp, reason: string): Promise<TopUp> {
  await alarm(till, topUp, reason);
  return end(till, topUp, { to: 'suspect', reason });
}

async function end(
  till: TillDeps,
  topUp: TopUp,
  change: Omit<TopUpChange, 'nowMs'>,
): Promise<TopUp> {
  const changed = await till.book.topUps.change(topUp.id, { ...change, nowMs: till.nowMs() });
  if (changed.kind !== 'taken') return changed.topUp;
  return suspect(till, topUp, 'another-top-ups-order');
}

/** Nothing was learnt: somebody looks again, less and less often. */
async function later(till: TillDeps, topUp: TopUp, why?: string): Promise<TopUp> {
  if (why !== undefined)
    till.log.warn({ topUp: topUp.id, why }, 'a payment provider gave no answer');
  await till.book.topUps.lookAgain(topUp.id, till.nowMs() + lookAfterMs(topUp.looks));
  return topUp;
}

function objectsOf({ orderId, paymentId }: Payment): Pick<TopUpChange, 'orderId' | 'paymentId'> {
  return { orderId, ...(paymentId !== undefined && { paymentId }) };
}

function orderOf(topUp: TopUp, customerId?: string): PaymentOrder {
  const { id, organisationId, amountCents, currency, createdAtMs, expiresAtMs, saveMethod } = topUp;
  return {
    topUpId: id,
    organisationId,
    amountCents,
    currency,
    createdAtMs,
    expiresAtMs,
    saveMethod,
    ...(customerId !== undefined && { customerId }),
  };
}
