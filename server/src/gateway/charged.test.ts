// What an answer costs: to the nano-dollar, once, at the price that was pinned, and never more than there was.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { NO_USAGE, type Usage } from '../domain/generation/usage.ts';
import { formatDollars, nano } from '../domain/money/nano.ts';
import { costOf, outputCostMax } from '../domain/pricing/cost.ts';
import { newRequestId } from '../lib/ids.ts';
import {
  creditFor,
  MemorySink,
  PLENTY,
  PRICE,
  RecitingEngine,
  Turnstile,
} from './turnstile.fixture.ts';

/** The scripted engine counts words: these messages are one word and the markers, which are one word each. */
const used = (input: number, output: number, reasoning = 0): Usage => ({
  ...NO_USAGE,
  input,
  output,
  reasoning,
});
const dollars = (amount: bigint): string => formatDollars(amount).slice(1);

describe('what is charged', () => {
  it('I7 a whole answer: the headers, the usage row and the balance say the same exact sum', async () => {
    const turnstile = await Turnstile.with(PLENTY);
    const sink = await turnstile.whole('go [[tokens=7]] on');
    const cost = costOf(used(3, 7), PRICE);
    assert.equal(cost, 57_284n); // (3 × 1,234,567,000 + 7 × 7,654,321,000) / 10⁶ = 57,283.948, rounded half up
    assert.equal(sink.status, 200);
    assert.equal(sink.headers['turnpike-cost-usd'], '0.000057284');
    assert.equal(sink.headers['turnpike-credit-usd'], dollars(PLENTY - cost));
    assert.equal(sink.headers['turnpike-price-version'], '1');
    assert.equal(sink.json.usage.prompt_tokens, 3);
    assert.equal(sink.json.usage.completion_tokens, 7);
    assert.equal(turnstile.balanceNano, PLENTY - cost);
    const { settled } = turnstile.ledger;
    assert.deepEqual(settled.usage, used(3, 7));
    assert.equal(settled.costNano, cost);
    assert.equal(settled.outcome, 'completed');
    assert.equal(settled.priceVersion, 1);
    assert.equal(settled.keyId, turnstile.keyId);
    assert.equal(settled.model, 'priced');
    assert.equal(settled.usageSource, 'engine');
    turnstile.assertAtRest();
  });

  it('I7 a stream costs what the same whole answer costs, and reasoning has its own price', async () => {
    for (const stream of [false, true]) {
      const turnstile = await Turnstile.with(PLENTY);
      const options = { include_usage: true };
      const more = stream ? { stream, stream_options: options } : {};
      const sink = await turnstile.whole('[[tokens=5 reasoning=11]]', more);
      const usage = used(2, 5, 11);
      assert.equal(PLENTY - turnstile.balanceNano, costOf(usage, PRICE));
      assert.deepEqual(turnstile.ledger.settled.usage, usage);
      const told = stream ? sink.lastEvent.usage : sink.json.usage;
      assert.equal(told.completion_tokens, 16);
      assert.equal(told.completion_tokens_details.reasoning_tokens, 11);
      assert.equal(sink.state, stream ? 'ended' : 'answered');
      turnstile.assertAtRest();
    }
  });

  it('I7 everything is charged in its own bucket', async () => {
    const usage = {
      input: 1,
      cacheRead: 100,
      cacheWrite5m: 10,
      cacheWrite1h: 7,
      imageInput: 11,
      audioInput: 13,
      output: 2,
      reasoning: 3,
      imageOutput: 5,
      audioOutput: 1,
      toolCalls: 0,
    };
    const engine = new RecitingEngine([
      [
        { kind: 'text-delta', text: 'yes' },
        { kind: 'usage', usage, source: 'engine' },
        { kind: 'finish', reason: 'stop' },
      ],
    ]);
    const turnstile = await Turnstile.with(PLENTY, engine);
    const sink = await turnstile.whole('hi', { model: 'given' });
    // 1 × 1,234,567,000 + 100 × 300,000,001 + … + 1 × 7,333,333,331 is 173,765,431,502, over 10⁶
    assert.equal(PLENTY - turnstile.balanceNano, 173_765n);
    assert.equal(sink.json.usage.prompt_tokens, 142);
    assert.equal(sink.json.usage.prompt_tokens_details.cached_tokens, 100);
  });

  it('a price of zero is a price: it runs, even without credit, and leaves a usage row', async () => {
    for (const stream of [false, true]) {
      const turnstile = await Turnstile.with(nano(0n));
      const sink = await turnstile.whole('[[tokens=3000]]', { stream, model: 'free' });
      assert.equal(sink.status, 200);
      assert.ok(stream ? sink.isDone : sink.choice.finish_reason === 'stop');
      if (!stream) assert.equal(sink.headers['turnpike-cost-usd'], '0.00');
      assert.deepEqual(turnstile.ledger.settled.usage, used(1, 3_000));
      assert.equal(turnstile.balanceNano, 0n);
      turnstile.assertAtRest();
    }
  });

  it('a whole answer that its credit clips is an answer: 200, its text, `length`, and paid from what was there', async () => {
    const content = '[[tokens=200]]';
    const credit = await creditFor(content, (price) => outputCostMax(40, price));
    const turnstile = await Turnstile.with(credit);
    const sink = await turnstile.whole(content, { max_tokens: 200 });
    assert.equal(sink.status, 200, sink.text);
    assert.equal(sink.choice.finish_reason, 'length');
    assert.equal(sink.choice.message.content.trim().split(' ').length, 40);
    assert.equal(sink.json.usage.completion_tokens, 40);
    const cost = costOf(used(1, 40), PRICE);
    assert.equal(turnstile.balanceNano, credit - cost);
    assert.equal(sink.headers['turnpike-cost-usd'], dollars(cost));
    assert.equal(turnstile.ledger.settled.outcome, 'completed');
    turnstile.assertAtRest();
  });

  it('an answer shorter than what its credit could buy is not clipped by it', async () => {
    const content = '[[tokens=40]]';
    const credit = await creditFor(content, (price) => outputCostMax(40, price));
    const turnstile = await Turnstile.with(credit);
    const sink = await turnstile.whole(content, { max_tokens: 4_000 });
    assert.equal(sink.choice.finish_reason, 'stop');
    assert.equal(turnstile.balanceNano, credit - costOf(used(1, 40), PRICE));
  });

  it('an engine that overruns its bound is paid by the house beyond the hold', async () => {
    const engine = new RecitingEngine([
      [
        { kind: 'text-delta', text: 'too much' },
        { kind: 'usage', usage: used(1, 30), source: 'engine' },
        { kind: 'finish', reason: 'stop' },
      ],
    ]);
    const credit = await creditFor('hi', (price) => outputCostMax(16, price));
    const turnstile = await Turnstile.with(credit, engine);
    const sink = await turnstile.whole('hi', { model: 'given', max_tokens: 16 });
    assert.equal(sink.status, 200);
    assert.equal(engine.ticket?.outputTokensMax, 16);
    const held = turnstile.ledger.settlements[0]?.hold.amountNano ?? 0n;
    assert.ok(credit - turnstile.balanceNano <= held);
    turnstile.assertAtRest();
  });

  it('a price that changes while it runs does not change its bill; the next request pays the new one', async () => {
    const turnstile = await Turnstile.with(PLENTY);
    const dearer = { ...PRICE, output: nano(99_000_000_000n) };
    let published = false;
    const sink = new MemorySink((self) => {
      if (published || self.writes < 3) return undefined;
      published = true;
      return turnstile.accounts.publishPrices(new Map([['priced', dearer]])).then(() => undefined);
    });
    await turnstile.stream('[[tokens=9]]', {}, { sink });
    assert.ok(published && sink.isDone);
    assert.equal(turnstile.ledger.settled.priceVersion, 1);
    assert.equal(PLENTY - turnstile.balanceNano, costOf(used(1, 9), PRICE));
    const before = turnstile.balanceNano;
    const next = await turnstile.whole('[[tokens=9]]');
    assert.equal(next.headers['turnpike-price-version'], '2');
    assert.equal(before - turnstile.balanceNano, costOf(used(1, 9), dearer));
  });

  it('a key that is revoked while it runs ends with the request, not in it', async () => {
    const turnstile = await Turnstile.with(PLENTY);
    const sink = new MemorySink((self) =>
      self.writes === 2
        ? turnstile.accounts.revokeKey(turnstile.keyId).then(() => undefined)
        : undefined,
    );
    await turnstile.stream('[[tokens=9]]', {}, { sink });
    assert.ok(sink.isDone);
    assert.equal(PLENTY - turnstile.balanceNano, costOf(used(1, 9), PRICE));
    assert.equal((await turnstile.whole('hi')).status, 401);
  });

  it('I5 the same request id twice is one charge', async () => {
    const turnstile = await Turnstile.with(PLENTY);
    const requestId = newRequestId(Date.now());
    await turnstile.whole('[[tokens=9]]', {}, { requestId });
    await turnstile.whole('[[tokens=50]]', {}, { requestId });
    assert.equal(PLENTY - turnstile.balanceNano, costOf(used(1, 9), PRICE));
    turnstile.assertAtRest();
  });

  it('I3 fifty at once on the credit for ten: ten answers, forty refusals, and not a nano-dollar too much', async () => {
    const content = '[[tokens=20 delay=20]]';
    const one = await creditFor(content, (price) => outputCostMax(20, price));
    const credit = nano(one * 10n);
    for (const stream of [false, true]) {
      const turnstile = await Turnstile.with(credit);
      const ask = () => turnstile.whole(content, { max_tokens: 20, stream });
      const sinks = await Promise.all(Array.from({ length: 50 }, ask));
      const answered = sinks.filter(({ status }) => status === 200);
      assert.equal(answered.length, 10);
      assert.equal(sinks.filter(({ status }) => status === 402).length, 40);
      assert.equal(turnstile.balanceNano, credit - 10n * costOf(used(2, 20), PRICE));
      assert.equal(turnstile.scripted.counts().finished, 10);
      turnstile.assertAtRest();
    }
  });
});
