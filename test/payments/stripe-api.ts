// The part of Stripe's API that we use, over one account: what each request does, and what it answers. No sockets.

import type { Card, Intent, Session, StripeAccount } from './stripe-account.ts';
import { type Form, formIn, listIn, numberIn, textIn, textsIn } from './form.ts';
import { disputeShape, intentShape, refundShape, sessionShape } from './stripe-shapes.ts';

export type Reply = { readonly status: number; readonly body: unknown };

export type Request = {
  readonly method: string;
  /** Below `/v1`. */
  readonly path: string;
  readonly form: Form;
};

export function handle(account: StripeAccount, { method, path, form }: Request): Reply {
  account.tick();
  const [collection = '', ...rest] = path.slice(1).split('/');
  const name = collection === 'checkout' ? `checkout/${rest.shift() ?? ''}` : collection;
  const [id, verb] = rest;
  switch (
    `${method} ${name}${id === undefined ? '' : '/:id'}${verb === undefined ? '' : `/${verb}`}`
  ) {
    case 'POST checkout/sessions':
      return createSession(account, form);
    case 'GET checkout/sessions':
      return page(account.sessions, form, (one) => sessionShape(one, listed(form)));
    case 'GET checkout/sessions/:id':
      return found(account.sessions, id, (one) => ok(sessionShape(one, listIn(form, 'expand'))));
    case 'POST checkout/sessions/:id/expire':
      return found(account.sessions, id, (one) => expireSession(account, one));
    case 'POST payment_intents':
      return createIntent(account, form);
    case 'GET payment_intents':
      return page(account.intents, form, (one) => intentShape(one, listed(form)));
    case 'GET payment_intents/:id':
      return found(account.intents, id, (one) => ok(intentShape(one, listIn(form, 'expand'))));
    case 'POST payment_intents/:id/cancel':
      return found(account.intents, id, (one) => cancelIntent(account, one));
    case 'POST refunds':
      return createRefund(account, form);
    case 'GET refunds':
      return page(account.refunds.filter(isOf(form)), form, refundShape);
    case 'GET disputes':
      return page(account.disputes.filter(isOf(form)), form, disputeShape);
    default:
      return refusal(404, `Unrecognized request URL (${method}: ${path}).`);
  }
}

function createSession(account: StripeAccount, form: Form): Reply {
  const item = formIn(formIn(form, 'line_items'), '0');
  const price = formIn(item, 'price_data');
  const amount = (numberIn(price, 'unit_amount') ?? 0) * (numberIn(item, 'quantity') ?? 1);
  const currency = textIn(price, 'currency') ?? '';
  const expiresAt = numberIn(form, 'expires_at') ?? account.seconds() + 86_400;
  if (textIn(form, 'mode') !== 'payment') return refusal(400, 'Only payments here.', 'mode');
  if (!(Number.isInteger(amount) && amount >= 50))
    return refusal(400, 'Too small.', 'amount_too_small');
  // Stripe's bounds of a checkout's life.
  const lives = expiresAt - account.seconds();
  if (lives < 1_800 || lives > 86_400)
    return refusal(400, 'The expiry is out of range.', 'expires_at');
  const intentData = formIn(form, 'payment_intent_data');
  const session: Session = {
    id: account.id('cs_test'),
    amount,
    currency,
    status: 'open',
    metadata: textsIn(form, 'metadata'),
    intentMetadata: textsIn(intentData, 'metadata'),
    reference: textIn(form, 'client_reference_id') ?? null,
    customer: textIn(form, 'customer') ?? null,
    intent: undefined,
    keepsCard: textIn(intentData, 'setup_future_usage') === 'off_session',
    created: account.seconds(),
    expiresAt,
  };
  account.sessions.push(session);
  return ok(sessionShape(session, listIn(form, 'expand')));
}

function expireSession(account: StripeAccount, session: Session): Reply {
  if (session.status !== 'open') return refusal(400, 'Only open sessions can be expired.');
  account.expire(session);
  return ok(sessionShape(session));
}

function createIntent(account: StripeAccount, form: Form): Reply {
  const amount = numberIn(form, 'amount') ?? 0;
  const card = account.cards.find(({ id }) => id === textIn(form, 'payment_method'));
  const customer = textIn(form, 'customer') ?? null;
  if (!(Number.isInteger(amount) && amount >= 50))
    return refusal(400, 'Too small.', 'amount_too_small');
  if (card === undefined || card.customer !== customer) {
    return refusal(400, 'No such payment method.', 'resource_missing');
  }
  const intent = account.newIntent({
    amount,
    currency: textIn(form, 'currency') ?? '',
    metadata: textsIn(form, 'metadata'),
    customer,
    offSession: textIn(form, 'off_session') === 'true',
    keepsCard: false,
  });
  account.charge(intent, card);
  return intent.error === null
    ? ok(intentShape(intent, listIn(form, 'expand')))
    : declined(intent, card);
}

function declined(intent: Intent, { mood }: Card): Reply {
  const error = {
    type: 'card_error',
    ...intent.error,
    message: `Your card was not charged (${mood}).`,
    payment_intent: intentShape(intent),
  };
  return { status: 402, body: { error } };
}

function cancelIntent(account: StripeAccount, intent: Intent): Reply {
  if (
    intent.status === 'succeeded' ||
    intent.status === 'canceled' ||
    intent.status === 'processing'
  ) {
    const message = `You cannot cancel this PaymentIntent because it has a status of ${intent.status}.`;
    return refusal(400, message, 'payment_intent_unexpected_state');
  }
  account.cancel(intent);
  return ok(intentShape(intent));
}

function createRefund(account: StripeAccount, form: Form): Reply {
  const intent = account.intents.find(({ id }) => id === textIn(form, 'payment_intent'));
  if (intent === undefined) return refusal(404, 'No such payment_intent.', 'resource_missing');
  const amount = numberIn(form, 'amount') ?? intent.amountReceived;
  const isPending = account.chance.happens(0.2);
  const refund = account.refund(intent, amount, textsIn(form, 'metadata'), isPending);
  if (refund === undefined) {
    return refusal(
      400,
      'Refund amount is greater than unrefunded amount on charge.',
      'charge_already_refunded',
    );
  }
  return ok(refundShape(refund));
}

function isOf(form: Form): (one: { readonly intent: Intent }) => boolean {
  const wanted = textIn(form, 'payment_intent');
  return ({ intent }) => wanted === undefined || intent.id === wanted;
}

/** In a list, paths begin with `data.`. */
function listed(form: Form): readonly string[] {
  return listIn(form, 'expand').map((path) => path.replace(/^data\./, ''));
}

/** Newest first. */
function page<T extends { readonly id: string; readonly created: number }>(
  all: readonly T[],
  form: Form,
  shape: (one: T) => unknown,
): Reply {
  const created = formIn(form, 'created');
  const [from, to] = [numberIn(created, 'gte') ?? 0, numberIn(created, 'lte') ?? Infinity];
  const limit = numberIn(form, 'limit') ?? 10;
  if (limit > 100) return refusal(400, 'The limit is at most 100.', 'parameter_invalid_integer');
  const newest = all.filter((one) => one.created >= from && one.created <= to).toReversed();
  const after = textIn(form, 'starting_after');
  const start = after === undefined ? 0 : newest.findIndex(({ id }) => id === after) + 1;
  const data = newest.slice(start, start + limit);
  return ok({ object: 'list', data: data.map(shape), has_more: start + limit < newest.length });
}

function found<T extends { readonly id: string }>(
  all: readonly T[],
  id: string | undefined,
  then: (one: T) => Reply,
): Reply {
  const one = all.find((candidate) => candidate.id === id);
  return one === undefined
    ? refusal(404, `No such object: '${id}'`, 'resource_missing')
    : then(one);
}

function ok(body: unknown): Reply {
  return { status: 200, body };
}

export function refusal(status: number, message: string, code?: string): Reply {
  const error = { type: 'invalid_request_error', message, ...(code !== undefined && { code }) };
  return { status, body: { error } };
}
