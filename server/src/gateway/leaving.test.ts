// Ends that nobody planned: clients that leave or dawdle, a server that stops, books that can't be reached at the end.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { NO_USAGE, type Usage } from '../domain/generation/usage.ts';
import type { Part } from '../domain/generation/part.ts';
import { costOf } from '../domain/pricing/cost.ts';
import { MemorySink, PLENTY, PRICE, RecitingEngine, Turnstile } from './turnstile.fixture.ts';

const used = (input: number, output: number): Usage => ({ ...NO_USAGE, input, output });

describe('a client that leaves', () => {
  it('before the first token: pays for its input at most, and the engine stops at once', async () => {
    for (const stream of [false, true]) {
      const turnstile = await Turnstile.with(PLENTY);
      const sink = new MemorySink();
      setTimeout(() => sink.leave(), 5);
      const begun = performance.now();
      await turnstile.whole('[[delay=10000 tokens=9]]', { stream }, { sink });
      assert.ok(performance.now() - begun < 1_000, 'nobody waits for an answer that nobody reads');
      const { settled } = turnstile.ledger;
      assert.equal(settled.outcome, 'client-left');
      assert.equal(settled.usage.output, 0);
      assert.equal(PLENTY - turnstile.balanceNano, costOf(settled.usage, PRICE));
      assert.ok(PLENTY - turnstile.balanceNano <= costOf(used(2, 0), PRICE));
      assert.equal(turnstile.scripted.counts().aborted, 1);
      turnstile.assertAtRest();
    }
  });

  it('before its engine was even asked: pays nothing', async () => {
    const turnstile = await Turnstile.with(PLENTY);
    const sink = new MemorySink();
    sink.leave();
    await turnstile.stream('[[tokens=9]]', {}, { sink });
    assert.equal(turnstile.ledger.settled.outcome, 'client-left');
    assert.equal(turnstile.balanceNano, PLENTY);
    turnstile.assertAtRest();
  });

  it('in the middle of a stream: pays for what was produced until then, and no token more', async () => {
    const turnstile = await Turnstile.with(PLENTY);
    const sink = new MemorySink((self) => {
      if (self.writes === 6) self.leave();
      return undefined;
    });
    await turnstile.stream('[[tokens=1000]]', {}, { sink });
    assert.equal(sink.pieces, 6);
    assert.equal(sink.state, 'destroyed');
    assert.equal(turnstile.ledger.settled.outcome, 'client-left');
    assert.deepEqual(turnstile.ledger.settled.usage, used(1, 6));
    assert.equal(PLENTY - turnstile.balanceNano, costOf(used(1, 6), PRICE));
    assert.equal(turnstile.scripted.counts().aborted, 1);
    turnstile.assertAtRest();
  });

  it('in the middle of a whole answer: pays for what was produced until then', async () => {
    const turnstile = await Turnstile.with(PLENTY);
    const sink = new MemorySink();
    setTimeout(() => sink.leave(), 20);
    await turnstile.whole('[[tokens=4000 rate=1000]]', {}, { sink });
    const { outcome, usage } = turnstile.ledger.settled;
    assert.equal(outcome, 'client-left');
    assert.ok(usage.output > 0 && usage.output < 2_000, `${usage.output} tokens`);
    assert.equal(PLENTY - turnstile.balanceNano, costOf(usage, PRICE));
    turnstile.assertAtRest();
  });

  it('after the last token, before the last byte: it was complete, and is paid in full', async () => {
    for (const stream of [false, true]) {
      const turnstile = await Turnstile.with(PLENTY);
      const sink = new MemorySink();
      turnstile.ledger.onSettle = () => sink.leave();
      await turnstile.whole('[[tokens=9]]', { stream }, { sink });
      assert.equal(turnstile.ledger.settled.outcome, 'completed');
      assert.equal(PLENTY - turnstile.balanceNano, costOf(used(1, 9), PRICE));
      turnstile.assertAtRest();
    }
  });

  it('while its engine is failing: never pays for more than was produced', async () => {
    const turnstile = await Turnstile.with(PLENTY);
    const sink = new MemorySink((self) => {
      if (self.writes === 3) self.leave();
      return undefined;
    });
    await turnstile.stream('[[tokens=9 cut-after=3]]', {}, { sink });
    assert.ok(PLENTY - turnstile.balanceNano <= costOf(used(2, 3), PRICE));
    turnstile.assertAtRest();
  });
});

describe('a client that reads slowly', () => {
  it('is waited for: the engine is asked for one batch ahead, not for all', async () => {
    const words: Part[][] = Array.from({ length: 100 }, () => [
      { kind: 'text-delta', text: 'so ' },
    ]);
    const end: Part[] = [
      { kind: 'usage', usage: used(1, 100), source: 'engine' },
      { kind: 'finish', reason: 'stop' },
    ];
    const engine = new RecitingEngine([...words, end]);
    const turnstile = await Turnstile.with(PLENTY, engine);
    let read = 0;
    const gates: (() => void)[] = [];
    const sink = new MemorySink(() => new Promise<void>((resolve) => gates.push(resolve)));
    const served = turnstile.stream('hi', { model: 'given' }, { sink });
    while (read < 100) {
      await sleep(0);
      assert.ok(engine.batchesGiven <= read + 1, `${engine.batchesGiven} batches, ${read} read`);
      const open = gates.splice(0);
      read += open.length;
      for (const resume of open) resume();
    }
    await served;
    assert.ok(sink.isDone);
    assert.equal(PLENTY - turnstile.balanceNano, costOf(used(1, 100), PRICE));
    turnstile.assertAtRest();
  });

  it('and leaves while it is waited for: pays for what was produced, and the engine stops', async () => {
    const turnstile = await Turnstile.with(PLENTY);
    const sink = new MemorySink(async (self) => {
      await sleep(2);
      if (self.writes === 2) self.leave();
    });
    await turnstile.stream('[[tokens=1000]]', {}, { sink });
    assert.deepEqual(turnstile.ledger.settled.usage, used(1, 2));
    assert.equal(turnstile.ledger.settled.outcome, 'client-left');
    assert.equal(turnstile.scripted.counts().aborted, 1);
    turnstile.assertAtRest();
  });
});

describe('a server that stops and has waited long enough', () => {
  it('cuts a stream with an error event; it costs nothing', async () => {
    const turnstile = await Turnstile.with(PLENTY);
    const sink = new MemorySink((self) => {
      if (self.writes === 4) self.cutByServer();
      return undefined;
    });
    await turnstile.stream('[[tokens=1000]]', {}, { sink });
    assert.equal(sink.state, 'ended');
    assert.equal(sink.lastEvent.error.code, 'server_is_restarting');
    assert.ok(!sink.text.includes('[DONE]'));
    assert.equal(turnstile.ledger.settled.outcome, 'failed');
    assert.equal(turnstile.balanceNano, PLENTY);
    assert.equal(turnstile.scripted.counts().aborted, 1);
    turnstile.assertAtRest();
  });

  it('answers a whole request, or a stream that has said nothing, with 503 and a wait', async () => {
    for (const stream of [false, true]) {
      const turnstile = await Turnstile.with(PLENTY);
      const sink = new MemorySink();
      setTimeout(() => sink.cutByServer(), 5);
      await turnstile.whole('[[delay=10000]]', { stream }, { sink });
      assert.equal(turnstile.balanceNano, PLENTY);
      assert.equal(turnstile.ledger.settled.outcome, 'failed');
      assert.equal(sink.status, 503, sink.text);
      assert.equal(sink.json.error.code, 'server_is_restarting');
      assert.ok(Number(sink.headers['retry-after']) >= 1);
      turnstile.assertAtRest();
    }
  });
});

describe('books that can not be reached at the end', () => {
  it('a stream must not look complete: the connection breaks, without [DONE] and without a finish', async () => {
    const turnstile = await Turnstile.with(PLENTY);
    turnstile.ledger.shut.add('settle');
    const sink = await turnstile.stream('[[tokens=9]]');
    assert.equal(sink.state, 'destroyed');
    assert.equal(sink.pieces, 9);
    assert.ok(!sink.text.includes('[DONE]'));
    assert.ok(sink.events.every((event) => event.choices?.[0]?.finish_reason === null));
    assert.ok(turnstile.warnings.some((warning) => warning.includes('could not be settled')));
  });

  it('a whole answer becomes a 503 with a wait, and its text is kept back', async () => {
    const turnstile = await Turnstile.with(PLENTY);
    turnstile.ledger.shut.add('settle');
    const sink = await turnstile.whole('[[tokens=9]]');
    assert.equal(sink.status, 503);
    assert.equal(sink.json.error.code, 'billing_unavailable');
    assert.equal(sink.json.choices, undefined);
    assert.equal(sink.headers['turnpike-cost-usd'], undefined);
    assert.equal(turnstile.balanceNano, PLENTY);
  });

  it('a failed answer still tells its failure', async () => {
    const turnstile = await Turnstile.with(PLENTY);
    turnstile.ledger.shut.add('settle');
    assert.equal((await turnstile.whole('[[fail=500]]')).status, 502);
  });
});
