// Re-rating on a real PostgreSQL: there and back again leaves no nano-dollar, whoever pays and whatever breaks; and whatever
// is planted in an adjustment is found.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Pool } from 'pg';
import fc from 'fast-check';
import { nano } from '../../../domain/money/nano.ts';
import { costOf } from '../../../domain/pricing/cost.ts';
import { chargeAt } from '../../../domain/pricing/rerating.ts';
import { LIST_PRICES } from '../../../domain/pricing/prices.ts';
import { newId } from '../../../lib/ids.ts';
import { manualCredits, newCustomer } from '../../../ports/accounts.contract.ts';
import { auditBooks } from '../audit.ts';
import { poolTo } from '../database.fixture.ts';
import type { Store } from '../store.ts';
import { PostgresReratings } from './postgres-reratings.ts';
import {
  FROM_MS,
  good,
  HUGE,
  priceOf,
  problemOf,
  RatedBooks,
  run,
  type Sent,
  several,
  TO_MS,
  USED,
} from './reratings.fixture.ts';

let books: RatedBooks;
let store: Store;
let pool: Pool;
let reratings: PostgresReratings;
let versions: RatedBooks['versions'];
before(async () => {
  books = await RatedBooks.start();
  ({ store, pool, reratings, versions } = books);
});
after(() => books.end());

test('I7 to other prices and back is zero to the nano-dollar, for every account and every customer', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(USED, { minLength: 1, maxLength: 12 }),
      fc.array(fc.constantFrom('b', 'cheap', 'a', undefined), { minLength: 1, maxLength: 4 }),
      async (all, way) => {
        const { id, rows } = await books.newUser(HUGE, all);
        const [house, credit] = [await books.houseAccounts(), await books.balanceOf(id)];
        for (const name of way) {
          const version = name === undefined ? {} : { version: versions[name] };
          await books.rerate({ organisationId: id, ...version });
          const models = await books.pricesOf(versions[name ?? 'a']);
          const expected = rows.reduce((sum, { used, ...once }) => {
            const cost = costOf(used.usage, priceOf(models, used));
            return sum + chargeAt(once, cost) - once.chargedNano;
          }, 0n);
          assert.equal(credit - (await books.balanceOf(id)), expected);
        }
        await books.rerate({ organisationId: id });
        assert.equal(await books.balanceOf(id), credit);
        assert.deepEqual(await books.houseAccounts(), house);
      },
    ),
    { numRuns: 6, endOnFailure: true }, // What is left behind by a failure would make every smaller case fail too.
  );
  assert.deepEqual(await auditBooks(pool), []);
});

test('a look says what a run then does, and changes nothing', async () => {
  const { id } = await books.newUser(HUGE, several(40, 1));
  const ask = { organisationId: id, fromMs: FROM_MS, toMs: TO_MS, version: versions.b };
  const credit = await books.balanceOf(id);
  const looked = good(await reratings.preview(ask));
  assert.equal(looked.reachedMs, TO_MS);
  assert.equal(await books.balanceOf(id), credit);
  const { organisations } = await books.rerate(ask);
  const sum = looked.sums.reduce((all, one) => all + one.chargedNano, 0n);
  assert.deepEqual(
    organisations.map((one) => [one.organisationId, one.chargedNano, one.settledNano]),
    [[id, sum, sum]],
  );
  assert.equal(await books.balanceOf(id), credit - sum);
  const again = good(await reratings.preview(ask));
  assert.ok(
    again.sums.every((one) => one.chargedNano === 0n),
    'it is done',
  );
  await assertExported(id, sum);
  const unpriced = good(await reratings.preview({ ...ask, version: versions.gap }));
  assert.ok(unpriced.sums.every((one) => one.unpriced === one.requests && one.chargedNano === 0n));
});

/** What each request was charged more, in the export and on its receipt. */
async function assertExported(organisationId: string, sum: bigint): Promise<void> {
  const columns = store.exports.columns('adjustments').map(({ name }) => name);
  const [request, charged] = [columns.indexOf('request_id'), columns.indexOf('charged_nano')];
  const ask = { what: 'adjustments', organisationId, fromMs: 0, toMs: Date.now() + 1 } as const;
  let exported = 0n;
  for await (const rows of store.exports.rows(ask)) {
    for (const row of rows) {
      exported += BigInt(row[charged] ?? 0);
      const owner = { organisationId, projectId: 'proj_test' };
      const receipt = await store.receipts.receipt(owner, row[request] ?? '');
      assert.ok(receipt.ok);
      assert.deepEqual(
        receipt.value?.adjustments.map((one) => `${one.differenceNano}`),
        [row[charged]],
      );
    }
  }
  assert.equal(exported, sum);
}

test('who pays first is charged what is free and no more; what is open is set off against what comes back', async () => {
  const used = several(10, 2);
  const models = await books.pricesOf(versions.a);
  const costs = used.map((one) => costOf(one.usage, priceOf(models, one)));
  const needed = costs.reduce((sum, one) => sum + one, 0n);
  const { id } = await books.newUser(needed + 1_000n, used);
  const free = await books.balanceOf(id);
  const up = await books.rerate({ organisationId: id, version: versions.b });
  const [mine] = up.organisations;
  assert.ok(mine !== undefined && mine.chargedNano > free && mine.settledNano === free);
  assert.equal(await books.balanceOf(id), 0n);
  assert.deepEqual(await auditBooks(pool), []);
  await books.rerate({ organisationId: id });
  assert.equal(await books.balanceOf(id), free);
  assert.deepEqual(await auditBooks(pool), []);
});

test('who pays afterwards owes what its limit does not cover; what comes back pays that first', async () => {
  const { organisation } = await newCustomer(store.accounts);
  await store.accounts.setCreditLimit(organisation.id, nano(HUGE));
  await books.settleAll(organisation.id, several(30, 3));
  const owed = async () => (await store.accounts.creditAccount(organisation.id))?.owedNano;
  const before_ = await owed();
  await store.accounts.setCreditLimit(organisation.id, nano(1n));
  const { organisations } = await books.rerate({
    organisationId: organisation.id,
    version: versions.b,
  });
  assert.ok(organisations[0] !== undefined && organisations[0].chargedNano > 1n);
  assert.equal(organisations[0].settledNano, organisations[0].chargedNano);
  assert.equal(await owed(), (before_ ?? 0n) + organisations[0].chargedNano);
  assert.deepEqual(await auditBooks(pool), []);
  await books.rerate({ organisationId: organisation.id });
  assert.equal(await owed(), before_);
  assert.deepEqual(await auditBooks(pool), []);
});

test('I5 two at once, and connections that are cut all the time, do nothing twice', async () => {
  const users = [];
  for (const seed of [4, 5, 6]) users.push(await books.newUser(HUGE, several(40, seed)));
  const wish = run({ version: versions.cheap });
  const sums = good(await reratings.preview(wish)).sums;
  good(await reratings.begin(wish));
  assert.equal(problemOf(await reratings.begin(run({ version: versions.b }))), 'another-is-open');
  const others = new PostgresReratings(pool, { reach: async () => {} }, 3);
  await using knife = poolTo(books.connection);
  const ended = new AbortController();
  const cut = async () => {
    while (!ended.signal.aborted) {
      await knife.query(
        `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
           WHERE datname = current_database() AND pid <> pg_backend_pid() AND query LIKE '%rerat%' AND random() < 0.3`,
      );
      await new Promise((resume) => setTimeout(resume, 5));
    }
  };
  const work = async (one: PostgresReratings) => {
    for (;;) {
      try {
        if (good(await one.proceed(wish.id)).finishedAtMs !== undefined) break;
      } catch {
        continue; // The next call goes on.
      }
    }
  };
  const cutting = cut().catch(() => {});
  await Promise.all([work(reratings), work(others)]);
  ended.abort();
  await cutting;
  const { organisations } = good(await reratings.proceed(wish.id));
  for (const { id } of users) {
    const expected = sums
      .filter((one) => one.organisationId === id)
      .reduce((sum, one) => sum + one.chargedNano, 0n);
    assert.equal(organisations.find((one) => one.organisationId === id)?.settledNano, expected);
    const { blocks = [] } = (await store.accounts.creditAccount(id)) ?? {};
    const back = blocks.find(({ source }) => source === 'refund');
    assert.equal(back?.amountNano, -expected);
    assert.match(back?.note ?? '', /a wrong price/);
  }
  assert.deepEqual(await auditBooks(pool), []);
  const { by, ...same } = wish;
  assert.equal(good(await reratings.begin({ ...same, by })).id, wish.id);
  assert.equal(problemOf(await reratings.begin({ ...wish, version: versions.b })), 'conflict');
});

test('I12 an adjustment is a line of the next invoice, with its name, its days and what the ledger has', async () => {
  const used = several(20, 9);
  for (const limit of [0n, HUGE]) {
    const { id, rows } = await books.newUser(HUGE, used);
    if (limit > 0n) {
      await store.accounts.addCredits(manualCredits(id, 1n));
      await store.accounts.setCreditLimit(id, nano(limit));
    }
    const used_ = rows.reduce((sum, one) => sum + one.chargedNano, 0n);
    const first = await books.rerate({ organisationId: id, version: versions.b });
    const invoice = await books.finalOf(id, '2026-10');
    const [more] = first.organisations;
    assert.ok(more !== undefined);
    assert.equal(invoice.usageNano, used_ + more.settledNano);
    const lines = invoice.adjustments;
    assert.ok(
      lines.length > 0 && lines.every((line) => /: a wrong price, [mn]/.test(line)),
      lines.join(),
    );
    // It is final: what comes after it is on the next one, and more is given back there than was used.
    const second = await books.rerate({ organisationId: id, version: versions.cheap });
    const next = await books.finalOf(id, '2026-11');
    assert.equal(next.usageNano, second.organisations[0]?.settledNano);
    assert.ok(next.usageNano < 0n);
    assert.equal(next.dueCents, 0n);
    assert.deepEqual(await auditBooks(pool), []);
  }
});

test('what makes no sense is refused by name', async () => {
  const { id } = await books.newUser(HUGE, several(3, 7));
  const begin = async (more: Sent) => problemOf(await reratings.begin(run(more)));
  assert.equal(await begin({ version: 1_000_000 }), 'no-such-version');
  assert.equal(await begin({ version: versions.gap, organisationId: id }), 'unpriced');
  assert.equal(await begin({ fromMs: TO_MS, toMs: FROM_MS }), 'span-empty');
  assert.equal(await begin({ fromMs: Number.NaN }), 'span-empty');
  assert.equal(await begin({ toMs: Date.now() + 60_000 }), 'span-not-over');
  const list = Object.fromEntries(await books.pricesOf(versions.cheap));
  const draft = await store.prices.saveDraft({
    id: newId('prices'),
    bookId: LIST_PRICES,
    models: new Map(Object.entries(list)),
    withdrawn: [],
    note: '',
    by: 'Ada',
  });
  assert.ok(draft.ok);
  const later = await store.prices.scheduleDraft(draft.value.id, Date.now() + 9e6, 'Ada');
  assert.ok(later.ok);
  assert.equal(await begin({ version: later.value.version ?? 0 }), 'version-not-in-force');
  assert.equal(problemOf(await reratings.proceed('none')), 'no-such-rerating');
});

test('I7 I12 whatever is planted in an adjustment is found', async () => {
  const { id } = await books.newUser(HUGE, several(20, 8));
  await books.rerate({ organisationId: id, version: versions.b });
  assert.deepEqual(await auditBooks(pool), []);
  const plants = [
    [
      `UPDATE rerated_usage SET after_nano = after_nano + 1 WHERE organisation_id = '${id}'`,
      /^I7 what a request/,
    ],
    [
      `UPDATE rerated_usage SET charged_nano = charged_nano - 1 WHERE organisation_id = '${id}'`,
      /^I7 what a request/,
    ],
    [
      `UPDATE rerated_day SET charged_nano = charged_nano + 1 WHERE organisation_id = '${id}'`,
      /^I7 an adjustment/,
    ],
    [
      `UPDATE rerated_organisation SET settled_nano = settled_nano + 1 WHERE organisation_id = '${id}'`,
      /^I12 an adjustment/,
    ],
    [
      `UPDATE transfer SET amount_nano = amount_nano + 1 WHERE kind = 'rerate' AND debit = 'credits:${id}'`,
      /^I12 an adjustment/,
    ],
    [
      `DELETE FROM rerating_transfer WHERE organisation_id = '${id}'`,
      /^I5 every transfer of a re-rating/,
    ],
    [`DELETE FROM rerated_usage WHERE organisation_id = '${id}'`, /^I7 an adjustment/],
  ] as const;
  for (const [sql, check] of plants) {
    await assert.rejects(pool.query(sql), /never changed or deleted/, sql);
    const client = await pool.connect();
    const table = /(?:UPDATE|FROM) (\w+)/.exec(sql)?.[1] ?? '';
    await client.query(`BEGIN; ALTER TABLE ${table} DISABLE TRIGGER USER`);
    await client.query(sql);
    await client.query(`ALTER TABLE ${table} ENABLE ALWAYS TRIGGER ${table}_is_immutable; COMMIT`);
    client.release();
    const names = (await auditBooks(pool)).map((finding) => finding.check);
    assert.ok(
      names.some((name) => check.test(name)),
      `${sql}: ${names.join('; ')}`,
    );
    await undo(table, sql);
  }
});

/** Takes back what was planted in an amount; rows that were deleted are the last plants. */
async function undo(table: string, sql: string): Promise<void> {
  if (!sql.startsWith('UPDATE')) return;
  const swapped = sql.replace(/ ([+-]) 1 /, (_, sign) => ` ${sign === '+' ? '-' : '+'} 1 `);
  const client = await pool.connect();
  await client.query(`BEGIN; ALTER TABLE ${table} DISABLE TRIGGER USER`);
  await client.query(swapped);
  await client.query(`ALTER TABLE ${table} ENABLE ALWAYS TRIGGER ${table}_is_immutable; COMMIT`);
  client.release();
  assert.deepEqual(await auditBooks(pool), []);
}
