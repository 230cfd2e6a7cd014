// Money that can't be meant, at every address that takes some: a named refusal each time, never a crash, never money.

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { sign } from '../payments/webhook-line.ts';
import { openBooks } from './books.ts';
import { SCRIPTED_CONFIG, Turnpike } from './turnpike.ts';

const SECRET = 'whsec_of_bad_money';

/** As values of JSON. Some are fine for some address: what is zero, or has a tenth decimal. */
const NO_NUMBERS =
  '-5|+5|| |5,00|5 USD|0x10|1e3|NaN|Infinity|٥|5.|.5|0.0000000001|99999999999999999999|10000000000';
const NO_AMOUNTS: readonly unknown[] = [-5, 5, 1.5, 1e21, true, [], {}, ...NO_NUMBERS.split('|')];

const ADDRESSES: readonly (readonly [path: string, field: string, rest: object])[] = [
  ['/credits', 'amount', { id: 'bad-money-1' }],
  ['/credits', 'costBasis', { id: 'bad-money-1', amount: '5' }],
  ['/credits/limit', 'amount', {}],
  ['/top-ups', 'amount', { id: 'bad-money-1', by: 'wire' }],
  ['/top-ups/a-wire-that-waits/confirm', 'amount', { reference: 'line 1' }],
  ['/auto-reload', 'threshold', { target: '30', monthlyCap: '100' }],
  ['/auto-reload', 'monthlyCap', { threshold: '10', target: '30' }],
  ['/budgets', 'hard_limit', { scope: 'organisation', period: 'daily' }],
  ['/budgets', 'alert', { scope: 'organisation', period: 'daily' }],
  ['/plans', 'price', { id: 'bad', name: 'Bad', credits: '5' }],
  ['/plans', 'credits', { id: 'bad', name: 'Bad', price: '5.00' }],
];

const EUROS: readonly (readonly [path: string, body: object])[] = [
  ['/credits', { id: 'bad-money-2', amount: '5' }],
  ['/top-ups', { id: 'bad-money-2', amount: '5', by: 'wire' }],
  ['/top-ups/a-wire-that-waits/confirm', { reference: 'line 1', amount: '20' }],
  ['/budgets', { scope: 'organisation', period: 'daily', hard_limit: '5' }],
  ['/plans', { id: 'bad', name: 'Bad', price: '5.00', credits: '5' }],
];

describe('money that can not be meant', () => {
  let turnpike: Turnpike;
  let creditNano: bigint;
  before(async () => {
    turnpike = await Turnpike.start({
      config: SCRIPTED_CONFIG,
      env: {
        TURNPIKE_STRIPE_KEY: 'sk_test_of_bad_money',
        TURNPIKE_STRIPE_WEBHOOK_SECRET: SECRET,
        TURNPIKE_PAYMENT_RETURN_URL: 'https://example.invalid/',
        TURNPIKE_STRIPE_URL: 'http://127.0.0.1:9', // nobody is there
      },
    });
    const wire = { id: 'a-wire-that-waits', amount: '20', by: 'wire' };
    assert.equal((await turnpike.manage('/top-ups', wire)).status, 200);
    creditNano = await credit();
  });
  after(() => turnpike[Symbol.asyncDispose]());

  async function credit(): Promise<bigint> {
    await using books = openBooks(turnpike.dataDirectory);
    assert.deepEqual(await books.findings(), []);
    return await books.creditNano();
  }

  async function assertRefused(path: string, body: object): Promise<void> {
    const response = await turnpike.manage(path, body);
    const text = await response.text();
    const what = `${path} ${JSON.stringify(body)}: ${response.status} ${text}`;
    assert.ok(response.status >= 400 && response.status < 500, what);
    assert.match(text, /"code":"[a-z-]+","message":"[^"\\]*(?:\\.[^"\\]*)*[.]"/, what);
  }

  it('is refused by name wherever an amount is taken', async () => {
    for (const [path, field, rest] of ADDRESSES) {
      for (const amount of NO_AMOUNTS) await assertRefused(path, { ...rest, [field]: amount });
    }
  });

  it('in another currency is refused', async () => {
    for (const [path, body] of EUROS) {
      await assertRefused(path, { ...body, currency: 'eur' });
      await assertRefused(path, { ...body, currency: '' });
    }
  });

  it('as a price is refused by the field, and so is a list that leaves a model out', async () => {
    for (const input of NO_AMOUNTS) {
      const models = { scripted: { input, output: '2' } };
      await assertRefused('/prices/drafts', { by: 'test', models });
    }
    const models = { another: { input: '1', output: '2' } };
    const saved = await turnpike.manage('/prices/drafts', { by: 'test', models });
    assert.equal(saved.status, 200);
    const { id } = Object(await saved.json());
    await assertRefused(`/prices/drafts/${String(id)}/schedule`, { by: 'test' });
  });

  it('told by somebody who is not the provider, too late, or about something else, is refused by name', async () => {
    const event = { id: 'evt_1', object: 'event', type: 'checkout.session.completed' };
    const data = { object: { id: 'cs_1', object: 'checkout.session' } };
    const body = JSON.stringify({ ...event, livemode: false, data });
    const live = JSON.stringify({ ...event, livemode: true, data });
    const nowMs = Date.now();
    const right = sign(SECRET, body, nowMs);
    const cases: readonly (readonly [string, string, string | undefined, number])[] = [
      ['stripe', body, undefined, 400],
      ['stripe', body, '', 400],
      ['stripe', body, 't=1,v1=', 400],
      ['stripe', body, sign('', body, nowMs), 400],
      ['stripe', body, sign('whsec_of_another', body, nowMs), 400],
      ['stripe', body, sign(SECRET, body, nowMs - 3_600_000), 400],
      ['stripe', body.replace('cs_1', 'cs_2'), right, 400],
      ['stripe', live, sign(SECRET, live, nowMs), 400],
      ['stripe', '{', sign(SECRET, '{', nowMs), 400],
      ['manual', body, right, 404],
      ['another', body, right, 404],
      // Right in every way, and the provider can't be asked whether it is so: it has to be sent again.
      ['stripe', body, right, 503],
    ];
    for (const [provider, text, signature, status] of cases) {
      const response = await fetch(`${turnpike.origin}/webhooks/payments/${provider}`, {
        method: 'POST',
        headers: signature === undefined ? {} : { 'stripe-signature': signature },
        body: text,
      });
      const answer = await response.text();
      assert.equal(response.status, status, `${provider} ${signature}: ${answer}`);
      assert.match(answer, /"code":"[a-z-]+","message":".+[.]"/);
    }
  });

  it('has moved nothing', async () => {
    assert.equal(await credit(), creditNano);
  });
});
