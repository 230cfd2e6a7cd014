// The accounts on a real PostgreSQL: their contract, how soon others see a change, and what happens while it is away.

import assert from 'node:assert/strict';
import { isDeepStrictEqual } from 'node:util';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { nano } from '../../domain/money/nano.ts';
import { newId } from '../../lib/ids.ts';
import { describeAccounts, manualCredits, newCustomer } from '../../ports/accounts.contract.ts';
import { describeFreezes } from '../../ports/freezes.contract.ts';
import { auditBooks } from './audit.ts';
import {
  connectTo,
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

describeAccounts('PostgresAccounts', async () => mustOpen(await postgres.newDatabase()));
describeFreezes('PostgresAccounts', async () => mustOpen(await postgres.newDatabase()));

test('I18 a key that is made or revoked here is so in another process within a second', async (t) => {
  await using other = await mustOpen(connection, { gatewayId: 'other' });
  const { hash, key } = await newCustomer(store.accounts);
  const seenBy = async (revoked: boolean) => {
    const startedMs = performance.now();
    while (other.accounts.snapshot().keys.get(hash)?.revoked !== revoked) {
      assert.ok(performance.now() - startedMs < 1_000, 'not within a second');
      await sleep(5);
    }
    return Math.round(performance.now() - startedMs);
  };
  t.diagnostic(`a new key is known elsewhere after ${await seenBy(false)} ms`);
  assert.equal(await store.accounts.revokeKey(key.id), true);
  t.diagnostic(`and revoked elsewhere after ${await seenBy(true)} ms`);
});

test('a list of models is in force in another process within a second', async (t) => {
  await using other = await mustOpen(connection, { gatewayId: 'other' });
  const { hash, key, project } = await newCustomer(store.accounts);
  const seenElsewhere = async (models: ReadonlySet<string> | undefined) => {
    const startedMs = performance.now();
    const known = () => other.accounts.snapshot().keys.get(hash);
    while (known() === undefined || !isDeepStrictEqual(known()?.models, models)) {
      assert.ok(performance.now() - startedMs < 1_000, 'not within a second');
      await sleep(5);
    }
    t.diagnostic(`known elsewhere after ${Math.round(performance.now() - startedMs)} ms`);
  };
  await seenElsewhere(undefined);
  await store.accounts.setKeyModels(key.id, ['a', 'b']);
  await seenElsewhere(new Set(['a', 'b']));
  await store.accounts.setProjectModels(project.id, ['b']);
  await seenElsewhere(new Set(['b']));
});

test('I18 what is frozen is so in another process within a second, and what is thawed', async (t) => {
  await using other = await mustOpen(connection, { gatewayId: 'gateway-frozen' });
  const { organisation, hash } = await newCustomer(store.accounts);
  const seenElsewhere = async (isFrozen: boolean) => {
    const startedMs = performance.now();
    const frozen = () => {
      const { keys, freezes } = other.accounts.snapshot();
      const caller = keys.get(hash);
      return caller !== undefined && freezes?.of(caller) !== undefined;
    };
    while (frozen() !== isFrozen) {
      assert.ok(performance.now() - startedMs < 1_000, 'within a second');
      await sleep(5);
    }
    t.diagnostic(`known elsewhere after ${Math.round(performance.now() - startedMs)} ms`);
  };
  const { id } = organisation;
  const why = { reason: 'why', by: 'ada', endsRunning: true };
  const subject = { organisationId: id, scope: 'organisation', subject: id } as const;
  const frozen = await store.accounts.freezes.freeze({ id: newId('frz'), ...subject, ...why });
  await seenElsewhere(true);
  await store.accounts.freezes.thaw({ id: frozen.id, by: 'ada', reason: 'over' });
  await seenElsewhere(false);
});

test('a top-up that would leave the range of a balance is refused whole', async () => {
  const { id } = (await newCustomer(store.accounts)).organisation;
  await store.accounts.addCredits(manualCredits(id, 50n));
  const tooMuch = nano(9_223_372_036_854_775_800n); // int8 ends at 9.2e18
  await assert.rejects(store.accounts.addCredits(manualCredits(id, tooMuch)));
  assert.equal((await store.accounts.balance(id))?.balanceNano, 50n);
});

test('the age of the snapshot is that of the last answer, and grows while PostgreSQL gives none', async () => {
  await using superuser = await connectTo(connection);
  await superuser.query('BEGIN; LOCK TABLE snapshot_version');
  await sleep(600);
  assert.ok(store.snapshotAgeMs() >= 599, `${store.snapshotAgeMs()} ms`);
  await superuser.query('COMMIT');
  const startedMs = performance.now();
  while (store.snapshotAgeMs() > 500) {
    assert.ok(performance.now() - startedMs < 10_000, 'it is asked for again');
    await sleep(5);
  }
});

test('the version is that of PostgreSQL itself', () => {
  assert.match(store.version, /^18\.\d+$/);
});

test('the last snapshot stays while PostgreSQL is away, and is renewed when it is back', async () => {
  await using pool = poolTo(connection);
  const { hash, key } = await newCustomer(store.accounts);
  const { pid } = postgres.postgres;
  assert.ok(pid !== undefined);
  process.kill(pid, 'SIGKILL');
  assert.equal(store.accounts.snapshot().keys.get(hash)?.keyId, key.id);
  const startedMs = performance.now();
  const revoked = () => store.accounts.revokeKey(key.id).catch(() => false);
  while (!(await revoked())) {
    assert.ok(performance.now() - startedMs < 20_000, 'PostgreSQL comes back');
    await sleep(50);
  }
  assert.equal(await store.ping(), true);
  assert.equal(store.accounts.snapshot().keys.get(hash)?.revoked, true);
  assert.deepEqual(await auditBooks(pool), []);
});

test('I1 I2 I12 a nano-dollar that no transfer explains is found, and named', async () => {
  const database = await postgres.newDatabase();
  await using tampered = await mustOpen(database);
  const { id } = (await newCustomer(tampered.accounts)).organisation;
  await tampered.accounts.addCredits(manualCredits(id, 50n));
  assert.deepEqual((await tampered.accounts.reconcile()).findings, []);
  await using pool = poolTo(database);
  await pool.query(
    'UPDATE account SET balance_nano = balance_nano + 1 WHERE organisation_id = $1',
    [id],
  );
  const { findings } = await tampered.accounts.reconcile();
  assert.deepEqual(
    findings.map(({ check }) => check.slice(0, 2)),
    ['I1', 'I2', 'I3'],
  );
  assert.match(findings[1]?.detail ?? '', /has 51, its transfers say 50/);
});
