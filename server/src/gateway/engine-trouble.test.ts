// Engines that fail, and engines that count wrong: a documented error, no charge for a failure, and never a bill that
// nobody could have run up.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Part } from '../domain/generation/part.ts';
import { NO_USAGE, type Usage } from '../domain/generation/usage.ts';
import { costOf } from '../domain/pricing/cost.ts';
import { MemorySink, PLENTY, PRICE, RecitingEngine, Turnstile } from './turnstile.fixture.ts';

const used = (input: number, output: number): Usage => ({ ...NO_USAGE, input, output });

/** As docs/errors.md has them. */
const FAILURES: readonly (readonly [string, number, string | null])[] = [
  ['fail=429', 503, 'server_is_overloaded'],
  ['fail=503', 503, 'server_is_overloaded'],
  ['fail=500', 502, 'engine_failed'],
  ['fail=401', 502, 'engine_failed'],
  ['fail=400', 400, null],
  ['fail=422', 400, null],
  ['fail=context', 400, 'context_length_exceeded'],
  ['cut-after=0', 502, 'engine_failed'],
  ['error-after=0', 502, 'engine_failed'],
];

describe('an engine that fails', () => {
  for (const [marker, status, code] of FAILURES) {
    for (const stream of [false, true]) {
      it(`${marker}, ${stream ? 'a stream' : 'whole'}: ${status}, and it costs nothing`, async () => {
        const turnstile = await Turnstile.with(PLENTY);
        const sink = await turnstile.whole(`[[${marker}]]`, { stream });
        assert.equal(sink.state, 'answered', 'before the first byte a failure has a status');
        assert.equal(sink.status, status, sink.text);
        assert.equal(sink.json.error.code, code);
        if (code === 'server_is_overloaded') assert.equal(sink.headers['retry-after-ms'], '1000');
        assert.equal(turnstile.balanceNano, PLENTY);
        assert.equal(turnstile.ledger.settled.outcome, 'failed');
        assert.equal(turnstile.ledger.settled.costNano, 0n);
        turnstile.assertAtRest();
      });
    }
  }

  for (const marker of ['cut-after=3', 'error-after=3']) {
    it(`${marker} in a stream: what was said stands, then an error event, and it costs nothing`, async () => {
      const turnstile = await Turnstile.with(PLENTY);
      const sink = await turnstile.stream(`[[${marker}]]`);
      assert.equal(sink.status, 200);
      assert.equal(sink.pieces, 3);
      assert.equal(sink.state, 'ended');
      assert.ok(!sink.text.includes('[DONE]'));
      assert.equal(sink.lastEvent.error.code, 'engine_failed');
      assert.ok(!sink.text.includes('script'), "the fleet's own words stay inside");
      assert.equal(turnstile.balanceNano, PLENTY);
      assert.equal(turnstile.ledger.settled.outcome, 'failed');
      assert.equal(turnstile.ledger.settled.costNano, 0n);
      turnstile.assertAtRest();
    });

    it(`${marker} in a whole answer: 502, and no half of it`, async () => {
      const turnstile = await Turnstile.with(PLENTY);
      const sink = await turnstile.whole(`[[${marker}]]`);
      assert.equal(sink.status, 502);
      assert.equal(sink.json.choices, undefined);
      assert.equal(turnstile.balanceNano, PLENTY);
      turnstile.assertAtRest();
    });
  }

  it('one that just stops talking has failed', async () => {
    for (const stream of [false, true]) {
      const engine = new RecitingEngine([[{ kind: 'text-delta', text: 'and then' }]]);
      const turnstile = await Turnstile.with(PLENTY, engine);
      const sink = await turnstile.whole('hi', { stream, model: 'given' });
      const { error } = stream ? sink.lastEvent : sink.json;
      assert.equal(error.code, 'engine_failed');
      assert.equal(turnstile.balanceNano, PLENTY);
      turnstile.assertAtRest();
    }
  });

  it('one that throws, which it must not, is our mistake: it costs nothing and leaves no hold', async () => {
    for (const stream of [false, true]) {
      const spoken = [{ kind: 'text-delta', text: 'oh' } as const];
      const engine = new RecitingEngine([spoken], new Error('planted'));
      const turnstile = await Turnstile.with(PLENTY, engine);
      await assert.rejects(turnstile.whole('hi', { stream, model: 'given' }), /planted/);
      assert.equal(turnstile.ledger.settled.outcome, 'failed');
      assert.equal(turnstile.balanceNano, PLENTY);
      turnstile.assertAtRest();
    }
  });
});

describe('an engine that counts wrong', () => {
  for (const kind of ['shrinking', 'negative', 'huge']) {
    for (const stream of [false, true]) {
      it(`${kind} usage, ${stream ? 'a stream' : 'whole'}: ignored and logged; what was counted before is charged`, async () => {
        const turnstile = await Turnstile.with(PLENTY);
        const sink = await turnstile.whole(`[[tokens=8 wrong-usage=${kind}]]`, { stream });
        assert.equal(sink.status, 200);
        assert.ok(stream ? sink.isDone : sink.choice.finish_reason === 'stop');
        const { hold, settlement } = turnstile.ledger.settlements[0] ?? assert.fail();
        assert.ok(PLENTY - turnstile.balanceNano <= hold.amountNano, 'never more than was held');
        assert.deepEqual(settlement.usage, used(2, 8));
        assert.equal(PLENTY - turnstile.balanceNano, costOf(used(2, 8), PRICE));
        assert.ok(turnstile.warnings.some((warning) => warning.includes('usage')));
        const doubt = kind === 'shrinking' ? 'shrinking' : 'impossible';
        assert.deepEqual(settlement.meter?.doubts, [doubt], 'I20: the row says why');
        assert.equal(settlement.meter?.engineOutput, 8);
        assert.equal(settlement.meter?.pieces, 8);
        turnstile.assertAtRest();
      });
    }
  }

  for (const stream of [false, true]) {
    it(`no usage at all, ${stream ? 'a stream' : 'whole'}: the pieces are counted, and the row says so`, async () => {
      const turnstile = await Turnstile.with(PLENTY);
      const sink = await turnstile.whole('[[tokens=8 no-usage]]', { stream });
      assert.equal(sink.status, 200);
      const { usage, usageSource } = turnstile.ledger.settled;
      assert.equal(usageSource, 'counted');
      assert.ok(usage.output > 0, 'eight tokens were delivered and none is on the bill');
      assert.equal(PLENTY - turnstile.balanceNano, costOf(usage, PRICE));
      const { meter } = turnstile.ledger.settled;
      assert.deepEqual(meter?.doubts, ['absent']);
      assert.equal(meter?.engineOutput, undefined);
      turnstile.assertAtRest();
    });
  }

  const said = (count: number): Part[] =>
    Array.from({ length: count }, () => ({ kind: 'text-delta', text: 'word ' }));
  const report = (output: number): Part => ({
    kind: 'usage',
    usage: used(5, output),
    source: 'engine',
  });
  const settledAfter = async (parts: readonly Part[]) => {
    const engine = new RecitingEngine([[...parts, { kind: 'finish', reason: 'stop' }]]);
    const turnstile = await Turnstile.with(PLENTY, engine);
    await turnstile.whole('hi', { model: 'given' });
    turnstile.assertAtRest();
    return { ...turnstile.ledger.settled, warnings: turnstile.warnings };
  };

  it('I20 a report that comes twice counts once', async () => {
    const { usage, meter } = await settledAfter([...said(40), report(40), report(40)]);
    assert.deepEqual(usage, used(5, 40));
    assert.deepEqual(meter, {
      engineInput: 5,
      engineOutput: 40,
      pieces: 40,
      bytes: 200,
      doubts: [],
    });
  });

  it('I20 a report of less than was sent is billed, doubted and logged', async () => {
    const { usage, meter, warnings } = await settledAfter([...said(100), report(10)]);
    assert.deepEqual(usage, used(5, 10));
    assert.deepEqual(meter?.doubts, ['short']);
    assert.equal(warnings.length, 1);
  });

  it('I20 a client that hangs up before the last report is no reason for doubt', async () => {
    const turnstile = await Turnstile.with(PLENTY);
    const sink = new MemorySink((self) => {
      if (self.pieces >= 5) self.leave();
      return undefined;
    });
    await turnstile.stream('[[tokens=500 rate=100 no-usage]]', {}, { sink });
    assert.equal(turnstile.ledger.settled.outcome, 'client-left');
    assert.deepEqual(turnstile.ledger.settled.meter?.doubts, []);
  });
});
