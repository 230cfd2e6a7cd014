// Budgets through the management API: what is set is in force, what is wrong is named, and a limit below what is spent is said.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hashKey } from '../domain/accounts/key.ts';
import { nano } from '../domain/money/nano.ts';
import { MemoryLedger } from '../store/memory/ledger.ts';
import {
  ADMIN_TOKEN,
  managementTestServer,
  type TestServer,
  useOnce,
  USED_AT_MS,
} from './management.test-server.ts';

async function call({ app }: TestServer, path: string, body?: unknown) {
  const reply = await app.inject({
    method: body === undefined ? 'GET' : 'POST',
    url: `/manage/v1${path}`,
    headers: { authorization: `Bearer ${ADMIN_TOKEN}`, 'content-type': 'application/json' },
    ...(body !== undefined && { payload: JSON.stringify(body) }),
  });
  return { status: reply.statusCode, body: reply.json() };
}

const set = { scope: 'organisation', period: 'monthly' } as const;

test('a budget is set, shown with what is spent of it, changed in place, and removed with neither amount', async () => {
  const server = await managementTestServer();
  const made = await call(server, '/budgets', { ...set, hard_limit: '12.5', alert: '10' });
  assert.equal(made.status, 200, JSON.stringify(made.body));
  const { budget, warning } = made.body;
  assert.equal(warning, null);
  assert.deepEqual(budget, {
    id: budget.id,
    scope: 'organisation',
    subject: 'org_1',
    period: 'monthly',
    hard_limit: { dollars: '12.50', nano: '12500000000' },
    alert: { dollars: '10.00', nano: '10000000000' },
    spent: { dollars: '0.00', nano: '0' },
    held: { dollars: '0.00', nano: '0' },
    endUsers: null,
    resetsAt: '2026-12-01T00:00:00.000Z',
  });
  const changed = await call(server, '/budgets', { ...set, alert: '3', currency: 'usd' });
  assert.equal(changed.body.budget.id, budget.id);
  assert.equal(changed.body.budget.hard_limit, null, 'an alert alone stops nobody');
  const listed = await call(server, '/budgets');
  assert.deepEqual(listed.body.data, [changed.body.budget]);
  const gone = await call(server, '/budgets', set);
  assert.deepEqual(gone.body, { budget: null, warning: null });
  assert.deepEqual((await call(server, '/budgets')).body.data, []);
  assert.deepEqual((await call(server, '/budgets', set)).body, { budget: null, warning: null });
});

test('every scope and period can be limited, and one of each end user counts them', async () => {
  const server = await managementTestServer();
  const key = await call(server, '/keys', { name: 'k' });
  const subjects = {
    organisation: undefined,
    project: 'prj_1',
    key: key.body.id,
    'end-user': 'u-17 of the shop',
  };
  for (const [scope, subject] of Object.entries(subjects)) {
    for (const period of ['daily', 'weekly', 'monthly', 'total']) {
      const made = await call(server, '/budgets', { scope, subject, period, hard_limit: '0' });
      assert.equal(made.status, 200, `${scope} ${period}: ${JSON.stringify(made.body)}`);
      assert.equal(made.body.budget.resetsAt === null, period === 'total');
    }
  }
  const each = { scope: 'each-end-user', subject: 'prj_1', period: 'weekly', hard_limit: '1' };
  const made = await call(server, '/budgets', each);
  assert.equal(made.body.budget.endUsers, 0);
  const payer = { organisationId: 'org_1', projectId: 'prj_1', keyId: 'none', endUser: 'u-18' };
  const window = server.accounts.snapshot().budgets?.path(payer, USED_AT_MS)?.at(-1) ?? '';
  server.accounts.budgets.charge([window], 5n);
  const users = await call(server, `/budgets/${made.body.budget.id}/end-users`);
  assert.deepEqual(users.body.data, [
    { endUser: 'u-18', spent: { dollars: '0.000000005', nano: '5' }, held: { dollars: '0.00', nano: '0' } },
  ]); // prettier-ignore
  assert.equal((await call(server, '/budgets')).body.data.at(-1).endUsers, 1);
});

test('what is wrong with a budget is named by its field, and changes nothing', async () => {
  const server = await managementTestServer();
  const before = server.accounts.snapshot().version;
  const user = { scope: 'end-user', period: 'daily' };
  const each = { scope: 'each-end-user', subject: 'prj_1', period: 'daily' };
  const cases: readonly (readonly [body: object, field: string, status?: number])[] = [
    ...['-1', '-0.01', '1e3', 'NaN', 'Infinity', '', ' 1', '1,5', '0x10', '0.0000000001', '1000001', '99999999999']
      .flatMap((text) => [[{ ...set, hard_limit: text }, 'hard_limit'], [{ ...set, alert: text }, 'alert']] as const),
    ...[-1, 5, 0.1, true, {}, []].map((amount) => [{ ...set, hard_limit: amount }, 'hard_limit'] as const),
    [{ ...set, hard_limit: '1', currency: 'eur' }, 'currency'],
    [{ ...set, scope: 'team', hard_limit: '1' }, 'scope'],
    [{ ...set, period: 'hourly', hard_limit: '1' }, 'period'],
    [{ period: 'daily', hard_limit: '1' }, 'scope'],
    [{ scope: 'organisation', hard_limit: '1' }, 'period'],
    [{ ...set, organisation: 'nobody', hard_limit: '1' }, 'organisation', 404],
    [{ ...set, scope: 'project', hard_limit: '1' }, 'subject'],
    [{ ...set, scope: 'project', subject: 'prj_nope', hard_limit: '1' }, 'subject', 404],
    [{ ...set, scope: 'key', subject: 'key_nope', hard_limit: '1' }, 'subject', 404],
    [{ ...user, hard_limit: '1' }, 'subject'],
    [{ ...user, subject: '', hard_limit: '1' }, 'subject'],
    [{ ...user, subject: 'x'.repeat(257), hard_limit: '1' }, 'subject'],
    [{ ...each, subject: undefined, hard_limit: '1' }, 'subject'],
    [{ ...each, subject: 'u-1', hard_limit: '1' }, 'subject', 404],
    [{ ...each, period: 'total', hard_limit: '1' }, 'period'],
    [{ ...each, hard_limit: '2', alert: '1' }, 'alert'],
    [{ ...set, hardLimit: '1' }, 'hardLimit'],
  ]; // prettier-ignore
  for (const [body, field, status = 400] of cases) {
    const refused = await call(server, '/budgets', body);
    const { error } = refused.body;
    assert.deepEqual([refused.status, error?.field], [status, field], JSON.stringify(body));
    assert.ok(error.message.length > 20, error.message);
  }
  const users = await call(server, '/budgets/bud_nope/end-users');
  assert.deepEqual([users.status, users.body.error.field], [404, 'id']);
  assert.equal(server.accounts.snapshot().version, before);
  assert.deepEqual((await call(server, '/budgets')).body.data, []);
});

test('a hard limit below what is spent, or spent and held, warns of what that means', async () => {
  const server = await managementTestServer();
  const { accounts } = server;
  const key = await call(server, '/keys', { name: 'k' });
  await call(server, '/budgets', { ...set, hard_limit: '1' });
  await call(server, '/credits', { id: 'invoice-2026-001', amount: '2' });
  const caller = accounts.snapshot().keys.get(hashKey(key.body.key));
  assert.ok(caller !== undefined);
  const budgets = accounts.snapshot().budgets?.path(caller, USED_AT_MS) ?? [];
  accounts.budgets.charge(budgets, 400_000_000n);
  useOnce(accounts, 'req_00000000000000000000000000000001', caller.keyId);
  const wantNano = nano(100_000_000n);
  const held = { requestId: 'req_1', organisationId: 'org_1', budgets };
  await new MemoryLedger(accounts).hold({ ...held, wantNano, leastNano: wantNano });
  const warned = async (hard_limit: string) =>
    (await call(server, '/budgets', { ...set, hard_limit })).body.warning;
  assert.equal(await warned('0.5'), null);
  assert.match(await warned('0.45'), /\$0\.40 that are spent and the \$0\.10 that are set aside/);
  assert.match(
    await warned('0.39'),
    /^The hard_limit is below the \$0\.40 that are spent already: every new request is refused until 2026-12-01T00:00:00\.000Z\. Running requests keep the \$0\.10 that are set aside\.$/,
  );
});
