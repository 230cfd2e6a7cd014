// `turnpike budgets` and `turnpike freezes`, as their users meet them.

import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { run, runJson, startServer, statusWith } from './cli.fixture.ts';

suite('what limits and stops', { concurrency: 2, timeout: 120_000 }, () => {
  test('a budget is set, told apart from its alert, listed with what is spent, and removed', async () => {
    await using server = await startServer();
    const budgets = (...args: readonly string[]) => runJson(server.env, ['budgets', ...args]);
    const all = ['--scope', 'organisation', '--period', 'daily'];
    const made = await budgets('set', ...all, '--hard-limit', '1.50', '--alert', '1');
    assert.equal(made.budget.hard_limit.nano, '1500000000');
    const each = ['--scope', 'each-end-user', '--subject', 'prj_1', '--period', 'weekly'];
    const { budget } = await budgets('set', ...each, '--hard-limit', '0.10');
    assert.equal(budget.endUsers, 0);
    assert.deepEqual((await budgets('end-users', budget.id)).data, []);
    const listed = await run(server.env, ['budgets', 'list']);
    assert.match(listed.out, /HARD LIMIT +ALERT/);
    assert.match(listed.out, /organisation +org_1 +daily +\$1\.50 +\$1\.00 +\$0\.00 +\d{4}-/);
    assert.equal((await budgets('set', ...all)).budget, null);
    assert.equal((await budgets('list')).data.length, 1);
    const wrong = await run(server.env, [
      'budgets',
      'set',
      '--scope',
      'key',
      '--subject',
      'key_no',
      '--period',
      'daily',
      '--hard-limit',
      '1',
    ]);
    assert.equal(wrong.code, 1);
    assert.match(wrong.err, /There is no key "key_no" in this organisation/);
  });

  test('a key is frozen by somebody for a reason, refused, and thawed', async () => {
    await using server = await startServer();
    const made = await runJson(server.env, ['keys', 'create', '--name', 'shop']);
    const who = ['--reason', 'leaked', '--by', 'ada'];
    const set = ['freezes', 'set', '--scope', 'key', '--subject', made.id, ...who];
    const frozen = await runJson(server.env, [...set, '--end-running']);
    assert.deepEqual([frozen.by, frozen.running, frozen.thawed], ['ada', 'end', null]);
    assert.equal(await statusWith(server.url, made.key), 403);
    await runJson(server.env, ['freezes', 'thaw', frozen.id, ...who]);
    assert.equal(await statusWith(server.url, made.key), 200);
    const listed = await run(server.env, ['freezes', 'list']);
    assert.match(listed.out, /leaked +thawed by ada: leaked/);
  });
});
