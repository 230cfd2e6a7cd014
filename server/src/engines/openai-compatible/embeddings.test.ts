// Embeddings of an upstream over real sockets: the contract, and what servers send.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { describeEmbedding, testEmbeddingTicket } from '../../ports/embedding.contract.ts';
import { startScriptedServer } from '../scripted/scripted-server.ts';
import { OpenAiCompatibleEngine } from './openai-compatible-engine.ts';
import { response, startRawUpstream } from './raw-upstream.ts';

describeEmbedding('openai-compatible', async () => {
  const server = await startScriptedServer();
  const engine = new OpenAiCompatibleEngine({ name: 'upstream', baseUrl: server.baseUrl });
  return { engine, engineModel: 'm', dispose: () => server[Symbol.asyncDispose]() };
});

const NEVER = new AbortController().signal;

async function hearAnswer(body: string): Promise<unknown> {
  await using upstream = await startRawUpstream(async (socket) => void socket.write(body));
  await using engine = new OpenAiCompatibleEngine({ name: 'up', baseUrl: upstream.baseUrl });
  const embedded = await engine.embed(testEmbeddingTicket('m', { inputs: ['a b', 'c'] }), NEVER);
  if (!embedded.ok) return embedded.error.kind;
  const { vectors, inputTokens } = embedded.value;
  return [
    vectors.map((vector) => Array.from(vector, (value) => Math.round(value * 10))),
    inputTokens,
  ];
}

function answer(data: unknown, usage?: unknown): string {
  return response(200, JSON.stringify({ data, usage }));
}

describe('embeddings of an upstream', () => {
  const one = { index: 0, embedding: [3, 4] };
  const two = { index: 1, embedding: [0, 2] };

  test('are put in order and made of length 1, whatever the server sends', async () => {
    const expected = [
      [
        [6, 8],
        [0, 10],
      ],
      7,
    ];
    assert.deepEqual(await hearAnswer(answer([two, one], { prompt_tokens: 7 })), expected);
    const noIndex = [{ embedding: [3, 4] }, { embedding: [0, 2] }];
    assert.deepEqual(await hearAnswer(answer(noIndex, { total_tokens: 7 })), expected);
    assert.deepEqual(await hearAnswer(answer([one, two])), [expected[0], 3]);
  });

  test('that are none are a failure of the engine', async () => {
    for (const data of [
      undefined,
      [one],
      [one, { index: 1, embedding: [1] }],
      [one, { index: 1 }],
    ]) {
      assert.equal(await hearAnswer(answer(data)), 'broken', JSON.stringify(data));
    }
    assert.equal(await hearAnswer(response(200, 'hm')), 'broken');
    const refused = JSON.stringify({ error: { message: 'No such dimensions.' } });
    assert.equal(await hearAnswer(response(400, refused)), 'rejected');
    assert.equal(await hearAnswer(response(429, '{}')), 'overloaded');
  });

  test('are asked for as floats, with the dimensions that were wanted', async () => {
    await using server = await startScriptedServer();
    await using engine = new OpenAiCompatibleEngine({ name: 'up', baseUrl: server.baseUrl });
    const inputs = [[1, 2], [3]];
    const embedded = await engine.embed(testEmbeddingTicket('m', { inputs, dimensions: 8 }), NEVER);
    assert.ok(embedded.ok);
    assert.deepEqual(
      embedded.value.vectors.map(({ length }) => length),
      [8, 8],
    );
    assert.deepEqual(server.requests, [
      { model: 'm', input: inputs, encoding_format: 'float', dimensions: 8 },
    ]);
    assert.equal(engine.live, 0);
  });
});
