// The suite that every provider of payments passes: what the till relies on, whoever takes the money.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Payment, PaymentReversal } from '../domain/payments/payment.ts';
import type { Answered, PaymentOrder, PaymentProvider } from './payments.ts';

export type PaymentsUnderTest = AsyncDisposable & {
  readonly provider: PaymentProvider;
  /** An order of a top-up that is written down. */
  newOrder(amountCents: number): Promise<PaymentOrder>;
  /** Somebody pays what was asked for. */
  pay(order: PaymentOrder): Promise<void>;
};

export function describePayments(name: string, setUp: () => Promise<PaymentsUnderTest>): void {
  describe(`${name} keeps the contract of payments`, () => {
    let under: PaymentsUnderTest;
    before(async () => {
      under = await setUp();
    });
    after(() => under[Symbol.asyncDispose]());
    describeOrders(() => under);
    describeRefunds(() => under);
  });
}

async function mustAnswer<T>(asked: Answered<T>): Promise<T> {
  const answered = await asked;
  assert.ok(answered.ok, JSON.stringify(answered));
  return answered.value;
}

async function paid({ provider, newOrder, pay }: PaymentsUnderTest, cents: number) {
  const order = await newOrder(cents);
  const opened = await mustAnswer(provider.open(order));
  await pay(order);
  const payment = await mustAnswer(provider.read(opened.orderId));
  assert.ok(payment?.paymentId !== undefined, 'what was paid has a payment');
  return { order, payment, paymentId: payment.paymentId };
}

function describeOrders(of: () => PaymentsUnderTest): void {
  test('an order is open until it is paid, and says whose it is', async () => {
    const { provider, newOrder } = of();
    const order = await newOrder(2_500);
    const opened = await mustAnswer(provider.open(order));
    assert.equal(opened.status.kind, 'open');
    assert.equal(opened.topUpId, order.topUpId);
    const read = await mustAnswer(provider.read(opened.orderId));
    assert.deepEqual([read?.orderId, read?.status.kind], [opened.orderId, 'open']);
  });

  test('the same order again is the same order', async () => {
    const { provider, newOrder } = of();
    const order = await newOrder(2_500);
    const [one, two] = [
      await mustAnswer(provider.open(order)),
      await mustAnswer(provider.open(order)),
    ];
    assert.equal(one.orderId, two.orderId);
  });

  test('what was made for a top-up is found by it alone', async () => {
    const { provider, newOrder } = of();
    const order = await newOrder(2_500);
    const opened = await mustAnswer(provider.open(order));
    const found = await mustAnswer(provider.find(order));
    assert.equal(found?.orderId, opened.orderId);
  });

  test('I14 a payment says what was received, in which currency, for whom', async () => {
    const { order, payment, paymentId } = await paid(of(), 4_999);
    const expected: Payment = {
      orderId: payment.orderId,
      paymentId,
      topUpId: order.topUpId,
      organisationId: order.organisationId,
      amountCents: 4_999,
      currency: 'usd',
      status: { kind: 'succeeded' },
    };
    const { method: _, url: __, ...facts } = payment;
    assert.deepEqual(facts, expected);
    const byPayment = await mustAnswer(of().provider.read(paymentId));
    assert.equal(byPayment?.status.kind, 'succeeded');
    const listed = await mustAnswer(of().provider.payments(0));
    assert.ok(listed.items.some((one) => one.paymentId === paymentId));
  });

  test('what was cancelled is over; what was paid stays paid', async () => {
    const { provider, newOrder } = of();
    const opened = await mustAnswer(provider.open(await newOrder(2_500)));
    const cancelled = await mustAnswer(provider.cancel(opened.orderId));
    assert.equal(cancelled?.status.kind, 'expired');
    const { payment } = await paid(of(), 2_500);
    const still = await mustAnswer(provider.cancel(payment.orderId));
    assert.equal(still?.status.kind, 'succeeded');
  });

  test('what was never there is not there', async () => {
    assert.equal(await mustAnswer(of().provider.read('pi_none')), undefined);
  });
}

function describeRefunds(of: () => PaymentsUnderTest): void {
  test('a refund counts once by its id, and is listed', async () => {
    const { provider } = of();
    const { paymentId } = await paid(of(), 3_000);
    assert.deepEqual(await mustAnswer(provider.reversals(paymentId)), []);
    const order = { refundId: `refund-of-${paymentId}`, paymentId, amountCents: 1_000 };
    const one = await mustAnswer(provider.refund(order));
    const two = await mustAnswer(provider.refund(order));
    assert.equal(one.id, two.id);
    const facts = ({ id, kind, amountCents, status, refundId }: PaymentReversal) => [
      id,
      kind,
      amountCents,
      status,
      refundId,
    ];
    const expected = [one.id, 'refund', 1_000, 'stands', order.refundId];
    assert.deepEqual((await mustAnswer(provider.reversals(paymentId))).map(facts), [expected]);
    const listed = await mustAnswer(provider.reversalsSince(0));
    assert.ok(listed.items.map(facts).some((found) => found[0] === one.id));
  });

  test('more than was paid is not paid back', async () => {
    const { provider } = of();
    const { paymentId } = await paid(of(), 3_000);
    const order = { refundId: `too-much-of-${paymentId}`, paymentId, amountCents: 3_001 };
    const refused = await provider.refund(order);
    assert.equal(refused.ok ? 'done' : refused.error.kind, 'refused');
  });
}
