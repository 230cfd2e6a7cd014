// Payments through the management API and the door for webhooks, on a real PostgreSQL and a simulated Stripe: what people
// ask for, what they are told, and what the books have then.

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, before, test } from 'node:test';
import type { RouteInput, RouteName, RouteOutput } from '@turnpike/contract/routes.ts';
import { routes } from '@turnpike/contract/routes.ts';
import { StripeAccount } from '../../../test/payments/stripe-account.ts';
import { StripeSimulator } from '../../../test/payments/stripe-simulator.ts';
import { intentShape } from '../../../test/payments/stripe-shapes.ts';
import { sign } from '../../../test/payments/webhook-line.ts';
import { type WebhookDoor, webhookDoor } from '../http/payment-webhooks.fixture.ts';
import { newId } from '../lib/ids.ts';
import { PAYMENT_WEBHOOK_BYTES_MAX } from '../limits.ts';
import { ManualPayments } from '../payments/manual/manual-payments.ts';
import { StripePayments } from '../payments/stripe/stripe-payments.ts';
import type { PaymentProvider } from '../ports/payments.ts';
import type { ServerFacts } from '../ports/server-facts.ts';
import { mustOpen, startTestPostgres } from '../store/postgres/database.fixture.ts';
import type { Store } from '../store/postgres/store.ts';
import { Till } from '../till/till.ts';
import type { Handlers } from './handler.ts';
import { managementHandlers } from './handlers.ts';

const SECRET = 'whsec_management';
const KEY = 'sk_test_management';
const ORGANISATION = 'org_payer';
let nowMs = Date.now();
const scope = new AsyncDisposableStack();
let store: Store;
let account: StripeAccount;
let door: WebhookDoor;
let handlers: Handlers;

before(async () => {
  const postgres = scope.use(await startTestPostgres());
  store = scope.use(await mustOpen(await postgres.newDatabase()));
  const simulator = scope.use(await StripeSimulator.start());
  account = new StripeAccount('management', 1, () => nowMs);
  simulator.add(KEY, { account, fault: () => 'none', deliverNow: async () => {} });
  const { tillBook: book, accounts, prices } = store;
  const cards = new StripePayments({
    secretKey: KEY,
    webhookSecret: SECRET,
    returnUrl: 'https://example.invalid/',
    at: simulator.at,
  });
  const wires = new ManualPayments(book.bank, () => nowMs);
  const silent = () => undefined;
  const till = new Till({
    book,
    accounts,
    cards,
    wires,
    providers: new Map<string, PaymentProvider>([
      [cards.name, cards],
      [wires.name, wires],
    ]),
    bounds: { leastCents: 500, mostCents: 1_000_000 },
    log: { isLevelEnabled: () => false, debug: silent, info: silent, warn: silent, error: silent },
    nowMs: () => nowMs,
    newId,
  });
  door = scope.use(await webhookDoor(till));
  const facts = { nowMs: () => nowMs } as ServerFacts; // all that these handlers look at
  const storedBytes = async () => 0;
  const { adminKeys, alerts, billing, reratings } = store;
  const ids = { newId, randomBytes };
  handlers = managementHandlers({
    accounts,
    adminKeys,
    alerts,
    billing,
    prices,
    reratings,
    facts,
    till,
    storedBytes,
    ...ids,
  });
  await accounts.createOrganisation({ id: ORGANISATION, name: 'Payer' });
});
after(() => scope.disposeAsync());

/** As a client calls it: by the contract's own schema. */
async function ask<N extends RouteName>(name: N, input: RouteInput<N>) {
  const parsed = routes[name].input.parse(input);
  // The table's own schema has just parsed it; the compiler can't follow a generic index into a union.
  const handle = handlers[name] as (of: unknown) => ReturnType<Handlers[N]>;
  return handle(parsed);
}

async function must<N extends RouteName>(name: N, input: RouteInput<N>): Promise<RouteOutput<N>> {
  const answer = await ask(name, input);
  assert.ok(answer.ok, JSON.stringify(answer));
  return answer.value;
}

async function codeOf<N extends RouteName>(name: N, input: RouteInput<N>): Promise<string> {
  const answer = await ask(name, input);
  return answer.ok ? 'done' : answer.error.code;
}

async function balance(): Promise<bigint> {
  return (await store.accounts.balance(ORGANISATION))?.availableNano ?? 0n;
}

/** Stripe tells of everything that has happened since. */
async function deliver(): Promise<readonly number[]> {
  const statuses: number[] = [];
  for (const { type, object } of account.events.splice(0)) {
    const body = JSON.stringify({
      id: account.id('evt'),
      object: 'event',
      type,
      livemode: false,
      data: { object: 'amountReceived' in object ? intentShape(object) : { id: object.id } },
    });
    statuses.push((await knock(body)).status);
  }
  return statuses;
}

function knock(body: string | Buffer, signature = sign(SECRET, String(body), nowMs)) {
  const headers = { 'content-type': 'application/json', 'stripe-signature': signature };
  return door.post('stripe', body, headers);
}

function payOf(topUpId: string): void {
  const session = account.sessions.find(({ reference }) => reference === topUpId);
  assert.ok(session !== undefined && account.pay(session, 'pays'));
}

test('I14 a checkout is begun once, paid, heard of, and credited once; its card can be used again', async () => {
  const had = await balance();
  const wish = { id: 'checkout-0001', amount: '25', by: 'checkout', saveCard: true } as const;
  const begun = await must('createTopUp', wish);
  assert.equal(begun.state, 'open');
  assert.match(begun.url ?? '', /^https:\/\/checkout\.invalid\//);
  assert.equal((await must('createTopUp', wish)).url, begun.url, 'the same again is the same');
  assert.equal(account.sessions.length, 1);
  assert.equal(await codeOf('createTopUp', { ...wish, amount: '26' }), 'conflict');
  payOf(begun.id);
  assert.deepEqual(await deliver(), [200, 200]);
  assert.equal((await must('getTopUp', { id: begun.id })).state, 'credited');
  assert.equal((await balance()) - had, 25_000_000_000n);
  const { paymentMethod } = await must('getAutoReload', {});
  assert.deepEqual(paymentMethod, { brand: 'visa', last4: '4242', expires: '2031-12' });
  const { data } = await must('listTopUps', {});
  assert.deepEqual(
    data.map(({ id }) => id),
    ['checkout-0001'],
  );
});

test('every amount that can’t be meant has its name', async () => {
  const refused = (amount: string, currency = 'usd') =>
    codeOf('createTopUp', { id: 'never-begun', amount, currency, by: 'checkout' });
  for (const amount of [
    '',
    '-5',
    '0',
    '4.99',
    '10000.01',
    '12.345',
    'NaN',
    '1e3',
    'Infinity',
    '9'.repeat(30),
  ]) {
    assert.equal(await refused(amount), 'invalid-amount', amount);
  }
  assert.equal(await refused('25', 'eur'), 'wrong-currency');
  for (const amount of [25, null, '9'.repeat(33)]) {
    const input = { id: 'never-begun', amount, by: 'checkout' };
    assert.ok(!routes.createTopUp.input.safeParse(input).success, String(amount));
  }
  assert.equal(await codeOf('getTopUp', { id: 'never-begun' }), 'not-found');
});

test('I14 a wire is credited when its operator has seen the money: once, and only for what was asked', async () => {
  const had = await balance();
  const begun = await must('createTopUp', { id: 'wire-0001', amount: '5000', by: 'wire' });
  const other = await must('createTopUp', { id: 'wire-0002', amount: '5000', by: 'wire' });
  assert.deepEqual([begun.state, begun.url], ['open', undefined]);
  const line = { reference: '20261120/77', amount: '5000' };
  assert.equal(
    await codeOf('confirmWire', { id: begun.id, ...line, amount: '4999' }),
    'invalid-amount',
  );
  assert.equal(
    await codeOf('confirmWire', { id: begun.id, ...line, currency: 'eur' }),
    'wrong-currency',
  );
  assert.equal((await must('confirmWire', { id: begun.id, ...line })).state, 'credited');
  assert.equal((await must('confirmWire', { id: begun.id, ...line })).state, 'credited');
  assert.equal(await codeOf('confirmWire', { id: other.id, ...line }), 'conflict');
  assert.equal(await codeOf('confirmWire', { id: 'checkout-0001', ...line }), 'conflict');
  assert.equal((await balance()) - had, 5_000_000_000_000n);
});

test('I14 a refund takes its credit back once, never more than was paid', async () => {
  const had = await balance();
  const refund = { id: 'checkout-0001', refundId: 'refund-0001', amount: '10' };
  const { reversals } = await must('refundTopUp', refund);
  assert.deepEqual(
    reversals.map(({ kind, amount, state }) => [kind, amount.dollars, state]),
    [['refund', '10.00', 'taken']],
  );
  await must('refundTopUp', refund);
  nowMs += 25 * 3_600_000; // Stripe has forgotten the key
  await must('refundTopUp', refund);
  assert.equal(had - (await balance()), 10_000_000_000n);
  const more = { ...refund, refundId: 'refund-0002', amount: '15.01' };
  assert.equal(await codeOf('refundTopUp', more), 'payment-provider-failed');
  assert.equal(await codeOf('refundTopUp', { ...refund, amount: '11' }), 'conflict');
  assert.equal(await codeOf('refundTopUp', { ...refund, id: 'wire-0002' }), 'conflict');
});

test('auto-reload wants settings that can be meant, and says what it does', async () => {
  const set = (threshold: string, target: string, monthlyCap: string) =>
    codeOf('setAutoReload', { threshold, target, monthlyCap });
  assert.equal(await set('10', '10', '100'), 'invalid-amount');
  assert.equal(await set('10', '12', '100'), 'invalid-amount');
  assert.equal(await set('10', '50', '4'), 'invalid-amount');
  assert.equal(await set('10', '20000', '100'), 'invalid-amount');
  assert.equal(await set('-1', '20', '100'), 'invalid-amount');
  assert.equal(await set('10', '50', '100'), 'done');
  const shown = await must('getAutoReload', {});
  assert.deepEqual([shown.on, shown.target?.dollars, shown.declines], [true, '50.00', 0]);
  assert.equal((await must('turnOffAutoReload', {})).on, false);
});

test('I20 what was paid and not credited is found, and printed', async () => {
  assert.deepEqual((await must('getReconciliation', {})).differences, []);
  const begun = await must('createTopUp', { id: 'checkout-0002', amount: '30', by: 'checkout' });
  payOf(begun.id);
  const events = account.events.splice(0); // Nobody hears of it.
  nowMs += 3_600_000;
  const [difference, ...others] = (await must('getReconciliation', {})).differences;
  assert.deepEqual(others, []);
  assert.match(difference?.check ?? '', /^I14 I20/);
  assert.match(
    difference?.detail ?? '',
    /\$30\.00 were paid for the top-up checkout-0002, which is open, and not credited/,
  );
  account.events.push(...events);
  await deliver();
  assert.deepEqual((await must('getReconciliation', {})).differences, []);
});

test('what knocks without a right signature learns nothing; what is not ours is heard and left', async () => {
  const event = (object: object) =>
    JSON.stringify({
      id: 'evt',
      object: 'event',
      type: 'payment_intent.succeeded',
      livemode: false,
      data: { object },
    });
  const code = async (asked: ReturnType<typeof knock>) => {
    const { status, text } = await asked;
    const body = JSON.parse(text) as { error?: { code: string }; outcome?: string }; // our own answer
    return `${status} ${body.error?.code ?? body.outcome}`;
  };
  const foreign = account.newIntent({
    amount: 500,
    currency: 'usd',
    metadata: { turnpike_top_up: 'of-another-installation' },
    customer: null,
    offSession: false,
    keepsCard: false,
  });
  account.succeed(foreign);
  account.events.length = 0;
  assert.equal(await code(knock(event({ id: foreign.id, metadata: {} }))), '200 unknown-order');
  assert.equal(await code(knock(event({ id: 'pi_none', metadata: {} }))), '200 unknown-order');
  assert.equal(await code(knock('{"type":"x"}')), '400 not-an-event');
  assert.equal(await code(knock('{', sign(SECRET, '{', nowMs))), '400 not-an-event');
  assert.equal(await code(knock(event({}), 't=1,v1=00')), '400 bad-signature');
  assert.equal(await code(knock('')), '400 not-an-event');
  assert.equal(
    await code(knock(Buffer.alloc(PAYMENT_WEBHOOK_BYTES_MAX + 1))),
    '413 body-too-large',
  );
  assert.equal(await code(door.post('manual', '{}', {})), '404 no-webhook');
  assert.equal(await code(door.post('nobody', '{}', {})), '404 no-webhook');
});
