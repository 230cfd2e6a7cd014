// What wrong input gets: a documented 4xx in the protocol's envelope that names the field; never a 5xx, never a crash,
// and nothing is charged.

import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { after, before, describe, it } from 'node:test';
import { createdKey } from '@turnpike/contract/keys.ts';
import fc from 'fast-check';
import { SCRIPTED_CONFIG, Turnpike } from './turnpike.ts';

type ErrorBody = {
  readonly error: {
    readonly message: string;
    readonly type: string;
    readonly param: string | null;
    readonly code: string | null;
  };
};

type Sent = Omit<RequestInit, 'headers'> & {
  readonly path?: string;
  readonly headers?: { readonly [name: string]: string };
};

const MIB = 1024 * 1024;
const good = { model: 'scripted', messages: [{ role: 'user', content: 'hi' }] };

describe('wrong input', () => {
  let turnpike: Turnpike;
  let key: string;
  let creditBefore: string;
  before(async () => {
    turnpike = await Turnpike.start({ config: SCRIPTED_CONFIG });
    key = turnpike.firstKey;
    creditBefore = await credit();
  });
  after(() => turnpike[Symbol.asyncDispose]());

  async function credit(): Promise<string> {
    const response = await fetch(`${turnpike.origin}/manage/v1/credits`, {
      headers: { authorization: `Bearer ${turnpike.adminToken}` },
    });
    return await response.text();
  }

  async function refused(response: Response, status: number): Promise<ErrorBody['error']> {
    const text = await response.text();
    assert.equal(response.status, status, text);
    assert.match(response.headers.get('content-type') ?? '', /^application\/json/);
    assert.match(response.headers.get('x-request-id') ?? '', /^req_[0-9a-f]{32}$/);
    const { error } = JSON.parse(text) as ErrorBody; // the next line looks whether it is one
    assert.deepEqual(Object.keys(error).toSorted(), ['code', 'message', 'param', 'type']);
    return error;
  }

  const send = ({ path = '/v1/chat/completions', headers, ...init }: Sent): Promise<Response> =>
    fetch(`${turnpike.origin}${path}`, {
      method: 'POST',
      ...init,
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json', ...headers },
    });

  it('a key that is missing, malformed, unknown or revoked', async () => {
    const withKey = (authorization: string): Promise<Response> =>
      send({ body: JSON.stringify(good), headers: { authorization } });
    assert.match((await refused(await withKey(''), 401)).message, /didn't provide/);
    assert.match((await refused(await withKey('Bearer sk-abc'), 401)).message, /malformed/);
    const mistyped = `Bearer ${key.slice(0, -1)}${key.endsWith('A') ? 'B' : 'A'}`;
    assert.match((await refused(await withKey(mistyped), 401)).message, /malformed/);

    const manage = (path: string, body: object): Promise<Response> =>
      send({
        path: `/manage/v1${path}`,
        body: JSON.stringify(body),
        headers: { authorization: `Bearer ${turnpike.adminToken}` },
      });
    const answer = await manage('/keys', { name: 'to be revoked' });
    const made = createdKey.parse(await answer.json());
    assert.equal((await withKey(`Bearer ${made.key}`)).status, 200);
    assert.equal((await manage(`/keys/${made.id}/revoke`, {})).status, 200);
    assert.match((await refused(await withKey(`Bearer ${made.key}`), 401)).message, /revoked/);
    creditBefore = await credit(); // the one good request above was charged
  });

  it('a model that is not served', async () => {
    const error = await refused(
      await send({ body: JSON.stringify({ ...good, model: 'gpt-9' }) }),
      404,
    );
    assert.equal(error.code, 'model_not_found');
    assert.equal(error.param, 'model');
  });

  it('bodies that are no JSON, no object, no UTF-8, or empty', async () => {
    for (const body of [
      '{',
      '',
      '[]',
      '"x"',
      'NaN',
      '{"a":NaN}',
      Buffer.from([0x7b, 0xff, 0x7d]),
    ]) {
      await refused(await send({ body }), 400);
    }
  });

  it('a field that is wrong, by its name', async () => {
    const cases: readonly (readonly [object, string])[] = [
      [{ ...good, messages: [] }, 'messages'],
      [{ ...good, temperature: 'hot' }, 'temperature'],
      [{ ...good, max_tokens: 1e308 }, 'max_tokens'],
      [{ ...good, max_tokens: -1 }, 'max_tokens'],
      [{ ...good, messages: [{ role: 'user', content: null }] }, 'messages[0].content'],
    ];
    for (const [body, field] of cases) {
      const error = await refused(await send({ body: JSON.stringify(body) }), 400);
      assert.equal(error.param, field);
      assert.ok(error.message.includes(field), error.message);
    }
  });

  it('a body over 32 MiB, announced or not', async () => {
    const big = Buffer.alloc(33 * MIB, 0x20);
    await refused(await send({ body: big }), 413);
    const chunks = new ReadableStream({
      start(controller) {
        for (let sent = 0; sent < 33; sent++) controller.enqueue(new Uint8Array(MIB).fill(0x20));
        controller.close();
      },
    });
    // Node's fetch sends a stream in chunks only when told so; the type does not know the member yet.
    const init = { body: chunks, duplex: 'half' } as Sent;
    await refused(await send(init), 413);
  });

  it('another content type or encoding', async () => {
    await refused(await send({ body: 'a=b', headers: { 'content-type': 'text/plain' } }), 415);
    await refused(await send({ body: '{}', headers: { 'content-encoding': 'gzip' } }), 415);
  });

  it('an address that does not exist, and a method that it does not take', async () => {
    await refused(await send({ path: '/v1/nothing', body: '{}' }), 404);
    await refused(await fetch(`${turnpike.origin}/`), 404);
    await refused(
      await fetch(`${turnpike.origin}/v1/models/none`, {
        headers: { authorization: `Bearer ${key}` },
      }),
      404,
    );
    const notGet = await fetch(`${turnpike.baseUrl}/embeddings`);
    assert.equal(notGet.headers.get('allow'), 'POST');
    await refused(notGet, 405);
    await refused(await send({ path: '/v1/models', body: '{}' }), 405);
  });

  it('headers without end, half a request, and what is no HTTP at all', async () => {
    const flood = `GET /v1/models HTTP/1.1\r\nhost: x\r\n${'x-a: b\r\n'.repeat(10_000)}\r\n`;
    assert.match(await raw(turnpike.port, flood), /^HTTP\/1\.1 431 .*"headers_too_large"/s);
    assert.match(await raw(turnpike.port, 'hello\r\n\r\n'), /^HTTP\/1\.1 400 .*"malformed_http"/s);
    const half = 'POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\ncontent-le';
    assert.match(await raw(turnpike.port, half), /^HTTP\/1\.1 408 .*"request_timeout"/s);
  });

  it('costs nothing, all of it', async () => {
    assert.equal(await credit(), creditBefore);
  });

  const routes = {
    '/v1/chat/completions': [
      'model', 'messages', 'stream', 'stream_options', 'max_tokens', 'max_completion_tokens',
      'temperature', 'top_p', 'stop', 'seed', 'tools', 'tool_choice', 'response_format', 'n', 'user',
    ],
    '/v1/messages': [
      'model', 'messages', 'stream', 'max_tokens', 'system', 'temperature', 'top_p', 'top_k', 'tools',
      'stop_sequences', 'tool_choice', 'thinking', 'output_config', 'metadata', 'container',
    ],
    '/v1/messages/count_tokens': ['model', 'messages', 'system', 'tools', 'thinking', 'speed'],
  }; // prettier-ignore
  for (const [path, fields] of Object.entries(routes)) {
    it(`${path}, whatever JSON: a 200 or a 4xx in the envelope, and the server lives`, () =>
      surviveAnyJson(path, fields));
  }

  async function surviveAnyJson(path: string, fields: readonly string[]): Promise<void> {
    const anyField = fc.constantFrom(...fields);
    const anyValue = fc.oneof(
      fc.jsonValue({ maxDepth: 4 }),
      fc.constantFrom(1e308, -1, 0, 2 ** 53, '', '\u0000', '\ud83d', null, [], {}),
      fc.array(
        fc.record({
          role: fc.constantFrom('user', 'system', 'assistant', 'tool', 'x'),
          content: fc.jsonValue(),
        }),
      ),
    );
    await fc.assert(
      fc.asyncProperty(
        fc.dictionary(anyField, anyValue, { maxKeys: 3 }),
        fc.boolean(),
        async (more, whole) => {
          const start = path === '/v1/messages' ? { ...good, max_tokens: 8 } : good;
          const body = JSON.stringify(whole ? { ...start, ...more } : more);
          const response = await send({ path, body });
          const text = await response.text();
          assert.ok(response.status < 500, `${response.status} ${text}`);
          if (response.status !== 200) assert.ok(JSON.parse(text).error.message);
        },
      ),
      { numRuns: 200 },
    );
    assert.equal((await fetch(`${turnpike.origin}/healthz`)).status, 200);
  }
});

/** Sends bytes and reads until the server closes. */
function raw(port: number, bytes: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = '';
    const socket = connect(port, '127.0.0.1', () => socket.write(bytes));
    socket.setTimeout(30_000, () => reject(new Error('no answer')));
    socket.on('data', (chunk) => (text += chunk.toString()));
    socket.on('error', reject);
    socket.on('close', () => resolve(text));
  });
}
