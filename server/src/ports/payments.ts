// What is needed of whoever takes the money. Whatever arrives from outside by itself is a hint only: what counts is what
// `read` answers. Every request that moves money carries an id of ours, and the same id again is the same request.

import type { Payment, PaymentMethod, PaymentReversal } from '../domain/payments/payment.ts';
import type { Result } from '../lib/result.ts';

/** What is asked for: the same for every attempt under one id, to the last field. */
export type PaymentOrder = {
  readonly topUpId: string;
  readonly organisationId: string;
  readonly amountCents: number;
  readonly currency: string;
  /** Moment of the top-up's row. */
  readonly createdAtMs: number;
  /** Nobody can pay it after that. */
  readonly expiresAtMs: number;
  /** Keep the means of payment, so that it can be charged again. */
  readonly saveMethod: boolean;
  /** The provider's, where the organisation has one already. */
  readonly customerId?: string;
};

export type PaymentFailure =
  /** Whether anything has happened is not known: a lost answer, a time-out, an error of theirs. */
  | { readonly kind: 'unknown'; readonly detail: string }
  /** It was understood and refused: nothing has happened, and the same again is refused again. */
  | { readonly kind: 'refused'; readonly detail: string }
  /** This provider does not do that. */
  | { readonly kind: 'unsupported'; readonly detail: string };

export type Answered<T> = Promise<Result<T, PaymentFailure>>;

/** What somebody sent us says has happened. */
export type PaymentHint =
  /** Of the top-up where it says so; `objectId` is what to read. */
  | { readonly kind: 'payment'; readonly objectId: string; readonly topUpId?: string }
  | { readonly kind: 'reversal'; readonly paymentId: string }
  /** Nothing that concerns us. */
  | { readonly kind: 'other'; readonly what: string };

export type HintRefusal =
  | 'no-signature'
  | 'bad-signature'
  | 'too-old'
  | 'not-an-event'
  /** Test events at a live key, or the other way round. */
  | 'other-mode'
  /** Sent for another account than ours. */
  | 'other-account'
  /** This provider sends nothing. */
  | 'no-webhook';

export type WebhookCall = {
  readonly body: Uint8Array;
  readonly signature: string | undefined;
  readonly receivedAtMs: number;
};

export type RefundOrder = {
  /** Ours, made before the provider is asked. */
  readonly refundId: string;
  readonly paymentId: string;
  readonly amountCents: number;
};

export type Page<T> = { readonly items: readonly T[]; readonly next?: string };

export interface PaymentProvider {
  /** As it stands in our rows; never changes. */
  readonly name: string;

  /** Makes an order that the customer pays by hand. */
  open(order: PaymentOrder): Answered<Payment>;

  /** Charges what was saved, without the customer. A decline is an answer, not a failure. */
  charge(order: PaymentOrder, method: PaymentMethod): Answered<Payment>;

  /** By the id of an order or of a payment. Undefined: there is no such object here. */
  read(objectId: string): Answered<Payment | undefined>;

  /** What was made for a top-up whose answer was lost: undefined only where there is certainly nothing. */
  find(order: PaymentOrder): Answered<Payment | undefined>;

  /** Nobody can pay it any more; what has been paid stays. Answers what it is now. */
  cancel(objectId: string): Answered<Payment | undefined>;

  refund(order: RefundOrder): Answered<PaymentReversal>;

  /** Everything that took money back from a payment, or tried to. */
  reversals(paymentId: string): Answered<readonly PaymentReversal[]>;

  /** Verified or refused; believed in no case. */
  readWebhook(call: WebhookCall): Result<PaymentHint, HintRefusal>;

  /** Succeeded payments that were made since, with what was taken back since; page by page. */
  payments(sinceMs: number, after?: string): Answered<Page<Payment>>;
  reversalsSince(sinceMs: number, after?: string): Answered<Page<PaymentReversal>>;
}
