// What a provider sends by itself. It is a hint about where to look, and nothing more: the object is read again, and
// only a row of ours can be credited.

import type { TopUp } from '../domain/payments/top-up.ts';
import { type Result, err, ok } from '../lib/result.ts';
import type { HintRefusal, PaymentHint, PaymentProvider, WebhookCall } from '../ports/payments.ts';
import { accept, advance } from './advance.ts';
import { alarm } from './alarm.ts';
import { takeBack } from './take-back.ts';
import type { TillDeps } from './till-deps.ts';

/** `unknown-order`: signed, and not about anything of ours; told so that somebody can wonder. */
export type Heard = 'done' | 'nothing-of-ours' | 'unknown-order' | 'try-again';

export async function hear(
  till: TillDeps,
  provider: PaymentProvider,
  call: WebhookCall,
): Promise<Result<Heard, HintRefusal>> {
  const hint = provider.readWebhook(call);
  if (!hint.ok) return err(hint.error);
  return ok(await follow(till, provider, hint.value));
}

export async function follow(
  till: TillDeps,
  provider: PaymentProvider,
  hint: PaymentHint,
): Promise<Heard> {
  switch (hint.kind) {
    case 'other':
      return 'nothing-of-ours';
    case 'reversal': {
      const topUp = await till.book.topUps.byObject(provider.name, hint.paymentId);
      if (topUp === undefined) return followPayment(till, provider, hint.paymentId);
      // The credit comes first; it looks for what was taken back itself.
      await takeBack(till, topUp.state === 'credited' ? topUp : await advance(till, topUp));
      return 'done';
    }
    case 'payment':
      return followPayment(till, provider, hint.objectId);
    default:
      return 'nothing-of-ours';
  }
}

/** Reads the object itself, and finds the row by what we had written on it. */
async function followPayment(
  till: TillDeps,
  provider: PaymentProvider,
  objectId: string,
): Promise<Heard> {
  const read = await provider.read(objectId);
  if (!read.ok) return 'try-again';
  const payment = read.value;
  if (payment?.topUpId === undefined) return 'unknown-order';
  const topUp = await till.book.topUps.get(payment.topUpId);
  if (topUp === undefined || topUp.provider !== provider.name) {
    till.log.warn(
      { objectId, topUp: payment.topUpId },
      'a payment is for a top-up that is not ours',
    );
    return 'unknown-order';
  }
  if (topUp.orderId === undefined) {
    await accept(till, provider, topUp, payment);
    return 'done';
  }
  const now = await advance(till, topUp);
  if (payment.status.kind === 'succeeded') await notTwice(till, now, payment.paymentId);
  return 'done';
}

/** One order, two payments: the second one is nobody's credit, and somebody must give it back. */
async function notTwice(
  till: TillDeps,
  topUp: TopUp,
  paymentId: string | undefined,
): Promise<void> {
  const isOther = topUp.paymentId !== undefined && topUp.paymentId !== paymentId;
  if (isOther) await alarm(till, topUp, `it was paid once more by ${paymentId}`);
}
