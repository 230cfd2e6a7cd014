// Windows of budgets.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type BudgetPeriod, BudgetTree, windowIdOf, windowOf } from './budget.ts';
import { EndUserNodes, endUserOfNode } from './end-user-nodes.ts';

test('I9 windows begin at midnight, on Monday and on the first, in UTC, and end where the next one begins', () => {
  const cases: readonly (readonly [BudgetPeriod, string, string, string | undefined])[] = [
    ['daily', '2026-11-20T23:59:59.999Z', '2026-11-20', '2026-11-21T00:00:00.000Z'],
    ['daily', '2026-11-21T00:00:00.000Z', '2026-11-21', '2026-11-22T00:00:00.000Z'],
    ['weekly', '2026-11-22T12:00:00.000Z', '2026-11-16', '2026-11-23T00:00:00.000Z'],
    ['weekly', '2026-11-23T00:00:00.000Z', '2026-11-23', '2026-11-30T00:00:00.000Z'],
    ['weekly', '2027-01-01T00:00:00.000Z', '2026-12-28', '2027-01-04T00:00:00.000Z'],
    ['monthly', '2026-12-31T23:59:59.999Z', '2026-12-01', '2027-01-01T00:00:00.000Z'],
    ['monthly', '2028-02-29T00:00:00.000Z', '2028-02-01', '2028-03-01T00:00:00.000Z'],
    ['total', '2026-11-20T00:00:00.000Z', 'total', undefined],
  ];
  for (const [period, now, name, ends] of cases) {
    const window = windowOf(period, Date.parse(now));
    assert.equal(window.name, name, `${period} at ${now}`);
    assert.equal(window.endsAtMs, ends === undefined ? undefined : Date.parse(ends));
  }
  assert.equal(windowIdOf({ id: 'bud_1', period: 'total' }, 0), 'budget:bud_1:total');
});

test('I9 end users beyond what one gateway tells apart share one window, and are told apart again in the next', () => {
  const nodes = new EndUserNodes(3);
  const each = {
    id: 'bud_1',
    organisationId: 'org_1',
    scope: 'each-end-user',
    subject: 'prj_1',
    period: 'daily',
    hardLimitNano: 1n,
  } as const;
  const tree = new BudgetTree([each], nodes);
  const payer = { organisationId: 'org_1', projectId: 'prj_1', keyId: 'key_1' };
  const today = Date.UTC(2026, 10, 20);
  const pathOf = (endUser: string, atMs: number) => tree.path({ ...payer, endUser }, atMs)?.[0];
  const first = Array.from({ length: 10 }, (_, at) => pathOf(`user ${at}`, today));
  assert.equal(new Set(first).size, 4);
  assert.equal(first[9], 'budget:bud_1:2026-11-20:~');
  assert.equal(nodes.count, 3);
  assert.equal(pathOf('user 1', today), first[1], 'who is known stays known');
  const tomorrow = pathOf('user 9', today + 86_400_000) ?? '';
  assert.match(tomorrow, /^budget:bud_1:2026-11-21:[\w-]+$/);
  assert.equal(nodes.count, 1);
  assert.equal(endUserOfNode(tomorrow), 'user 9');
  assert.equal(tree.find(tomorrow)?.budget.id, 'bud_1');
  assert.equal(tree.path(payer, today), undefined);
  assert.equal(tree.path({ ...payer, projectId: 'prj_2', endUser: 'u' }, today), undefined);
});
