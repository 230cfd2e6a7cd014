// Blocks begin, burn and end: by name, and whatever the order of things against a model in which every charge burns at once.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import fc from 'fast-check';
import { nano } from '../../../domain/money/nano.ts';
import { mustOpen, poolTo, startTestPostgres, type TestPostgres } from '../database.fixture.ts';
import { CreditsUnderTest, START_MS } from './credits.fixture.ts';
import { differences } from './differences.fixture.ts';
import { burningIsSame } from './both.fixture.ts';

let postgres: TestPostgres;
let pool: ReturnType<typeof poolTo>;
before(async () => {
  postgres = await startTestPostgres();
  const connection = await postgres.newDatabase();
  await (await mustOpen(connection))[Symbol.asyncDispose](); // for its schema
  pool = poolTo(connection);
});
after(async () => {
  const findings = await differences(pool).catch(String);
  await pool.end();
  await postgres[Symbol.asyncDispose]();
  assert.deepEqual(findings, []);
});

test('I15 blocks burn by priority, then the soonest expiry, then given before paid, then the oldest', async () => {
  const it = await CreditsUnderTest.make(pool);
  const later = { expiresAtMs: START_MS + 9_000 };
  await it.add('never', 10n);
  await it.add('paid', 10n, later);
  await it.add('promo', 10n, { ...later, source: 'promo' });
  await it.add('soon', 10n, { expiresAtMs: START_MS + 8_000 });
  await it.add('last', 10n, { priority: 999, expiresAtMs: START_MS + 7_000 });
  await it.add('first', 10n, { priority: 0 });
  it.nowMs += 1;
  await it.add('younger', 10n);
  const order = ['first', 'soon', 'promo', 'paid', 'never', 'younger', 'last'];
  for (let gone = 0; gone < order.length; gone++) {
    const left = order.slice(gone);
    assert.equal(await it.left(), left.map((name) => `${name} 10`).join(', '));
    await it.charge(4n);
    const [now, ...others] = left;
    const expected = [`${now} 6`, ...others.map((name) => `${name} 10`)].join(', ');
    assert.equal(await it.left(), expected);
    await it.charge(6n);
  }
  assert.equal(await it.left(), '');
});

test('I15 what was charged before a block was added, or effective, never burns it', async () => {
  const it = await CreditsUnderTest.make(pool);
  await it.add('old', 100n);
  await it.add('waits', 50n, { priority: 0, effectiveAtMs: START_MS + 1_000 });
  assert.equal(await it.free(), 100n);
  await it.charge(30n);
  await it.add('promo', 50n, { source: 'promo' });
  assert.equal(await it.left(), 'promo 50, old 70');
  await it.charge(20n);
  it.nowMs = START_MS + 1_000; // Nobody looks at that moment, but at the next:
  await it.charge(5n);
  it.nowMs += 5_000;
  assert.equal(await it.left(), 'waits 45, promo 30, old 70');
});

test('I15 what was charged after an expiry never burns the block, however late anybody looks', async () => {
  const it = await CreditsUnderTest.make(pool);
  await it.add('promo', 50n, { source: 'promo', expiresAtMs: START_MS + 1_000 });
  await it.add('paid', 100n);
  it.nowMs = START_MS + 999;
  await it.charge(10n);
  it.nowMs = START_MS + 1_000;
  await it.charge(7n);
  it.nowMs += 86_400_000;
  const breakage = await it.house('breakage');
  assert.equal(await it.left(), 'paid 93');
  assert.equal((await it.house('breakage')) - breakage, 40n);
  assert.equal(await it.free(), 93n);
});

test('I15 what running requests have set aside expires when they end, and not before', async () => {
  const it = await CreditsUnderTest.make(pool);
  await it.add('promo', 50n, { expiresAtMs: START_MS + 1_000 });
  await it.hold(20n);
  it.nowMs = START_MS + 1_000;
  assert.equal(await it.left(), 'promo 20');
  assert.equal(await it.free(), 0n);
  await it.charge(5n, 20n);
  it.nowMs += 1_000;
  assert.equal(await it.left(), '');
  assert.equal(await it.free(), 0n);
});

test('I15 what was set aside in a block that ended is charged there, not to a block that begins later', async () => {
  const it = await CreditsUnderTest.make(pool);
  await it.add('ends', 50n, { expiresAtMs: START_MS + 1_000 });
  await it.hold(30n);
  it.nowMs = START_MS + 1_000;
  assert.equal(await it.left(), 'ends 30');
  await it.add('begins', 10n, { effectiveAtMs: START_MS + 2_000 });
  await it.charge(10n, 20n);
  it.nowMs = START_MS + 2_000; // Nobody has looked since the charge.
  assert.equal(await it.left(), 'begins 10');
});

test('I15 with other credit the block ends at once, and that covers what runs', async () => {
  const it = await CreditsUnderTest.make(pool);
  await it.add('promo', 50n, { expiresAtMs: START_MS + 1_000 });
  await it.add('paid', 50n);
  await it.hold(20n);
  it.nowMs = START_MS + 1_000;
  assert.equal(await it.left(), 'paid 50');
  await it.charge(20n, 20n);
  assert.equal(await it.left(), 'paid 30');
});

test('I15 a late look goes through the moments one after the other', async () => {
  const it = await CreditsUnderTest.make(pool);
  await it.add('paid', 100n);
  await it.add('ends', 50n, { priority: 50, expiresAtMs: START_MS + 2_000 });
  await it.add('begins', 50n, { priority: 0, effectiveAtMs: START_MS + 1_000 });
  for (const [atMs, amount] of [
    [500, 1n],
    [1_500, 2n],
    [2_500, 4n],
  ] as const) {
    it.nowMs = START_MS + atMs;
    await it.charge(amount);
  }
  const breakage = await it.house('breakage');
  assert.equal(await it.left(), 'begins 44, paid 100');
  assert.equal((await it.house('breakage')) - breakage, 49n);
});

test('a block that begins and ends while nobody looks is never spent', async () => {
  const it = await CreditsUnderTest.make(pool);
  await it.add('paid', 50n);
  await it.add('missed', 50n, { effectiveAtMs: START_MS + 10, expiresAtMs: START_MS + 20 });
  it.nowMs += 1_000;
  await it.charge(10n);
  assert.equal(await it.left(), 'paid 40');
});

test('I14 what is taken back comes from the block, then from what had expired, and the rest is owed', async () => {
  const it = await CreditsUnderTest.make(pool);
  const expiresAtMs = START_MS + 1_000;
  const id = await it.add('paid', 100n, { source: 'payment', provider: 'stripe', expiresAtMs });
  await it.charge(60n);
  assert.deepEqual(await it.reverse(id, 10n), { kind: 'reversed', takenNano: 10n, owedNano: 0n });
  it.nowMs = expiresAtMs;
  assert.equal(await it.left(), '');
  const clearing = await it.house('payment_clearing:stripe');
  assert.deepEqual(await it.reverse(id, 91n), { kind: 'too-much', leftNano: 90n });
  assert.deepEqual(await it.reverse(id, 90n, 'chargeback'), {
    kind: 'reversed',
    takenNano: 30n,
    owedNano: 60n,
  });
  assert.equal((await it.house('payment_clearing:stripe')) - clearing, 90n);
  const { owedNano, frozen } = (await it.credits.account(it.organisationId)) ?? {};
  assert.deepEqual([owedNano, frozen], [60n, true]);
  await it.add('promo', 5n, { source: 'promo' });
  await it.add('late', 70n);
  assert.equal(await it.left(), 'promo 5, late 10');
  const thawed = await it.credits.account(it.organisationId);
  assert.deepEqual([thawed?.owedNano, thawed?.frozen], [0n, false]);
});

test('what was set aside when it was taken back is taken when it is free, and owed no longer', async () => {
  const it = await CreditsUnderTest.make(pool);
  const id = await it.add('paid', 100n);
  await it.hold(30n);
  assert.deepEqual(await it.reverse(id, 100n), { kind: 'reversed', takenNano: 70n, owedNano: 30n });
  await it.charge(10n, 30n);
  const account = await it.credits.account(it.organisationId);
  assert.equal(account?.owedNano, 10n);
  assert.equal(await it.left(), '');
  assert.equal(await it.free(), 0n);
});

test('a credit limit is spent like credit, owed when it burns, and renewed when it is paid', async () => {
  const it = await CreditsUnderTest.make(pool);
  const { credits, organisationId } = it;
  const owed = async () => (await credits.account(organisationId))?.owedNano;
  assert.equal(await credits.setLimit(organisationId, nano(100n)), true);
  await it.add('promo', 10n, { source: 'promo' });
  assert.equal(await it.left(), 'promo 10, line 100');
  await it.charge(40n);
  assert.equal(await it.left(), 'line 70');
  assert.equal(await owed(), 30n);
  await it.add('invoice', 30n, { source: 'payment', provider: 'stripe' });
  assert.equal(await owed(), 0n);
  assert.equal(await it.free(), 100n);
  await it.charge(90n);
  await it.hold(5n);
  await credits.setLimit(organisationId, nano(20n));
  assert.equal(await it.left(), 'line 5');
  assert.equal(await it.free(), 0n);
  await it.charge(1n, 5n);
  assert.equal(await it.left(), '');
  assert.equal(await owed(), 91n);
  assert.equal((await credits.account(organisationId))?.frozen, false);
  await credits.setLimit(organisationId, nano(95n));
  assert.equal(await it.free(), 4n);
});

test('I3 I15 whatever happens in whatever order, late looks burn what looks at every moment would have burnt', async () => {
  await fc.assert(burningIsSame(pool), { numRuns: 40 });
});

test('I2 I3 I15 a nano-dollar that a block has too much is found, and named', async () => {
  const database = await postgres.newDatabase();
  await (await mustOpen(database))[Symbol.asyncDispose]();
  await using tampered = poolTo(database);
  const it = await CreditsUnderTest.make(tampered);
  const id = await it.add('paid', 50n);
  await it.charge(20n);
  assert.equal(await it.left(), 'paid 30');
  await tampered.query(
    'UPDATE credit_block SET remaining_nano = remaining_nano + 1 WHERE id = $1',
    [id],
  );
  const findings = await differences(tampered);
  assert.match(findings[0]?.detail ?? '', /has 31 left, its history says 30/);
  assert.match(findings[1]?.detail ?? '', /blocks have 31, credits 30, charged and not burnt 0/);
  await assert.rejects(
    tampered.query('UPDATE credit_block SET amount_nano = 51 WHERE id = $1', [id]),
    /never changed/,
  );
  for (const table of ['credit_burn', 'credit_movement', 'credit_reversal']) {
    await assert.rejects(tampered.query(`DELETE FROM ${table}`), /never changed or deleted/);
  }
});
