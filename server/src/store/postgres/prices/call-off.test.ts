// What is scheduled of a price book is called off: until when, what goes with it, and what must not be left behind.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ModelPrices } from '../../../domain/pricing/price-book.ts';
import { bookInForce, LIST_PRICES } from '../../../domain/pricing/prices.ts';
import { newId } from '../../../lib/ids.ts';
import { newCustomer } from '../../../ports/accounts.contract.ts';
import {
  mustOpen,
  type SocketConnection,
  startTestPostgres,
  type TestPostgres,
} from '../database.fixture.ts';
import type { Store } from '../store.ts';
import { drafted, good, problemOf, sold } from './price-books.fixture.ts';

let postgres: TestPostgres;
let connection: SocketConnection;
let store: Store;
before(async () => {
  postgres = await startTestPostgres();
  connection = await postgres.newDatabase();
  store = await mustOpen(connection);
  const { id } = good(await store.prices.saveDraft(drafted({ m: sold(5n), n: sold(6n) })));
  good(await store.prices.scheduleDraft(id, undefined, 'Ada'));
});
after(async () => {
  await store[Symbol.asyncDispose]();
  await postgres[Symbol.asyncDispose]();
});

const inForce = () => bookInForce(store.accounts.snapshot().prices, Date.now());

test('what is scheduled is called off until it begins, everywhere within a second, and its contracts with it', async () => {
  await using elsewhere = await mustOpen(connection, { gatewayId: 'elsewhere' });
  const { organisation } = await newCustomer(store.accounts);
  const contract = newId('book');
  const of = {
    base: LIST_PRICES,
    rules: [{ change: { kind: 'permille', permille: 500 } }],
  } as const;
  good(
    await store.prices.createBook({
      id: contract,
      name: 'Half',
      approvalRequired: false,
      of,
      by: 'Ada',
    }),
  );
  good(await store.prices.assign(organisation.id, contract, undefined, 'Ada'));
  const atNoon = Date.now() + 7_200_000;
  const inForceThen = (one: Store, whose?: string) =>
    bookInForce(one.accounts.snapshot().prices, atNoon, whose);
  const earlier = [inForceThen(store), inForceThen(store, organisation.id)];

  const list = Object.fromEntries(earlier[0]?.models ?? []);
  const { id } = good(await store.prices.saveDraft(drafted({ ...list, m: sold(4_321n) })));
  const { version = 0 } = good(await store.prices.scheduleDraft(id, atNoon, 'Ada'));
  assert.equal(inForceThen(store)?.version, version);
  assert.equal(inForceThen(store, organisation.id)?.models.get('m')?.standard.output, 2_161n);

  const began = performance.now();
  const off = good(await store.prices.callOff(version, 'Grace', 'a typing error'));
  assert.deepEqual([off.calledOff?.by, off.calledOff?.reason], ['Grace', 'a typing error']);
  for (const one of [store, elsewhere]) {
    while (inForceThen(one)?.version === version) await sleep(5);
    assert.deepEqual([inForceThen(one), inForceThen(one, organisation.id)], earlier);
  }
  assert.ok(performance.now() - began < 1_000, 'in force on every gateway within a second');

  const again = good(await store.prices.callOff(version, 'Linus', 'me too'));
  assert.equal(again.calledOff?.by, 'Grace', 'the record says who it was');
  const drafts = await store.prices.drafts();
  assert.equal(drafts.find((one) => one.id === id)?.state, 'called-off');
  const next = good(await store.prices.saveDraft(drafted({ ...list, m: sold(5_000n) })));
  const second = good(await store.prices.scheduleDraft(next.id, atNoon, 'Ada'));
  assert.equal(inForceThen(store)?.version, second.version, 'the moment is free again');
  good(await store.prices.callOff(second.version ?? 0, 'Grace', 'cleaning up'));
});

test('what has begun or is about to, what is a contract’s, and what others lean on is not called off', async () => {
  const callOff = async (version: number | undefined) =>
    problemOf(await store.prices.callOff(version ?? 0, 'Ada', 'no'));
  assert.equal(await callOff(inForce()?.version), 'too-late-to-call-off');
  assert.equal(await callOff(1_000_000), 'no-such-version');
  const list = Object.fromEntries(inForce()?.models ?? []);
  const schedule = async (models: Record<string, ModelPrices>, inMs: number, more = {}) => {
    const { id } = good(await store.prices.saveDraft(drafted(models, more)));
    return good(await store.prices.scheduleDraft(id, Date.now() + inMs, 'Ada')).version;
  };
  const soon = await schedule(list, 3_000);
  assert.equal(await callOff(soon), 'too-late-to-call-off');

  // It keeps a model that the one after it drops by mistake; without it the mistake would be in force.
  const { m, ...others } = list;
  assert.ok(m !== undefined);
  const first = await schedule({ ...others, m, extra: sold(1n) }, 50_000_000);
  const last = await schedule(others, 60_000_000, { withdrawn: ['m', 'extra'] });
  good(
    await store.prices.callOff(first ?? 0, 'Ada', 'nobody is hurt: the last one says so itself'),
  );
  good(await store.prices.callOff(last ?? 0, 'Ada', 'cleaning up'));
  const without = await schedule(others, 50_000_000, { withdrawn: ['m'] });
  const after_ = await schedule({ ...others, other: sold(1n) }, 60_000_000);
  assert.equal(await callOff(without), 'later-price-gap');
  good(await store.prices.callOff(after_ ?? 0, 'Ada', 'first'));
  good(await store.prices.callOff(without ?? 0, 'Ada', 'then'));

  const book = newId('book');
  good(
    await store.prices.createBook({ id: book, name: 'Own', approvalRequired: false, by: 'Ada' }),
  );
  const only = await schedule({ x: sold(1n) }, 40_000_000, { bookId: book });
  const { organisation } = await newCustomer(store.accounts);
  good(await store.prices.assign(organisation.id, book, Date.now() + 40_000_001, 'Ada'));
  assert.equal(await callOff(only), 'book-not-in-force');
});
