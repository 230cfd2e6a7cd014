// What an answer over HTTP says in its headers, a WebSocket's client reads in the answer's first event.

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { SocketServer } from './web-socket-client.fixture.ts';

describe("a WebSocket's first event", () => {
  let server: SocketServer;
  before(async () => (server = await SocketServer.start()));
  after(() => server[Symbol.asyncDispose]());

  it('has the headers, and no other event has them', async () => {
    await using client = await server.open();
    const tools = [{ type: 'function', name: 'two words', parameters: { type: 'object' } }];
    await client.ask({ input: 'hi', foo: 1, reasoning: { effort: 'max' }, tools });
    const [first, ...others] = client.frames;
    assert.equal(first?.type, 'response.created');
    assert.deepEqual(Object.keys(first.headers ?? {}).toSorted(), [
      'turnpike-ignored',
      'turnpike-price-version',
      'turnpike-repaired',
      'x-request-id',
    ]);
    assert.equal(first.headers?.['turnpike-ignored'], 'foo, reasoning.effort');
    assert.match(first.headers['turnpike-repaired'] ?? '', /^tools\[0\].*name/);
    assert.equal(first.headers['x-request-id'], `req_${first.response?.id.slice('resp_'.length)}`);
    assert.ok(others.every(({ headers }) => headers === undefined));
    await client.ask({ stream_id: 'lane', input: 'hi', generate: false, bar: 1 });
    const warm = client.frames.find(({ stream_id: id }) => id === 'lane');
    assert.equal(warm?.headers?.['turnpike-ignored'], 'bar');
  });
});
