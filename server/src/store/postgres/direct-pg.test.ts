// The ledger on a real PostgreSQL: its contract, and the invariants one by one.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Pool } from 'pg';
import { costOf } from '../../domain/pricing/cost.ts';
import type { ModelPrice } from '../../domain/pricing/price-book.ts';
import { NO_USAGE } from '../../domain/generation/usage.ts';
import { nano } from '../../domain/money/nano.ts';
import {
  type BooksUnderTest,
  describeLedger,
  mustHold,
  testRequestId,
  testSettlement,
} from '../../ports/ledger.contract.ts';
import { auditBooks } from './audit.ts';
import {
  booksOf,
  connectTo,
  mustOpen,
  poolTo,
  type SocketConnection,
  startTestPostgres,
  type TestPostgres,
} from './database.fixture.ts';
import { voidSilent } from './gateway-epoch.ts';
import type { Store, StoreProblem } from './store.ts';

let postgres: TestPostgres;
before(async () => {
  postgres = await startTestPostgres();
});
after(() => postgres[Symbol.asyncDispose]());

describeLedger('DirectPg', async () => booksOf(await mustOpen(await postgres.newDatabase())));

describe('the books', () => {
  let connection: SocketConnection;
  let store: Store;
  let books: BooksUnderTest;
  let pool: Pool & AsyncDisposable;
  const problems: StoreProblem[] = [];

  before(async () => {
    connection = await postgres.newDatabase();
    store = await mustOpen(connection, { onProblem: (problem) => problems.push(problem) });
    books = booksOf(store);
    pool = poolTo(connection);
  });
  after(async () => {
    assert.deepEqual(await auditBooks(pool), [], 'the books balance after every test of this file');
    await pool[Symbol.asyncDispose]();
    await store[Symbol.asyncDispose]();
  });

  async function houseBalance(id: string): Promise<bigint> {
    const sql = 'SELECT balance_nano AS balance FROM account WHERE id = $1';
    const { rows } = await pool.query<{ balance: string }>(sql, [id]);
    return BigInt(rows[0]?.balance ?? '0');
  }

  test('I1 I2 I7 a settle moves the cost to revenue, and what is above the hold out of the house', async () => {
    const organisationId = await books.newOrganisation(1_000n);
    const hold = await mustHold(store.ledger, organisationId, 100n);
    const lossBefore = await houseBalance('overrun_loss');
    await store.ledger.settle(hold, testSettlement(hold, 130n, { model: 'm-1' }));
    assert.equal(await houseBalance('revenue:m-1:standard'), 130n);
    assert.equal((await houseBalance('overrun_loss')) - lossBefore, -30n);
    const { rows } = await pool.query(
      'SELECT kind, debit, credit, amount_nano FROM transfer WHERE id LIKE $1 ORDER BY kind',
      [`%:${hold.requestId}`],
    );
    assert.deepEqual(rows, [
      { kind: 'overrun', debit: 'overrun_loss', credit: 'revenue:m-1:standard', amount_nano: '30' },
      {
        kind: 'settle',
        debit: `credits:${organisationId}`,
        credit: 'revenue:m-1:standard',
        amount_nano: '100',
      },
    ]);
  });

  test('a usage row says in which tier and for whom; each tier has a revenue account of its own', async () => {
    const endUser = 'a "b", {c} \\ \u{1f600}';
    const usage = {
      ...NO_USAGE,
      output: 1,
      imageInput: 2,
      audioInput: 3,
      imageOutput: 4,
      audioOutput: 5,
      toolCalls: 6,
    };
    const hold = await mustHold(store.ledger, await books.newOrganisation(9n), 9n);
    const more = { model: 'm-2', tier: 'flex', endUser, usage } as const;
    await store.ledger.settle(hold, testSettlement(hold, 9n, more));
    assert.equal(await houseBalance('revenue:m-2:flex'), 9n);
    const { rows } = await pool.query(
      `SELECT tier, end_user, image_input, audio_input, image_output, audio_output, tool_calls FROM usage WHERE model = 'm-2'`,
    );
    const buckets = {
      image_input: '2',
      audio_input: '3',
      image_output: '4',
      audio_output: '5',
      tool_calls: '6',
    };
    assert.deepEqual(rows, [{ tier: 'flex', end_user: endUser, ...buckets }]);
    assert.deepEqual(await auditBooks(pool), []);
  });

  test('I7 a cost is its tokens at the pinned prices, to the nano-dollar, whatever the size', async () => {
    const price: ModelPrice = {
      input: nano(150_000_000n),
      cacheRead: nano(15_000_001n),
      cacheWrite5m: nano(187_500_000n),
      cacheWrite1h: nano(300_000_000n),
      imageInput: nano(150_000_007n),
      audioInput: nano(150_000_009n),
      output: nano(600_000_000n),
      reasoning: nano(600_000_003n),
      imageOutput: nano(600_000_011n),
      audioOutput: nano(600_000_013n),
      toolCalls: nano(10_000_000_000_003n),
      request: nano(1_000_000_000_001n),
    };
    const priceVersion = await store.accounts.publishPrices(new Map([['m-priced', price]]));
    const usages = [
      { ...NO_USAGE, input: 3, cacheRead: 1, cacheWrite1h: 7, output: 1, reasoning: 5 },
      NO_USAGE,
      {
        input: 9_007_199,
        cacheRead: 1,
        cacheWrite5m: 3,
        cacheWrite1h: 1,
        imageInput: 11,
        audioInput: 13,
        output: 9_999_999,
        reasoning: 1,
        imageOutput: 17,
        audioOutput: 19,
        toolCalls: 23,
      },
    ];
    for (const usage of usages) {
      const cost = costOf(usage, price);
      const hold = await mustHold(store.ledger, await books.newOrganisation(cost), cost);
      await store.ledger.settle(
        hold,
        testSettlement(hold, cost, { usage, priceVersion, model: 'm-priced' }),
      );
    }
    assert.deepEqual(await auditBooks(pool), []);
  });

  test('I3 a hold that vanished is charged from free credit as far as it goes, the rest to the house', async () => {
    const organisationId = await books.newOrganisation(100n);
    const hold = await mustHold(store.ledger, organisationId, 50n);
    await pool.query(
      'SELECT ledger_void(ARRAY(SELECT request_id FROM hold WHERE organisation_id = $1))',
      [organisationId],
    );
    await mustHold(store.ledger, organisationId, 70n); // another request has taken most of it meanwhile
    const outcome = await store.ledger.settle(hold, testSettlement(hold, 50n));
    assert.deepEqual(outcome, { kind: 'settled', chargedNano: 30n, availableNano: 0n });
    assert.deepEqual(await books.balance(organisationId), { balanceNano: 70n, heldNano: 70n });
  });

  test('an extension of a hold that vanished is refused', async () => {
    const organisationId = await books.newOrganisation(100n);
    const hold = await mustHold(store.ledger, organisationId, 50n);
    await pool.query(
      'SELECT ledger_void(ARRAY(SELECT request_id FROM hold WHERE organisation_id = $1))',
      [organisationId],
    );
    const outcome = await store.ledger.extend(hold, nano(10n));
    assert.deepEqual(outcome, { kind: 'refused', availableNano: 100n });
  });

  test('a record that PostgreSQL refuses fails alone, loudly, and its hold ends', async () => {
    const organisationId = await books.newOrganisation(1_000n);
    const holds = await Promise.all(
      Array.from({ length: 20 }, () => mustHold(store.ledger, organisationId, 10n)),
    );
    const settled = await Promise.allSettled(
      holds.map((hold, at) => {
        const model = at === 7 ? 'no\u0000text' : `model "${at % 3}", \\ {quoted}`;
        return store.ledger.settle(hold, testSettlement(hold, 10n, { model }));
      }),
    );
    assert.deepEqual(
      settled.map(({ status }, at) => (status === 'rejected' ? at : -1)).filter((at) => at >= 0),
      [7],
    );
    assert.match(
      problems.at(-1)?.sentence ?? '',
      /The settle of req_[0-9a-f]{32} was refused by PostgreSQL/,
    );
    // Behind this one in the queue is nothing: the void has been done when it answers.
    await store.ledger.settle(
      holds[0] ?? assert.fail(),
      testSettlement(holds[0] ?? assert.fail(), 10n),
    );
    assert.deepEqual(await books.balance(organisationId), { balanceNano: 810n, heldNano: 0n });
    assert.equal(await houseBalance('revenue:model "1", \\ {quoted}:standard'), 60n);
  });

  test('an unknown organisation is a mistake of ours: it throws, and nobody else notices', async () => {
    const organisationId = await books.newOrganisation(10n);
    const wantNano = nano(1n);
    const [bad, good] = await Promise.allSettled([
      store.ledger.hold({
        requestId: testRequestId(),
        organisationId: 'org_x',
        wantNano,
        leastNano: wantNano,
      }),
      mustHold(store.ledger, organisationId, 1n),
    ]);
    assert.equal(bad.status, 'rejected');
    assert.equal(good.status, 'fulfilled');
  });

  test('I12 transfers, usage and prices are never changed, by nobody', async () => {
    const organisationId = await books.newOrganisation(100n);
    const hold = await mustHold(store.ledger, organisationId, 50n);
    await store.ledger.settle(hold, testSettlement(hold, 5n));
    await using superuser = await connectTo(connection);
    for (const sql of [
      'UPDATE transfer SET amount_nano = 1',
      'DELETE FROM transfer',
      'TRUNCATE transfer',
      'UPDATE usage SET cost_nano = 0',
      'DELETE FROM price',
      "SET session_replication_role = 'replica'; DELETE FROM transfer",
    ]) {
      await assert.rejects(superuser.query(sql), /never changed or deleted/, sql);
    }
  });

  test('I3 credit below what is held is refused by the table itself', async () => {
    const organisationId = await books.newOrganisation(100n);
    await mustHold(store.ledger, organisationId, 50n);
    await using superuser = await connectTo(connection);
    const below = 'UPDATE account SET balance_nano = 49 WHERE organisation_id = $1';
    await assert.rejects(superuser.query(below, [organisationId]), { code: '23514' });
  });
});

describe('I8 every hold ends', () => {
  test('the next start of a gateway voids what its last one left, and fences it', async () => {
    const connection = await postgres.newDatabase();
    const problems: StoreProblem[] = [];
    await using old = await mustOpen(connection, {
      onProblem: (problem) => problems.push(problem),
    });
    const organisationId = await booksOf(old).newOrganisation(100n);
    const hold = await mustHold(old.ledger, organisationId, 60n);
    await using next = await mustOpen(connection);
    assert.deepEqual(await booksOf(next).balance(organisationId), {
      balanceNano: 100n,
      heldNano: 0n,
    });
    assert.deepEqual(await old.ledger.settle(hold, testSettlement(hold, 10n)), {
      kind: 'unavailable',
    });
    assert.equal(problems.at(-1)?.kind, 'fenced');
    assert.deepEqual(await booksOf(next).balance(organisationId), {
      balanceNano: 100n,
      heldNano: 0n,
    });
    await mustHold(next.ledger, organisationId, 100n);
  });

  test('the holds of a gateway that fell silent are voided by another, those of a live one are not', async () => {
    const connection = await postgres.newDatabase();
    await using dead = await mustOpen(connection, { gatewayId: 'dead' });
    await using alive = await mustOpen(connection, { gatewayId: 'live' });
    await using pool = poolTo(connection);
    const organisationId = await booksOf(dead).newOrganisation(100n);
    await mustHold(dead.ledger, organisationId, 60n);
    await mustHold(alive.ledger, organisationId, 10n);
    await pool.query("UPDATE gateway SET heartbeat_at = now() - interval '61 s' WHERE id = 'dead'");
    assert.equal(await voidSilent(pool), 1);
    assert.deepEqual(await booksOf(alive).balance(organisationId), {
      balanceNano: 100n,
      heldNano: 10n,
    });
    assert.deepEqual(await auditBooks(pool), []);
  });
});

test('the audit finds what is wrong', async () => {
  const connection = await postgres.newDatabase();
  await using store = await mustOpen(connection);
  await using pool = poolTo(connection);
  const organisationId = await booksOf(store).newOrganisation(100n);
  const hold = await mustHold(store.ledger, organisationId, 60n);
  await store.ledger.settle(hold, testSettlement(hold, 10n));
  assert.deepEqual(await auditBooks(pool), []);
  const plant = async (sql: string, expected: readonly string[]) => {
    await pool.query(sql);
    const found = await auditBooks(pool);
    assert.deepEqual([...new Set(found.map(({ check }) => check.split(' ')[0]))], expected, sql);
  };
  await plant(
    "UPDATE account SET balance_nano = balance_nano + 1 WHERE kind = 'revenue' AND balance_nano > 0",
    ['I1', 'I2'],
  );
  await plant("UPDATE account SET balance_nano = balance_nano - 1 WHERE kind = 'overrun-loss'", [
    'I2',
  ]);
  await plant("UPDATE account SET held_nano = 1 WHERE kind = 'credits'", ['I2', 'I8']);
  await plant('DELETE FROM usage', ['I2', 'I5', 'I8']);
});
