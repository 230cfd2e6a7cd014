// A silent stream is kept open by a comment that clients skip. Over a real socket, with
// the clock of the heartbeat in our hands.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { connect } from 'node:net';
import { describe, it, mock } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { SocketSink } from '../http/socket-sink.ts';
import { HEARTBEAT_MS } from '../limits.ts';

type Wire = AsyncDisposable & { readonly sink: SocketSink; readonly heard: () => Promise<string> };

async function wire(): Promise<Wire> {
  const opened = Promise.withResolvers<SocketSink>();
  const server = createServer((request, response) => {
    opened.resolve(new SocketSink(request, response));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  assert.ok(typeof address === 'object' && address !== null);
  const client = connect(address.port, '127.0.0.1');
  let text = '';
  client.on('data', (chunk: Buffer) => (text += chunk.toString()));
  client.write('GET / HTTP/1.1\r\nhost: x\r\n\r\n');
  return {
    sink: await opened.promise,
    heard: async () => {
      await sleep(20);
      const since = text;
      text = '';
      return since;
    },
    [Symbol.asyncDispose]: async () => {
      client.destroy();
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

const times = (text: string): number => text.split(': ping\n\n').length - 1;

describe('the heartbeat of a stream', () => {
  it('opens a stream whose model thinks for long, and after it a refusal can have no status', async () => {
    await using line = await wire();
    mock.timers.enable({ apis: ['setInterval'] });
    try {
      const { sink, heard } = line;
      sink.begin(() => ({ 'content-type': 'text/event-stream' }), ': ping\n\n');
      assert.equal(sink.opened, false);
      mock.timers.tick(HEARTBEAT_MS);
      assert.equal(sink.opened, true);
      const begun = await heard();
      assert.match(begun, /^HTTP\/1\.1 200 .*text\/event-stream/s);
      assert.equal(times(begun), 1);
      sink.end('');
    } finally {
      mock.timers.reset();
    }
  });

  it('comes after each silence, and never after the end', async () => {
    await using line = await wire();
    mock.timers.enable({ apis: ['setInterval'] });
    try {
      const { sink, heard } = line;
      sink.begin(() => ({ 'content-type': 'text/event-stream' }), ': ping\n\n');
      assert.equal(sink.write('data: 1\n\n'), undefined, 'the client keeps up');
      mock.timers.tick(HEARTBEAT_MS - 1);
      assert.equal(times(await heard()), 0);
      mock.timers.tick(1);
      assert.equal(times(await heard()), 1);
      mock.timers.tick(2 * HEARTBEAT_MS);
      assert.equal(times(await heard()), 2);
      sink.end('data: [DONE]\n\n');
      mock.timers.tick(10 * HEARTBEAT_MS);
      const last = await heard();
      assert.equal(times(last), 0);
      assert.match(last, /\[DONE\]/);
    } finally {
      mock.timers.reset();
    }
  });
});
