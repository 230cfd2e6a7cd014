// A thousand requests, a quarter of whose clients hang up at random: the books agree to the nano-dollar, every hold
// has ended, and no engine is left working. I5, I6, I7, I8.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { startScriptedServer } from '../../server/src/engines/scripted/scripted-server.ts';
import { openBooks } from './books.ts';
import { crowd, visit, type Seen } from './customers.ts';
import { SCRIPTED_CONFIG, Turnpike } from './turnpike.ts';

const REQUESTS = 1_000;
const AT_ONCE = 64;
const LEAVE_WITHIN_MS = 120;
/** A client that left is noticed, and the engine stopped, within a second; the rest is for a busy machine. */
const QUIET_WITHIN_MS = 3_000;
const FIRST_CREDIT_NANO = 5_000_000_000n;

/** A small generator of its own, so that a failure can be run again: the seed is printed. */
function chance(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1_664_525 + 1_013_904_223) % 2 ** 32;
    return state / 2 ** 32;
  };
}

describe('a thousand requests, a quarter of them abandoned', () => {
  it('I5 I6 I7 I8: leave books that agree, no hold, and no work', async () => {
    await using upstream = await startScriptedServer();
    await using turnpike = await Turnpike.start({ config: configWith(upstream.baseUrl) });
    const seed = Number(process.env['TURNPIKE_TEST_SEED'] ?? Date.now() % 2 ** 32);
    console.log(`# seed ${seed}`);
    const all = await run(turnpike, chance(seed));

    await quiet(
      async () =>
        upstream.counts().live === 0 && (await turnpike.status()).generationsRunning === 0,
    );
    await using books = openBooks(turnpike.dataDirectory);
    assert.deepEqual(await books.findings(), []);
    assert.equal(await books.openHolds(), 0);
    const credit = await books.creditNano();
    assert.ok(credit >= 0n);
    assert.equal(credit, FIRST_CREDIT_NANO - (await books.chargedNano()));
    const recorded = await books.recorded();
    for (const one of all) {
      if (one.kind !== 'answered') continue;
      assert.deepEqual(recorded.get(one.requestId), { times: 1, outcome: 'completed' });
    }
    const kinds = Map.groupBy(all, ({ kind }) => kind);
    console.log(`# ${[...kinds].map(([kind, list]) => `${list.length} ${kind}`).join(', ')}`);
    assert.ok((kinds.get('answered')?.length ?? 0) > REQUESTS / 2);
    assert.ok((kinds.get('left')?.length ?? 0) > REQUESTS / 10);
    assert.equal(kinds.get('refused'), undefined);
    assert.equal(kinds.get('cut'), undefined);
    assert.ok(upstream.counts().aborted > 0, 'the upstream noticed that clients left');
  });
});

function configWith(baseUrl: string): object {
  const [model] = SCRIPTED_CONFIG.models;
  return {
    engines: [...SCRIPTED_CONFIG.engines, { kind: 'openai-compatible', name: 'upstream', baseUrl }],
    models: [model, { ...model, id: 'upstream', engine: 'upstream' }],
  };
}

function run(turnpike: Turnpike, next: () => number): Promise<Seen[]> {
  const key = turnpike.firstKey;
  let left = REQUESTS;
  return crowd(AT_ONCE, () => {
    if (left-- <= 0) return undefined;
    const tokens = 1 + Math.floor(next() * 60);
    const rate = next() < 0.5 ? 0 : 200 + Math.floor(next() * 2_000);
    const content = `[[tokens=${tokens} rate=${rate} delay=${Math.floor(next() * 30)}]] go on`;
    const body = {
      model: next() < 0.5 ? 'scripted' : 'upstream',
      stream: next() < 0.5,
      messages: [{ role: 'user', content }],
    };
    const leaves = next() < 0.25;
    return visit(turnpike, {
      key,
      body,
      ...(leaves && { leaveAfterMs: next() * LEAVE_WITHIN_MS }),
    });
  });
}

async function quiet(isQuiet: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + QUIET_WITHIN_MS;
  while (!(await isQuiet())) {
    assert.ok(performance.now() < deadline, 'work went on after every client had gone');
    await sleep(20);
  }
}
