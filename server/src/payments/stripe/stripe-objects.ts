// Stripe's objects as the port's payments: what is read of a checkout, a payment intent, a refund and a dispute.

import type Stripe from 'stripe';
import type {
  Payment,
  PaymentMethod,
  PaymentReversal,
  PaymentStatus,
} from '../../domain/payments/payment.ts';
import type { DeclineReason } from '../../domain/payments/top-up.ts';

/** What we write on everything that is made for a top-up. */
export const TOP_UP_KEY = 'turnpike_top_up';
export const ORGANISATION_KEY = 'turnpike_organisation';
export const REFUND_KEY = 'turnpike_refund';

const DECLINES: { readonly [code: string]: DeclineReason } = {
  authentication_required: 'authentication-required',
  expired_card: 'card-expired',
  insufficient_funds: 'insufficient-funds',
  payment_method_unactivated: 'no-payment-method',
  resource_missing: 'no-payment-method',
};

function declineReason(code: string | null | undefined): DeclineReason {
  return DECLINES[code ?? ''] ?? 'card-declined';
}

/** With its payment method expanded. */
export function paymentOfIntent(intent: Stripe.PaymentIntent, orderId = intent.id): Payment {
  const status = statusOfIntent(intent);
  const method = methodOf(intent);
  const received = status.kind === 'succeeded' ? intent.amount_received : intent.amount;
  return {
    orderId,
    paymentId: intent.id,
    ...ours(intent.metadata),
    amountCents: received,
    currency: intent.currency,
    status,
    ...(method !== undefined && { method }),
  };
}

/** With its payment intent expanded. */
export function paymentOfSession(session: Stripe.Checkout.Session): Payment {
  const intent = expanded(session.payment_intent);
  const status = statusOfSession(session, intent);
  if (intent !== undefined && status.kind !== 'open' && status.kind !== 'expired') {
    return { ...paymentOfIntent(intent, session.id), status };
  }
  return {
    orderId: session.id,
    ...ours(session.metadata),
    amountCents: session.amount_total ?? 0,
    currency: session.currency ?? '',
    status,
    ...(session.url !== null && { url: session.url }),
  };
}

function statusOfSession(
  { status }: Stripe.Checkout.Session,
  intent: Stripe.PaymentIntent | undefined,
): PaymentStatus {
  if (status === 'expired') {
    // Whatever became of it before: money that is there counts.
    return intent?.status === 'succeeded' ? { kind: 'succeeded' } : { kind: 'expired' };
  }
  // A declined card is no end: the page is still open, and the customer takes another one.
  if (status !== 'complete' || intent === undefined) return { kind: 'open' };
  return statusOfIntent(intent);
}

function statusOfIntent(intent: Stripe.PaymentIntent): PaymentStatus {
  const error = intent.last_payment_error;
  switch (intent.status) {
    case 'succeeded':
      return { kind: 'succeeded' };
    case 'canceled':
      return error === null
        ? { kind: 'expired' }
        : { kind: 'declined', reason: declineReason(error.decline_code ?? error.code) };
    case 'requires_payment_method':
      return error === null
        ? { kind: 'open' }
        : { kind: 'declined', reason: reasonOf(error.code, error.decline_code) };
    case 'requires_action':
      return { kind: 'declined', reason: 'authentication-required' };
    case 'processing':
    case 'requires_capture':
      return { kind: 'processing' };
    default:
      return { kind: 'open' };
  }
}

/** The code says more where it is one of its own; else the bank's word counts. */
function reasonOf(
  code: string | null | undefined,
  declineCode: string | null | undefined,
): DeclineReason {
  const own = DECLINES[code ?? ''];
  return own ?? declineReason(declineCode ?? code);
}

/** Only where it was kept for later, and is a card. */
function methodOf(intent: Stripe.PaymentIntent): PaymentMethod | undefined {
  const method = expanded(intent.payment_method);
  const customer = typeof intent.customer === 'string' ? intent.customer : intent.customer?.id;
  const isKept = intent.setup_future_usage === 'off_session';
  if (!isKept || customer === undefined || method?.card === undefined) return undefined;
  const { brand, last4, exp_month: expiresMonth, exp_year: expiresYear } = method.card;
  return { id: method.id, customerId: customer, brand, last4, expiresMonth, expiresYear };
}

function ours(metadata: Stripe.Metadata | null): Pick<Payment, 'topUpId' | 'organisationId'> {
  const topUpId = metadata?.[TOP_UP_KEY];
  const organisationId = metadata?.[ORGANISATION_KEY];
  return {
    ...(topUpId !== undefined && { topUpId }),
    ...(organisationId !== undefined && { organisationId }),
  };
}

export function reversalOfRefund(refund: Stripe.Refund): PaymentReversal {
  const failed = refund.status === 'failed' || refund.status === 'canceled';
  const refundId = refund.metadata?.[REFUND_KEY];
  return {
    id: refund.id,
    paymentId: idOf(refund.payment_intent),
    kind: 'refund',
    amountCents: refund.amount,
    currency: refund.currency,
    status: failed ? 'undone' : 'stands',
    isFinal: failed || refund.status === 'succeeded',
    ...(refundId !== undefined && { refundId }),
  };
}

/** An inquiry has taken nothing yet; a dispute takes the money when it begins, and gives it back when it is won. */
const NOTHING_TAKEN = [
  'won',
  'prevented',
  'warning_closed',
  'warning_needs_response',
  'warning_under_review',
];
const DECIDED = ['won', 'lost', 'prevented', 'warning_closed'];

export function reversalOfDispute(dispute: Stripe.Dispute): PaymentReversal {
  return {
    id: dispute.id,
    paymentId: idOf(dispute.payment_intent),
    kind: 'dispute',
    amountCents: dispute.amount,
    currency: dispute.currency,
    status: NOTHING_TAKEN.includes(dispute.status) ? 'undone' : 'stands',
    isFinal: DECIDED.includes(dispute.status),
  };
}

export function idOf(object: string | { readonly id: string } | null | undefined): string {
  return typeof object === 'string' ? object : (object?.id ?? '');
}

function expanded<T extends { readonly id: string }>(
  object: string | T | null | undefined,
): T | undefined {
  return typeof object === 'string' || object === null ? undefined : object;
}
