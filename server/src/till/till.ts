// START HERE. The till takes money and turns it into credit: what people and programs may ask of it. A row is committed
// before a provider hears of anything, and everything after that can be done twice.

import { type AmountRefusal, PAYMENT_CURRENCY, readAmount } from '../domain/payments/amount.ts';
import {
  type AutoReload,
  type SettingsRefusal,
  settingsRefusal,
} from '../domain/payments/auto-reload.ts';
import { type BillId, CHARGE_CENTS_MIN } from '../domain/payments/bill.ts';
import type { PaymentMethod } from '../domain/payments/payment.ts';
import type { TopUp } from '../domain/payments/top-up.ts';
import { type Result, err, ok } from '../lib/result.ts';
import type { HintRefusal, PaymentProvider, WebhookCall } from '../ports/payments.ts';
import type { PaymentEvent, ReversalRow } from '../ports/till-book.ts';
import { advance } from './advance.ts';
import { reloadHungry } from './auto-reload.ts';
import { chargeBills } from './bills.ts';
import { collectDue, sweep } from './collect.ts';
import { type PaymentDifference, comparePayments } from './compare-payments.ts';
import { hear, type Heard } from './hear.ts';
import { takeBack } from './take-back.ts';
import { TTL_MS, type TillDeps } from './till-deps.ts';

export type TopUpWish = {
  /** The customer's own: the same again is the same top-up. */
  readonly id: string;
  readonly organisationId: string;
  /** Dollars: `25`, `12.50`. Absent: what the bill asks for. */
  readonly amount?: string;
  readonly currency: string;
  readonly by: 'checkout' | 'wire';
  /** The bill that it is meant to pay. */
  readonly pays?: BillId;
  /** Keep the card, so that auto-reload can charge it. */
  readonly saveMethod: boolean;
};

export type TillRefusal =
  | AmountRefusal
  /** The id stands for another top-up. */
  | { readonly kind: 'conflict' }
  | { readonly kind: 'no-such-bill' | 'bill-paid' | 'bill-void' }
  /** No provider of cards is configured. */
  | { readonly kind: 'no-card-provider' }
  | { readonly kind: 'no-such-top-up' }
  /** Only wires are confirmed by hand. */
  | { readonly kind: 'not-a-wire' }
  /** What arrived is not what was asked for. */
  | { readonly kind: 'another-amount'; readonly askedCents: number }
  /** This line of the statement was used for another top-up. */
  | { readonly kind: 'reference-used' }
  | { readonly kind: 'not-credited' }
  | { readonly kind: 'provider-refused'; readonly detail: string }
  | { readonly kind: 'provider-silent'; readonly detail: string };

export type ReloadRefusal =
  | AmountRefusal
  | { readonly kind: 'settings'; readonly why: SettingsRefusal }
  | { readonly kind: 'no-card-provider' }
  | { readonly kind: 'no-payment-method' };

export class Till {
  readonly #deps: TillDeps;

  constructor(deps: TillDeps) {
    this.#deps = deps;
  }

  async topUp(wish: TopUpWish): Promise<Result<TopUp, TillRefusal>> {
    const { book, cards, wires } = this.#deps;
    const amount = await this.#amountOf(wish);
    if (!amount.ok) return amount;
    const provider = wish.by === 'wire' ? wires : cards;
    if (provider === undefined) return err({ kind: 'no-card-provider' });
    const createdAtMs = this.#deps.nowMs();
    const created = await book.topUps.create({
      id: wish.id,
      organisationId: wish.organisationId,
      provider: provider.name,
      origin: wish.by,
      amountCents: amount.value,
      currency: PAYMENT_CURRENCY,
      saveMethod: wish.saveMethod && wish.by === 'checkout',
      ...(wish.pays !== undefined && { pays: wish.pays }),
      createdAtMs,
      expiresAtMs: createdAtMs + TTL_MS[wish.by],
    });
    if (created.kind === 'conflict') return err({ kind: 'conflict' });
    const { topUp } = created;
    const isBegun = created.kind === 'existing' && topUp.state !== 'created';
    return ok(isBegun ? topUp : await advance(this.#deps, topUp));
  }

  /** In cents. What was asked for before under this id keeps its amount, whatever has been paid of the bill since. */
  async #amountOf(wish: TopUpWish): Promise<Result<number, TillRefusal>> {
    const { book, bounds } = this.#deps;
    const { pays, amount, currency, organisationId, id } = wish;
    if (pays === undefined) return readAmount(amount ?? '', currency, bounds);
    const before = await book.topUps.get(id);
    if (amount !== undefined)
      return readAmount(amount, currency, { ...bounds, leastCents: CHARGE_CENTS_MIN });
    if (before !== undefined) return ok(before.amountCents);
    const bill = await book.bills.payable(pays);
    switch (bill.kind) {
      case 'no-such-bill':
        return err({ kind: 'no-such-bill' });
      case 'paid':
        return err({ kind: 'bill-paid' });
      case 'void':
        return err({ kind: 'bill-void' });
      case 'payable':
        if (bill.organisationId !== organisationId) return err({ kind: 'no-such-bill' });
        return ok(bill.amountCents);
    }
  }

  async get(organisationId: string, id: string): Promise<TopUp | undefined> {
    const topUp = await this.#deps.book.topUps.get(id);
    return topUp?.organisationId === organisationId ? topUp : undefined;
  }

  /** Newest first. */
  async list(organisationId: string, count: number, afterId?: string): Promise<readonly TopUp[]> {
    return this.#deps.book.topUps.list(organisationId, count, afterId);
  }

  /** An operator has seen the money on the bank's statement. `reference` is the statement's own for that line. */
  async confirmWire(
    id: string,
    received: { readonly reference: string; readonly amount: string; readonly currency: string },
  ): Promise<Result<TopUp, TillRefusal>> {
    const { book, bounds } = this.#deps;
    const topUp = await book.topUps.get(id);
    if (topUp === undefined) return err({ kind: 'no-such-top-up' });
    if (topUp.origin !== 'wire') return err({ kind: 'not-a-wire' });
    const amount = readAmount(received.amount, received.currency, bounds);
    if (!amount.ok) return amount;
    // For a bill whatever arrives is taken: less pays a part of an invoice, and more is credit.
    if (amount.value !== topUp.amountCents && !(await this.#takes(topUp, amount.value))) {
      return err({ kind: 'another-amount', askedCents: topUp.amountCents });
    }
    const recorded = await book.bank.record({
      reference: received.reference,
      topUpId: id,
      amountCents: amount.value,
      currency: received.currency.toLowerCase(),
      receivedAtMs: this.#deps.nowMs(),
    });
    if (recorded === 'conflict') {
      await this.#takes(topUp, topUp.amountCents);
      return err({ kind: 'reference-used' });
    }
    return ok(await advance(this.#deps, { ...topUp, amountCents: amount.value }));
  }

  async #takes({ id, pays }: TopUp, amountCents: number): Promise<boolean> {
    return pays !== undefined && this.#deps.book.topUps.received(id, amountCents);
  }

  /** Pays back, and takes the credit back with it. `refundId` is the caller's: the same again is the same refund. */
  async refund(
    id: string,
    refund: { readonly refundId: string; readonly amount: string; readonly currency: string },
  ): Promise<Result<{ topUp: TopUp; reversals: readonly ReversalRow[] }, TillRefusal>> {
    const { book, providers, bounds } = this.#deps;
    const topUp = await book.topUps.get(id);
    if (topUp === undefined) return err({ kind: 'no-such-top-up' });
    const { paymentId } = topUp;
    if (topUp.state !== 'credited' || paymentId === undefined) return err({ kind: 'not-credited' });
    const amount = readAmount(refund.amount, refund.currency, { ...bounds, leastCents: 1 });
    if (!amount.ok) return amount;
    const provider = providers.get(topUp.provider);
    if (provider === undefined) return err({ kind: 'no-card-provider' });
    const { refundId } = refund;
    const request = { id: refundId, topUpId: id, amountCents: amount.value };
    const before = await book.reversals.requestRefund(request, this.#deps.nowMs());
    if (before === 'conflict') return err({ kind: 'conflict' });
    if (!(before === 'existing' && (await isMade(provider, paymentId, refundId)))) {
      const order = { refundId, paymentId, amountCents: amount.value };
      const made = await provider.refund(order);
      if (!made.ok) {
        const kind = made.error.kind === 'unknown' ? 'provider-silent' : 'provider-refused';
        return err({ kind, detail: made.error.detail });
      }
    }
    await takeBack(this.#deps, topUp);
    return ok({ topUp, reversals: await book.reversals.of(id) });
  }

  async reversals(id: string): Promise<readonly ReversalRow[]> {
    return this.#deps.book.reversals.of(id);
  }

  /** The card that auto-reload charges. */
  async method(organisationId: string): Promise<PaymentMethod | undefined> {
    const { cards, book } = this.#deps;
    return cards === undefined ? undefined : book.methods.get(organisationId, cards.name);
  }

  async autoReload(organisationId: string): Promise<AutoReload | undefined> {
    return this.#deps.book.reloads.get(organisationId);
  }

  async setAutoReload(
    organisationId: string,
    wish: { readonly threshold: string; readonly target: string; readonly monthlyCap: string },
  ): Promise<Result<AutoReload | undefined, ReloadRefusal>> {
    const { book, cards, bounds } = this.#deps;
    if (cards === undefined) return err({ kind: 'no-card-provider' });
    const wide = { leastCents: 0, mostCents: bounds.mostCents * MONTHLY_RELOADS_MAX };
    const threshold = readAmount(wish.threshold, PAYMENT_CURRENCY, wide);
    if (!threshold.ok) return threshold;
    const target = readAmount(wish.target, PAYMENT_CURRENCY, wide);
    if (!target.ok) return target;
    const cap = readAmount(wish.monthlyCap, PAYMENT_CURRENCY, wide);
    if (!cap.ok) return cap;
    const settings = {
      thresholdCents: threshold.value,
      targetCents: target.value,
      monthlyCapCents: cap.value,
    };
    const why = settingsRefusal(settings, bounds);
    if (why !== undefined) return err({ kind: 'settings', why });
    if ((await this.method(organisationId)) === undefined)
      return err({ kind: 'no-payment-method' });
    await book.reloads.set({ organisationId, ...settings }, this.#deps.nowMs());
    return ok(await book.reloads.get(organisationId));
  }

  async turnAutoReloadOff(organisationId: string): Promise<void> {
    await this.#deps.book.reloads.turnOff(organisationId, undefined, this.#deps.nowMs());
  }

  /** Newest first. */
  async events(
    organisationId: string,
    count: number,
  ): Promise<readonly (PaymentEvent & { atMs: number })[]> {
    return this.#deps.book.events.list(organisationId, count);
  }

  async hear(providerName: string, call: WebhookCall): Promise<Result<Heard, HintRefusal>> {
    const provider = this.#deps.providers.get(providerName);
    return provider === undefined ? err('no-webhook') : hear(this.#deps, provider, call);
  }

  nowMs(): number {
    return this.#deps.nowMs();
  }

  /** What is due now; returns how much that was. */
  async collect(): Promise<number> {
    const due = (await chargeBills(this.#deps)) + (await reloadHungry(this.#deps));
    return due + (await collectDue(this.#deps));
  }

  /** Looks at everything of the last days, as if a webhook had come for each. */
  async sweep(sinceMs: number): Promise<void> {
    for (const provider of this.#deps.providers.values())
      await sweep(this.#deps, provider, sinceMs);
  }

  async compare(sinceMs: number): Promise<readonly PaymentDifference[]> {
    const all = [...this.#deps.providers.values()];
    const found = all.map((provider) => comparePayments(this.#deps, provider, sinceMs));
    return (await Promise.all(found)).flat();
  }
}

const MONTHLY_RELOADS_MAX = 100;

/** Asked before a request is sent again: after a day Stripe no longer knows that it is the same. */
async function isMade(
  provider: PaymentProvider,
  paymentId: string,
  refundId: string,
): Promise<boolean> {
  const found = await provider.reversals(paymentId);
  return found.ok && found.value.some((reversal) => reversal.refundId === refundId);
}
