// Wires: the contract over a real PostgreSQL, where an operator enters what the bank's statement says.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { newCustomer } from '../../ports/accounts.contract.ts';
import { describePayments } from '../../ports/payments.contract.ts';
import type { PaymentOrder } from '../../ports/payments.ts';
import {
  mustOpen,
  startTestPostgres,
  type TestPostgres,
} from '../../store/postgres/database.fixture.ts';
import { ManualPayments } from './manual-payments.ts';

let postgres: TestPostgres;
before(async () => {
  postgres = await startTestPostgres();
});
after(() => postgres[Symbol.asyncDispose]());

async function setUp() {
  const store = await mustOpen(await postgres.newDatabase());
  const { organisation } = await newCustomer(store.accounts);
  const { bank, topUps } = store.tillBook;
  const provider = new ManualPayments(bank, Date.now);
  let orders = 0;
  const newOrder = async (amountCents: number): Promise<PaymentOrder> => {
    const topUpId = `top-up-${++orders}`;
    const order = {
      organisationId: organisation.id,
      amountCents,
      currency: 'usd',
      saveMethod: false,
      createdAtMs: Date.now(),
      expiresAtMs: Date.now() + 1_000,
    };
    await topUps.create({ ...order, id: topUpId, provider: 'manual', origin: 'wire' });
    return { ...order, topUpId };
  };
  const pay = async ({ topUpId, amountCents, currency }: PaymentOrder): Promise<void> => {
    const reference = `statement/${topUpId}`;
    await bank.record({ reference, topUpId, amountCents, currency, receivedAtMs: Date.now() });
  };
  const dispose = () => store[Symbol.asyncDispose]();
  return { provider, bank, newOrder, pay, [Symbol.asyncDispose]: dispose };
}

describePayments('a bank that nobody can ask', setUp);

test('I14 one line of a statement stands for one top-up', async () => {
  await using wires = await setUp();
  const [one, two] = [await wires.newOrder(1_000), await wires.newOrder(1_000)];
  const line = { reference: '7', amountCents: 1_000, currency: 'usd', receivedAtMs: 5 };
  const record = (topUpId: string, amountCents = 1_000) =>
    wires.bank.record({ ...line, topUpId, amountCents });
  assert.equal(await record(one.topUpId), 'recorded');
  assert.equal(await record(one.topUpId), 'recorded', 'the same again');
  assert.equal(await record(two.topUpId), 'conflict');
  assert.equal(await record(one.topUpId, 999), 'conflict');
});

test('nobody charges a bank account, and no bank sends events', async () => {
  await using wires = await setUp();
  const charged = await wires.provider.charge();
  assert.equal(charged.ok ? 'charged' : charged.error.kind, 'unsupported');
  assert.equal(wires.provider.readWebhook().error, 'no-webhook');
});
