// The account's objects as Stripe's API shows them, with what the caller wants expanded.

import type { Card, Dispute, Intent, Refund, Session, StripeEvent } from './stripe-account.ts';

type Shape = { readonly [field: string]: unknown };

function cardShape(card: Card): Shape {
  const shown = { brand: 'visa', last4: '4242', exp_month: 12, exp_year: 2031 };
  return {
    id: card.id,
    object: 'payment_method',
    type: 'card',
    customer: card.customer,
    card: shown,
  };
}

export function intentShape(intent: Intent, expand: readonly string[] = []): Shape {
  const { card } = intent;
  const method =
    expand.includes('payment_method') && card !== undefined ? cardShape(card) : card?.id;
  return {
    id: intent.id,
    object: 'payment_intent',
    amount: intent.amount,
    amount_received: intent.amountReceived,
    currency: intent.currency,
    status: intent.status,
    metadata: intent.metadata,
    customer: intent.customer,
    payment_method: method ?? null,
    setup_future_usage: intent.keepsCard ? 'off_session' : null,
    last_payment_error: intent.error === null ? null : { type: 'card_error', ...intent.error },
    created: intent.created,
    livemode: false,
  };
}

export function sessionShape(session: Session, expand: readonly string[] = []): Shape {
  const { intent } = session;
  const inner = expand
    .filter((path) => path.startsWith('payment_intent.'))
    .map((path) => path.slice('payment_intent.'.length));
  const isExpanded = intent !== undefined && expand.includes('payment_intent');
  return {
    id: session.id,
    object: 'checkout.session',
    mode: 'payment',
    status: session.status,
    payment_status: intent?.status === 'succeeded' ? 'paid' : 'unpaid',
    amount_total: session.amount,
    currency: session.currency,
    client_reference_id: session.reference,
    customer: session.customer,
    metadata: session.metadata,
    payment_intent: isExpanded ? intentShape(intent, inner) : (intent?.id ?? null),
    url: session.status === 'open' ? `https://checkout.invalid/c/pay/${session.id}` : null,
    created: session.created,
    expires_at: session.expiresAt,
    livemode: false,
  };
}

export function refundShape({ id, intent, amount, status, metadata, created }: Refund): Shape {
  const { currency } = intent;
  return {
    id,
    object: 'refund',
    payment_intent: intent.id,
    amount,
    currency,
    status,
    metadata,
    created,
  };
}

export function disputeShape({ id, intent, amount, status, created }: Dispute): Shape {
  const { currency } = intent;
  return { id, object: 'dispute', payment_intent: intent.id, amount, currency, status, created };
}

export function eventObject({ type, object }: StripeEvent): Shape {
  if ('expiresAt' in object) return sessionShape(object);
  if ('amountReceived' in object) return intentShape(object);
  if (type.startsWith('charge.dispute')) return disputeShape(object as Dispute); // by the type's name
  return refundShape(object as Refund); // what is left
}
