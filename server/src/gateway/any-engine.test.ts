// Whatever an engine says, in whatever order and with whatever counts: one settle, at the price of the last count that
// can be true, never above the hold, and nothing for a failure. I3, I5, I7, I8.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { Part } from '../domain/generation/part.ts';
import {
  isMonotone,
  isValidUsage,
  NO_USAGE,
  outputTokens,
  USAGE_BUCKETS,
  type Usage,
} from '../domain/generation/usage.ts';
import { costOf } from '../domain/pricing/cost.ts';
import { MemorySink, PLENTY, PRICE, RecitingEngine, Turnstile } from './turnstile.fixture.ts';

const RUNS = 300;

const impossible = fc.constantFrom(-1, -5, 0.5, Number.NaN, Infinity, -Infinity, 2 ** 53, -0.1);
const anyCount = fc.oneof(
  { weight: 12, arbitrary: fc.nat(60) },
  { weight: 1, arbitrary: impossible },
);
const anyUsage: fc.Arbitrary<Usage> = fc.record({
  input: anyCount,
  cacheRead: anyCount,
  cacheWrite5m: anyCount,
  cacheWrite1h: anyCount,
  imageInput: anyCount,
  audioInput: anyCount,
  output: anyCount,
  reasoning: anyCount,
  imageOutput: anyCount,
  audioOutput: anyCount,
  toolCalls: fc.constant(0),
});
const anyPart: fc.Arbitrary<Part> = fc.oneof(
  fc.string().map((text): Part => ({ kind: 'text-delta', text })),
  fc.string().map((text): Part => ({ kind: 'reasoning-delta', text })),
  anyUsage.map((usage): Part => ({ kind: 'usage', usage, source: 'engine' })),
);
const anyEnd: fc.Arbitrary<readonly Part[]> = fc.oneof(
  fc.constantFrom<readonly Part[]>([{ kind: 'finish', reason: 'stop' }]),
  fc.constantFrom<readonly Part[]>(
    [{ kind: 'failure', failure: { kind: 'crashed', detail: 'x' } }],
    [{ kind: 'failure', failure: { kind: 'overloaded' } }],
    [],
  ),
);
const anySpeech = fc.record({
  batches: fc.array(fc.array(anyPart, { minLength: 1, maxLength: 5 }), { maxLength: 8 }),
  end: anyEnd,
  throws: fc.constantFrom(false, false, false, true),
  stream: fc.boolean(),
  leavesAtWrite: fc.option(fc.integer({ min: 1, max: 9 }), { nil: undefined }),
});

/** The naive model: the last report that is whole, not negative and not below the one before. */
function lastTrue(parts: readonly Part[]): Usage {
  let last = NO_USAGE;
  for (const part of parts) {
    if (part.kind !== 'usage' || !isValidUsage(part.usage)) continue;
    if (isMonotone(last, part.usage)) last = part.usage;
  }
  return last;
}

describe('any engine', () => {
  it('I3 I5 I7 I8: one settle, at the last count that can be true, within the hold', async () => {
    let finished = 0;
    await fc.assert(
      fc.asyncProperty(anySpeech, async ({ batches, end, throws, stream, leavesAtWrite }) => {
        const spoken = end.length === 0 ? batches : [...batches, end];
        const engine = new RecitingEngine(spoken, throws ? new Error('planted') : undefined);
        const turnstile = await Turnstile.with(PLENTY, engine);
        const sink = new MemorySink((self) => {
          if (self.writes === leavesAtWrite) self.leave();
          return undefined;
        });
        const served = turnstile.whole('hi', { stream, model: 'given' }, { sink });
        const threw = await served.then(
          () => false,
          () => true,
        );
        assert.equal(threw, throws);

        const charged = PLENTY - turnstile.balanceNano;
        const { hold, settlement } = turnstile.ledger.settlements[0] ?? assert.fail('not settled');
        assert.equal(turnstile.ledger.settlements.length, 1);
        assert.ok(charged >= 0n && charged <= hold.amountNano);
        assert.ok(USAGE_BUCKETS.every((bucket) => settlement.usage[bucket] >= 0));
        const usage = lastTrue(spoken.flat());
        const cost = costOf(usage, PRICE);
        if (settlement.outcome === 'completed') {
          finished++;
          assert.equal(end[0]?.kind, 'finish');
          // An engine that sent pieces and no count may have them counted for it.
          if (outputTokens(usage) > 0) assert.deepEqual(settlement.usage, usage);
          const due = costOf(settlement.usage, PRICE);
          assert.ok(due >= cost);
          assert.equal(charged, due < hold.amountNano ? due : hold.amountNano);
        }
        if (threw || (end[0]?.kind !== 'finish' && leavesAtWrite === undefined)) {
          assert.equal(settlement.outcome, 'failed');
          assert.equal(charged, 0n);
        }
        if (sink.isDone) assert.equal(settlement.outcome, 'completed');
        turnstile.assertAtRest();
      }),
      { numRuns: RUNS },
    );
    assert.ok(finished > RUNS / 10, `only ${finished} of ${RUNS} finished`);
  });
});
