// Freezes through the management API: what is frozen, by whom and why, and what is wrong with asking for it.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hashKey } from '../domain/accounts/key.ts';
import { ADMIN_TOKEN, managementTestServer, type TestServer } from './management.test-server.ts';

async function call({ app }: TestServer, path: string, body?: unknown) {
  const reply = await app.inject({
    method: body === undefined ? 'GET' : 'POST',
    url: `/manage/v1${path}`,
    headers: { authorization: `Bearer ${ADMIN_TOKEN}`, 'content-type': 'application/json' },
    ...(body !== undefined && { payload: JSON.stringify(body) }),
  });
  return { status: reply.statusCode, body: reply.json() };
}

const who = { reason: 'leaked on a forum', by: 'ada' };

test('a key is frozen, asked for again, thawed, and all of it is on record', async () => {
  const server = await managementTestServer();
  const key = (await call(server, '/keys', { name: 'shop' })).body;
  const caller = server.accounts.snapshot().keys.get(hashKey(key.key));
  assert.ok(caller !== undefined);
  const inForce = () => server.accounts.snapshot().freezes?.of(caller);
  const wanted = { scope: 'key', subject: key.id, ...who };
  const made = await call(server, '/freezes', wanted);
  assert.equal(made.status, 200, JSON.stringify(made.body));
  const { id, frozenAt } = made.body;
  assert.deepEqual(made.body, { id, scope: 'key', subject: key.id, ...who, running: 'finish', frozenAt, thawed: null }); // prettier-ignore
  assert.equal(inForce()?.endsRunning, false);
  const again = await call(server, '/freezes', { ...wanted, by: 'bob', running: 'end' });
  assert.deepEqual(again.body, { ...made.body, running: 'end' }, 'the first one stands');
  assert.equal(inForce()?.endsRunning, true);
  for (let times = 0; times < 2; times++) {
    const thawed = await call(server, `/freezes/${id}/thaw`, { reason: 'key replaced', by: 'eve' });
    assert.deepEqual(thawed.body.thawed, { at: frozenAt, by: 'eve', reason: 'key replaced' });
  }
  assert.equal(inForce(), undefined);
  await call(server, '/freezes', { scope: 'organisation', ...who });
  assert.equal(inForce()?.scope, 'organisation');
  const listed = await call(server, '/freezes');
  assert.equal(listed.body.policy, 'debt');
  const states = listed.body.data.map((one: { scope: string; thawed: object | null }) => [
    one.scope,
    one.thawed === null,
  ]);
  assert.deepEqual(states, [['organisation', true], ['key', false]]); // prettier-ignore
});

test('what is wrong is named by its field, and freezes nobody', async () => {
  const server = await managementTestServer();
  const cases = [
    ['/freezes', { ...who }, 'scope', 400],
    ['/freezes', { ...who, scope: 'model' }, 'scope', 400],
    ['/freezes', { ...who, scope: 'key' }, 'subject', 400],
    ['/freezes', { ...who, scope: 'key', subject: 'key_nope' }, 'subject', 404],
    ['/freezes', { ...who, scope: 'project', subject: 'prj_nope' }, 'subject', 404],
    ['/freezes', { ...who, scope: 'organisation', subject: 'org_2' }, 'subject', 400],
    ['/freezes', { ...who, scope: 'organisation', organisation: 'nobody' }, 'organisation', 404],
    ['/freezes', { by: 'ada', scope: 'organisation' }, 'reason', 400],
    ['/freezes', { ...who, reason: ' ', scope: 'organisation' }, 'reason', 400],
    ['/freezes', { ...who, reason: 'a\u0000b', scope: 'organisation' }, 'reason', 400],
    ['/freezes', { reason: 'why', scope: 'organisation' }, 'by', 400],
    ['/freezes', { ...who, scope: 'organisation', running: 'kill' }, 'running', 400],
    ['/freezes/frz_nope/thaw', who, 'id', 404],
    ['/freezes/policy', { policy: 'always' }, 'policy', 400],
  ] as const;
  for (const [path, body, field, status] of cases) {
    const refused = await call(server, path, body);
    const { error } = refused.body;
    assert.deepEqual([refused.status, error?.field], [status, field], JSON.stringify(body));
  }
  assert.equal(server.accounts.snapshot().freezes, undefined);
});

test('after a chargeback an organisation is frozen by itself where its policy says so, until somebody thaws it', async () => {
  for (const policy of ['debt', 'chargeback', 'never']) {
    const server = await managementTestServer();
    assert.equal((await call(server, '/freezes/policy', { policy })).body.policy, policy);
    await call(server, '/credits', { id: 'payment-2026-001', amount: '5' });
    const back = { amount: '2', id: 'dispute-2026-001', reason: 'chargeback' };
    const reversed = await call(server, '/credits/blocks/payment-2026-001/reverse', back);
    assert.equal(reversed.status, 200, JSON.stringify(reversed.body));
    const { data } = (await call(server, '/freezes')).body;
    assert.equal(data.length, policy === 'chargeback' ? 1 : 0, policy);
    if (policy !== 'chargeback') continue;
    const [{ id, by, reason }] = data;
    assert.deepEqual([id, by], ['chargeback/dispute-2026-001', 'policy']);
    assert.match(reason, /payment-2026-001 was charged back/);
    const thaw = await call(server, `/freezes/${encodeURIComponent(id)}/thaw`, { by: 'ada', reason: 'won' }); // prettier-ignore
    assert.equal(thaw.body.thawed?.by, 'ada', JSON.stringify(thaw.body));
  }
});
