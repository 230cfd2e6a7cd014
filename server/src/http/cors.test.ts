// Pages that call the API from a browser, by the headers that browsers go by; browser.test.ts has a real one. And
// HEAD wherever there is a GET.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { PROTOCOLS } from '../protocols/registry.ts';
import { SocketServer } from './web-socket-client.fixture.ts';

const PAGE = 'https://app.example.com';
const BODY = JSON.stringify({ model: 'priced', messages: [{ role: 'user', content: 'hi' }] });

const start = (corsOrigins: readonly string[] = []) =>
  SocketServer.start({ protocols: PROTOCOLS, corsOrigins });

function preflight(server: SocketServer, origin: string, path = '/v1/chat/completions') {
  return fetch(`${server.origin}${path}`, {
    method: 'OPTIONS',
    headers: {
      origin,
      'access-control-request-method': 'POST',
      'access-control-request-headers': 'authorization,content-type,x-stainless-os',
    },
  });
}

function ask(server: SocketServer, origin: string, init: RequestInit = {}, path = '') {
  const { key } = server.turnstile;
  return fetch(`${server.origin}${path || '/v1/chat/completions'}`, {
    method: 'POST',
    body: BODY,
    ...init,
    headers: { origin, authorization: `Bearer ${key}`, 'content-type': 'application/json' },
  });
}

function corsHeaders(response: Response): readonly string[] {
  return [...response.headers.keys()].filter((name) => name.startsWith('access-control-'));
}

describe('a page in a browser', () => {
  it('is not let in unless the operator names it', async () => {
    await using server = await start();
    const asked = await preflight(server, PAGE);
    assert.deepEqual([asked.status, corsHeaders(asked)], [405, []]);
    const answer = await ask(server, PAGE);
    assert.deepEqual([answer.status, corsHeaders(answer)], [200, []]);
    assert.equal(answer.headers.get('vary'), null);
  });

  it('that is named may ask, and no other', async () => {
    await using server = await start([PAGE, 'http://localhost:3000']);
    const asked = await preflight(server, PAGE);
    assert.equal(asked.status, 204);
    assert.equal(asked.headers.get('access-control-allow-origin'), PAGE);
    assert.match(
      asked.headers.get('access-control-allow-headers') ?? '',
      /authorization.*stainless/,
    );
    assert.match(asked.headers.get('access-control-allow-methods') ?? '', /POST.*DELETE/);
    assert.equal(asked.headers.get('access-control-allow-credentials'), null);
    assert.equal(asked.headers.get('vary'), 'origin');
    for (const body of [BODY, BODY.replace('{', '{"stream":true,'), '{']) {
      const answer = await ask(server, PAGE, { body });
      assert.equal(answer.headers.get('access-control-allow-origin'), PAGE);
      assert.equal(answer.headers.get('access-control-expose-headers'), '*');
      await answer.text();
    }
    for (const path of ['/v1/models', '/v1/responses/resp_none', '/v1/nowhere']) {
      const answer = await ask(server, PAGE, { method: 'GET', body: null }, path);
      assert.equal(answer.headers.get('access-control-allow-origin'), PAGE, path);
    }
    for (const stranger of ['https://evil.example.com', `${PAGE}.evil.com`, 'null']) {
      assert.deepEqual(corsHeaders(await preflight(server, stranger)), []);
      const answer = await ask(server, stranger);
      assert.deepEqual([corsHeaders(answer), answer.headers.get('vary')], [[], 'origin']);
    }
  });

  it('is any page with *, and the management API is nobody’s', async () => {
    await using server = await start(['*']);
    const asked = await preflight(server, 'null');
    assert.deepEqual([asked.status, asked.headers.get('access-control-allow-origin')], [204, '*']);
    for (const path of ['/manage/v1/keys', '/v1../manage/v1/keys', '//v1/models', '/healthz']) {
      assert.deepEqual(corsHeaders(await preflight(server, PAGE, path)), [], path);
    }
    // OPTIONS without a wish is no preflight.
    const plain = await fetch(`${server.origin}/v1/models`, { method: 'OPTIONS' });
    assert.equal(plain.status, 405);
  });
});

describe('HEAD', () => {
  it('tells what GET would, without a body', async () => {
    await using server = await start();
    const created = await ask(
      server,
      '',
      { body: '{"model":"priced","input":"hi"}' },
      '/v1/responses',
    );
    const { id } = Object(await created.json());
    const kept = await ask(server, '', { body: BODY.replace('{', '{"store":true,') });
    const completion = Object(await kept.json()).id;
    const made = await ask(server, '', { body: '{}' }, '/v1/conversations');
    const conversation = Object(await made.json()).id;
    const paths = [
      '/v1/models',
      '/v1/models/priced',
      '/v1/models/none',
      '/v1/status',
      `/v1/responses/${id}`,
      `/v1/responses/${id}/input_items`,
      '/v1/responses/resp_none',
      `/v1/conversations/${conversation}`,
      `/v1/conversations/${conversation}/items`,
      '/v1/chat/completions',
      `/v1/chat/completions/${completion}`,
      `/v1/chat/completions/${completion}/messages`,
      '/healthz',
      '/readyz',
      '/openapi.json',
      '/docs/api',
      '/api/hello',
    ];
    for (const path of paths) {
      const got = await ask(server, '', { method: 'GET', body: null }, path);
      const head = await ask(server, '', { method: 'HEAD', body: null }, path);
      assert.equal(head.status, got.status, path);
      assert.equal(head.headers.get('content-type'), got.headers.get('content-type'), path);
      const bytes = (await got.arrayBuffer()).byteLength;
      if (path !== '/v1/status')
        assert.equal(Number(head.headers.get('content-length')), bytes, path);
      assert.match(head.headers.get('x-request-id') ?? '', /^req_/, path);
    }
    const stream = await ask(
      server,
      '',
      { method: 'HEAD', body: null },
      `/v1/responses/${id}?stream=true`,
    );
    assert.equal(stream.status, 200);
    const posted = await ask(server, '', { method: 'HEAD', body: null }, '/v1/messages');
    assert.deepEqual([posted.status, posted.headers.get('allow')], [405, 'POST']);
  });
});
