// How the connection is used: reuse, one retry on a stale connection, TCP_NODELAY, back-pressure, what is yielded
// together, and what the request looks like on the wire.

import assert from 'node:assert/strict';
import { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, test } from 'node:test';

import type { Part } from '../../domain/generation/part.ts';
import { readAll, testTicket, within } from '../../ports/engine.contract.ts';
import { startScriptedServer } from '../scripted/scripted-server.ts';
import { OpenAiCompatibleEngine } from './openai-compatible-engine.ts';
import { delta, openStream, response, startRawUpstream } from './raw-upstream.ts';
import type { RawUpstream } from './raw-upstream.ts';

const GOOD = response(200, '{"choices":[{"message":{"content":"Hi"},"finish_reason":"stop"}]}');
const NEVER = new AbortController().signal;

function engineOf(upstream: { baseUrl: string }, generationsMax = 10): OpenAiCompatibleEngine {
  return new OpenAiCompatibleEngine({
    name: 'upstream',
    baseUrl: upstream.baseUrl,
    apiKey: 'sk-x',
    generationsMax,
  });
}

function ticket(delivery: 'whole' | 'stream', prompt = 'Hi') {
  return testTicket({ prompt, delivery, outputTokensMax: 100_000, engineModel: 'm' });
}

async function ask(engine: OpenAiCompatibleEngine): Promise<Part | undefined> {
  // undici takes a turn before it uses a connection again; a request in that turn would open another one.
  await sleep(5);
  return (await within(5000, 'the answer', readAll(engine, ticket('whole')))).parts.at(-1);
}

const kindOf = (part: Part | undefined): string | undefined =>
  part?.kind === 'failure' ? part.failure.kind : part?.kind;

describe('connections', () => {
  test('one connection serves one request after the other', async () => {
    await using upstream = await startRawUpstream((socket) => void socket.write(GOOD));
    await using engine = engineOf(upstream);
    for (let i = 0; i < 5; i += 1) assert.equal(kindOf(await ask(engine)), 'finish');
    assert.equal(upstream.connections(), 1);
    assert.match(upstream.requests[0] ?? '', /^POST \/v1\/chat\/completions HTTP\/1\.1\r\n/);
    assert.match(upstream.requests[0] ?? '', /\r\nauthorization: Bearer sk-x\r\n/);
    assert.match(upstream.requests[0] ?? '', /\r\nx-request-id: req_test_\d+\r\n/);
  });

  test('an error keeps the connection, an abort closes it', async () => {
    await using upstream = await startRawUpstream((socket, _request, nth) => {
      if (nth < 3) socket.write(response(400, '{}'));
    });
    await using engine = engineOf(upstream);
    assert.equal(kindOf(await ask(engine)), 'rejected');
    assert.equal(kindOf(await ask(engine)), 'rejected');
    assert.equal(upstream.connections(), 1);
    await sleep(5);
    const run = await within(
      1000,
      'the abort',
      readAll(engine, ticket('whole'), AbortSignal.timeout(30)),
    );
    assert.equal(kindOf(run.parts.at(-1)), 'aborted');
    await closed(upstream);
  });

  test('TCP_NODELAY is set', async (context) => {
    const set = context.mock.method(Socket.prototype, 'setNoDelay');
    await using upstream = await startRawUpstream((socket) => void socket.write(GOOD));
    await using engine = engineOf(upstream);
    await ask(engine);
    assert.deepEqual(
      set.mock.calls.map((call) => call.arguments),
      [[true]],
    );
  });

  test('an abort before there is a connection sends nothing', async () => {
    await using upstream = await startRawUpstream((socket) => void socket.write(GOOD));
    await using engine = engineOf(upstream);
    const stop = new AbortController();
    const reading = readAll(engine, ticket('whole'), stop.signal);
    stop.abort();
    assert.equal(kindOf((await within(1000, 'the abort', reading)).parts.at(-1)), 'aborted');
    await sleep(50);
    assert.equal(upstream.requests.length, 0);
  });

  test('more generations than allowed are refused as overloaded', async () => {
    await using upstream = await startRawUpstream(() => undefined);
    await using engine = engineOf(upstream, 2);
    const stop = new AbortController();
    const held = [1, 2].map(() => readAll(engine, ticket('whole'), stop.signal));
    assert.equal(kindOf(await ask(engine)), 'overloaded');
    stop.abort();
    await Promise.all(held);
    assert.equal(engine.live, 0);
  });
});

describe('a connection that breaks', () => {
  for (const way of ['end', 'resetAndDestroy'] as const) {
    test(`a kept connection that the server closes as it is used is tried once more (${way})`, async () => {
      await using upstream = await startRawUpstream((socket, _request, nth) => {
        if (nth === 2) socket[way]();
        else socket.write(GOOD);
      });
      await using engine = engineOf(upstream);
      assert.equal(kindOf(await ask(engine)), 'finish');
      assert.equal(kindOf(await ask(engine)), 'finish');
      assert.equal(upstream.requests.length, 3);
      assert.equal(upstream.connections(), 2);
    });

    test(`a new connection that breaks is not tried again (${way})`, async () => {
      await using upstream = await startRawUpstream((socket) => void socket[way]());
      await using engine = engineOf(upstream);
      assert.equal(kindOf(await ask(engine)), 'unreachable');
      assert.equal(upstream.requests.length, 1);
    });
  }

  test('once anything was received, nothing is tried again', async () => {
    await using upstream = await startRawUpstream((socket, _request, nth) => {
      if (nth === 1) socket.write(GOOD);
      else socket.end('HTTP/1.1 200 OK\r\n');
    });
    await using engine = engineOf(upstream);
    assert.equal(kindOf(await ask(engine)), 'finish');
    assert.equal(kindOf(await ask(engine)), 'unreachable');
    assert.equal(upstream.requests.length, 2);
  });
});

describe('a stream', () => {
  test('what arrives in one read is yielded together', async () => {
    const three = ['a', 'b', 'c'].map((text) => delta({ content: text }));
    const chunked = [...three, 'data: [DONE]\n\n'].map(
      (text) => `${text.length.toString(16)}\r\n${text}\r\n`,
    );
    const head =
      'HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n';
    await using upstream = await startRawUpstream(
      (socket) => void socket.write(`${head}${chunked.join('')}0\r\n\r\n`),
    );
    await using engine = engineOf(upstream);
    const run = await readAll(engine, ticket('stream'));
    assert.deepEqual(
      run.yields.map((parts) => parts.map((part) => part.kind)),
      [['text-delta', 'text-delta', 'text-delta', 'usage', 'finish']],
    );
  });

  test('a piece is yielded as soon as it is there', async () => {
    await using upstream = await startRawUpstream(
      (socket) => void socket.write(openStream(delta({ content: 'a' }))),
    );
    await using engine = engineOf(upstream);
    const parts = engine.generate(ticket('stream'), NEVER)[Symbol.asyncIterator]();
    const first = await within(1000, 'the first piece', parts.next());
    assert.deepEqual(first, { done: false, value: [{ kind: 'text-delta', text: 'a' }] });
    await parts.return?.();
    await closed(upstream);
  });

  test('a reader who does not read stops the upstream, and then loses nothing', async () => {
    const tokens = 60_000;
    await using server = await startScriptedServer();
    await using engine = engineOf(server);
    const answer = engine.generate(ticket('stream', `[[tokens=${tokens}]]`), NEVER);
    const parts = answer[Symbol.asyncIterator]();
    const first = await parts.next();
    let sentBefore = -1;
    while (server.counts().tokensSent !== sentBefore) {
      sentBefore = server.counts().tokensSent;
      await sleep(300);
    }
    assert.ok(sentBefore < tokens, `the upstream was stopped, after ${sentBefore} tokens`);
    let texts = 0;
    for (let read = first; !read.done; read = await parts.next()) {
      texts += read.value.filter((part) => part.kind === 'text-delta').length;
    }
    assert.equal(texts, tokens);
    assert.equal(server.counts().finished, 1);
  });

  test('a return while a read waits ends both', async () => {
    await using upstream = await startRawUpstream(() => undefined);
    await using engine = engineOf(upstream);
    const parts = engine.generate(ticket('stream'), NEVER)[Symbol.asyncIterator]();
    const waiting = parts.next();
    await sleep(30);
    await parts.return?.();
    assert.deepEqual(await within(1000, 'the waiting read', waiting), {
      done: true,
      value: undefined,
    });
    await closed(upstream);
    assert.equal(engine.live, 0);
  });
});

/** The upstream sees its connections close within a second. */
async function closed(upstream: RawUpstream): Promise<void> {
  const deadlineMs = performance.now() + 1000;
  while (upstream.open() > 0) {
    assert.ok(performance.now() < deadlineMs, 'the upstream is still connected after a second');
    await sleep(5);
  }
}
