// A stream's credit is granted piece by piece: it ends where the credit does, and what was sent is paid once.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { NO_USAGE, type Usage } from '../domain/generation/usage.ts';
import type { Part } from '../domain/generation/part.ts';
import { costOf, outputCostMax } from '../domain/pricing/cost.ts';
import { GRANT_OUTPUT_TOKENS } from '../limits.ts';
import { anthropicMessages } from '../protocols/anthropic-messages/anthropic-messages.ts';
import { openaiChat } from '../protocols/openai-chat/openai-chat.ts';
import { openaiResponses } from '../protocols/openai-responses/openai-responses.ts';
import { creditFor, PLENTY, PRICE, RecitingEngine, Turnstile } from './turnstile.fixture.ts';

const used = (input: number, output: number): Usage => ({ ...NO_USAGE, input, output });
const counted = (output: number): Part => ({
  kind: 'usage',
  usage: used(1, output),
  source: 'engine',
});

describe('grants of a stream', () => {
  it('credit that ends in the middle: stops at the boundary, says why, and is paid to the token', async () => {
    const content = '[[tokens=200]]';
    const credit = await creditFor(content, (price) => outputCostMax(40, price));
    const turnstile = await Turnstile.with(credit);
    const sink = await turnstile.stream(content);
    assert.equal(sink.status, 200);
    assert.equal(sink.pieces, 40);
    assert.equal(sink.state, 'ended');
    assert.ok(!sink.text.includes('[DONE]'));
    const { error } = sink.lastEvent;
    assert.equal(error.code, 'insufficient_quota');
    assert.equal(error.type, 'insufficient_quota');
    const { settled } = turnstile.ledger;
    assert.equal(settled.outcome, 'credit-ended');
    assert.deepEqual(settled.usage, used(1, 40));
    assert.equal(turnstile.balanceNano, credit - costOf(used(1, 40), PRICE));
    assert.deepEqual(turnstile.scripted.counts(), { live: 0, finished: 0, aborted: 1, failed: 0 });
    turnstile.assertAtRest();
  });

  it('a stream that ends before its credit does is complete, although its grant could not grow', async () => {
    const content = '[[tokens=39]]';
    const credit = await creditFor(content, (price) => outputCostMax(40, price));
    const turnstile = await Turnstile.with(credit);
    const sink = await turnstile.stream(content);
    assert.ok(sink.isDone, sink.text.slice(-200));
    assert.equal(turnstile.balanceNano, credit - costOf(used(1, 39), PRICE));
    turnstile.assertAtRest();
  });

  it('over several grants: one hold, three extensions, one exact charge', async () => {
    const turnstile = await Turnstile.with(PLENTY);
    const sink = await turnstile.stream('[[tokens=3500]]');
    assert.ok(sink.isDone);
    assert.equal(sink.pieces, 3_500);
    assert.equal(turnstile.ledger.holds.length, 1);
    assert.equal(turnstile.ledger.extensions.length, 3);
    assert.deepEqual(turnstile.ledger.settled.usage, used(1, 3_500));
    assert.equal(PLENTY - turnstile.balanceNano, costOf(used(1, 3_500), PRICE));
    turnstile.assertAtRest();
  });

  it('a hold never covers more than the client asked for', async () => {
    const turnstile = await Turnstile.with(PLENTY);
    await turnstile.stream('[[tokens=2000]]', { max_tokens: 1_500 });
    const { ledger } = turnstile;
    assert.equal(ledger.extensions.length, 1);
    assert.deepEqual(ledger.extensions, [outputCostMax(1_500 - GRANT_OUTPUT_TOKENS, PRICE)]);
    assert.deepEqual(ledger.settled.usage, used(1, 1_500));
    turnstile.assertAtRest();
  });

  it('credit that ends after two grants: stops at the second boundary', async () => {
    const content = '[[tokens=3500]]';
    const grants = 2n * outputCostMax(GRANT_OUTPUT_TOKENS, PRICE);
    const credit = await creditFor(content, () => grants + 1_000_000n);
    const turnstile = await Turnstile.with(credit);
    const sink = await turnstile.stream(content);
    assert.equal(sink.pieces, 2 * GRANT_OUTPUT_TOKENS);
    assert.equal(sink.lastEvent.error.code, 'insufficient_quota');
    assert.equal(turnstile.balanceNano, credit - costOf(used(1, 2 * GRANT_OUTPUT_TOKENS), PRICE));
    turnstile.assertAtRest();
  });

  it('an engine that counts in leaps is followed: with credit enough, no boundary stops it', async () => {
    const engine = new RecitingEngine([
      [{ kind: 'text-delta', text: 'It is ' }, counted(3_000)],
      [{ kind: 'text-delta', text: 'so.' }, counted(3_001)],
      [{ kind: 'finish', reason: 'stop' }],
    ]);
    const turnstile = await Turnstile.with(PLENTY, engine);
    const sink = await turnstile.stream('hi', { model: 'given' });
    assert.ok(sink.isDone, `ended with ${sink.text.slice(-250)}`);
    assert.equal(turnstile.ledger.settled.outcome, 'completed');
    assert.equal(PLENTY - turnstile.balanceNano, costOf(used(1, 3_001), PRICE));
    turnstile.assertAtRest();
  });

  it('a batch beyond the boundary is never charged above what was held', async () => {
    const engine = new RecitingEngine([
      [{ kind: 'text-delta', text: 'far too much' }, counted(900)],
      [{ kind: 'finish', reason: 'stop' }],
    ]);
    const credit = await creditFor('hi', (price) => outputCostMax(40, price));
    const turnstile = await Turnstile.with(credit, engine);
    const sink = await turnstile.stream('hi', { model: 'given' });
    assert.equal(sink.lastEvent.error.code, 'insufficient_quota');
    assert.equal(turnstile.ledger.settled.outcome, 'credit-ended');
    turnstile.assertAtRest();
  });

  const message = { messages: [{ role: 'user', content: 'hi' }] };
  for (const [protocol, body, reason] of [
    [openaiChat, message, /^data: \{"error":\{[^\n]*"code":"insufficient_quota"/m],
    [
      openaiResponses,
      { input: 'hi', store: false },
      /response\.failed[^]*"code":"insufficient_quota"/,
    ],
    [
      anthropicMessages,
      { ...message, max_tokens: 4_000 },
      /event: error\ndata: [^\n]*"type":"billing_error"/,
    ],
  ] as const) {
    it(`on ${protocol.name}, a grant that is refused ends the stream with the reason, and the house pays what is beyond it`, async () => {
      const engine = new RecitingEngine([
        [{ kind: 'text-delta', text: 'far too much' }, counted(900)],
        [{ kind: 'text-delta', text: ' and more' }, counted(1_900)],
        [{ kind: 'finish', reason: 'stop' }],
      ]);
      const credit = await creditFor('hi', (price) => outputCostMax(40, price));
      const turnstile = await Turnstile.with(credit, engine);
      const sink = await turnstile.ask({ model: 'given', stream: true, ...body }, { protocol });
      assert.equal(sink.state, 'ended');
      assert.match(sink.text, reason);
      assert.ok(!/finish_reason":"stop|message_stop|response\.completed|and more/.test(sink.text));
      const [ended] = turnstile.ledger.settlements;
      assert.ok(ended !== undefined);
      const { hold, settlement } = ended;
      assert.equal(settlement.outcome, 'credit-ended');
      assert.equal(settlement.costNano, costOf(used(1, 900), PRICE), 'the books get the whole cost');
      assert.ok(settlement.costNano > hold.amountNano);
      assert.equal(credit - turnstile.balanceNano, hold.amountNano, 'the customer pays what was held');
      turnstile.assertAtRest();
    }); // prettier-ignore
  }

  it('books that can not be reached for a grant stop the stream, and it costs what its error says: nothing', async () => {
    const turnstile = await Turnstile.with(PLENTY);
    turnstile.ledger.shut.add('extend');
    const sink = await turnstile.stream('[[tokens=3500]]');
    assert.equal(sink.pieces, GRANT_OUTPUT_TOKENS);
    const { error } = sink.lastEvent;
    assert.equal(error.code, 'billing_unavailable');
    assert.match(error.message, /nothing was charged/);
    turnstile.assertAtRest();
    assert.equal(PLENTY - turnstile.balanceNano, 0n, 'the error says that nothing was charged');
  });
});
