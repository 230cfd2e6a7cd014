// Responses over a WebSocket, from the socket to the books: who may open one, what frames do, what a socket remembers, and
// every way in which one ends. Each answer is metered like one over HTTP.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { after, before, describe, it, mock } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { WebSocket } from 'ws';
import {
  REQUEST_BODY_BYTES_MAX,
  WEBSOCKET_LANES_MAX,
  WEBSOCKET_LIFETIME_MS,
  WEBSOCKET_PING_MS,
  WEBSOCKET_RESPONSES_MAX,
  WEBSOCKET_WAITING_MAX,
} from '../limits.ts';
import { SocketServer, type Frame, type SocketClient } from './web-socket-client.fixture.ts';

const SAID = 'The toll is paid and the gate turns. ';

function textOf({ response }: Frame): string {
  const content = (response?.output ?? []).flatMap((item) => item.content ?? []);
  return content.map(({ text }) => text ?? '').join('');
}

function idOf({ response }: Frame): string {
  assert.ok(response !== undefined, 'no response');
  return response.id;
}

async function until(isSo: () => boolean): Promise<void> {
  const deadline = performance.now() + 5_000;
  while (!isSo()) {
    assert.ok(performance.now() < deadline, 'not in time');
    await sleep(5);
  }
}

/** What a client reads that is refused a WebSocket. */
async function refusedUpgrade(origin: string, key?: string, path = '/v1/responses') {
  const url = `${origin.replace('http', 'ws')}${path}`;
  const headers = key === undefined ? {} : { authorization: `Bearer ${key}` };
  const peer = new WebSocket(url, { headers });
  peer.on('error', () => {});
  const [, answer] = (await once(peer, 'unexpected-response')) as [unknown, IncomingMessage]; // as ws documents it
  const chunks: Buffer[] = [];
  for await (const chunk of answer) chunks.push(chunk as Buffer); // a stream of Node's without an encoding
  peer.terminate();
  return { status: answer.statusCode, body: Buffer.concat(chunks).toString() };
}

describe('a WebSocket', () => {
  let server: SocketServer;
  before(async () => (server = await SocketServer.start()));
  after(() => server[Symbol.asyncDispose]());

  it('carries the events of a stream, each a frame, numbered without gaps', async () => {
    await using client = await server.open();
    const last = await client.ask({ input: 'hi', stream: true });
    assert.equal(last.type, 'response.completed');
    assert.equal(textOf(last), SAID);
    assert.deepEqual(
      client.frames.map(({ sequence_number: number }) => number),
      client.frames.map((_, index) => index),
    );
    assert.equal(client.frames[0]?.type, 'response.created');
  });

  it('runs one request after the other, and each is billed by itself', async () => {
    await using client = await server.open();
    const settledBefore = server.turnstile.ledger.settlements.length;
    for (const word of ['one', 'two', 'three']) {
      client.create({ input: `[[echo delay=5]] ${word}` });
    }
    for (const word of ['one', 'two', 'three']) assert.equal(textOf(await client.last()), word);
    assert.equal(client.frames.filter(({ type }) => type === 'response.created').length, 3);
    const rows = server.turnstile.ledger.settlements.slice(settledBefore);
    assert.deepEqual(
      rows.map(({ settlement }) => [settlement.outcome, settlement.usage.output]),
      [1, 1, 1].map((tokens) => ['completed', tokens]),
    );
  });

  it('runs lanes side by side, and says in each frame whose it is', async () => {
    await using client = await server.open();
    client.create({ stream_id: 'slow', input: '[[echo rate=20]] a b c d e f' });
    client.create({ stream_id: 'quick', input: '[[echo]] 1' });
    client.create({ stream_id: 'slow', input: '[[echo]] afterwards' });
    assert.equal(textOf(await client.last('quick')), '1');
    assert.equal(textOf(await client.last('slow')), 'a b c d e f');
    assert.equal(textOf(await client.last('slow')), 'afterwards');
    for (const lane of ['slow', 'quick']) {
      const own = client.frames.filter(({ stream_id: id }) => id === lane);
      assert.ok(own.length > 4);
    }
    assert.ok(client.frames.every(({ stream_id: id }) => id === 'slow' || id === 'quick'));
  });

  it('takes so many lanes and so many waiting requests, and says when to try again', async () => {
    await using client = await server.open();
    for (let lane = 0; lane <= WEBSOCKET_LANES_MAX; lane++) {
      client.create({ stream_id: `lane ${lane}`, input: '[[delay=300]]' });
    }
    const tooMany = await client.next(({ type }) => type === 'error');
    assert.deepEqual([tooMany.status, tooMany.error?.code], [429, 'rate_limit_exceeded']);
    assert.match(tooMany.error?.message ?? '', /try again in 1s/);
    assert.equal(tooMany.stream_id, `lane ${WEBSOCKET_LANES_MAX}`);
    assert.equal(tooMany.headers?.['retry-after'], '1');
    for (let number = 0; number <= WEBSOCKET_WAITING_MAX; number++) {
      client.create({ stream_id: 'lane 0', input: 'hi' });
    }
    const full = await client.next(({ type }) => type === 'error');
    assert.equal(full.status, 429);
    for (let lane = 1; lane < WEBSOCKET_LANES_MAX; lane++) await client.last(`lane ${lane}`);
  });

  it('answers what is wrong with a frame, and goes on', async () => {
    await using client = await server.open();
    const wrong: readonly (readonly [string | Buffer, string | null, RegExp])[] = [
      ['{"type":', null, /can't be read as JSON/],
      ['[1]', null, /JSON object/],
      ['{"type":"response.steer"}', 'type', /expected "response.create", received "response.steer"/],
      [Buffer.from([1, 2, 3]), null, /binary/],
      ['{"type":"response.create","model":"priced"}', 'input', /Missing/],
      ['{"type":"response.create","model":"priced","input":"x","background":true}', 'background', /WebSocket/],
      ['{"type":"response.create","model":"no","input":"x"}', 'model', /does not exist/],
      ['{"type":"response.create","model":"priced","input":"x","stream_id":7}', 'stream_id', /string/],
    ]; // prettier-ignore
    for (const [frame, param, message] of wrong) {
      client.peer.send(frame);
      const { type, status, error } = await client.last();
      assert.equal(type, 'error');
      assert.ok(status === 400 || status === 404);
      assert.equal(error?.param, param);
      assert.match(error.message, message);
    }
    assert.equal(textOf(await client.ask({ input: '[[echo]] still here' })), 'still here');
    server.turnstile.assertAtRest();
  });

  it('reports what fails before the first event with its status, and later inside the answer', async () => {
    await using client = await server.open();
    const busy = await client.ask({ input: '[[fail=429]]' });
    assert.deepEqual([busy.status, busy.error?.code], [503, 'server_is_overloaded']);
    const tooLong = await client.ask({ input: '[[fail=context]]' });
    assert.deepEqual([tooLong.status, tooLong.error?.code], [400, 'context_length_exceeded']);
    const broken = await client.ask({ input: '[[error-after=2]]' });
    assert.deepEqual([broken.type, broken.response?.status], ['response.failed', 'failed']);
    server.turnstile.assertAtRest();
  });

  it('goes on from what it has said, and only on the same socket', async () => {
    await using client = await server.open();
    const first = await client.ask({ input: 'one two' });
    const next = { previous_response_id: idOf(first), input: '[[echo]] three' };
    const second = await client.ask(next);
    assert.equal(second.response?.previous_response_id, idOf(first));
    // The scripted engine counts words: two of the first turn, eight of its answer, two of this one.
    assert.equal(second.response.usage?.input_tokens, 12);
    assert.equal((await client.ask(next)).type, 'response.completed', 'the first can be forked');
    await using other = await server.open();
    const stranger = await other.ask(next);
    assert.deepEqual(
      [stranger.status, stranger.error?.code, stranger.error?.param],
      [400, 'previous_response_not_found', 'previous_response_id'],
    );
  });

  it('stores what is to be stored whole, so that it can be gone on from anywhere', async () => {
    await using client = await server.open();
    const loose = await client.ask({ input: 'one two' });
    const kept = await client.ask({
      previous_response_id: idOf(loose),
      input: 'three',
      store: true,
    });
    await using other = await server.open();
    const next = { previous_response_id: idOf(kept), input: 'four' };
    const loosened = await other.ask(next);
    assert.equal(loosened.response?.usage?.input_tokens, 2 + 8 + 1 + 8 + 1);
    const last = await other.ask({ previous_response_id: idOf(loosened), input: 'five' });
    assert.equal(last.response?.usage?.input_tokens, 20 + 8 + 1);
  });

  it('remembers so many of its responses, and forgets the oldest first', async () => {
    await using client = await server.open();
    const ids: string[] = [];
    for (let index = 0; index <= WEBSOCKET_RESPONSES_MAX; index++) {
      ids.push(idOf(await client.ask({ input: '[[tokens=1]]' })));
    }
    const ask = (id: string | undefined) => client.ask({ previous_response_id: id, input: 'x' });
    assert.equal((await ask(ids[0])).error?.code, 'previous_response_not_found');
    assert.equal((await ask(ids.at(-1))).type, 'response.completed');
  });

  it('forgets what a failed request went on from', async () => {
    await using client = await server.open();
    const first = idOf(await client.ask({ input: 'hi' }));
    const failed = await client.ask({
      previous_response_id: first,
      input: [{ type: 'function_call_output', call_id: 'call_none', output: '' }],
    });
    assert.equal(failed.status, 400);
    const later = await client.ask({ previous_response_id: first, input: 'hi' });
    assert.equal(later.error?.code, 'previous_response_not_found');
  });

  it('goes on with a tool that was called on the socket', async () => {
    await using client = await server.open();
    const tools = [{ type: 'function', name: 'f', parameters: { type: 'object' } }];
    const called = await client.ask({ input: '[[tool=f:{"a":1}]]', tools });
    const callId = called.response?.output[0]?.call_id;
    const output = [{ type: 'function_call_output', call_id: callId, output: 'done' }];
    const done = await client.ask({ previous_response_id: idOf(called), input: output, tools });
    assert.equal(textOf(done), SAID);
  });

  it('warms up without generating or charging, and can be gone on from', async () => {
    await using client = await server.open();
    const { ledger } = server.turnstile;
    const [settled, held] = [ledger.settlements.length, ledger.holds.length];
    const warm = await client.ask({ generate: false, input: 'one two three' });
    assert.deepEqual(
      [warm.type, warm.response?.output, warm.response?.usage?.input_tokens],
      ['response.completed', [], 0],
    );
    assert.deepEqual([ledger.settlements.length, ledger.holds.length], [settled, held]);
    const next = await client.ask({ previous_response_id: idOf(warm), input: 'four' });
    assert.equal(next.response?.usage?.input_tokens, 4);
    const empty = await client.ask({ generate: false, input: [] });
    assert.equal(empty.type, 'response.completed', 'as Codex warms up before it knows what to ask');
    const unknown = await client.ask({ generate: false, input: 'x', model: 'unknown' });
    assert.equal(unknown.error?.code, 'model_not_found');
  });

  it('is refused over HTTP: without a key, with a wrong one, and at other addresses', async () => {
    const { origin, turnstile } = server;
    const unknown = await refusedUpgrade(origin);
    assert.equal(unknown.status, 401);
    assert.match(unknown.body, /"code":"invalid_api_key"/);
    assert.equal((await refusedUpgrade(origin, `${turnstile.key}x`)).status, 401);
    assert.equal((await refusedUpgrade(origin, turnstile.key, '/v1/nowhere')).status, 404);
    const plain = await fetch(`${origin}/v1/responses`);
    assert.deepEqual([plain.status, plain.headers.get('allow')], [405, 'POST']);
  });

  it('closes on a frame that is larger than a request may be', async () => {
    await using client = await server.open();
    client.peer.send(Buffer.alloc(REQUEST_BODY_BYTES_MAX + 1, 0x20), { binary: false });
    assert.equal(await client.closed(), 1009);
  });

  it('makes who hangs up in the middle pay for what was produced', async () => {
    const { ledger, gateway, scripted } = server.turnstile;
    const settled = ledger.settlements.length;
    const client = await server.open();
    client.create({ input: '[[tokens=1000 rate=50]]' });
    await client.next(({ type }) => type === 'response.output_text.delta');
    client.peer.terminate();
    await until(() => ledger.settlements.length > settled);
    const row = ledger.settlements.at(-1)?.settlement;
    assert.equal(row?.outcome, 'client-left');
    assert.ok(row.usage.output >= 1 && row.usage.output < 1_000 && row.costNano > 0n);
    await until(() => gateway.load.generationsRunning === 0 && scripted.counts().live === 0);
    server.turnstile.assertAtRest();
  });

  it('holds the engine back for a slow reader, and loses nothing', async () => {
    await using client = await server.open();
    const { gateway } = server.turnstile;
    const pad = 'x'.repeat(1_000);
    const words = Array.from({ length: 4_000 }, (_, index) => `${index}${pad}`);
    client.peer.pause();
    client.create({ input: `[[echo rate=1000000]] ${words.join(' ')}`, max_output_tokens: 4_000 });
    await until(() => gateway.load.generationsRunning === 1);
    await sleep(300);
    assert.equal(gateway.load.generationsRunning, 1, 'the answer waits for its reader');
    client.peer.resume();
    const last = await client.last();
    assert.equal(textOf(last), words.join(' '));
  });

  it('serves a hundred at once', async () => {
    const clients = await Promise.all(Array.from({ length: 100 }, () => server.open()));
    const asked = clients.map((client, index) => client.ask({ input: `[[echo]] number ${index}` }));
    const answers = await Promise.all(asked);
    assert.deepEqual(
      answers.map(textOf),
      clients.map((_, index) => `number ${index}`),
    );
    await Promise.all(clients.map((client) => client[Symbol.asyncDispose]()));
    server.turnstile.assertAtRest();
  });
});

describe('the end of a WebSocket', () => {
  async function withServer(use: (server: SocketServer, client: SocketClient) => Promise<void>) {
    await using server = await SocketServer.start();
    await using client = await server.open();
    await use(server, client);
  }

  it('comes within a second when its key is revoked; what runs may end', () =>
    withServer(async ({ turnstile, origin }, client) => {
      client.create({ input: '[[tokens=10 rate=20]]' });
      await client.next(({ type }) => type === 'response.created');
      await turnstile.accounts.revokeKey(turnstile.keyId);
      const revokedMs = performance.now();
      assert.equal((await client.last()).type, 'response.completed');
      const refused = await client.last();
      assert.deepEqual([refused.status, refused.error?.code], [401, 'invalid_api_key']);
      assert.equal(await client.closed(), 1008);
      assert.ok(performance.now() - revokedMs < 1_500);
      assert.equal((await refusedUpgrade(origin, turnstile.key)).status, 401);
      turnstile.assertAtRest();
    }));

  it('comes when the server stops: what runs may end, nothing new begins', () =>
    withServer(async ({ server, turnstile }, client) => {
      client.create({ input: '[[tokens=6 rate=20]]' });
      await client.next(({ type }) => type === 'response.created');
      client.create({ input: 'waiting' });
      await sleep(20);
      const stopped = server.stop(AbortSignal.timeout(5_000));
      assert.equal((await client.last()).type, 'response.completed');
      const waiting = await client.last();
      assert.deepEqual([waiting.status, waiting.error?.code], [503, 'server_is_restarting']);
      assert.equal(await client.closed(), 1001);
      await stopped;
      turnstile.assertAtRest();
    }));

  it('comes when the server has waited long enough, at no cost', () =>
    withServer(async ({ server, turnstile }, client) => {
      client.create({ input: '[[tokens=4000 rate=10]]' });
      await client.next(({ type }) => type === 'response.output_text.delta');
      const stopped = server.stop(AbortSignal.timeout(50));
      assert.equal((await client.last()).response?.status, 'failed');
      await stopped;
      assert.equal(turnstile.ledger.settlements.at(-1)?.settlement.costNano, 0n);
      turnstile.assertAtRest();
    }));

  describe('by the clock', () => {
    before(() => mock.timers.enable({ apis: ['setTimeout', 'setInterval'] }));
    after(() => mock.timers.reset());

    it('comes after an hour, with an error that clients know', () =>
      withServer(async (_server, client) => {
        // As long as the peer answers its pings; one of our own comes back when the server has read that answer.
        for (let ms = WEBSOCKET_PING_MS; ms < WEBSOCKET_LIFETIME_MS; ms += WEBSOCKET_PING_MS) {
          mock.timers.tick(WEBSOCKET_PING_MS);
          await once(client.peer, 'ping');
          client.peer.ping();
          await once(client.peer, 'pong');
        }
        assert.equal((await client.ask({ input: 'hi' })).type, 'response.completed');
        mock.timers.tick(WEBSOCKET_PING_MS);
        const expired = await client.last();
        assert.deepEqual(
          [expired.status, expired.error?.code],
          [400, 'websocket_connection_limit_reached'],
        );
        assert.equal(await client.closed(), 1000);
      }));

    it('comes for a peer that answers no ping', () =>
      withServer(async (_server, client) => {
        client.peer.pause();
        mock.timers.tick(WEBSOCKET_PING_MS);
        mock.timers.tick(WEBSOCKET_PING_MS);
        client.peer.resume();
        assert.equal(await client.closed(), 1006);
      }));
  });
});

describe('a server without WebSockets', () => {
  it('answers with the status that sends clients to HTTP at once', async () => {
    await using server = await SocketServer.start({ webSockets: false });
    const answer = await refusedUpgrade(server.origin, server.turnstile.key);
    assert.equal(answer.status, 426);
    assert.match(answer.body, /websocket_not_served/);
  });
});
