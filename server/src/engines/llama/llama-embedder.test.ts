// Embeddings of the embedded engine: the contract with a real model file, and what it refuses.

import assert from 'node:assert/strict';
import { fileURLToPath } from 'node:url';
import { after, before, describe, test } from 'node:test';

import type { Embedding } from '../../domain/embedding/embedding.ts';
import { describeEmbedding, testEmbeddingTicket } from '../../ports/embedding.contract.ts';
import { readAll, testTicket } from '../../ports/engine.contract.ts';
import { SHIPPED_MODEL } from './endless-model.fixture.ts';
import { startLlamaEmbedder } from './llama-embedder.ts';
import type { LlamaEmbedder } from './llama-embedder.ts';

const modelPath = fileURLToPath(SHIPPED_MODEL);
const NEVER = new AbortController().signal;

describeEmbedding('llama', async () => {
  const engine = startLlamaEmbedder({ name: 'embedder', modelPath });
  assert.ok((await engine.ready).ok);
  return { engine, engineModel: 'embed', dispose: async () => undefined };
});

describe('llama: embeddings', () => {
  let engine: LlamaEmbedder;
  let width = 0;
  before(async () => {
    engine = startLlamaEmbedder({ name: 'embedder', modelPath, contextTokens: 256 });
    const facts = await engine.ready;
    assert.ok(facts.ok);
    width = facts.value.width ?? 0;
  });
  after(() => engine[Symbol.asyncDispose]());

  const ask = (embedding: Embedding) =>
    engine.embed(testEmbeddingTicket('embed', embedding), NEVER);

  test('vectors have the width of the model, and any other is refused', async () => {
    const inputs = ['text'];
    const made = await ask({ inputs, dimensions: width });
    assert.ok(made.ok && made.value.vectors[0]?.length === width && width > 0);
    const refused = await ask({ inputs, dimensions: width - 1 });
    assert.ok(!refused.ok && refused.error.kind === 'unsupported');
    assert.equal(refused.error.field, 'dimensions');
  });

  test('tokens are taken as they are, and refused where the model has none of that number', async () => {
    const made = await ask({ inputs: [[5, 6, 7]] });
    assert.ok(made.ok && made.value.inputTokens >= 3);
    const refused = await ask({ inputs: [[9_999_999]] });
    assert.ok(!refused.ok && refused.error.kind === 'rejected');
    assert.match(refused.error.message, /no token 9999999; its tokens are 0 to \d+/u);
  });

  test('a text beyond the context is refused with its length', async () => {
    const refused = await ask({ inputs: ['short', 'word '.repeat(600)] });
    assert.ok(!refused.ok && refused.error.kind === 'context-length');
    assert.ok((refused.error.tokens ?? 0) > 256);
    assert.equal(refused.error.tokensMax, 255);
  });

  test('one that starts last is waited for, and a file that is none is told at once', async () => {
    const { promise: startsAfter, resolve } = Promise.withResolvers<void>();
    await using last = startLlamaEmbedder({ name: 'last', modelPath, startsAfter });
    const asked = last.embed(testEmbeddingTicket('embed', { inputs: ['text'] }), NEVER);
    assert.equal(last.pid, undefined);
    resolve();
    assert.ok((await asked).ok);

    const never = new Promise<void>(() => {});
    const wrong = fileURLToPath(import.meta.url);
    await using none = startLlamaEmbedder({ name: 'none', modelPath: wrong, startsAfter: never });
    const facts = await none.ready;
    assert.ok(!facts.ok && facts.error.kind !== 'stopped');
  });

  test('it answers no conversation', async () => {
    const ticket = testTicket({
      prompt: 'Hi',
      delivery: 'whole',
      outputTokensMax: 1,
      engineModel: 'embed',
    });
    const [part] = (await readAll(engine, ticket)).parts;
    assert.ok(part?.kind === 'failure' && part.failure.kind === 'unsupported');
  });

  test('what was asked when its process ended fails, and the next is answered by a new one', async () => {
    const asked = ask({ inputs: Array.from({ length: 500 }, () => 'many words in a text') });
    process.kill(engine.pid ?? 0, 'SIGKILL');
    const lost = await asked;
    assert.ok(!lost.ok && lost.error.kind === 'crashed', JSON.stringify(lost));
    const late = performance.now() + 20_000;
    while (engine.state().kind !== 'ready' && performance.now() < late) {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    assert.ok((await ask({ inputs: ['again'] })).ok);
  });
});

describe('llama: the encoder that ships', () => {
  test('makes zeros of what it has no token for, as wide as any other vector', async () => {
    const shipped = new URL(
      '../../../../models/turnpike-embed/turnpike-embed.gguf',
      import.meta.url,
    );
    await using engine = startLlamaEmbedder({ name: 'encoder', modelPath: fileURLToPath(shipped) });
    const facts = await engine.ready;
    assert.ok(facts.ok);
    const asked = testEmbeddingTicket('embed', { inputs: ['toll', ' ', '\n'] });
    const made = await engine.embed(asked, NEVER);
    assert.ok(made.ok);
    const [toll, ...blanks] = made.value.vectors;
    assert.equal(toll?.length, facts.value.width);
    for (const blank of blanks) {
      assert.equal(blank.length, facts.value.width);
      assert.ok(blank.every((value) => value === 0));
    }
  });
});
