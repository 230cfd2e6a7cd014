// A payment as its provider has it now, read again and not believed from a message; and whether it is the one we asked for.

import { PAYMENT_CURRENCY } from './amount.ts';
import type { DeclineReason, TopUp } from './top-up.ts';

export type Payment = {
  /** What was made first: a checkout, or the payment itself. */
  readonly orderId: string;
  /** The object that moves the money, once there is one. */
  readonly paymentId?: string;
  /** What we wrote on it when it was made. */
  readonly topUpId?: string;
  readonly organisationId?: string;
  /** What it is for; once it has succeeded, what was received. */
  readonly amountCents: number;
  readonly currency: string;
  readonly status: PaymentStatus;
  /** Where the customer pays, while it is open. */
  readonly url?: string;
  /** The means that it was paid with, where it may be used again. */
  readonly method?: PaymentMethod;
};

export type PaymentStatus =
  | { readonly kind: 'open' }
  /** Somebody else is at work: a bank. */
  | { readonly kind: 'processing' }
  | { readonly kind: 'succeeded' }
  | { readonly kind: 'declined'; readonly reason: DeclineReason }
  | { readonly kind: 'expired' };

/** A card as may be shown. */
export type PaymentMethod = {
  readonly id: string;
  readonly customerId: string;
  readonly brand: string;
  readonly last4: string;
  readonly expiresMonth: number;
  readonly expiresYear: number;
};

export type Mismatch =
  | 'another-order'
  | 'another-organisation'
  | 'another-currency'
  | 'another-amount'
  | 'another-payment';

/** Undefined: it is what was asked for. */
export function mismatchOf(topUp: TopUp, payment: Payment): Mismatch | undefined {
  if (payment.topUpId !== topUp.id) return 'another-order';
  if (payment.organisationId !== topUp.organisationId) return 'another-organisation';
  if (payment.currency !== PAYMENT_CURRENCY || payment.currency !== topUp.currency) {
    return 'another-currency';
  }
  if (payment.amountCents !== topUp.amountCents) return 'another-amount';
  if (topUp.paymentId !== undefined && topUp.paymentId !== payment.paymentId) {
    return 'another-payment';
  }
  return undefined;
}

/** What takes money back after it was credited. */
export type PaymentReversal = {
  /** The provider's object: counts once. */
  readonly id: string;
  readonly paymentId: string;
  readonly kind: 'refund' | 'dispute';
  readonly amountCents: number;
  readonly currency: string;
  /** `undone`: the refund failed, the dispute was won. */
  readonly status: 'stands' | 'undone';
  /** More may come: a refund on its way, a dispute that nobody has decided. */
  readonly isFinal: boolean;
  /** Of a refund that we asked for. */
  readonly refundId?: string;
};
