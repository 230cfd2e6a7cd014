// What an error of Stripe's library says about whether something has happened.

import { Stripe } from 'stripe';
import type { PaymentFailure } from '../../ports/payments.ts';

export function failureOf(error: unknown): PaymentFailure {
  if (!(error instanceof Stripe.errors.StripeError)) throw error; // not the provider's: a mistake of ours
  const detail = detailOf(error);
  switch (error.type) {
    case 'StripeInvalidRequestError':
      // The same id is being worked on at this moment.
      return { kind: error.code === 'idempotency_key_in_use' ? 'unknown' : 'refused', detail };
    case 'StripeCardError':
    case 'StripeAuthenticationError':
    case 'StripePermissionError':
      return { kind: 'refused', detail };
    // An idempotency error says that the same id was used before: something may well have happened.
    default:
      return { kind: 'unknown', detail };
  }
}

/** For the log: its messages may hold a piece of the key, its codes do not. */
function detailOf({ type, code, statusCode, requestId }: Stripe.errors.StripeError): string {
  const parts = [
    type,
    code,
    statusCode === undefined ? undefined : `HTTP ${statusCode}`,
    requestId,
  ];
  return `Stripe: ${parts.filter(Boolean).join(', ')}`;
}
