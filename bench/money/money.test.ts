// The parts of `npm run bench -- --money`, each for a moment: they measure something, and what they have settled is in the books.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { applierRate } from './applier-rate.ts';
import { inForce } from './in-force.ts';
import { openLab, organisations } from './lab.ts';
import { logRate, plainRate } from './log-rate.ts';
import { keysOf, requestMoney } from './request-money.ts';

test('money is measured part by part', async () => {
  await using lab = await openLab();
  assert.ok(plainRate(lab.directory, 50) > 0);
  const log = await logRate(lab.directory, 32, 100);
  assert.ok(log.perSecond > 0 && log.p50Ms > 0 && log.cpuUs > 0);
  {
    await using store = await lab.open('request');
    const customers = await keysOf(store, await organisations(store, 2));
    assert.ok((await requestMoney(store, customers, 4)) > 0);
  }
  // Throws where the books do not agree afterwards.
  const rate = await applierRate(lab, { organisations: 2, budgets: 3 }, 1_000);
  assert.ok(rate.perSecond > 0);
  assert.equal((await inForce(lab, 1)).size, 3);
});
