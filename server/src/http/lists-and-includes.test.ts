// What addresses say of questions that name nothing: pages that begin at what is not there, and `include` of what nobody
// knows.

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { PROTOCOLS } from '../protocols/registry.ts';
import { SocketServer } from './web-socket-client.fixture.ts';

describe('questions that name nothing', () => {
  let server: SocketServer;
  before(async () => (server = await SocketServer.start({ protocols: PROTOCOLS })));
  after(() => server[Symbol.asyncDispose]());

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
    const { status, headers: told } = answer;
    return { status, ignored: told.get('turnpike-ignored'), body: Object(await answer.json()) };
  }

  it('a page of models begins at a model', async () => {
    const anthropic = { 'anthropic-version': '2023-06-01' };
    for (const field of ['after_id', 'before_id']) {
      const { status, body } = await ask(`/v1/models?${field}=nobody`, undefined, anthropic);
      assert.deepEqual([status, body.error.type], [400, 'invalid_request_error']);
      assert.match(body.error.message, new RegExp(`${field}.*nobody`));
    }
    const later = await ask('/v1/models?after_id=priced', undefined, anthropic);
    assert.deepEqual(Object(later.body.data[0]).id, 'free');
    const earlier = await ask('/v1/models?before_id=free', undefined, anthropic);
    assert.deepEqual(Object(earlier.body.data.at(-1)).id, 'priced');
  });

  it('every other page begins at what is in its list', async () => {
    const response = (await ask('/v1/responses', { model: 'priced', input: 'hi' })).body.id;
    const chat = { model: 'priced', messages: [{ role: 'user', content: 'hi' }], store: true };
    const completion = (await ask('/v1/chat/completions', chat)).body.id;
    const items = [{ role: 'user', content: 'a' }];
    const conversation = (await ask('/v1/conversations', { items })).body.id;
    const nowhere = 'msg_none';
    const lists = [
      [`/v1/responses/${response}/input_items`, ['after', 'before']],
      [`/v1/conversations/${conversation}/items`, ['after', 'before']],
      ['/v1/chat/completions', ['after']],
      [`/v1/chat/completions/${completion}/messages`, ['after']],
    ] as const;
    for (const [path, fields] of lists) {
      const { body: whole } = await ask(path);
      assert.equal(whole.data.length, 1, path);
      for (const field of fields) {
        const stray = await ask(`${path}?${field}=${nowhere}`);
        assert.deepEqual([stray.status, stray.body.error.param], [400, field], path);
        assert.match(stray.body.error.message, /msg_none/);
        // The end of the list is no mistake.
        const end = await ask(`${path}?${field}=${whole.last_id}`);
        assert.deepEqual([end.status, end.body.data], [200, []], path);
      }
    }
  });

  it('an unknown include is named, or refused, as unknown fields are', async () => {
    const include = ['reasoning.encrypted_content', 'foo.bar'];
    const made = await ask('/v1/responses', { model: 'priced', input: 'hi', include });
    assert.deepEqual([made.status, made.ignored], [200, 'include[1]']);
    const counted = await ask('/v1/responses/input_tokens', {
      model: 'priced',
      input: 'hi',
      include,
    });
    assert.equal(counted.ignored, 'include[1]');
    const known = { model: 'priced', input: 'hi', include: ['file_search_call.results'] };
    assert.equal((await ask('/v1/responses', known)).ignored, null);
    const { id: conversation } = (await ask('/v1/conversations', {})).body;
    const paths = [
      `/v1/responses/${made.body.id}`,
      `/v1/responses/${made.body.id}/input_items`,
      `/v1/conversations/${conversation}/items`,
    ];
    for (const path of paths) {
      const asked = await ask(`${path}?include[]=message.input_image.image_url&include[]=foo.bar`);
      assert.deepEqual([asked.status, asked.ignored], [200, 'include[1]'], path);
      assert.equal((await ask(`${path}?include=foo.bar`)).ignored, 'include[0]');
    }
    const { gateway } = server.turnstile;
    Object.assign(gateway, { unknownFields: new Map([['openai-responses', 'refuse']]) });
    for (const path of paths) {
      const refused = await ask(`${path}?include=foo.bar`);
      assert.deepEqual([refused.status, refused.body.error.param], [400, 'include[0]'], path);
    }
    const refused = await ask('/v1/responses', { model: 'priced', input: 'hi', include });
    assert.deepEqual([refused.status, refused.body.error.param], [400, 'include[1]']);
  });
});
