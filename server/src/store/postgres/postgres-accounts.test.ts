// Customers, keys, credits, prices and reports on a real PostgreSQL; and how soon others see a change.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { nano } from '../../domain/money/nano.ts';
import type { ModelPrice } from '../../domain/pricing/price-book.ts';
import { newId } from '../../lib/ids.ts';
import { mustHold, testSettlement } from '../../ports/ledger.contract.ts';
import { auditBooks } from './audit.ts';
import {
  booksOf,
  mustOpen,
  poolTo,
  type SocketConnection,
  startTestPostgres,
  type TestPostgres,
} from './database.fixture.ts';
import type { Store } from './store.ts';

let postgres: TestPostgres;
let connection: SocketConnection;
let store: Store;
before(async () => {
  postgres = await startTestPostgres();
  connection = await postgres.newDatabase();
  store = await mustOpen(connection);
});
after(async () => {
  await store[Symbol.asyncDispose]();
  await postgres[Symbol.asyncDispose]();
});

function priceOf(output: bigint): ModelPrice {
  return {
    input: nano(1n),
    cacheRead: nano(2n),
    cacheWrite5m: nano(3n),
    cacheWrite1h: nano(4n),
    output: nano(output),
    reasoning: nano(9_223_372_036_854_775_807n), // the largest that PostgreSQL stores: no digit is lost
  };
}

async function newKey(name: string) {
  const organisation = { id: newId('org'), name: 'Acme' };
  const project = { id: newId('proj'), organisationId: organisation.id, name: 'site' };
  await store.accounts.createOrganisation(organisation);
  await store.accounts.createProject(project);
  const hash = `hash of ${name}`;
  const record = await store.accounts.createKey({
    id: newId('key'),
    projectId: project.id,
    name,
    hash,
    redacted: 'sk-tp-…',
  });
  return { organisation, project, hash, record };
}

test('what is created is listed, and a key is in the snapshot when it is answered', async () => {
  const { organisation, project, hash, record } = await newKey('first');
  assert.ok((await store.accounts.organisations()).some(({ id }) => id === organisation.id));
  assert.deepEqual(await store.accounts.projects(organisation.id), [project]);
  assert.deepEqual(await store.accounts.keys(organisation.id), [record]);
  assert.equal(record.organisationId, organisation.id);
  assert.ok(Math.abs(record.createdAtMs - Date.now()) < 60_000);
  assert.deepEqual(store.accounts.snapshot().keys.get(hash), {
    keyId: record.id,
    projectId: project.id,
    organisationId: organisation.id,
    revoked: false,
  });
});

test('I18 a revoked key is revoked here at once, and in another process within a second', async (t) => {
  await using other = await mustOpen(connection, { gatewayId: 'other' });
  const { hash, record } = await newKey('to be revoked');
  const seenBy = async (revoked: boolean) => {
    const startedMs = performance.now();
    while (other.accounts.snapshot().keys.get(hash)?.revoked !== revoked) {
      assert.ok(performance.now() - startedMs < 1_000, 'not within a second');
      await sleep(5);
    }
    return Math.round(performance.now() - startedMs);
  };
  t.diagnostic(`a new key is known elsewhere after ${await seenBy(false)} ms`);
  const older = store.accounts.snapshot();
  assert.equal(await store.accounts.revokeKey(record.id), true);
  assert.equal(store.accounts.snapshot().keys.get(hash)?.revoked, true);
  assert.ok(store.accounts.snapshot().version > older.version);
  assert.equal(
    older.keys.get(hash)?.revoked,
    false,
    'a snapshot that someone holds does not change',
  );
  t.diagnostic(`and revoked elsewhere after ${await seenBy(true)} ms`);
  const [listed] = await store.accounts.keys(record.organisationId);
  assert.ok(listed?.revokedAtMs !== undefined);
  assert.equal(await store.accounts.revokeKey(record.id), true);
  assert.equal(
    (await store.accounts.keys(record.organisationId))[0]?.revokedAtMs,
    listed.revokedAtMs,
  );
  assert.equal(await store.accounts.revokeKey('key_none'), false);
});

test('prices are immutable versions: the same again is no new one', async () => {
  assert.equal(await store.accounts.publishPrices(new Map([['m', priceOf(5n)]])), 1);
  assert.equal(await store.accounts.publishPrices(new Map([['m', priceOf(5n)]])), 1);
  const versions = await Promise.all([
    store.accounts.publishPrices(new Map([['m', priceOf(6n)]])),
    store.accounts.publishPrices(new Map([['m', priceOf(6n)]])),
  ]);
  assert.deepEqual(versions, [2, 2]);
  assert.equal(await store.accounts.publishPrices(new Map([['n', priceOf(6n)]])), 3);
  const book = store.accounts.snapshot().priceBook;
  assert.deepEqual(book, { version: 3, models: new Map([['n', priceOf(6n)]]) });
});

test('I14 a top-up counts once, whoever sends it again, and a different one under its id is a conflict', async () => {
  const id = newId('org');
  await store.accounts.createOrganisation({ id, name: 'payer' });
  assert.equal(await store.accounts.balance('org_none'), undefined);
  const topUp = newId('top');
  const kinds = (
    await Promise.all([1, 2, 3].map(() => store.accounts.addCredits(topUp, id, nano(50n))))
  ).map(({ kind }) => kind);
  assert.deepEqual(kinds.toSorted(), ['added', 'already-added', 'already-added']);
  assert.equal((await store.accounts.addCredits(topUp, id, nano(51n))).kind, 'conflict');
  await assert.rejects(
    store.accounts.addCredits(newId('top'), 'org_none', nano(1n)),
    /organisation/,
  );
  await assert.rejects(store.accounts.addCredits(newId('top'), id, nano(0n)), /more than nothing/);
  // int8 ends at 9.2e18: what does not fit is refused whole.
  await assert.rejects(
    store.accounts.addCredits(newId('top'), id, nano(9_223_372_036_854_775_800n)),
  );
  assert.deepEqual(await store.accounts.balance(id), {
    availableNano: 50n,
    heldNano: 0n,
    balanceNano: 50n,
  });
});

test('usage is summed by day (UTC), model and key, and only what was charged is cost', async () => {
  const books = booksOf(store);
  const organisationId = await books.newOrganisation(10_000n);
  const day = Date.UTC(2026, 10, 20);
  const use = async (startedAtMs: number, model: string, keyId: string, failed = false) => {
    const hold = await mustHold(store.ledger, organisationId, 10n);
    const usage = {
      input: 2,
      cacheRead: 3,
      cacheWrite5m: 0,
      cacheWrite1h: 0,
      output: 5,
      reasoning: 1,
    };
    const outcome = failed ? 'failed' : 'completed';
    await store.ledger.settle(
      hold,
      testSettlement(hold, 7n, { startedAtMs, model, keyId, usage, outcome, priceVersion: 999 }),
    );
  };
  await use(day - 1, 'a', 'key_1');
  await use(day, 'a', 'key_1');
  await use(day + 86_399_999, 'b', 'key_2');
  await use(day + 1_000, 'a', 'key_2', true);
  const query = { organisationId, fromMs: day - 1, toMs: day + 86_400_000 };
  const byDay = await store.accounts.usage({ ...query, groupBy: ['day'] });
  assert.deepEqual(
    byDay.map(({ day: on, requests, costNano, tokens }) => [on, requests, costNano, tokens.output]),
    [
      ['2026-11-19', 1, 7n, 5],
      ['2026-11-20', 3, 14n, 15],
    ],
  );
  const byModelAndKey = await store.accounts.usage({ ...query, groupBy: ['model', 'key'] });
  assert.deepEqual(
    byModelAndKey.map(({ model, keyId, requests, costNano }) => [model, keyId, requests, costNano]),
    [
      ['a', 'key_1', 2, 14n],
      ['a', 'key_2', 1, 0n],
      ['b', 'key_2', 1, 7n],
    ],
  );
  const [total] = await store.accounts.usage({ ...query, fromMs: day, groupBy: [] });
  assert.deepEqual([total?.requests, total?.tokens.cacheRead, total?.day], [3, 9, undefined]);
  assert.deepEqual(
    await store.accounts.usage({ ...query, organisationId: 'org_none', groupBy: [] }),
    [],
  );
});

test('the last snapshot stays while PostgreSQL is away, and is renewed when it is back', async () => {
  await using pool = poolTo(connection);
  const { hash, record } = await newKey('through a crash');
  const { pid } = postgres.postgres;
  assert.ok(pid !== undefined);
  process.kill(pid, 'SIGKILL');
  assert.equal(store.accounts.snapshot().keys.get(hash)?.keyId, record.id);
  const startedMs = performance.now();
  const revoked = () => store.accounts.revokeKey(record.id).catch(() => false);
  while (!(await revoked())) {
    assert.ok(performance.now() - startedMs < 20_000, 'PostgreSQL comes back');
    await sleep(50);
  }
  assert.equal(await store.ping(), true);
  assert.equal(store.accounts.snapshot().keys.get(hash)?.revoked, true);
  assert.deepEqual(await auditBooks(pool), []);
});
