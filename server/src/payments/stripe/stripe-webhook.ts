// From the bytes that somebody sent to a hint: the signature is Stripe's own code's business, and what an event says of
// amounts is nobody's. Only the id of the object to read is taken from it.

import type Stripe from 'stripe';
import { type Result, err, ok } from '../../lib/result.ts';
import type { HintRefusal, PaymentHint, WebhookCall } from '../../ports/payments.ts';
import { idOf, TOP_UP_KEY } from './stripe-objects.ts';

/** Older ones are replays: their signature would be right for ever. */
const TOLERANCE_SECONDS = 300;

export function readStripeWebhook(
  stripe: Stripe,
  secret: string,
  isLive: boolean,
  { body, signature, receivedAtMs }: WebhookCall,
): Result<PaymentHint, HintRefusal> {
  if (signature === undefined || signature === '') return err('no-signature');
  let event: Stripe.Event;
  try {
    event = stripe.webhooks.constructEvent(
      Buffer.from(body),
      signature,
      secret,
      TOLERANCE_SECONDS,
      undefined,
      receivedAtMs,
    );
  } catch (error) {
    const text = error instanceof Error ? error.message : '';
    if (/outside the tolerance/.test(text)) return err('too-old');
    return err(error instanceof SyntaxError ? 'not-an-event' : 'bad-signature');
  }
  if (typeof event?.type !== 'string' || typeof event.data?.object !== 'object') {
    return err('not-an-event');
  }
  if (event.livemode !== isLive) return err('other-mode');
  // Ours have none: it is there when the event happened in an account that is connected to ours.
  if (event.account !== undefined && event.account !== null) return err('other-account');
  return ok(hintOf(event));
}

function hintOf(event: Stripe.Event): PaymentHint {
  switch (event.type) {
    case 'checkout.session.completed':
    case 'checkout.session.async_payment_succeeded':
    case 'checkout.session.async_payment_failed':
    case 'checkout.session.expired':
    case 'payment_intent.succeeded':
    case 'payment_intent.payment_failed':
    case 'payment_intent.processing':
    case 'payment_intent.canceled':
      return paymentHint(event.data.object.id, event.data.object.metadata);
    case 'charge.refunded':
    case 'charge.refund.updated':
    case 'refund.created':
    case 'refund.updated':
    case 'refund.failed':
    case 'charge.dispute.created':
    case 'charge.dispute.updated':
    case 'charge.dispute.closed':
    case 'charge.dispute.funds_withdrawn':
    case 'charge.dispute.funds_reinstated': {
      const paymentId = idOf(event.data.object.payment_intent);
      return paymentId === ''
        ? { kind: 'other', what: event.type }
        : { kind: 'reversal', paymentId };
    }
    default:
      return { kind: 'other', what: event.type };
  }
}

function paymentHint(objectId: string, metadata: Stripe.Metadata | null): PaymentHint {
  const topUpId = metadata?.[TOP_UP_KEY];
  return { kind: 'payment', objectId, ...(topUpId !== undefined && { topUpId }) };
}
