// Stripe's official library against the simulated Stripe: the contract, and what only Stripe does.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { StripeAccount } from '../../../../test/payments/stripe-account.ts';
import {
  type Fault,
  LATE_MS,
  StripeSimulator,
} from '../../../../test/payments/stripe-simulator.ts';
import { sign } from '../../../../test/payments/webhook-line.ts';
import { describePayments } from '../../ports/payments.contract.ts';
import type { PaymentOrder } from '../../ports/payments.ts';
import { StripePayments } from './stripe-payments.ts';

const KEY = 'sk_test_contract';
const SECRET = 'whsec_contract';
const NOW_MS = Date.UTC(2030, 0, 1);

type Setting = { readonly fault?: () => Fault; nowMs: number };

async function setUp(setting: Setting = { nowMs: NOW_MS }, timeoutMs = 20_000) {
  const simulator = await StripeSimulator.start();
  const account = new StripeAccount('contract', 1, () => setting.nowMs);
  simulator.add(KEY, {
    account,
    fault: setting.fault ?? (() => 'none'),
    deliverNow: async () => {},
  });
  const options = { secretKey: KEY, webhookSecret: SECRET, at: simulator.at };
  const patient = new StripePayments({ ...options, returnUrl: 'https://example.invalid/' });
  const provider = new StripePayments({
    ...options,
    returnUrl: 'https://example.invalid/',
    timeoutMs,
  });
  let orders = 0;
  const newOrder = async (amountCents: number): Promise<PaymentOrder> => ({
    topUpId: `top-up-${++orders}`,
    organisationId: 'org_1',
    amountCents,
    currency: 'usd',
    createdAtMs: setting.nowMs,
    expiresAtMs: setting.nowMs + 23 * 3_600_000,
    saveMethod: false,
  });
  const sessionOf = ({ topUpId }: PaymentOrder) =>
    account.sessions.find(({ reference }) => reference === topUpId);
  const pay = async (order: PaymentOrder): Promise<void> => {
    const session = sessionOf(order);
    assert.ok(session !== undefined && account.pay(session, 'pays'));
  };
  const dispose = () => simulator[Symbol.asyncDispose]();
  return {
    simulator,
    patient,
    provider,
    account,
    newOrder,
    pay,
    sessionOf,
    [Symbol.asyncDispose]: dispose,
  };
}

describePayments('Stripe', setUp);

/** A card that was saved by a payment. */
async function saved({ provider, newOrder, pay }: Awaited<ReturnType<typeof setUp>>) {
  const order = { ...(await newOrder(2_000)), saveMethod: true };
  const opened = await provider.open(order);
  await pay(order);
  const read = await provider.read(opened.ok ? opened.value.orderId : '');
  const method = read.ok ? read.value?.method : undefined;
  assert.ok(method !== undefined, 'the card was kept');
  assert.deepEqual([method.brand, method.last4], ['visa', '4242']);
  return method;
}

test('a saved card is charged without its holder, and a decline is an answer with its reason', async () => {
  await using stripe = await setUp();
  const method = await saved(stripe);
  const charged = await stripe.provider.charge(await stripe.newOrder(1_500), method);
  assert.equal(charged.ok && charged.value.status.kind, 'succeeded');
  const reasons = {
    card_declined: 'card-declined',
    insufficient_funds: 'insufficient-funds',
    expired_card: 'card-expired',
    authentication_required: 'authentication-required',
  } as const;
  for (const [mood, reason] of Object.entries(reasons)) {
    const [card] = stripe.account.cards;
    assert.ok(card !== undefined);
    card.mood = mood as keyof typeof reasons; // its own keys
    const declined = await stripe.provider.charge(await stripe.newOrder(1_500), method);
    assert.ok(declined.ok);
    assert.deepEqual(declined.value.status, { kind: 'declined', reason });
    assert.match(declined.value.orderId, /^pi_/, 'the object is known, and can be cancelled');
  }
});

test('an answer that was lost is unknown, and what was made is found', async () => {
  for (const fault of ['fails-after', 'torn-after', 'late', 'cut-after'] as const) {
    let isFirst = true;
    const next = (): Fault => {
      const now = isFirst ? fault : 'none';
      isFirst = false;
      return now;
    };
    await using stripe = await setUp({ nowMs: NOW_MS, fault: next }, LATE_MS / 2);
    const order = await stripe.newOrder(2_500);
    const opened = await stripe.provider.open(order);
    assert.equal(opened.ok ? 'answered' : opened.error.kind, 'unknown', fault);
    await stripe.simulator.idle();
    const found = await stripe.patient.find(order);
    assert.equal(found.ok && found.value?.orderId, stripe.sessionOf(order)?.id, fault);
  }
});

test('a failure names no key and no secret', async () => {
  await using stripe = await setUp({ nowMs: NOW_MS, fault: () => 'fails-before' });
  const failed = await stripe.provider.open(await stripe.newOrder(2_500));
  assert.ok(!failed.ok && !JSON.stringify(failed).includes('contract'));
});

test('an event is a hint if it is signed, in time, of this mode and this account; else it is refused by name', async () => {
  await using stripe = await setUp();
  const event = {
    id: 'evt_1',
    object: 'event',
    type: 'payment_intent.succeeded',
    livemode: false,
    data: { object: { id: 'pi_1', amount: 1, metadata: { turnpike_top_up: 'top-up-1' } } },
  };
  const read = (change: object, how: { secret?: string; ageMs?: number; header?: string } = {}) => {
    const body = JSON.stringify({ ...event, ...change });
    const signature = how.header ?? sign(how.secret ?? SECRET, body, NOW_MS - (how.ageMs ?? 0));
    const call = { body: Buffer.from(body), signature, receivedAtMs: NOW_MS };
    const hint = stripe.provider.readWebhook(call);
    return hint.ok ? hint.value : hint.error;
  };
  assert.deepEqual(read({}), { kind: 'payment', objectId: 'pi_1', topUpId: 'top-up-1' });
  assert.equal(read({}, { secret: 'whsec_guessed' }), 'bad-signature');
  assert.equal(read({}, { header: '' }), 'no-signature');
  assert.equal(read({}, { header: 't=1,v1=00' }), 'bad-signature');
  assert.equal(read({}, { ageMs: 301_000 }), 'too-old');
  assert.equal(read({ livemode: true }), 'other-mode');
  assert.equal(read({ account: 'acct_other' }), 'other-account');
  assert.equal(read({ type: 7 }), 'not-an-event');
  assert.deepEqual(read({ type: 'customer.created' }), { kind: 'other', what: 'customer.created' });
  const dispute = { object: { id: 'dp_1', payment_intent: 'pi_1' } };
  assert.deepEqual(read({ type: 'charge.dispute.created', data: dispute }), {
    kind: 'reversal',
    paymentId: 'pi_1',
  });
});

test('I14 an idempotency key is forgotten after a day: then the same request would be a second charge', async () => {
  const setting = { nowMs: NOW_MS };
  await using stripe = await setUp(setting);
  const method = await saved(stripe);
  const order = await stripe.newOrder(1_500);
  const charge = async () => {
    const charged = await stripe.provider.charge(order, method);
    return charged.ok ? charged.value.orderId : charged.error.kind;
  };
  const first = await charge();
  assert.equal(await charge(), first);
  setting.nowMs += 25 * 3_600_000;
  const found = await stripe.provider.find(order);
  assert.equal(found.ok && found.value?.orderId, first, 'which is why it is looked for before');
  assert.notEqual(await charge(), first, 'the simulator does as Stripe does');
});
