// Plans as the management API sells them, over a real PostgreSQL: what comes back, and what bad input gets.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { routes } from '@turnpike/contract/routes.ts';
import { newId } from '../lib/ids.ts';
import { newCustomer } from '../ports/accounts.contract.ts';
import {
  mustOpen,
  startTestPostgres,
  type TestPostgres,
} from '../store/postgres/database.fixture.ts';
import type { Store } from '../store/postgres/store.ts';
import { plans } from './plans.ts';

let postgres: TestPostgres;
let store: Store;
before(async () => {
  postgres = await startTestPostgres();
  store = await mustOpen(await postgres.newDatabase());
});
after(async () => {
  await store[Symbol.asyncDispose]();
  await postgres[Symbol.asyncDispose]();
});

const PRO = { id: 'pro', name: 'Pro', price: '20.00', credits: '25' };

test('a plan is sold, subscribed to, upgraded and ended', async () => {
  const api = plans(store);
  const { organisation } = await newCustomer(store.accounts);
  const sell = (plan: object) => api.putPlan(routes.putPlan.input.parse({ ...PRO, ...plan }));
  const first = await sell({});
  assert.ok(first.ok);
  assert.deepEqual([first.value.version, first.value.price.dollars], [1, '20.00']);
  const same = await sell({});
  assert.ok(same.ok && same.value.version === 1);
  await sell({ id: 'team', price: '60.00', credits: '80', tier: 'team' });

  const id = newId('sub');
  const mine = { organisation: organisation.id };
  const made = await api.subscribe({ id, plan: 'pro', ...mine });
  assert.ok(made.ok);
  const unpaid = await api.changePlan({ id, plan: 'team', when: 'now' });
  assert.ok(!unpaid.ok && unpaid.error.code === 'conflict');
  const pay = async (): Promise<void> => {
    const due = await api.listDues(mine);
    assert.ok(due.ok);
    const settle = { due: due.value.data[0]?.id ?? '', provider: 'manual' };
    assert.ok((await api.settleDue(settle)).ok);
    assert.ok((await api.settleDue(settle)).ok, 'the same again');
  };
  await pay();
  const asked = await api.changePlan({ id, plan: 'team', when: 'now' });
  assert.ok(asked.ok && asked.value.plan === 'pro', 'until it is paid');
  await pay();
  const changed = await api.changePlan({ id, plan: 'team', when: 'now' });
  assert.ok(changed.ok);
  assert.deepEqual([changed.value.plan, changed.value.tier], ['team', 'team']);
  const dues = await api.listDues(mine);
  assert.ok(dues.ok);
  assert.deepEqual(
    dues.value.data.map(({ plan, paidAt }) => [plan, paidAt !== undefined]),
    [
      ['team', true],
      ['pro', true],
    ],
  );
  assert.equal(dues.value.data[1]?.amount.dollars, '20.00');
  const back = await api.changePlan({ id, plan: 'pro', when: 'now' });
  assert.ok(!back.ok && back.error.field === 'when');
  const ended = await api.cancelSubscription({ id });
  assert.ok(ended.ok && ended.value.cancelAtPeriodEnd);
  const account = await store.accounts.creditAccount(organisation.id);
  const blocks = account?.blocks ?? [];
  assert.ok(blocks.length > 0 && blocks.every(({ source }) => source === 'plan'));
  assert.deepEqual((await store.accounts.reconcile()).findings, []);
});

test('what is not there, or is there already, is refused by its name', async () => {
  const api = plans(store);
  const { organisation } = await newCustomer(store.accounts);
  const mine = { organisation: organisation.id };
  await api.putPlan(routes.putPlan.input.parse(PRO));
  const codeOf = (answer: { ok: boolean; error?: { code: string; field?: string } }) =>
    answer.ok ? 'fine' : [answer.error?.code, answer.error?.field];
  const id = newId('sub');
  const subscribe = (with_: object) => api.subscribe({ id, plan: 'pro', ...mine, ...with_ });
  assert.deepEqual(codeOf(await subscribe({ plan: 'none' })), ['not-found', 'plan']);
  assert.equal(codeOf(await subscribe({})), 'fine');
  assert.equal(codeOf(await subscribe({})), 'fine');
  assert.deepEqual(codeOf(await subscribe({ id: newId('sub') })), ['conflict', 'plan']);
  const none = { id: 'sub_none', plan: 'pro', when: 'now' } as const;
  assert.deepEqual(codeOf(await api.changePlan(none)), ['not-found', 'id']);
  const { input } = routes.putPlan;
  for (const [field, value] of [
    ['price', '-1'],
    ['price', '1.005'],
    ['price', 'NaN'],
    ['price', '10000000'],
    ['credits', '-1'],
    ['currency', 'eur'],
    ['rollover', 'always'],
    ['id', 'Pro Plan'],
  ] as const) {
    const parsed = input.safeParse({ ...PRO, [field]: value });
    assert.deepEqual(parsed.error?.issues[0]?.path, [field], `${field} ${value}`);
  }
});
