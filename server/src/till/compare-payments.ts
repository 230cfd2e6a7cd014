// Reconciliation with a provider: its objects, page by page, against our rows and what the books have of them. Every
// difference is a sentence; none means that to the cent the same money is on both sides.

import { dollarsOfCents, nanoOfCents } from '../domain/payments/amount.ts';
import { formatDollars } from '../domain/money/nano.ts';
import type { Payment, PaymentReversal } from '../domain/payments/payment.ts';
import type { PaymentProvider } from '../ports/payments.ts';
import type { ClearingTransfer } from '../ports/till-book.ts';
import { paged } from './collect.ts';
import { givenBackIdOf } from './credit-id.ts';
import type { TillDeps } from './till-deps.ts';

export type PaymentDifference = { readonly provider: string; readonly detail: string };

/** A payment that was made a moment ago may be on its way into the books. */
const SETTLING_MS = 5 * 60_000;
/** Rows are older than what the provider makes for them. */
const SLACK_MS = 31 * 24 * 3_600_000;

export async function comparePayments(
  till: TillDeps,
  provider: PaymentProvider,
  sinceMs: number,
): Promise<readonly PaymentDifference[]> {
  const { name } = provider;
  const payments = await allOf(paged((after) => provider.payments(sinceMs, after)));
  const reversals = await allOf(paged((after) => provider.reversalsSince(sinceMs, after)));
  const booked = await till.book.clearing(name, sinceMs - SLACK_MS);
  const byId = new Map(booked.map((transfer) => [transfer.id, transfer]));
  const details = [
    ...(await missingCredits(till, name, payments, byId)),
    ...(await missingReversals(till, name, reversals, byId)),
    ...(await unknownTransfers(
      till,
      provider,
      booked.filter(({ atMs }) => atMs >= sinceMs),
      new Set([...payments.map(({ paymentId }) => paymentId), ...reversals.map(({ id }) => id)]),
    )),
  ];
  return details.map((detail) => ({ provider: name, detail }));
}

async function missingCredits(
  till: TillDeps,
  provider: string,
  payments: readonly Payment[],
  booked: ReadonlyMap<string, ClearingTransfer>,
): Promise<readonly string[]> {
  const found: string[] = [];
  for (const payment of payments) {
    const { paymentId = '', amountCents, topUpId } = payment;
    const credit = booked.get(`${provider}:${paymentId}`);
    if (credit?.amountNano === nanoOfCents(amountCents)) continue;
    if (credit !== undefined) {
      found.push(
        `${paymentId}: ${dollarsOfCents(amountCents)} were paid, ${formatDollars(credit.amountNano)} credited`,
      );
      continue;
    }
    const topUp = topUpId === undefined ? undefined : await till.book.topUps.get(topUpId);
    if (topUp === undefined) {
      // Others may be paid over the same account; only what says that it is ours is missed.
      if (topUpId !== undefined)
        found.push(`${paymentId}: paid for the top-up ${topUpId}, which is not there`);
      continue;
    }
    if (till.nowMs() - topUp.createdAtMs < SETTLING_MS) continue;
    found.push(
      `${paymentId}: ${dollarsOfCents(amountCents)} were paid for the top-up ${topUp.id}, which is ${topUp.state}, and not credited`,
    );
  }
  return found;
}

async function missingReversals(
  till: TillDeps,
  provider: string,
  reversals: readonly PaymentReversal[],
  booked: ReadonlyMap<string, ClearingTransfer>,
): Promise<readonly string[]> {
  const found: string[] = [];
  for (const { id, kind, paymentId, amountCents, status } of reversals) {
    const topUp = await till.book.topUps.byObject(provider, paymentId);
    if (topUp === undefined) continue; // somebody else's payment
    const taken = [...booked.values()]
      .filter((transfer) => transfer.objectId === id && transfer.what === 'taken-back')
      .reduce((sum, { amountNano }) => sum + amountNano, 0n);
    const back = booked.get(givenBackIdOf({ provider, id }))?.amountNano ?? 0n;
    const wanted = status === 'stands' ? nanoOfCents(amountCents) : 0n;
    if (taken - back === wanted) continue;
    found.push(
      `${id}: a ${kind} of ${dollarsOfCents(amountCents)} ${status === 'stands' ? 'stands' : 'was undone'}, and ${formatDollars(taken - back)} are taken back`,
    );
  }
  return found;
}

/** What the books have of objects that the provider does not. */
async function unknownTransfers(
  till: TillDeps,
  provider: PaymentProvider,
  booked: readonly ClearingTransfer[],
  known: ReadonlySet<string | undefined>,
): Promise<readonly string[]> {
  const found: string[] = [];
  for (const { objectId, what, amountNano } of booked) {
    if (known.has(objectId)) continue;
    // Made before the days that were listed: asked for one by one.
    if (what === 'credit') {
      const read = await provider.read(objectId);
      if (!read.ok) throw new Error(`The payment provider gave no answer: ${read.error.detail}.`);
      if (read.value?.status.kind === 'succeeded') continue;
    } else if ((await till.book.reversals.get(provider.name, objectId)) !== undefined) continue;
    found.push(
      `${objectId}: the books have ${formatDollars(amountNano)} (${what}), ${provider.name} has nothing`,
    );
  }
  return found;
}

async function allOf<T>(items: AsyncIterable<T>): Promise<readonly T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}
