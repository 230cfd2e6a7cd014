// A key that may call only some models, at every address where a model is named: another one does not exist.

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { EMBEDDING_PROTOCOLS, PROTOCOLS } from '../protocols/registry.ts';
import { SocketServer } from './web-socket-client.fixture.ts';

const messages = [{ role: 'user', content: 'hi' }];
/** Each with what it says of a model that does not exist. */
const CALLS = [
  ['/v1/chat/completions', { messages }],
  ['/v1/chat/completions', { messages, stream: true }],
  ['/v1/responses', { input: 'hi' }],
  ['/v1/responses', { input: 'hi', background: true, store: true }],
  ['/v1/responses', { input: 'hi', truncation: 'auto' }],
  ['/v1/responses/compact', { input: 'hi' }],
  ['/v1/responses/input_tokens', { input: 'hi' }],
  ['/v1/messages', { messages, max_tokens: 5 }],
  ['/v1/messages/count_tokens', { messages }],
  ['/v1/completions', { prompt: 'hi' }],
  ['/v1/embeddings', { input: 'hi' }],
] as const;

describe('a key for some models', () => {
  let server: SocketServer;
  before(async () => {
    server = await SocketServer.start({ protocols: PROTOCOLS, embeddings: EMBEDDING_PROTOCOLS });
    const priced = server.turnstile.models.get('priced');
    assert.ok(priced !== undefined);
    server.turnstile.models.set('given', { ...priced, id: 'given', task: 'embedding' });
  });
  after(() => server[Symbol.asyncDispose]());

  const restrict = (models: readonly string[] | undefined) =>
    server.turnstile.accounts.setKeyModels(server.turnstile.keyId, models);

  async function ask(path: string, body?: object, headers: Record<string, string> = {}) {
    const answer = await fetch(`${server.origin}${path}`, {
      method: body === undefined ? 'GET' : 'POST',
      headers: {
        authorization: `Bearer ${server.turnstile.key}`,
        'content-type': 'application/json',
        ...headers,
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    const text = await answer.text();
    return { status: answer.status, text };
  }

  async function listed(headers: Record<string, string> = {}): Promise<readonly string[]> {
    const { text } = await ask('/v1/models', undefined, headers);
    const { data } = JSON.parse(text) as { data: readonly { id: string }[] }; // both shapes have it
    return data.map(({ id }) => id);
  }

  it('calls those, and no other at any address', async () => {
    await restrict(['free']);
    for (const [path, fields] of CALLS) {
      const model = path === '/v1/embeddings' ? 'given' : 'priced';
      const forbidden = await ask(path, { model, ...fields });
      const unknown = await ask(path, { model: 'nobody', ...fields });
      assert.equal(forbidden.status, 404, `${path}: ${forbidden.text}`);
      const asOfNobody = forbidden.text.replaceAll(`'${model}'`, "'nobody'");
      assert.equal(withoutIds(asOfNobody), withoutIds(unknown.text), 'it tells nothing');
      assert.match(forbidden.text, /model_not_found|not_found_error/);
      if (model === 'given') continue;
      assert.equal((await ask(path, { model: 'free', ...fields })).status, 200, path);
    }
    assert.equal((await ask('/v1/models/priced')).status, 404);
    assert.equal((await ask('/v1/models/free')).status, 200);
  });

  it('has no other in its lists', async () => {
    await restrict(['free', 'gone']);
    assert.deepEqual(await listed(), ['free']);
    assert.deepEqual(await listed({ 'anthropic-version': '2023-06-01' }), ['free']);
    const status = await ask('/v1/status');
    assert.deepEqual(JSON.parse(status.text).models, [{ id: 'free', state: 'ready' }]);
    const anonymous = await fetch(`${server.origin}/v1/status`);
    assert.deepEqual(Object(await anonymous.json()).models, [], 'nobody is nobody');
  });

  it('is told of it on a WebSocket that is open already', async () => {
    await restrict(undefined);
    await using socket = await server.open();
    assert.equal((await socket.ask({ input: 'hi' })).type, 'response.completed');
    await restrict(['free']);
    for (const generate of [true, false]) {
      const refused = await socket.ask({ input: 'hi', generate });
      assert.deepEqual([refused.status, refused.error?.code], [404, 'model_not_found']);
    }
  });

  it('is held to the list of its project too; an empty list allows nothing', async () => {
    const { accounts } = server.turnstile;
    await restrict(['free', 'given']);
    await accounts.setProjectModels('prj_1', ['free', 'priced']);
    assert.deepEqual(await listed(), ['free']);
    await restrict(undefined);
    assert.deepEqual(await listed(), ['priced', 'free']);
    await accounts.setProjectModels('prj_1', []);
    assert.deepEqual(await listed(), []);
    await accounts.setProjectModels('prj_1', undefined);
    assert.deepEqual(await listed(), ['priced', 'free', 'given']);
  });
});

function withoutIds(text: string): string {
  return text.replaceAll(/req_\w+/g, 'req');
}
