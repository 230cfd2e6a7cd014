// One account at the simulated Stripe: its checkouts, payment intents, refunds and disputes, and what happened to them.
// What customers and banks do is a method here; what our program may ask is in `stripe-api.ts`.

import { Chance } from '../simulation/chance.ts';

export type Metadata = { readonly [name: string]: string };

/** What a card does when it is charged. */
export type CardMood =
  | 'pays'
  | 'card_declined'
  | 'insufficient_funds'
  | 'expired_card'
  | 'authentication_required'
  /** The bank takes its time. */
  | 'processing';

export type Card = { readonly id: string; readonly customer: string; mood: CardMood };

export type Intent = {
  readonly id: string;
  amount: number;
  amountReceived: number;
  currency: string;
  status: 'requires_payment_method' | 'requires_action' | 'processing' | 'succeeded' | 'canceled';
  metadata: Metadata;
  customer: string | null;
  card: Card | undefined;
  readonly offSession: boolean;
  keepsCard: boolean;
  error: { code: string; decline_code?: string } | null;
  /** Somebody has made something else of it than was asked for: nothing may be credited for it. */
  isTampered: boolean;
  readonly created: number;
  finishedAtMs?: number;
};

export type Session = {
  readonly id: string;
  readonly amount: number;
  readonly currency: string;
  status: 'open' | 'complete' | 'expired';
  readonly metadata: Metadata;
  readonly intentMetadata: Metadata;
  readonly reference: string | null;
  customer: string | null;
  intent: Intent | undefined;
  readonly keepsCard: boolean;
  readonly created: number;
  readonly expiresAt: number;
};

export type Refund = {
  readonly id: string;
  readonly intent: Intent;
  readonly amount: number;
  status: 'pending' | 'succeeded' | 'failed';
  readonly metadata: Metadata;
  readonly created: number;
};

export type Dispute = {
  readonly id: string;
  readonly intent: Intent;
  amount: number;
  status: 'warning_needs_response' | 'needs_response' | 'won' | 'lost';
  readonly created: number;
};

export type StripeEvent = {
  readonly type: string;
  readonly object: Session | Intent | Refund | Dispute;
};

export class StripeAccount {
  readonly chance: Chance;
  readonly intents: Intent[] = [];
  readonly sessions: Session[] = [];
  readonly refunds: Refund[] = [];
  readonly disputes: Dispute[] = [];
  readonly cards: Card[] = [];
  /** Not yet on their way. */
  readonly events: StripeEvent[] = [];
  readonly #nowMs: () => number;
  readonly #name: string;
  #ids = 0;

  constructor(name: string, seed: number, nowMs: () => number) {
    this.#name = name;
    this.#nowMs = nowMs;
    this.chance = new Chance(seed);
  }

  nowMs(): number {
    return this.#nowMs();
  }

  id(prefix: string): string {
    return `${prefix}_${this.#name}_${++this.#ids}`;
  }

  seconds(): number {
    return Math.floor(this.#nowMs() / 1000);
  }

  /** An open checkout whose time is over has expired, whoever looks. */
  tick(): void {
    for (const session of this.sessions) {
      if (session.status === 'open' && this.seconds() >= session.expiresAt) this.expire(session);
    }
  }

  expire(session: Session): void {
    session.status = 'expired';
    if (session.intent?.status === 'requires_payment_method') this.cancel(session.intent);
    this.events.push({ type: 'checkout.session.expired', object: session });
  }

  cancel(intent: Intent): void {
    intent.status = 'canceled';
    intent.finishedAtMs = this.#nowMs();
    this.events.push({ type: 'payment_intent.canceled', object: intent });
  }

  /** The customer enters a card on the page. False: the page is closed. */
  pay(session: Session, mood: CardMood): boolean {
    this.tick();
    if (session.status !== 'open') return false;
    const customer = session.customer ?? this.id('cus');
    session.customer = customer;
    const card: Card = { id: this.id('pm'), customer, mood };
    this.cards.push(card);
    session.intent ??= this.newIntent({
      amount: session.amount,
      currency: session.currency,
      metadata: session.intentMetadata,
      customer,
      offSession: false,
      keepsCard: session.keepsCard,
    });
    const { intent } = session;
    this.charge(intent, card);
    // A card that wants more from its holder gets it: the holder is there.
    if (intent.status === 'requires_payment_method') return true;
    session.status = 'complete';
    this.events.push({ type: 'checkout.session.completed', object: session });
    return true;
  }

  newIntent(
    wanted: Pick<
      Intent,
      'amount' | 'currency' | 'metadata' | 'customer' | 'offSession' | 'keepsCard'
    >,
  ): Intent {
    const intent: Intent = {
      ...wanted,
      id: this.id('pi'),
      amountReceived: 0,
      status: 'requires_payment_method',
      card: undefined,
      isTampered: false,
      error: null,
      created: this.seconds(),
    };
    this.intents.push(intent);
    return intent;
  }

  charge(intent: Intent, card: Card): void {
    intent.card = card;
    intent.error = null;
    if (card.mood === 'pays') return this.succeed(intent);
    if (card.mood === 'processing') {
      intent.status = 'processing';
      this.events.push({ type: 'payment_intent.processing', object: intent });
      return;
    }
    this.fail(intent, card.mood);
  }

  succeed(intent: Intent): void {
    intent.status = 'succeeded';
    intent.amountReceived = intent.amount;
    intent.finishedAtMs = this.#nowMs();
    this.events.push({ type: 'payment_intent.succeeded', object: intent });
  }

  fail(intent: Intent, mood: Exclude<CardMood, 'pays' | 'processing'>): void {
    intent.status = 'requires_payment_method';
    const isOwn = mood === 'authentication_required' || mood === 'expired_card';
    intent.error = isOwn ? { code: mood } : { code: 'card_declined', decline_code: mood };
    this.events.push({ type: 'payment_intent.payment_failed', object: intent });
  }

  /** Undefined: more than is left. */
  refund(
    intent: Intent,
    amount: number,
    metadata: Metadata,
    isPending: boolean,
  ): Refund | undefined {
    const left = intent.amountReceived - this.takenBack(intent);
    if (intent.status !== 'succeeded' || amount <= 0 || amount > left) return undefined;
    const status = isPending ? 'pending' : 'succeeded';
    const id = this.id('re');
    const refund: Refund = { id, intent, amount, status, metadata, created: this.seconds() };
    this.refunds.push(refund);
    this.events.push({ type: 'refund.created', object: refund });
    return refund;
  }

  finishRefund(refund: Refund, failed: boolean): void {
    refund.status = failed ? 'failed' : 'succeeded';
    this.events.push({ type: failed ? 'refund.failed' : 'refund.updated', object: refund });
  }

  dispute(intent: Intent, isInquiry: boolean): Dispute | undefined {
    const amount = intent.amountReceived - this.takenBack(intent);
    if (intent.status !== 'succeeded' || amount <= 0) return undefined;
    const status = isInquiry ? 'warning_needs_response' : 'needs_response';
    const dispute: Dispute = { id: this.id('dp'), intent, amount, status, created: this.seconds() };
    this.disputes.push(dispute);
    this.events.push({ type: 'charge.dispute.created', object: dispute });
    return dispute;
  }

  decide(dispute: Dispute, status: Dispute['status']): void {
    // What was refunded since the inquiry is not disputed any more.
    const left = dispute.intent.amountReceived - this.takenBack(dispute.intent);
    const begins = dispute.status === 'warning_needs_response' && status !== 'won';
    if (begins) dispute.amount = Math.min(dispute.amount, left);
    dispute.status = begins && left === 0 ? 'won' : status;
    this.events.push({ type: 'charge.dispute.closed', object: dispute });
  }

  /** What of a payment is not ours any more. */
  takenBack(intent: Intent): number {
    const refunds = this.refunds.filter((one) => one.intent === intent && one.status !== 'failed');
    const disputes = this.disputes.filter(
      (one) => one.intent === intent && (one.status === 'needs_response' || one.status === 'lost'),
    );
    return [...refunds, ...disputes].reduce((sum, { amount }) => sum + amount, 0);
  }
}
