// What an answer is worth when things break: PostgreSQL killed, connections cut before and after a commit, silence.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { nano } from '../../domain/money/nano.ts';
import { HOLD_TIMEOUT_MS } from '../../limits.ts';
import { mustHold, testRequestId, testSettlement } from '../../ports/ledger.contract.ts';
import {
  booksOf,
  mustOpen,
  poolTo,
  startTestPostgres,
  type TestPostgres,
} from './database.fixture.ts';
import {
  assertCreditsAddUp,
  assertRecordedOnce,
  CREDIT,
  CuttingProxy,
  killServer,
  Outages,
  settledMore,
  traffic,
} from './trouble.fixture.ts';

let postgres: TestPostgres;
before(async () => {
  postgres = await startTestPostgres();
});
after(() => postgres[Symbol.asyncDispose]());

test('I5 I6 I8 kill -9 of PostgreSQL under load: each answered settle is there once, every hold ends', async (t) => {
  const connection = await postgres.newDatabase();
  await using store = await mustOpen(connection);
  await using pool = poolTo(connection);
  const organisations = await Promise.all(
    [1, 2, 3].map(() => booksOf(store).newOrganisation(CREDIT)),
  );
  const answers = await traffic(store, organisations, async (soFar) => {
    for (let round = 0; round < 2; round++) {
      await settledMore(soFar, 100);
      await killServer(postgres, pool, round);
    }
    await settledMore(soFar, 100);
  });
  t.diagnostic(`${answers.charged.size} settled, ${answers.unavailable} unavailable`);
  await assertRecordedOnce(pool, answers);
  await assertCreditsAddUp(pool, store, organisations);
});

test('I5 a settle whose connection breaks before or after its commit is charged once', async () => {
  await using proxy = new CuttingProxy(await postgres.newDatabase());
  await using store = await mustOpen(proxy.connection);
  const organisationId = await booksOf(store).newOrganisation(1_000n);
  let charged = 0n;
  for (const cut of ['before', 'after-commit'] as const) {
    proxy.cut = cut;
    const hold = await mustHold(store.ledger, organisationId, 100n);
    proxy.cut = cut;
    const outcome = await store.ledger.settle(hold, testSettlement(hold, 60n));
    charged += 60n;
    assert.deepEqual(outcome, {
      kind: 'settled',
      chargedNano: 60n,
      availableNano: nano(1_000n - charged),
    });
    const balance = await booksOf(store).balance(organisationId);
    assert.deepEqual(balance, { balanceNano: 1_000n - charged, heldNano: 0n });
  }
  assert.equal(proxy.cuts, 4);
});

test('I5 I8 connections cut at random under load: each answered settle is there once, every hold ends', async () => {
  const connection = await postgres.newDatabase();
  await using proxy = new CuttingProxy(connection);
  const outages = new Outages();
  await using store = await mustOpen(proxy.connection, outages);
  await using pool = poolTo(connection);
  const organisations = await Promise.all([1, 2].map(() => booksOf(store).newOrganisation(CREDIT)));
  const answers = await traffic(store, organisations, async () => {
    for (let round = 0; round < 12; round++) {
      proxy.cut = round % 2 === 0 ? 'after-commit' : 'before';
      while (proxy.cuts <= round) await sleep(10);
      await sleep(30);
    }
  });
  outages.assertNobodyRefused(answers);
  await assertRecordedOnce(pool, answers);
  await assertCreditsAddUp(pool, store, organisations);
});

test('I8 a hold that was committed but never answered is unavailable in time, and released', async () => {
  const connection = await postgres.newDatabase();
  await using proxy = new CuttingProxy(connection);
  await using store = await mustOpen(proxy.connection);
  const organisationId = await booksOf(store).newOrganisation(100n);
  proxy.cut = 'reply-never-comes';
  const startedMs = performance.now();
  const wantNano = nano(70n);
  const request = { requestId: testRequestId(), organisationId, wantNano, leastNano: wantNano };
  assert.deepEqual(await store.ledger.hold(request), { kind: 'unavailable' });
  const tookMs = performance.now() - startedMs;
  assert.ok(tookMs >= HOLD_TIMEOUT_MS && tookMs < HOLD_TIMEOUT_MS + 20_000, `${tookMs} ms`);
  assert.equal((await booksOf(store).balance(organisationId)).heldNano, 70n);
  // Behind the release in the queue: it needs all of the credit.
  await mustHold(store.ledger, organisationId, 100n);
});
