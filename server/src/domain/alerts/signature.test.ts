// Signatures against the specification's own example.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { secretOf, signedHeaders } from './signature.ts';

test('the example of the specification comes out as it stands there', () => {
  const message = {
    id: 'msg_p5jXN8AQM9LWM0D4loKWxJek',
    body: '{"test": 2432232314}',
    atMs: 1_614_265_330_999,
    secrets: ['whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'],
  };
  assert.deepEqual(signedHeaders(message), {
    'webhook-id': 'msg_p5jXN8AQM9LWM0D4loKWxJek',
    'webhook-timestamp': '1614265330',
    'webhook-signature': 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
  });
});

test('two secrets make two signatures with a space between', () => {
  const secrets = [secretOf(new Uint8Array(32)), secretOf(new Uint8Array(32).fill(1))];
  const { 'webhook-signature': signatures } = signedHeaders({
    id: 'a',
    body: 'b',
    atMs: 0,
    secrets,
  });
  assert.match(signatures ?? '', /^v1,\S{44} v1,\S{44}$/);
});

test('what docs/alerts.md shows for checking a signature accepts ours, and nothing that was changed', async () => {
  const page = readFileSync(new URL('../../../../docs/alerts.md', import.meta.url), 'utf8');
  const code = /```js\n(?<code>[^]+?)```/.exec(page)?.groups?.['code'];
  assert.ok(code !== undefined, 'the example is not there');
  const loaded = await import(`data:text/javascript,${encodeURIComponent(code)}`);
  const verify = loaded.verify as (headers: object, body: string, secret: string) => unknown; // as the page says
  const [old, secret] = [secretOf(new Uint8Array(32)), secretOf(new Uint8Array(32).fill(7))];
  const message = {
    id: 'evt_1',
    body: '{"type":"test"}',
    atMs: Date.now(),
    secrets: [secret, old],
  };
  const headers = signedHeaders(message);
  assert.deepEqual(verify(headers, message.body, secret), { type: 'test' });
  assert.deepEqual(verify(headers, message.body, old), { type: 'test' });
  assert.throws(() => verify(headers, `${message.body} `, secret), /not signed/);
  assert.throws(
    () => verify({ ...headers, 'webhook-id': 'evt_2' }, message.body, secret),
    /not signed/,
  );
  assert.throws(
    () => verify(headers, message.body, secretOf(new Uint8Array(32).fill(8))),
    /not signed/,
  );
  const stale = signedHeaders({ ...message, atMs: Date.now() - 600_000 });
  assert.throws(() => verify(stale, message.body, secret), /too old/);
});
