// The management API through its front door: real routes, real handlers, a store in memory.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { keyKind, hashKey } from '../domain/accounts/key.ts';
import {
  ADMIN_TOKEN,
  managementTestServer,
  useOnce,
  type TestServer,
  USED_AT_MS,
} from './management.test-server.ts';

type Options = { readonly body?: unknown; readonly headers?: Record<string, string> };

async function call(
  { app }: TestServer,
  method: 'GET' | 'POST' | 'PUT',
  path: string,
  options: Options = {},
) {
  const json = options.body === undefined ? {} : { 'content-type': 'application/json' };
  const reply = await app.inject({
    method,
    url: `/manage/v1${path}`,
    headers: { authorization: `Bearer ${ADMIN_TOKEN}`, ...json, ...options.headers },
    ...(options.body === undefined ? {} : { payload: textOf(options.body) }),
  });
  return { status: reply.statusCode, headers: reply.headers, body: reply.json() };
}

function textOf(body: unknown): string {
  return typeof body === 'string' ? body : JSON.stringify(body);
}

test('nothing answers without the admin token, unknown paths included', async () => {
  const server = await managementTestServer();
  for (const authorization of ['', 'Bearer', 'Bearer wrong', `Basic ${ADMIN_TOKEN}`, ADMIN_TOKEN]) {
    for (const path of ['/keys', '/nowhere']) {
      const reply = await call(server, 'GET', path, { headers: { authorization } });
      assert.equal(reply.status, 401, `${path} with ${JSON.stringify(authorization)}`);
      assert.equal(reply.body.error.code, 'unauthenticated');
      assert.match(String(reply.headers['www-authenticate']), /^Bearer/);
    }
  }
});

test('a key is made, shown once, listed redacted, usable, and revoked for good', async () => {
  const server = await managementTestServer();
  const made = await call(server, 'POST', '/keys', { body: { name: ' laptop ' } });
  assert.equal(made.status, 200);
  assert.equal(made.headers['cache-control'], 'no-store');
  assert.equal(made.body.name, 'laptop');
  assert.equal(keyKind(made.body.key), 'api');
  const entry = server.accounts.snapshot().keys.get(hashKey(made.body.key));
  assert.equal(entry?.keyId, made.body.id);

  const listed = await call(server, 'GET', '/keys');
  assert.equal(listed.body.data.length, 1);
  assert.ok(!JSON.stringify(listed.body).includes(made.body.key));
  assert.equal(listed.body.data[0].revokedAt, undefined);

  for (let times = 0; times < 2; times++) {
    const revoked = await call(server, 'POST', `/keys/${made.body.id}/revoke`);
    assert.deepEqual(revoked.body, { id: made.body.id, revoked: true });
  }
  assert.equal(server.accounts.snapshot().keys.get(hashKey(made.body.key))?.revoked, true);
  const unknown = await call(server, 'POST', '/keys/key_nope/revoke');
  assert.equal(unknown.status, 404);
});

test('a key and a project are held to lists of models, and a name that no model has is refused', async () => {
  const server = await managementTestServer();
  const body = { name: 'shop', models: ['small', 'small'] };
  const made = await call(server, 'POST', '/keys', { body });
  assert.deepEqual(made.body.models, ['small']);
  const allowed = () => server.accounts.snapshot().keys.get(hashKey(made.body.key))?.models;
  assert.deepEqual(allowed(), new Set(['small']));
  const setTo = async (path: string, models: unknown) =>
    await call(server, 'POST', `${path}/models`, { body: { models } });
  const key = `/keys/${made.body.id}`;
  assert.deepEqual((await setTo(key, [])).body.models, []);
  assert.deepEqual(allowed(), new Set());
  const listed = await call(server, 'GET', '/keys');
  assert.deepEqual(listed.body.data[0].models, []);
  assert.equal((await setTo(key, null)).body.models, undefined);
  assert.equal(allowed(), undefined);
  const project = await setTo('/projects/prj_1', ['unpriced']);
  assert.deepEqual(project.body.models, ['unpriced']);
  assert.deepEqual(allowed(), new Set(['unpriced']));
  assert.deepEqual((await call(server, 'GET', '/projects')).body.data[0].models, ['unpriced']);

  const before = server.accounts.snapshot().version;
  for (const [path, models, status, field] of [
    [key, ['smal'], 404, 'models'],
    [key, undefined, 400, 'models'],
    [key, 'small', 400, 'models'],
    [key, ['a b'], 400, 'models'],
    ['/keys/key_nope', ['small'], 404, 'id'],
    ['/projects/prj_nope', null, 404, 'id'],
  ] as const) {
    const refused = await setTo(path, models);
    assert.deepEqual([refused.status, refused.body.error.field], [status, field], path);
  }
  assert.match((await setTo(key, ['smal'])).body.error.message, /"smal".*small, unpriced/);
  const typo = await call(server, 'POST', '/keys', { body: { name: 'k', models: ['smal'] } });
  assert.equal(typo.status, 404);
  assert.equal(server.accounts.snapshot().version, before);
});

test('the only organisation and project need no name, several do, and names that clash ask for the id', async () => {
  const server = await managementTestServer();
  await server.accounts.createOrganisation({ id: 'org_2', name: 'Second' });
  await server.accounts.createOrganisation({ id: 'org_3', name: 'Second' });
  const unnamed = await call(server, 'GET', '/credits');
  assert.equal(unnamed.status, 400);
  assert.equal(unnamed.body.error.code, 'choice-required');
  assert.equal(unnamed.body.error.field, 'organisation');
  assert.match(unnamed.body.error.message, /"First" \(org_1\), "Second" \(org_2\)/);
  assert.equal(
    (await call(server, 'GET', '/credits?organisation=First')).body.organisation.id,
    'org_1',
  );
  assert.equal(
    (await call(server, 'GET', '/credits?organisation=org_3')).body.organisation.id,
    'org_3',
  );
  assert.equal((await call(server, 'GET', '/credits?organisation=Second')).status, 400);
  assert.equal((await call(server, 'GET', '/credits?organisation=Third')).status, 404);
  const noProject = await call(server, 'POST', '/keys', {
    body: { name: 'k', organisation: 'org_2' },
  });
  assert.equal(noProject.status, 404);
  assert.equal(noProject.body.error.field, 'project');
});

test('credits are exact to the nano-dollar, and the same top-up twice adds once', async () => {
  const server = await managementTestServer();
  const topUp = { id: 'invoice-2026-001', amount: '12.000000001' };
  const first = await call(server, 'POST', '/credits', { body: topUp });
  assert.equal(first.body.status, 'added');
  assert.deepEqual(first.body.balance, { dollars: '12.000000001', nano: '12000000001' });
  const again = await call(server, 'POST', '/credits', { body: topUp });
  assert.equal(again.body.status, 'already-added');
  assert.equal(again.body.balance.nano, '12000000001');
  const conflict = await call(server, 'POST', '/credits', { body: { ...topUp, amount: '13' } });
  assert.equal(conflict.status, 409);
  useOnce(server.accounts, 'req_1', 'key_1');
  const after = await call(server, 'GET', '/credits');
  assert.deepEqual(after.body.available, { dollars: '11.999857501', nano: '11999857501' });
});

test('credits are listed as blocks with their expiry, and taken back once', async () => {
  const server = await managementTestServer();
  const add = (body: object) => call(server, 'POST', '/credits', { body });
  const expiresAt = new Date(USED_AT_MS + 86_400_000).toISOString();
  const promo = { id: 'welcome-1', amount: '5', source: 'promo', expiresAt, note: 'welcome' };
  await add({ id: 'invoice-1', amount: '10', source: 'payment', provider: 'stripe' });
  await add(promo);
  const conflict = await add({ ...promo, note: 'farewell' });
  assert.deepEqual([conflict.status, conflict.body.error.field], [409, 'note']);
  useOnce(server.accounts, 'req_1', 'key_1');
  const listed = await call(server, 'GET', '/credits/blocks');
  assert.deepEqual(
    listed.body.blocks.map(({ id, remaining, expiresAt: ends }: Record<string, never>) => [
      id,
      remaining,
      ends,
    ]),
    [
      ['welcome-1', { dollars: '4.9998575', nano: '4999857500' }, expiresAt],
      ['invoice-1', { dollars: '10.00', nano: '10000000000' }, undefined],
    ],
  );
  const path = '/credits/blocks/welcome-1/reverse';
  const body = { id: 'mistake-1', amount: '5', reason: 'mistake' };
  const reversed = await call(server, 'POST', path, { body });
  assert.deepEqual([reversed.body.status, reversed.body.owed.nano], ['reversed', '142500']);
  assert.equal((await call(server, 'POST', path, { body })).body.status, 'already-reversed');
  const more = await call(server, 'POST', path, { body: { ...body, id: 'mistake-2' } });
  assert.deepEqual([more.status, more.body.error.field], [400, 'amount']);
  const limited = await call(server, 'POST', '/credits/limit', { body: { amount: '1' } });
  assert.equal(limited.body.owed.nano, '142500');
  assert.equal(limited.body.available.nano, '10999857500');
});

test('a bad amount, time, source or currency of credits is refused by its name', async () => {
  const server = await managementTestServer();
  const good = { id: 'top-up-1', amount: '1' };
  const bad: readonly (readonly [field: string, value: unknown])[] = [
    ...['-1', '0', '1.0000000001', 'NaN', '1e9', '99999999999', 'Infinity', 12].map(
      (amount) => ['amount', amount] as const,
    ),
    ['currency', 'eur'],
    ['source', 'plan'],
    ['priority', 1000],
    ['priority', 0.5],
    ['provider', 'Stripe Inc.'],
    ['costBasis', '1.01'],
    ['costBasis', '-1'],
    ['effectiveAt', 'tomorrow'],
    ['expiresAt', new Date(USED_AT_MS).toISOString()],
    ['note', ''],
  ];
  for (const [field, value] of bad) {
    const answer = await call(server, 'POST', '/credits', { body: { ...good, [field]: value } });
    assert.deepEqual(
      [answer.status, answer.body.error.field],
      [400, field],
      `${field} ${String(value)}`,
    );
  }
  const balance = await call(server, 'GET', '/credits');
  assert.equal(balance.body.balance.nano, '0');
});

test('usage is grouped as asked, day by UTC day, with the names of keys and an exact total', async () => {
  const server = await managementTestServer();
  const { body: key } = await call(server, 'POST', '/keys', { body: { name: 'laptop' } });
  await call(server, 'POST', '/credits', { body: { id: 'top-up-1', amount: '1' } });
  for (const request of ['req_1', 'req_2', 'req_2']) useOnce(server.accounts, request, key.id);
  const day = 'from=2026-11-20T00:00:00Z&to=2026-11-21T00:00:00Z';
  const { body } = await call(server, 'GET', `/usage?${day}&by=day,model,key`);
  assert.equal(body.rows.length, 1);
  const [row] = body.rows;
  assert.equal(row.day, '2026-11-20');
  assert.equal(row.model, 'small');
  assert.deepEqual(row.key, { id: key.id, name: 'laptop', redacted: key.redacted });
  assert.equal(row.requests, 2);
  assert.equal(row.tokens.input + row.tokens.cacheRead, 2000);
  assert.deepEqual(body.total.cost, { dollars: '0.000285', nano: '285000' });
  const next = 'from=2026-11-21T00:00:00Z&to=2026-11-22T00:00:00Z';
  const empty = await call(server, 'GET', `/usage?${next}&by=model`);
  assert.deepEqual(empty.body.rows, []);
  assert.deepEqual(empty.body.total.cost, { dollars: '0.00', nano: '0' });
});

test('models carry their price, context and state; one without a price or with a dead engine says so', async () => {
  const server = await managementTestServer();
  const { body } = await call(server, 'GET', '/models');
  assert.equal(body.data[0].price.perMillionTokens.input.dollars, '0.15');
  assert.equal(body.data[0].contextTokens, 2048);
  assert.equal(body.data[1].price, undefined);
  assert.deepEqual(body.data[1].engine, {
    name: 'far',
    state: 'down',
    reason: 'It refuses connections.',
  });
  const status = await call(server, 'GET', '/status');
  assert.equal(status.body.uptimeMs, 90_000);
  assert.equal(status.body.snapshot.ageMs, 12);
  assert.equal(status.body.priceVersion, 1);
});

const BAD_INPUT: readonly (readonly [
  'GET' | 'POST' | 'PUT',
  string,
  Options,
  number,
  string | undefined,
])[] = [
  ['POST', '/keys', { body: {} }, 400, 'name'],
  ['POST', '/keys', { body: { name: '' } }, 400, 'name'],
  ['POST', '/keys', { body: { name: 7 } }, 400, 'name'],
  ['POST', '/keys', { body: { name: 'a\u001b[2J' } }, 400, 'name'],
  ['POST', '/keys', { body: { name: 'k', nmae: 'x' } }, 400, 'nmae'],
  ['POST', '/keys?name=k', { body: { name: 'k' } }, 400, 'name'],
  ['POST', '/keys', { body: '{' }, 400, undefined],
  ['POST', '/keys', { body: '[]' }, 400, undefined],
  ['POST', '/keys', { body: 'null' }, 400, 'name'],
  ['POST', '/keys', { body: { name: 'x'.repeat(70_000) } }, 413, undefined],
  ['POST', '/keys', { body: 'name=k', headers: { 'content-type': 'text/plain' } }, 415, undefined],
  ['POST', '/credits', { body: { id: 'short', amount: '1' } }, 400, 'id'],
  ['POST', '/credits', { body: { id: 'long-enough', amount: 1 } }, 400, 'amount'],
  ['POST', '/credits', { body: { id: 'long-enough', amount: '-1' } }, 400, 'amount'],
  ['POST', '/credits', { body: { id: 'long-enough', amount: 'ten' } }, 400, 'amount'],
  ['POST', '/credits', { body: { id: 'long-enough', amount: '0.00' } }, 400, 'amount'],
  ['POST', '/credits', { body: { id: 'long-enough', amount: '0.0000000001' } }, 400, 'amount'],
  ['POST', '/credits', { body: { id: 'long-enough', amount: '1e3' } }, 400, 'amount'],
  ['POST', '/credits', { body: { id: 'long-enough', amount: '1000000' } }, 400, 'amount'],
  ['GET', '/usage?by=day&from=2026-11-20T00:00:00Z', {}, 400, 'to'],
  ['GET', '/usage?by=day&from=x&to=2026-11-20T00:00:00Z', {}, 400, 'from'],
  ['GET', '/usage?by=day&from=2026-11-21T00:00:00Z&to=2026-11-20T00:00:00Z', {}, 400, 'from'],
  ['GET', '/usage?by=day&from=2024-11-21T00:00:00Z&to=2026-11-20T00:00:00Z', {}, 400, 'from'],
  ['GET', '/usage?by=hour&from=2026-11-19T00:00:00Z&to=2026-11-20T00:00:00Z', {}, 400, 'by'],
  ['GET', '/usage?by=day,day&from=2026-11-19T00:00:00Z&to=2026-11-20T00:00:00Z', {}, 400, 'by'],
  ['GET', '/credits?organisation=First&organisation=First', {}, 400, 'organisation'],
  ['GET', '/models?page=2', {}, 400, 'page'],
  ['GET', '/nowhere', {}, 404, undefined],
  ['PUT', '/keys', { body: {} }, 405, undefined],
  ['GET', '/keys/key_1/revoke', {}, 405, undefined],
];

test('bad input gets a 4xx in the envelope that names the field, and changes nothing', async () => {
  const server = await managementTestServer();
  const before = server.accounts.snapshot().version;
  for (const [method, path, options, status, field] of BAD_INPUT) {
    const reply = await call(server, method, path, options);
    const what = `${method} ${path} ${textOf(options.body ?? '').slice(0, 80)}`;
    assert.equal(reply.status, status, what);
    assert.equal(reply.body.error.field, field, what);
    assert.match(reply.body.error.message, /\.$/, what);
  }
  assert.equal(server.accounts.snapshot().version, before);
  assert.equal((await server.accounts.balance('org_1'))?.balanceNano, 0n);
});

test('a failure inside is a 500 that tells nothing of its cause', async () => {
  const server = await managementTestServer();
  server.accounts.organisations = () => Promise.reject(new Error('secret of the house'));
  const reply = await call(server, 'GET', '/organisations');
  assert.equal(reply.status, 500);
  assert.equal(reply.body.error.code, 'internal');
  assert.ok(!JSON.stringify(reply.body).includes('secret'));
});
