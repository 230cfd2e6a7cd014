// Cards over the whole program: a real server with its own PostgreSQL, the official library, and a simulated Stripe. A
// customer pays, uses it up, and the saved card is charged while requests go on.

import assert from 'node:assert/strict';
import { readFileSync, globSync } from 'node:fs';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { StripeAccount } from '../payments/stripe-account.ts';
import { StripeSimulator } from '../payments/stripe-simulator.ts';
import { sessionShape } from '../payments/stripe-shapes.ts';
import { sign } from '../payments/webhook-line.ts';
import { SCRIPTED_CONFIG, Turnpike } from './turnpike.ts';

const KEY = 'sk_test_of_the_whole_program';
const SECRET = 'whsec_of_the_whole_program';
/** Sixteen tokens cost $4.80. */
const DEAR = { ...SCRIPTED_CONFIG.models[0], price: { input: '0.000001', output: '300000' } };
const PATIENCE_MS = 60_000;

async function manage(turnpike: Turnpike, method: 'GET' | 'POST', path: string, body?: object) {
  const response = await fetch(`${turnpike.origin}/manage/v1/${path}`, {
    method,
    headers: {
      authorization: `Bearer ${turnpike.adminToken}`,
      'content-type': 'application/json',
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  assert.equal(response.status, 200, text);
  const answer: unknown = JSON.parse(text);
  return answer as { [field: string]: unknown }; // every answer is an object
}

async function available(turnpike: Turnpike): Promise<number> {
  const { available: money } = await manage(turnpike, 'GET', 'credits');
  return Number((money as { dollars: string }).dollars); // as the contract has it
}

async function until(what: string, isSo: () => Promise<boolean> | boolean): Promise<void> {
  const deadline = performance.now() + PATIENCE_MS;
  while (!(await isSo())) {
    assert.ok(performance.now() < deadline, `waited too long until ${what}`);
    await sleep(50);
  }
}

test('I14 a card pays a top-up, is saved, and is charged when the credit runs low; no secret is written anywhere', async () => {
  await using simulator = await StripeSimulator.start();
  const account = new StripeAccount('whole', 1, Date.now);
  simulator.add(KEY, { account, fault: () => 'none', deliverNow: async () => {} });
  await using turnpike = await Turnpike.start({
    config: { ...SCRIPTED_CONFIG, models: [DEAR] },
    env: {
      TURNPIKE_STRIPE_KEY: KEY,
      TURNPIKE_STRIPE_WEBHOOK_SECRET: SECRET,
      TURNPIKE_PAYMENT_RETURN_URL: 'https://example.invalid/',
      TURNPIKE_STRIPE_URL: `http://127.0.0.1:${simulator.at.port}`,
    },
  });
  const before = await available(turnpike);
  const wish = { id: 'top-up-by-card', amount: '20', by: 'checkout', saveCard: true };
  assert.equal((await manage(turnpike, 'POST', 'top-ups', wish))['state'], 'open');
  const [session] = account.sessions;
  assert.ok(session !== undefined && account.pay(session, 'pays'));
  const event = {
    id: 'evt_1',
    object: 'event',
    type: 'checkout.session.completed',
    livemode: false,
  };
  const body = JSON.stringify({ ...event, data: { object: sessionShape(session) } });
  const heard = await fetch(`${turnpike.origin}/webhooks/payments/stripe`, {
    method: 'POST',
    headers: { 'stripe-signature': sign(SECRET, body, Date.now()) },
    body,
  });
  assert.deepEqual(await heard.json(), { received: true, outcome: 'done' });
  assert.equal((await available(turnpike)) - before, 20);

  const settings = { threshold: '10', target: '30', monthlyCap: '100' };
  assert.equal((await manage(turnpike, 'POST', 'auto-reload', settings))['on'], true);
  const question = {
    model: 'scripted',
    max_tokens: 16,
    messages: [
      {
        role: 'user',
        content:
          'twenty words, please, so that all sixteen tokens of an answer come: a b c d e f g',
      },
    ],
  };
  while ((await available(turnpike)) >= 10) {
    assert.equal((await turnpike.chat(question)).status, 200);
  }
  await until('the card is charged', () => account.intents.some(({ offSession }) => offSession));
  await until('the credit is there', async () => (await available(turnpike)) > 25);
  assert.equal((await turnpike.chat(question)).status, 200, 'requests go on');
  const charged = account.intents.filter(({ offSession }) => offSession);
  assert.deepEqual(
    charged.map(({ status }) => status),
    ['succeeded'],
  );
  const { differences } = await manage(turnpike, 'GET', 'reconciliation');
  assert.deepEqual(differences, []);
  const logs = globSync(`${turnpike.dataDirectory}/log/*`).map((path) =>
    readFileSync(path, 'utf8'),
  );
  for (const text of [turnpike.output, ...logs]) {
    assert.ok(!text.includes(KEY) && !text.includes(SECRET));
  }
});
