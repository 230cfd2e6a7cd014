// Price books on a real PostgreSQL: their life, what gateways see of them and when, contracts, consents, and simulations
// that come to the same as pricing each request by itself.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Pool } from 'pg';
import { NO_USAGE, USAGE_BUCKETS, type Usage } from '../../../domain/generation/usage.ts';
import { nano } from '../../../domain/money/nano.ts';
import { costOf } from '../../../domain/pricing/cost.ts';
import {
  PRICE_ITEMS,
  type ModelPrice,
  type ModelPrices,
} from '../../../domain/pricing/price-book.ts';
import { bookInForce, LIST_PRICES } from '../../../domain/pricing/prices.ts';
import { times } from '../../../domain/pricing/price-rules.ts';
import { newId } from '../../../lib/ids.ts';
import { manualCredits, newCustomer } from '../../../ports/accounts.contract.ts';
import { mustHold, testSettlement } from '../../../ports/ledger.contract.ts';
import type { Draft, Drafted } from '../../../ports/price-books.ts';
import { auditBooks } from '../audit.ts';
import {
  mustOpen,
  poolTo,
  type SocketConnection,
  startTestPostgres,
  type TestPostgres,
} from '../database.fixture.ts';
import type { Store } from '../store.ts';
import { drafted, good, price, problemOf, sold } from './price-books.fixture.ts';

let postgres: TestPostgres;
let connection: SocketConnection;
let store: Store;
let pool: Pool & AsyncDisposable;
before(async () => {
  postgres = await startTestPostgres();
  connection = await postgres.newDatabase();
  store = await mustOpen(connection);
  pool = poolTo(connection);
});
after(async () => {
  assert.deepEqual(await auditBooks(pool), []);
  await pool[Symbol.asyncDispose]();
  await store[Symbol.asyncDispose]();
  await postgres[Symbol.asyncDispose]();
});

async function publish(
  models: Record<string, ModelPrices>,
  more: Partial<Drafted> = {},
): Promise<Draft> {
  const draft = good(await store.prices.saveDraft(drafted(models, more)));
  return good(await store.prices.scheduleDraft(draft.id, undefined, 'Ada'));
}

const inForce = (organisationId?: string, from: Store = store) =>
  bookInForce(from.accounts.snapshot().prices, Date.now(), organisationId);

test('a draft can be changed until it is scheduled, and is a version then that never changes', async () => {
  const draft = good(await store.prices.saveDraft(drafted({ m: sold(5n) })));
  const changed = good(await store.prices.saveDraft(drafted({ m: sold(6n) }, { id: draft.id })));
  assert.equal(changed.models.get('m')?.standard.output, 6n);
  const { version } = good(await store.prices.scheduleDraft(draft.id, undefined, 'Ada'));
  assert.equal(inForce()?.version, version);
  assert.deepEqual(inForce()?.models.get('m'), sold(6n));
  assert.equal(
    problemOf(await store.prices.saveDraft(drafted({ m: sold(7n) }, { id: draft.id }))),
    'price-immutable',
  );
  assert.equal(
    problemOf(await store.prices.scheduleDraft(draft.id, undefined, 'Ada')),
    'price-immutable',
  );
  assert.equal(problemOf(await store.prices.discardDraft(draft.id)), 'price-immutable');
  for (const sql of [
    'UPDATE price SET output = 0',
    'DELETE FROM price_book_version',
    'TRUNCATE data_use_consent',
  ]) {
    await assert.rejects(pool.query(sql), /never changed or deleted/);
  }
});

test('I19 a list that leaves out what has a price is refused, unless it says so', async () => {
  await publish({ m: sold(5n), gone: sold(5n) });
  const gap = good(await store.prices.saveDraft(drafted({ m: sold(6n) })));
  assert.equal(problemOf(await store.prices.scheduleDraft(gap.id, undefined, 'Ada')), 'price-gap');
  await publish({ m: sold(6n) }, { withdrawn: ['gone'] });
  assert.equal(inForce()?.models.has('gone'), false);
});

test('a moment that is over, too far away or taken is refused by name', async () => {
  const { id } = good(await store.prices.saveDraft(drafted({ m: sold(8n) })));
  const other = good(await store.prices.saveDraft(drafted({ m: sold(9n) })));
  const at = Date.now() + 3_600_000;
  for (const [fromMs, kind] of [
    [Date.now() - 3_600_000, 'price-in-the-past'],
    [Number.NaN, 'price-in-the-past'],
    [Date.now() + 5e11, 'price-too-far'],
  ] as const) {
    assert.equal(problemOf(await store.prices.scheduleDraft(id, fromMs, 'Ada')), kind);
  }
  good(await store.prices.scheduleDraft(id, at, 'Ada'));
  assert.equal(problemOf(await store.prices.scheduleDraft(other.id, at, 'Ada')), 'price-overlap');
  assert.notDeepEqual(inForce()?.models.get('m'), sold(8n));
});

test('what is scheduled takes effect at its instant on every gateway by the clock, without another word', async () => {
  await using elsewhere = await mustOpen(connection, { gatewayId: 'elsewhere' });
  const earlier = inForce()?.version;
  const { id } = good(await store.prices.saveDraft(drafted({ m: sold(77n) })));
  const at = Date.now() + 1_800_000;
  const { version } = good(await store.prices.scheduleDraft(id, at, 'Ada'));
  while (elsewhere.accounts.snapshot().version < store.accounts.snapshot().version) await sleep(10);
  const snapshots = [store, elsewhere].map((one) => one.accounts.snapshot());
  for (const { prices } of snapshots) {
    assert.equal(bookInForce(prices, at - 1)?.version, earlier);
    assert.equal(bookInForce(prices, at)?.version, version);
  }
});

test('a book that asks for it is approved by somebody else before it is scheduled', async () => {
  const id = newId('book');
  good(await store.prices.createBook({ id, name: 'Careful', approvalRequired: true, by: 'Ada' }));
  const draft = good(await store.prices.saveDraft(drafted({ m: sold(5n) }, { bookId: id })));
  assert.equal(
    problemOf(await store.prices.scheduleDraft(draft.id, undefined, 'Ada')),
    'approval-required',
  );
  assert.equal(problemOf(await store.prices.approveDraft(draft.id, 'Ada')), 'approval-required');
  good(await store.prices.approveDraft(draft.id, 'Grace'));
  // A change after the approval begins anew.
  good(await store.prices.saveDraft(drafted({ m: sold(6n) }, { id: draft.id, bookId: id })));
  assert.equal(
    problemOf(await store.prices.scheduleDraft(draft.id, undefined, 'Ada')),
    'approval-required',
  );
  good(await store.prices.approveDraft(draft.id, 'Grace'));
  assert.equal(
    good(await store.prices.scheduleDraft(draft.id, undefined, 'Ada')).state,
    'scheduled',
  );
});

test('a contract has its own version of every list, by its rules, and its organisation pays by that', async () => {
  const { organisation } = await newCustomer(store.accounts);
  const stranger = await newCustomer(store.accounts);
  await publish({ m: sold(1_000n), n: sold(3n) });
  const id = newId('book');
  const rules = [
    { model: 'm', tier: 'standard', item: 'output', change: { kind: 'exact', price: nano(7n) } },
    { model: 'm', change: { kind: 'permille', permille: 900 } },
  ] as const;
  const of = { base: LIST_PRICES, rules };
  good(await store.prices.createBook({ id, name: 'Acme', approvalRequired: false, of, by: 'Ada' }));
  good(await store.prices.assign(organisation.id, id, undefined, 'Ada'));
  const mine = () => inForce(organisation.id)?.models;
  assert.equal(mine()?.get('m')?.standard.output, 7n);
  assert.equal(mine()?.get('m')?.standard.input, 90_000_001n); // 90,000,000.9, rounded half up
  assert.equal(mine()?.get('m')?.flex?.output, 450n);
  assert.deepEqual(mine()?.get('n'), sold(3n));
  assert.deepEqual(inForce(stranger.organisation.id), inForce());
  const own = inForce(organisation.id)?.version;
  assert.notEqual(own, inForce()?.version);

  await publish({ m: sold(2_000n), n: sold(4n) });
  assert.equal(mine()?.get('m')?.flex?.output, 900n);
  assert.equal(mine()?.get('n')?.standard.output, 4n);
  good(
    await store.prices.setRules(
      id,
      [{ change: { kind: 'permille', permille: 500 } }],
      undefined,
      'Ada',
    ),
  );
  assert.equal(mine()?.get('m')?.standard.output, 1_000n);
  const history = await store.prices.history(id);
  const begun = history.filter(({ effectiveFromMs }) => effectiveFromMs <= Date.now());
  assert.equal(begun.length, 3);
  assert.equal(begun.at(-1)?.version, own);
  // Lists that are scheduled have versions of the contract's at the same moments.
  assert.ok(history.length > begun.length);

  const draft = drafted({ m: sold(1n) }, { bookId: id });
  assert.equal(problemOf(await store.prices.saveDraft(draft)), 'book-of-rules');
  assert.equal(
    problemOf(await store.prices.assign(organisation.id, 'none', undefined, 'Ada')),
    'no-such-book',
  );
});

test('prices of the configuration file come after what a person has scheduled', async () => {
  const list = Object.fromEntries(inForce()?.models ?? []);
  await publish({ ...list, m: sold(50n) });
  await store.accounts.publishPrices(
    new Map([
      ['m', price(1n)],
      ['new', price(2n)],
    ]),
  );
  assert.equal(inForce()?.models.get('m')?.standard.output, 50n);
  assert.equal(inForce()?.models.get('new')?.standard.output, 2n);
});

test('a consent is in the snapshot of its project’s keys while it stands, and its record stays', async () => {
  const { project, hash } = await newCustomer(store.accounts);
  const contributes = () => store.accounts.snapshot().keys.get(hash)?.contributes;
  assert.equal(contributes(), undefined);
  await store.prices.recordConsent(project.id, {
    kind: 'granted',
    textVersion: '2026-11',
    by: 'Grace',
  });
  assert.equal(contributes(), true);
  await store.prices.recordConsent(project.id, {
    kind: 'revoked',
    textVersion: '2026-11',
    by: 'Grace',
  });
  assert.equal(contributes(), undefined);
  const trail = await store.prices.consents(project.id);
  assert.deepEqual(
    trail.map(({ kind, by }) => [kind, by]),
    [
      ['revoked', 'Grace'],
      ['granted', 'Grace'],
    ],
  );
});

/** A fraction of whole numbers, rounded half up at the end. */
function naively(usage: Usage, of: ModelPrice): bigint {
  if (USAGE_BUCKETS.every((bucket) => usage[bucket] === 0)) return 0n;
  const exact = USAGE_BUCKETS.reduce(
    (sum, bucket) => sum + BigInt(usage[bucket]) * of[bucket],
    of.request * 1n,
  );
  return (2n * exact + 1_000_000n) / 2_000_000n;
}

/** Forty requests, one of which fails, at the prices in force; what the others would have cost at the next ones. */
async function useSim(organisationId: string, own: boolean, next: ModelPrices): Promise<bigint> {
  let sum = 0n;
  for (let at = 0; at < 40; at++) {
    const usage: Usage = {
      ...NO_USAGE,
      input: at * 7_919,
      cacheRead: at % 3,
      output: at * 31,
      toolCalls: at % 5,
      audioInput: at % 2,
    };
    const tier = at % 4 === 0 ? 'flex' : 'standard';
    const book = inForce(organisationId);
    const pinned = book?.models.get('sim')?.[tier];
    assert.ok(book !== undefined && pinned !== undefined);
    const cost = costOf(usage, pinned);
    assert.equal(cost, naively(usage, pinned));
    const hold = await mustHold(store.ledger, organisationId, cost);
    const outcome = at === 39 ? 'failed' : 'completed';
    const facts = {
      usage,
      tier,
      model: 'sim',
      priceVersion: book.version,
      startedAtMs: Date.now(),
      outcome,
    } as const;
    await store.ledger.settle(hold, testSettlement(hold, cost, facts));
    const drafted_ = next[tier] ?? next.standard;
    if (outcome !== 'failed') sum += naively(usage, own ? times(drafted_, 333) : drafted_);
  }
  return sum;
}

test('I7 a simulation comes to what each request would have cost by itself, to the nano-dollar', async () => {
  const list = Object.fromEntries(inForce()?.models ?? []);
  await publish({ ...list, sim: sold(600_000_007n) });
  const contracts = newId('book');
  const rules = [{ change: { kind: 'permille', permille: 333 } }] as const;
  const of = { base: LIST_PRICES, rules };
  good(
    await store.prices.createBook({
      id: contracts,
      name: 'Third',
      approvalRequired: false,
      of,
      by: 'Ada',
    }),
  );
  const next: ModelPrices = {
    standard: {
      ...price(123_456_789n),
      toolCalls: nano(10_000_000_000_001n),
      request: nano(777_777n),
    },
    flex: times(price(123_456_789n), 499),
  };
  const expected = new Map<string, bigint>();
  for (const own of [false, true]) {
    const { organisation } = await newCustomer(store.accounts);
    if (own) good(await store.prices.assign(organisation.id, contracts, undefined, 'Ada'));
    await store.accounts.addCredits(manualCredits(organisation.id, 10n ** 15n));
    const sum = await useSim(organisation.id, own, next);
    expected.set(organisation.id, sum);
  }
  const models = new Map([['sim', next]]);
  const span = { fromMs: Date.now() - 86_400_000, toMs: Date.now() + 1 };
  const { rows, reachedMs } = good(
    await store.prices.simulate({ bookId: LIST_PRICES, models }, span),
  );
  assert.equal(reachedMs, span.toMs);
  for (const [id, sum] of expected) {
    const mine = rows.filter(({ organisationId }) => organisationId === id);
    assert.equal(
      mine.reduce((all, row) => all + row.simulatedNano, 0n),
      sum,
    );
    assert.equal(
      mine.reduce((all, row) => all + row.requests, 0),
      39,
    );
    assert.ok(mine.every(({ unpriced }) => unpriced === 0));
  }
  assert.deepEqual(await auditBooks(pool), [], 'every charge is at its pinned version and tier');
});

test('a receipt is its own project’s alone', async () => {
  const mine = await newCustomer(store.accounts);
  const other = await newCustomer(store.accounts);
  await store.accounts.addCredits(manualCredits(mine.organisation.id, 100n));
  const hold = await mustHold(store.ledger, mine.organisation.id, 10n);
  const owner = { organisationId: mine.organisation.id, projectId: mine.project.id };
  const facts = { projectId: mine.project.id, endUser: 'u', priceVersion: 1_000_000 };
  await store.ledger.settle(hold, testSettlement(hold, 7n, facts));
  const found = await store.receipts.receipt(owner, hold.requestId);
  assert.ok(found.ok && found.value !== undefined);
  assert.deepEqual([found.value.chargedNano, found.value.settlement.endUser], [7n, 'u']);
  assert.equal(found.value.price, undefined, 'of a version that there is not');
  for (const stranger of [
    { ...owner, projectId: other.project.id },
    { organisationId: other.organisation.id, projectId: other.project.id },
  ]) {
    assert.deepEqual(await store.receipts.receipt(stranger, hold.requestId), {
      ok: true,
      value: undefined,
    });
  }
});

test('the price columns are those that the domain prices', async () => {
  const { rows } = await pool.query<{ name: string }>(
    `SELECT column_name AS name FROM information_schema.columns WHERE table_name = 'price' AND data_type = 'bigint'`,
  );
  assert.equal(rows.length, PRICE_ITEMS.length);
});
