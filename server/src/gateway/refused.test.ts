// What is refused before it reaches an engine: the engine never hears of it, and nobody pays.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { nano } from '../domain/money/nano.ts';
import { NO_PRICES } from '../domain/pricing/prices.ts';
import { outputCostMax } from '../domain/pricing/cost.ts';
import { GENERATIONS_MAX } from '../limits.ts';
import { creditFor, MemorySink, PLENTY, Turnstile } from './turnstile.fixture.ts';

function assertRefused(sink: MemorySink, status: number, code: string): void {
  assert.equal(sink.state, 'answered');
  assert.equal(sink.status, status, sink.text);
  assert.equal(sink.json.error.code, code);
  assert.match(sink.headers['x-request-id'] ?? '', /^req_[0-9a-f]{32}$/);
  assert.equal(sink.headers['turnpike-cost-usd'], undefined);
}

describe('refused before the engine', () => {
  for (const stream of [false, true]) {
    const how = stream ? 'a stream' : 'a whole answer';

    it(`${how} without credit: 402`, async () => {
      const turnstile = await Turnstile.with(nano(0n));
      const sink = await turnstile.whole('hi', { stream });
      assertRefused(sink, 402, 'insufficient_quota');
      assert.equal(sink.json.error.type, 'insufficient_quota');
      assert.equal(sink.headers['x-should-retry'], 'false');
      assert.match(sink.json.error.message, /needs \$0\.\d+ and \$0\.00 is free/);
      turnstile.assertUntouched(0n);
    });

    it(`${how} of an organisation whose payment was taken back after it was spent: 402, until it has paid`, async () => {
      const turnstile = await Turnstile.with(PLENTY);
      const { accounts, organisationId } = turnstile;
      assert.equal((await turnstile.whole('hi', { stream })).status, 200);
      const back = { id: 'dispute_1', blockId: 'topup_1', amountNano: PLENTY } as const;
      await accounts.reverseCredits({ ...back, reason: 'chargeback' });
      await accounts.addCredits({
        id: 'gift_1',
        organisationId,
        amountNano: PLENTY,
        source: 'promo',
      });
      const sink = await turnstile.whole('hi', { stream });
      assertRefused(sink, 402, 'organisation_frozen');
      assert.equal(sink.headers['x-should-retry'], 'false');
      await accounts.addCredits({
        id: 'topup_2',
        organisationId,
        amountNano: PLENTY,
        source: 'payment',
      });
      assert.equal((await turnstile.whole('hi', { stream })).status, 200);
    });

    it(`${how} with a nano-dollar less than 16 tokens need: 402; with it, it runs`, async () => {
      const least = await creditFor('hi', (price) => outputCostMax(16, price));
      const poor = await Turnstile.with(nano(least - 1n));
      assertRefused(await poor.whole('hi', { stream }), 402, 'insufficient_quota');
      poor.assertUntouched(least - 1n);
      const enough = await Turnstile.with(least);
      assert.equal((await enough.whole('hi', { stream })).status, 200);
      enough.assertAtRest();
    });

    it(`${how} of a model without a price: 503, and not to be tried again`, async () => {
      const turnstile = await Turnstile.with(PLENTY);
      const sink = await turnstile.whole('hi', { stream, model: 'unpriced' });
      assertRefused(sink, 503, 'model_not_priced');
      assert.equal(sink.headers['x-should-retry'], 'false');
      turnstile.assertUntouched(PLENTY);
    });

    it(`${how} while the books can't be reached: 503 with a wait`, async () => {
      const turnstile = await Turnstile.with(PLENTY);
      turnstile.ledger.shut.add('hold');
      const sink = await turnstile.whole('hi', { stream });
      assertRefused(sink, 503, 'billing_unavailable');
      assert.ok(Number(sink.headers['retry-after']) >= 1);
      turnstile.assertUntouched(PLENTY);
    });
  }

  it('before anything was published, nothing has a price', async () => {
    const turnstile = await Turnstile.with(PLENTY);
    const { keys } = turnstile.accounts.snapshot();
    const sink = new MemorySink();
    turnstile.gateway = {
      ...turnstile.gateway,
      snapshot: () => ({ version: 1, keys, prices: NO_PRICES }),
    };
    assertRefused(await turnstile.whole('hi', {}, { sink }), 503, 'model_not_priced');
    turnstile.assertUntouched(PLENTY);
  });

  it('a key that is missing, malformed or unknown: 401, and its body is not even read', async () => {
    const turnstile = await Turnstile.with(PLENTY);
    const swapped = turnstile.key.replace(/.$/, (last) => (last === 'A' ? 'B' : 'A'));
    const cases: readonly (readonly [string | undefined, RegExp])[] = [
      [undefined, /didn't provide/],
      ['', /didn't provide/],
      [turnstile.key, /malformed/],
      [`Basic ${turnstile.key}`, /malformed/],
      [`Bearer ${swapped}`, /malformed/],
      ['Bearer sk-proj-somebody-elses', /malformed/],
    ];
    for (const [authorization, message] of cases) {
      const sink = await turnstile.whole('hi', {}, { authorization });
      assertRefused(sink, 401, 'invalid_api_key');
      assert.match(sink.json.error.message, message);
    }
    assert.equal(turnstile.bodiesRead, 0);
    turnstile.assertUntouched(PLENTY);
  });

  it('a key that was revoked a moment ago: 401; one of nobody: 401', async () => {
    const turnstile = await Turnstile.with(PLENTY);
    const { gateway } = turnstile;
    turnstile.gateway = {
      ...gateway,
      snapshot: () => ({
        version: 1,
        keys: new Map(),
        prices: NO_PRICES,
      }),
    };
    const unknown = await turnstile.whole('hi');
    assertRefused(unknown, 401, 'invalid_api_key');
    assert.match(unknown.json.error.message, /Incorrect/);
    turnstile.gateway = gateway;
    await turnstile.accounts.revokeKey(turnstile.keyId);
    const revoked = await turnstile.whole('hi');
    assertRefused(revoked, 401, 'invalid_api_key');
    assert.match(revoked.json.error.message, /revoked/);
    turnstile.assertUntouched(PLENTY);
  });

  it('a model that is not served: 404; a body that is wrong: 400', async () => {
    const turnstile = await Turnstile.with(PLENTY);
    const missing = await turnstile.whole('hi', { model: 'gpt-9' });
    assertRefused(missing, 404, 'model_not_found');
    assert.equal(missing.json.error.param, 'model');
    const wrong = await turnstile.whole('hi', { temperature: 'hot' });
    assert.equal(wrong.status, 400);
    assert.equal(wrong.json.error.param, 'temperature');
    turnstile.assertUntouched(PLENTY);
  });

  it('a server that stops, one that is full, and an engine that is down: 503 with a wait', async () => {
    const turnstile = await Turnstile.with(PLENTY);
    const { load } = turnstile.gateway;
    load.stopping = true;
    assertRefused(await turnstile.whole('hi'), 503, 'server_is_restarting');
    load.stopping = false;
    load.generationsRunning = GENERATIONS_MAX;
    const full = await turnstile.stream('hi');
    assertRefused(full, 503, 'server_is_overloaded');
    assert.ok(Number(full.headers['retry-after-ms']) > 0);
    load.generationsRunning = 0;
    await turnstile.scripted[Symbol.asyncDispose]();
    assertRefused(await turnstile.whole('hi'), 503, 'server_is_overloaded');
    turnstile.assertUntouched(PLENTY);
  });
});
