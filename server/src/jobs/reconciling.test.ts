// The hourly reconciliation on a real PostgreSQL: each kind of wrong row that is planted is found, told once and resolved when
// it is mended; of two servers one does an hour.

import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, describe, test } from 'node:test';
import type { Pool } from 'pg';
import type { Meter } from '../domain/metering/meter.ts';
import { nanoOfCents } from '../domain/payments/amount.ts';
import { newId } from '../lib/ids.ts';
import { ManualPayments } from '../payments/manual/manual-payments.ts';
import { mustHold, testSettlement } from '../ports/ledger.contract.ts';
import {
  booksOf,
  connectTo,
  mustOpen,
  poolTo,
  type SocketConnection,
  startTestPostgres,
  type TestPostgres,
} from '../store/postgres/database.fixture.ts';
import type { Store } from '../store/postgres/store.ts';
import { Till } from '../till/till.ts';
import { until } from './alerting.fixture.ts';
import { Reconciling } from './reconciling.ts';

const TODAY_MS = Date.now() - 1_000;
let postgres: TestPostgres;
let database: SocketConnection;
let store: Store;
let second: Store;
let pool: Pool & AsyncDisposable;
let till: Till;
let organisationId: string;
const errors: string[] = [];

const log = {
  isLevelEnabled: () => true,
  debug: () => {},
  info: () => {},
  warn: () => {},
  error: (facts: object) => void errors.push(JSON.stringify(facts)),
};

before(async () => {
  postgres = await startTestPostgres();
});
after(() => postgres[Symbol.asyncDispose]());

beforeEach(async () => {
  database = await postgres.newDatabase();
  store = await mustOpen(database);
  second = await mustOpen(database, { gatewayId: 'gateway-second' });
  pool = poolTo(database);
  errors.length = 0;
  organisationId = await booksOf(store).newOrganisation(10n ** 12n);
  till = tillOf(store);
});
afterEach(async () => {
  await pool[Symbol.asyncDispose]();
  await second[Symbol.asyncDispose]();
  await store[Symbol.asyncDispose]();
});

function tillOf({ accounts, tillBook: book }: Store): Till {
  // Long enough ago that what was received and is not credited is not on its way any more.
  const nowMs = (): number => Date.now() + 600_000;
  const wires = new ManualPayments(book.bank, nowMs);
  const providers = new Map([[wires.name, wires]]);
  const bounds = { leastCents: 500, mostCents: 1_000_000 };
  return new Till({ book, accounts, providers, wires, bounds, log, nowMs, newId });
}

const HUNDRED: Meter = { engineInput: 10, engineOutput: 100, pieces: 100, bytes: 500, doubts: [] };

async function use(meter: Meter = HUNDRED, model = 'model-test'): Promise<void> {
  const output = meter.engineOutput ?? 100;
  const hold = await mustHold(store.ledger, organisationId, 10_000n);
  const counted = meter.engineOutput === undefined;
  await store.ledger.settle(hold, {
    ...testSettlement(hold, 1_000n),
    model,
    usage: { ...testSettlement(hold, 0n).usage, input: 10, output },
    usageSource: counted ? 'counted' : 'engine',
    meter,
    startedAtMs: TODAY_MS,
  });
}

/** As if none had been done yet: what was found before is known all the same. */
async function nextHour(options: { readonly by?: Store } = {}): Promise<void> {
  await pool.query('DELETE FROM reconciliation_run');
  const { reconciliations, accounts } = options.by ?? store;
  await using _job = new Reconciling({ reconciliations, accounts, till, log, everyMs: 20 });
  await until('the hour is done', async () => {
    const { rows } = await pool.query(
      "SELECT FROM reconciliation_run WHERE hour = date_trunc('hour', now(), 'UTC') AND ended_at IS NOT NULL",
    );
    return rows.length > 0;
  });
}

/** What nobody may do: with every trigger out of the way. */
async function plant(sql: string): Promise<void> {
  await using client = await connectTo(database);
  await client.query("SET session_replication_role = 'replica'");
  const { rows } = await client.query<{ name: string; of: string }>(
    `SELECT tgname AS name, tgrelid::regclass::text AS of FROM pg_trigger WHERE tgenabled = 'A' AND NOT tgisinternal`,
  );
  for (const { name, of } of rows) await client.query(`ALTER TABLE ${of} DISABLE TRIGGER ${name}`);
  await client.query(sql);
  for (const { name, of } of rows) {
    await client.query(`ALTER TABLE ${of} ENABLE ALWAYS TRIGGER ${name}`);
  }
}

async function told(): Promise<readonly string[]> {
  const events = await store.alerts.events({ count: 50 });
  return events
    .filter(({ kind }) => kind === 'reconciliation.difference')
    .map(({ facts }) => `${String(facts['check'])} — ${String(facts['detail'])}`);
}

type Planted = readonly [what: string, sql: string, check: RegExp, mend: string];

const PLANTS: readonly Planted[] = [
  [
    'a usage row with more tokens than the engine counted',
    "UPDATE usage SET output = output + 1 WHERE model = 'planted'",
    /I20 what is billed is what the engine has counted/,
    "UPDATE usage SET output = output - 1 WHERE model = 'planted'",
  ],
  [
    'an engine that counts double, and is billed so',
    "UPDATE usage SET output = 200, engine_output = 200 WHERE model = 'planted'",
    /I20 engine and gateway have counted alike/,
    "UPDATE usage SET output = 100, engine_output = 100 WHERE model = 'planted'",
  ],
  [
    'an engine that counts half of what it sends',
    "UPDATE usage SET output = 50, engine_output = 50 WHERE model = 'planted'",
    /I20 engine and gateway have counted alike/,
    "UPDATE usage SET output = 100, engine_output = 100 WHERE model = 'planted'",
  ],
  [
    'a charge that is not on the usage row',
    "UPDATE usage SET charged_nano = charged_nano - 1, overrun_nano = overrun_nano + 1 WHERE model = 'planted'",
    /I5 every charge has its usage row/,
    "UPDATE usage SET charged_nano = charged_nano + 1, overrun_nano = overrun_nano - 1 WHERE model = 'planted'",
  ],
  [
    'a balance that no transfer explains',
    "UPDATE account SET balance_nano = balance_nano + 7 WHERE kind = 'credits'",
    /I2 a balance is the sum of its transfers/,
    "UPDATE account SET balance_nano = balance_nano - 7 WHERE kind = 'credits'",
  ],
];

describe('I20 every hour', () => {
  for (const [what, sql, check, mend] of PLANTS) {
    test(`${what}: told once, and again when it comes back`, async () => {
      for (let at = 0; at < 3; at++) await use(HUNDRED, 'planted');
      await nextHour();
      assert.deepEqual(await told(), [], 'what is right is not told');
      await plant(sql);
      await nextHour();
      const first = (await told()).filter((difference) => check.test(difference));
      assert.ok(first.length > 0, `not found: ${(await told()).join('; ')}`);
      assert.ok(
        errors.some((error) => check.test(error)),
        'a line at error',
      );
      const all = (await told()).length;
      await use();
      await nextHour({ by: second });
      assert.equal((await told()).length, all, 'the same difference is told once');
      await plant(mend);
      await nextHour();
      assert.equal((await store.reconciliations.last())?.differences, 0);
      await plant(sql);
      await nextHour();
      assert.ok((await told()).length > all, 'and again when it is there again');
    });
  }

  test('a payment whose transfer is missing is told, with what was received', async () => {
    const id = newId('top');
    const opened = await till.topUp({
      id,
      organisationId,
      amount: '25.00',
      currency: 'usd',
      by: 'wire',
      saveMethod: false,
    });
    assert.ok(opened.ok, JSON.stringify(opened));
    const received = { reference: 'line-17', amount: '25.00', currency: 'usd' };
    const confirmed = await till.confirmWire(id, received);
    assert.ok(confirmed.ok && confirmed.value.state === 'credited', JSON.stringify(confirmed));
    await nextHour();
    assert.deepEqual(await told(), []);
    const ofIt = `WHERE amount_nano = ${nanoOfCents(2_500)}`;
    await plant(`DELETE FROM transfer ${ofIt}`);
    await nextHour();
    const sides = (await told()).filter((difference) => difference.startsWith('I2 '));
    assert.equal(sides.length, 2, 'both accounts have moved without it');
    await plant(`DELETE FROM credit_block ${ofIt}`);
    await plant("UPDATE top_up SET created_at = now() - interval '1 hour'");
    await nextHour();
    const payments = (await told()).filter((difference) => difference.includes('I14 I20'));
    assert.equal(payments.length, 1, (await told()).join('; '));
    assert.match(payments[0] ?? '', /line-17.*\$25\.00/);
  });

  test('of two servers one does an hour, and another one what a dead one left', async () => {
    const run = await store.reconciliations.begin();
    assert.equal(run?.whole, true);
    assert.equal(await second.reconciliations.begin(), undefined);
    await pool.query("UPDATE reconciliation_run SET started_at = now() - interval '31 minutes'");
    const taken = await second.reconciliations.begin();
    assert.ok(taken !== undefined);
    await second.reconciliations.end(taken, { checks: [], findings: [] });
    assert.equal(await store.reconciliations.begin(), undefined);
    assert.equal((await store.reconciliations.last())?.failure, undefined);
  });

  test('the whole ledger is added up no more often than its share of the time', async () => {
    const run = await store.reconciliations.begin();
    assert.ok(run !== undefined);
    await store.reconciliations.end(run, { checks: [], findings: [] });
    await pool.query(
      "UPDATE reconciliation_run SET hour = hour - interval '1 hour', started_at = now() - interval '60 minutes', ended_at = now() - interval '50 minutes'",
    );
    assert.equal(
      (await store.reconciliations.begin())?.whole,
      false,
      'ten minutes are due after 200',
    );
    await use();
    await plant('UPDATE usage SET output = output + 1');
    const { findings } = await store.reconciliations.meterFindings();
    assert.equal(findings.length, 1, 'the meters are compared all the same');
  });

  test('books that can not be added up in time are a difference of their own', async () => {
    const slow = {
      reconcile: (limitMs?: number) => store.accounts.reconcile(limitMs === undefined ? 0 : 1),
    };
    await pool.query(
      "INSERT INTO transfer (id, debit, credit, amount_nano, kind) SELECT 'x' || n, 'rounding', 'rounding', 1, 'test' FROM generate_series(1, 200000) AS n",
    );
    const { reconciliations } = store;
    await using _job = new Reconciling({ reconciliations, accounts: slow, till, log, everyMs: 20 });
    await until('it is done', async () => (await reconciliations.last()) !== undefined);
    assert.match(
      (await told()).join(),
      /could be added up — canceling statement due to statement timeout/,
    );
    assert.match((await reconciliations.last())?.failure ?? '', /timeout/);
  });
});

test('I20 a report that was doubted is an alert to the operator, once a day for each reason', async () => {
  await use({ pieces: 100, bytes: 501, doubts: ['absent'] });
  await use({ ...HUNDRED, doubts: ['impossible', 'shrinking'] });
  await use({ ...HUNDRED, doubts: ['impossible'] });
  await store.alerts.look(true);
  await use({ ...HUNDRED, doubts: ['impossible'] });
  await second.alerts.look(true);
  const events = await store.alerts.events({ count: 50 });
  const doubts = events
    .filter(({ kind }) => kind === 'metering.doubtful')
    .map(({ facts }) => facts);
  assert.deepEqual(doubts.map(({ doubt, requests }) => `${doubt} ${requests}`).toSorted(), [
    'absent 1',
    'impossible 2',
    'shrinking 1',
  ]);
  assert.equal(doubts[0]?.['model'], 'model-test');
  const [hour] = await store.reconciliations.meters(0);
  assert.equal(hour?.requests, 4);
  assert.deepEqual([hour?.unreported, hour?.doubtful], [1, 4]);
  assert.deepEqual([hour?.billedOutput, hour?.engineOutput, hour?.gatewayOutput], [400, 300, 500]);
});
