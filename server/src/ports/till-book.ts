// What the till writes down, always before it asks a provider. All times come in as values. Whatever changes is one
// transaction; where two processes do the same, one of them changes the row and the other is told so.

import type { BillId } from '../domain/payments/bill.ts';
import type { AutoReload, AutoReloadSettings } from '../domain/payments/auto-reload.ts';
import type { PaymentMethod, PaymentReversal } from '../domain/payments/payment.ts';
import type { TopUp, TopUpOrigin, TopUpState } from '../domain/payments/top-up.ts';

export type NewTopUp = {
  readonly id: string;
  readonly organisationId: string;
  readonly provider: string;
  readonly origin: TopUpOrigin;
  readonly amountCents: number;
  readonly currency: string;
  readonly saveMethod: boolean;
  readonly pays?: BillId;
  readonly createdAtMs: number;
  readonly expiresAtMs: number;
};

export type TopUpCreated =
  | { readonly kind: 'created'; readonly topUp: TopUp }
  /** The same was asked for before under this id. */
  | { readonly kind: 'existing'; readonly topUp: TopUp }
  /** Something else was asked for under this id. */
  | { readonly kind: 'conflict' };

export type TopUpChange = {
  readonly to: TopUpState;
  readonly nowMs: number;
  readonly reason?: string;
  readonly orderId?: string;
  readonly paymentId?: string;
  readonly url?: string;
  /** When somebody must look again; absent: never by itself. */
  readonly lookAtMs?: number;
};

export type TopUpChanged =
  | { readonly kind: 'changed'; readonly topUp: TopUp }
  /** It was not in a state from which it gets there: somebody else was first. */
  | { readonly kind: 'elsewhere'; readonly topUp: TopUp }
  /** Another top-up has this order or payment already. */
  | { readonly kind: 'taken' };

export interface TopUps {
  create(topUp: NewTopUp): Promise<TopUpCreated>;
  get(id: string): Promise<TopUp | undefined>;
  /** Newest first. */
  list(organisationId: string, count: number, afterId?: string): Promise<readonly TopUp[]>;
  /** Whose order or payment this is. */
  byObject(provider: string, objectId: string): Promise<TopUp | undefined>;
  change(id: string, change: TopUpChange): Promise<TopUpChanged>;
  /** Somebody is about to ask the provider to make it. Returns how often that was done, this time included. */
  attempt(id: string): Promise<number>;
  /** Whoever gets a row has it until `untilMs`, alone. */
  claimDue(nowMs: number, untilMs: number, count: number): Promise<readonly TopUp[]>;
  lookAgain(id: string, atMs: number): Promise<void>;
  /** A bank has received another amount for a bill than was asked for; false: it is over already. */
  received(id: string, amountCents: number): Promise<boolean>;
  /** Of one provider, made since: what there is to compare with. */
  since(provider: string, sinceMs: number): Promise<readonly TopUp[]>;
}

export interface PaymentMethods {
  get(organisationId: string, provider: string): Promise<PaymentMethod | undefined>;
  save(organisationId: string, provider: string, method: PaymentMethod): Promise<void>;
  forget(organisationId: string, provider: string): Promise<void>;
}

export interface AutoReloads {
  get(organisationId: string): Promise<AutoReload | undefined>;
  /** Turns it on, and forgets earlier declines. */
  set(settings: AutoReloadSettings, nowMs: number): Promise<void>;
  turnOff(organisationId: string, reason: string | undefined, nowMs: number): Promise<void>;
  /** Whose balance is below the threshold now, and who is neither resting nor in flight. */
  hungry(nowMs: number, count: number): Promise<readonly string[]>;
  /** Decides under a lock and writes the row; undefined: nothing is to be charged now. */
  begin(
    organisationId: string,
    topUp: Pick<NewTopUp, 'id' | 'provider' | 'currency'>,
    bounds: { readonly leastCents: number; readonly mostCents: number; readonly ttlMs: number },
    nowMs: number,
  ): Promise<TopUp | undefined>;
  /** The row and the count of declines in one transaction: it rests, or turns off. Once per top-up. */
  decline(topUp: TopUp, change: Omit<TopUpChange, 'to'>): Promise<TopUpChanged>;
  credited(organisationId: string): Promise<void>;
}

/** What there is to pay of a bill. */
export type Payable =
  | { readonly kind: 'payable'; readonly organisationId: string; readonly amountCents: number }
  | { readonly kind: 'no-such-bill' | 'paid' }
  /** Of a cycle that is over, of a subscription that has ended, or replaced by a later upgrade. */
  | { readonly kind: 'void' };

export interface Bills {
  payable(id: BillId): Promise<Payable>;
  /** Those whose saved card is to be charged now. */
  due(nowMs: number, count: number): Promise<readonly BillId[]>;
  /** Decides under a lock and writes the row; undefined: nothing is to be charged now. */
  begin(
    id: BillId,
    topUp: Pick<NewTopUp, 'id' | 'provider' | 'currency'>,
    ttlMs: number,
    nowMs: number,
  ): Promise<TopUp | undefined>;
  /** The row and when it is tried again, or that it is given up, in one transaction. Once per top-up. */
  decline(topUp: TopUp, change: Omit<TopUpChange, 'to'>): Promise<TopUpChanged>;
}

export type ReversalState = 'seen' | 'taken' | 'given-back';

export type ReversalRow = PaymentReversal & {
  readonly provider: string;
  readonly topUpId: string;
  readonly organisationId: string;
  readonly state: ReversalState;
};

export type RefundRequest = {
  readonly id: string;
  readonly topUpId: string;
  readonly amountCents: number;
  readonly reversalId?: string;
};

export interface Reversals {
  /** Writes down what was not known yet; answers the row as it is. */
  seen(
    provider: string,
    topUpId: string,
    reversal: PaymentReversal,
    nowMs: number,
  ): Promise<ReversalRow>;
  get(provider: string, id: string): Promise<ReversalRow | undefined>;
  advance(
    provider: string,
    id: string,
    to: Exclude<ReversalState, 'seen'>,
    lookAtMs?: number,
  ): Promise<void>;
  /** What the books have taken back under its name so far. */
  taken(provider: string, id: string): Promise<{ readonly amounts: readonly bigint[] }>;
  look(provider: string, id: string, atMs: number): Promise<void>;
  of(topUpId: string): Promise<readonly ReversalRow[]>;
  claimDue(nowMs: number, untilMs: number, count: number): Promise<readonly ReversalRow[]>;
  since(provider: string, sinceMs: number): Promise<readonly ReversalRow[]>;
  /** `conflict`: the id stands for something else. */
  requestRefund(request: RefundRequest, nowMs: number): Promise<'new' | 'existing' | 'conflict'>;
}

export type PaymentEvent = {
  readonly kind:
    | 'credited'
    | 'declined'
    | 'suspect'
    | 'auto-reload-off'
    | 'bill-given-up'
    | 'monthly-cap-reached'
    | 'taken-back'
    | 'given-back';
  readonly organisationId: string;
  readonly topUpId?: string;
  readonly detail: string;
};

export interface PaymentEvents {
  /** Once per kind and subject: the same again is not written again. */
  note(event: PaymentEvent, subject: string, nowMs: number): Promise<void>;
  list(
    organisationId: string,
    count: number,
  ): Promise<readonly (PaymentEvent & { atMs: number })[]>;
}

/** What was posted for payments in the books, by the provider's object. */
export type ClearingTransfer = {
  /** As the credit or its reversal is called in the books. */
  readonly id: string;
  /** The provider's object, as that id carries it. */
  readonly objectId: string;
  readonly atMs: number;
  readonly what: 'credit' | 'taken-back' | 'given-back';
  readonly amountNano: bigint;
};

export type TillBook = {
  readonly topUps: TopUps;
  readonly methods: PaymentMethods;
  readonly reloads: AutoReloads;
  readonly bills: Bills;
  readonly reversals: Reversals;
  readonly events: PaymentEvents;
  readonly bank: BankPayments;
  /** What the books have of one provider. */
  clearing(provider: string, sinceMs: number): Promise<readonly ClearingTransfer[]>;
};

/** What an operator has seen on a bank's statement. */
export type BankPayment = NewBankPayment & { readonly organisationId: string };
export type NewBankPayment = {
  readonly reference: string;
  readonly topUpId: string;
  readonly amountCents: number;
  readonly currency: string;
  readonly receivedAtMs: number;
};

export type BankRefund = {
  readonly reference: string;
  readonly refundId: string;
  readonly paymentReference: string;
  readonly amountCents: number;
  readonly currency: string;
  readonly atMs: number;
};

export interface BankPayments {
  /** `conflict`: this line of the statement stands for another top-up or amount. */
  record(payment: NewBankPayment): Promise<'recorded' | 'conflict'>;
  byReference(reference: string): Promise<BankPayment | undefined>;
  ofTopUp(topUpId: string): Promise<BankPayment | undefined>;
  since(sinceMs: number): Promise<readonly BankPayment[]>;
  /** Refuses more than was received. */
  recordRefund(refund: BankRefund): Promise<'recorded' | 'conflict' | 'too-much'>;
  refundsOf(paymentReference: string): Promise<readonly BankRefund[]>;
  refundsSince(sinceMs: number): Promise<readonly BankRefund[]>;
}
