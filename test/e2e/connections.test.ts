// Many connections, slow clients and half-open ones: the server answers the others meanwhile and lets them all go.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { SCRIPTED_CONFIG, Turnpike } from './turnpike.ts';

/** Each takes two descriptors on this machine, one here and one in the server; `ulimit -n` is 1,048,576 or at least 20,000. */
const CONNECTIONS = 10_000;
const BATCH = 500;
/** Node checks connections every 2 s for the 10 s that headers may take. */
const SLOW_CLIENT_ENDS_WITHIN_MS = 20_000;

describe('connections', () => {
  it(`${CONNECTIONS.toLocaleString('en')} idle ones leave the server answering`, async () => {
    await using turnpike = await Turnpike.start({ config: SCRIPTED_CONFIG });
    const sockets: Socket[] = [];
    try {
      while (sockets.length < CONNECTIONS) {
        const batch = Array.from({ length: BATCH }, () => connect(turnpike.port, '127.0.0.1'));
        for (const socket of batch) socket.on('error', () => {});
        await Promise.all(batch.map((socket) => once(socket, 'connect')));
        sockets.push(...batch);
      }
      const body = { model: 'scripted', messages: [{ role: 'user', content: 'hi' }] };
      const response = await turnpike.chat(body);
      assert.equal(response.status, 200);
      await response.arrayBuffer();
    } finally {
      for (const socket of sockets) socket.destroy();
    }
    await sleep(500);
    assert.equal((await fetch(`${turnpike.origin}/readyz`)).status, 200);
  });

  it('a client that sends a byte a second is told so and let go', async () => {
    await using turnpike = await Turnpike.start({ config: SCRIPTED_CONFIG });
    const socket = connect(turnpike.port, '127.0.0.1');
    await once(socket, 'connect');
    socket.on('error', () => {});
    let answer = '';
    socket.on('data', (chunk: Buffer) => (answer += chunk.toString()));
    const head = 'POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nx-slow: yes, very\r\n';
    const closed = once(socket, 'close');
    const begun = performance.now();
    let sent = 0;
    const drip = setInterval(() => socket.write(head[sent++] ?? 'x'), 1_000);
    await closed;
    clearInterval(drip);
    assert.ok(performance.now() - begun < SLOW_CLIENT_ENDS_WITHIN_MS);
    assert.match(answer, /^HTTP\/1\.1 408 /);
  });

  it('a streaming client that stops reading holds up nobody, and nothing grows for it', async () => {
    await using turnpike = await Turnpike.start({ config: SCRIPTED_CONFIG });
    const body = JSON.stringify({
      model: 'scripted',
      stream: true,
      max_tokens: 4_000,
      messages: [{ role: 'user', content: '[[tokens=4000]]' }],
    });
    const lazy = connect(turnpike.port, '127.0.0.1');
    lazy.on('error', () => {});
    lazy.pause();
    lazy.write(
      `POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${turnpike.firstKey}\r\n` +
        `content-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
    );
    await sleep(500);
    const quick = await turnpike.chat(body);
    assert.ok((await quick.text()).endsWith('data: [DONE]\n\n'));
    lazy.destroy();
    await sleep(1_000);
    assert.equal((await turnpike.status()).generationsRunning, 0);
  });
});
