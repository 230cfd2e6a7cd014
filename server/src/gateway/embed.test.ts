// Embeddings through the front door: the same admission, the same money, and vectors in both formats.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { NO_USAGE } from '../domain/generation/usage.ts';
import { nano } from '../domain/money/nano.ts';
import { costOf } from '../domain/pricing/cost.ts';
import { newRequestId } from '../lib/ids.ts';
import { ok } from '../lib/result.ts';
import { openaiEmbeddings } from '../protocols/openai-embeddings/openai-embeddings.ts';
import { embed } from './embed.ts';
import { MemorySink, PLENTY, PRICE, Turnstile } from './turnstile.fixture.ts';

type Body = {
  readonly data: readonly { readonly index: number; readonly embedding: string | number[] }[];
  readonly usage: { readonly prompt_tokens: number };
  readonly error: { readonly message: string; readonly param: string | null };
};

async function embedder(creditNano = PLENTY): Promise<Turnstile> {
  const turnstile = await Turnstile.with(creditNano);
  const model = turnstile.models.get('priced');
  assert.ok(model !== undefined);
  turnstile.models.set('priced', { ...model, task: 'embedding' });
  return turnstile;
}

async function ask(
  turnstile: Turnstile,
  body: object,
  sink = new MemorySink(),
  authorization = `Bearer ${turnstile.key}`,
): Promise<{ readonly sink: MemorySink; readonly body: Body }> {
  const requestId = newRequestId(Date.now());
  const readJson = async () => ok({ model: 'priced', ...body });
  const call = { requestId, authorization, headers: {}, readJson };
  await embed(turnstile.gateway, openaiEmbeddings, call, sink);
  // What is not there reads as undefined, and fails its test.
  return { sink, body: JSON.parse(sink.text || '{}') as Body };
}

describe('embeddings', () => {
  it('I7 are charged by their input, once, and told with their receipt', async () => {
    const turnstile = await embedder();
    const { sink, body } = await ask(turnstile, { input: ['one two', 'three'] });
    assert.equal(sink.status, 200);
    assert.deepEqual(
      body.data.map(({ index }) => index),
      [0, 1],
    );
    assert.equal(body.usage.prompt_tokens, 3);
    const usage = { ...NO_USAGE, input: 3 };
    const { settled } = turnstile.ledger;
    assert.deepEqual(settled.usage, usage);
    assert.deepEqual([settled.protocol, settled.outcome], ['openai-embeddings', 'completed']);
    assert.equal(PLENTY - turnstile.balanceNano, costOf(usage, PRICE));
    assert.equal(sink.headers['turnpike-price-version'], '1');
    turnstile.assertAtRest();
  });

  it('are the same numbers as floats and as base64', async () => {
    const turnstile = await embedder();
    const floats = await ask(turnstile, { input: 'text', encoding_format: 'float' });
    const base64 = await ask(turnstile, { input: 'text', encoding_format: 'base64' });
    const [one, other] = [floats, base64].map(({ body }) => body.data[0]?.embedding);
    assert.ok(Array.isArray(one) && typeof other === 'string');
    const bytes = Buffer.from(other, 'base64');
    const read = one.map((_, at) => bytes.readFloatLE(at * 4));
    assert.deepEqual(read, one);
    assert.equal(bytes.length, one.length * 4);
  });

  it('need a key, credit, and a model that makes them; a conversation needs one that does not', async () => {
    const turnstile = await embedder();
    const stranger = await ask(turnstile, { input: 'x' }, new MemorySink(), 'Bearer no');
    assert.equal(stranger.sink.status, 401);
    const unknown = await ask(turnstile, { model: 'none', input: 'x' });
    assert.equal(unknown.sink.status, 404);
    const unpriced = await ask(turnstile, { model: 'unpriced', input: 'x' });
    assert.equal(unpriced.sink.status, 503);
    const talker = await ask(turnstile, { model: 'free', input: 'x' });
    assert.deepEqual([talker.sink.status, talker.body.error.param], [400, 'model']);
    assert.match(talker.body.error.message, /'free' makes no embeddings/);
    const talk = await turnstile.whole('hi');
    assert.deepEqual([talk.status, talk.json.error.param], [400, 'model']);
    turnstile.assertUntouched(PLENTY);
    const poor = await embedder(nano(1_000n));
    const refused = await ask(poor, { input: 'word '.repeat(500) });
    assert.equal(refused.sink.status, 402);
    poor.assertUntouched(1_000n);
  });

  it('name the fields that nobody knows, or refuse them where the operator wants that', async () => {
    const turnstile = await embedder();
    const told = await ask(turnstile, { input: 'x', colour: 1 });
    assert.deepEqual([told.sink.status, told.sink.headers['turnpike-ignored']], [200, 'colour']);
    const unknownFields = new Map([['openai-embeddings', 'refuse']] as const);
    turnstile.gateway = { ...turnstile.gateway, unknownFields };
    const refused = await ask(turnstile, { input: 'x', colour: 1 });
    assert.deepEqual([refused.sink.status, refused.body.error.param], [400, 'colour']);
  });

  it('that fail cost nothing', async () => {
    const turnstile = await embedder();
    const { sink } = await ask(turnstile, { input: '[[fail=500]]' });
    assert.equal(sink.status, 502);
    assert.equal(turnstile.ledger.settled.outcome, 'failed');
    assert.equal(turnstile.balanceNano, PLENTY);
    turnstile.assertAtRest();
  });

  it('that nobody waits for cost nothing either', async () => {
    const turnstile = await embedder();
    const sink = new MemorySink();
    sink.leave();
    await ask(turnstile, { input: 'x' }, sink);
    assert.equal(sink.state, 'destroyed');
    assert.equal(turnstile.ledger.settled.outcome, 'client-left');
    assert.equal(turnstile.balanceNano, PLENTY);
    turnstile.assertAtRest();
  });

  it('are held for at the most that their bytes can be', async () => {
    const turnstile = await embedder();
    await ask(turnstile, { input: ['one', 'x'.repeat(20_000)] });
    const [hold] = turnstile.ledger.holds;
    // One text of 3 bytes, and one that is cut to the context; 8 tokens stand around each.
    assert.ok(hold !== undefined);
    assert.equal(hold.wantNano, costOf({ ...NO_USAGE, cacheWrite1h: 11 + 8_192 }, PRICE) + 1n);
  });

  it('are not made while the books are shut or the server stops', async () => {
    const turnstile = await embedder();
    turnstile.ledger.shut.add('settle');
    assert.equal((await ask(turnstile, { input: 'x' })).sink.status, 503);
    turnstile.gateway.load.stopping = true;
    assert.equal((await ask(turnstile, { input: 'x' })).sink.status, 503);
  });

  it('are refused for a text beyond the declared window, alone or among others, and nothing is charged', async () => {
    const turnstile = await embedder();
    const model = turnstile.models.get('priced');
    assert.ok(model !== undefined);
    turnstile.models.set('priced', { ...model, contextTokensMax: 20 });
    const long = 'word '.repeat(30);
    const numbers = Array.from({ length: 30 }, (_, token) => token);
    for (const input of [long, ['short', long, 'other'], [numbers], ['short', 'a', long]]) {
      const { sink } = await ask(turnstile, { input });
      assert.equal(sink.status, 400, sink.text);
      assert.equal(sink.json.error.code, 'context_length_exceeded');
    }
    assert.equal(turnstile.balanceNano, PLENTY);
    turnstile.assertAtRest();
  });

  it('are in their order where some are long by their bytes alone, and paid for in full', async () => {
    const turnstile = await embedder();
    const model = turnstile.models.get('priced');
    assert.ok(model !== undefined);
    const inputs = [
      'one',
      'supercalifragilistic expialidocious',
      'two',
      'two',
      'antidisestablishmentarianism',
    ];
    const wide = await ask(turnstile, { input: inputs, encoding_format: 'float' });
    turnstile.models.set('priced', { ...model, contextTokensMax: 20 });
    const { body, sink } = await ask(turnstile, { input: inputs, encoding_format: 'float' });
    assert.equal(sink.status, 200, sink.text);
    assert.deepEqual(body.data, wide.body.data);
    assert.equal(body.usage.prompt_tokens, wide.body.usage.prompt_tokens);
    const [, last] = turnstile.ledger.settlements;
    assert.ok(last !== undefined && last.settlement.costNano <= last.hold.amountNano);
  });
});
