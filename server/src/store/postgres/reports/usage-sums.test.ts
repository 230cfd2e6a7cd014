// Reports are as exact as the usage rows, at every moment: while some of it is rolled up, while other transactions are under
// way, after a restore; and however they are grouped.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Pool } from 'pg';
import { NO_USAGE } from '../../../domain/generation/usage.ts';
import type { Dimension, UsageAsk } from '../../../domain/reports/usage-ask.ts';
import { newId } from '../../../lib/ids.ts';
import { mustHold, testSettlement } from '../../../ports/ledger.contract.ts';
import { auditBooks } from '../audit.ts';
import {
  booksOf,
  connectTo,
  mustOpen,
  poolTo,
  type SocketConnection,
  startTestPostgres,
  type TestPostgres,
} from '../database.fixture.ts';
import type { Store } from '../store.ts';

const DAY_MS = 86_400_000;
const TODAY_MS = Math.floor(Date.now() / DAY_MS) * DAY_MS;

let postgres: TestPostgres;
let connection: SocketConnection;
let store: Store;
let pool: Pool & AsyncDisposable;
let organisationId: string;

before(async () => {
  postgres = await startTestPostgres();
  connection = await postgres.newDatabase();
  store = await mustOpen(connection);
  pool = poolTo(connection);
  organisationId = await booksOf(store).newOrganisation(10n ** 12n);
});
after(async () => {
  await pool[Symbol.asyncDispose]();
  await store[Symbol.asyncDispose]();
  await postgres[Symbol.asyncDispose]();
});

type Used = { model?: string; endUser?: string; tier?: 'standard' | 'batch'; failed?: true };

async function use({ model = 'small', endUser, tier = 'standard', failed }: Used = {}) {
  const hold = await mustHold(store.ledger, organisationId, 10_000n);
  await store.ledger.settle(hold, {
    ...testSettlement(hold, 1_000n),
    model,
    tier,
    ...(endUser !== undefined && { endUser }),
    usage: { ...NO_USAGE, input: 7, output: 3 },
    startedAtMs: TODAY_MS + 1_000,
    ...(failed && { outcome: 'failed' as const }),
  });
}

function ask(by: readonly Dimension[] = [], width: UsageAsk['width'] = 'day'): UsageAsk {
  const range = { fromMs: TODAY_MS, toMs: TODAY_MS + DAY_MS };
  return { organisationId, ...range, width, by, only: {}, what: 'everything' };
}

async function requestsIn(width: UsageAsk['width'] = 'day'): Promise<number> {
  const sums = (await store.reports.sums(ask([], width))) ?? [];
  return sums.reduce((total, { requests }) => total + requests, 0);
}

describe('sums over usage', () => {
  test('are the same before and after a roll-up, at every width, and leave failures out', async () => {
    await use();
    await use({ model: 'large', endUser: 'ada', tier: 'batch' });
    await use({ failed: true });
    const asks = [ask(['model', 'endUser']), ask(['endUser']), ask(['key', 'project', 'price'])];
    const young = await Promise.all(asks.map((one) => store.reports.sums(one)));
    const fresh = await store.reports.sums(ask(['model', 'tier', 'endUser']));
    assert.deepEqual(
      fresh?.map(({ key, requests, tokens, chargedNano }) => [
        key,
        requests,
        tokens.input,
        chargedNano,
      ]),
      [
        [{ model: 'large', tier: 'batch', endUser: 'ada' }, 1, 7, 1_000n],
        [{ model: 'small', tier: 'standard' }, 1, 7, 1_000n],
      ],
    );
    assert.equal(await store.reports.rollUp(), 3);
    assert.equal(await store.reports.rollUp(), 0, 'each row once');
    assert.deepEqual(await store.reports.sums(ask(['model', 'tier', 'endUser'])), fresh);
    assert.deepEqual(await Promise.all(asks.map((one) => store.reports.sums(one))), young);
    for (const width of ['minute', 'hour', 'day'] as const)
      assert.equal(await requestsIn(width), 2);
  });

  test('what is settled while another transaction is open is neither lost nor doubled', async () => {
    await using other = await connectTo(connection);
    const had = await requestsIn();
    // It has its number before the settle below, writes its row after, and commits last.
    await other.query('BEGIN');
    await other.query('SELECT pg_current_xact_id()');
    await use();
    await store.reports.rollUp();
    assert.equal(await requestsIn(), had + 1);
    await other.query(
      `INSERT INTO usage (request_id, organisation_id, project_id, key_id, model, engine, protocol, usage_source, outcome,
           price_version, input, cache_read, cache_write_5m, cache_write_1h, output, reasoning, cost_nano, charged_nano,
           overrun_nano, started_at, duration_ms)
         VALUES (gen_random_uuid(), $1, 'p', 'k', 'small', 'e', 'openai-chat', 'engine', 'completed', 1,
           7, 0, 0, 0, 3, 0, 0, 0, 0, to_timestamp($2::float8 / 1000), 1)`,
      [organisationId, TODAY_MS + 2_000],
    );
    await store.reports.rollUp();
    assert.equal(await requestsIn(), had + 1, 'not yet there');
    await other.query('COMMIT');
    assert.equal(await requestsIn(), had + 2);
    await store.reports.rollUp();
    assert.equal(await requestsIn(), had + 2);
    await store.reports.rollUp();
    for (const width of ['minute', 'hour', 'day'] as const) {
      assert.equal(await requestsIn(width), had + 2);
    }
  });

  test('two that roll up at once add nothing twice', async () => {
    const had = await requestsIn();
    await Promise.all([use(), use(), use()]);
    await Promise.all(Array.from({ length: 6 }, () => store.reports.rollUp()));
    await store.reports.rollUp();
    assert.equal(await requestsIn(), had + 3);
  });

  test('in a restored database, where transactions have other numbers, it begins anew', async () => {
    const had = await requestsIn();
    // As a dump brings them in: rows of transactions that are yet to come here, and the position of another cluster.
    await pool.query('ALTER TABLE usage DISABLE TRIGGER usage_is_immutable');
    await pool.query(`UPDATE usage SET settled_xid = '9000000000' WHERE model = 'small'`);
    await pool.query('ALTER TABLE usage ENABLE ALWAYS TRIGGER usage_is_immutable');
    await pool.query(`UPDATE usage_roll_up_position SET upto = '8000000000', cluster = 7`);
    await use();
    await store.reports.rollUp();
    assert.equal(await requestsIn(), had + 1);
    await use();
    assert.equal(await requestsIn(), had + 2);
    await store.reports.rollUp();
    assert.equal(await requestsIn(), had + 2);
    await assert.rejects(pool.query(`UPDATE usage SET input = 1`), /never changed/);
  });

  test('the reconciliation compares the roll-ups with the rows, and names what was planted', async () => {
    await store.reports.rollUp();
    const about = async () =>
      (await auditBooks(pool)).filter(({ check }) => check.includes('roll-up'));
    assert.deepEqual(await about(), []);
    await pool.query(`UPDATE usage_hour SET input = input + 1 WHERE model = 'large'`);
    assert.match((await about())[0]?.detail ?? '', /large/);
    await pool.query(`UPDATE usage_hour SET input = input - 1 WHERE model = 'large'`);
    await pool.query(`DELETE FROM usage_day WHERE model = 'large'`);
    assert.match((await about())[0]?.detail ?? '', /large/);
  });

  test('the revenue of an organisation nobody has heard of is nothing', async () => {
    assert.deepEqual(await store.reports.sums({ ...ask(), organisationId: newId('org') }), []);
  });
});
