// What credits are called in the books: after the provider's objects that they stand for, so that the books take each
// object once, whoever posts it.

import { assert } from '../lib/assert.ts';
import type { TopUp } from '../domain/payments/top-up.ts';

export function creditIdOf({ provider, paymentId }: TopUp): string {
  assert(paymentId !== undefined, 'what is paid has a payment');
  return `${provider}:${paymentId}`;
}

export function reversalIdOf({ provider, id }: ReversalName, at: number): string {
  return at === 0 ? `${provider}:${id}` : `${provider}:${id}#${at}`;
}

export function givenBackIdOf({ provider, id }: ReversalName): string {
  return `${provider}:${id}#back`;
}

type ReversalName = { readonly provider: string; readonly id: string };
