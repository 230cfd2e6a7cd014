// The model of the books against PostgreSQL: the same operations, right and wrong ones, one after the other; after each,
// both have answered the same and stand at the same. So what the simulation proves with the model holds with the SQL too.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Pool } from 'pg';
import { nano } from '../../server/src/domain/money/nano.ts';
import { testSettlement } from '../../server/src/ports/ledger.contract.ts';
import { manualCredits } from '../../server/src/ports/accounts.contract.ts';
import { addressOf, codeOf } from '../../server/src/store/postgres/connection.ts';
import {
  mustOpen,
  poolTo,
  startTestPostgres,
} from '../../server/src/store/postgres/database.fixture.ts';
import type { Gateway } from '../../server/src/store/postgres/ledger-batch.ts';
import type { Books, BooksSession } from '../../server/src/store/postgres/leases/books.ts';
import {
  type BatchWish,
  byAccount,
  type Entry,
  type LeasedBatch,
} from '../../server/src/store/postgres/leases/leased-batch.ts';
import { postgresBooks } from '../../server/src/store/postgres/leases/postgres-books.ts';
import { BooksModel } from './books-model.ts';
import { booksOf, BooksServer } from './books-line.ts';
import { Chance } from './chance.ts';
import { Life, World } from './world.ts';

const ORGANISATIONS = ['org_b', 'org_a', 'org_c'] as const;
const GATEWAYS = ['gw_1', 'gw_2'] as const;
const STEPS = 800;
/** Connections; the last ones are newest, the others long fenced. */
const SESSIONS_MAX = 6;
const NO_TROUBLE = { slow: 0, lostBefore: 0, lostAfter: 0, late: 0, again: 0 };

type Both<T> = { readonly real: T; readonly model: T };

const text = (value: unknown) =>
  JSON.stringify(value, (_, one: unknown) =>
    typeof one === 'bigint'
      ? `${one}`
      : one instanceof Map
        ? [...one].toSorted(([a], [b]) => (String(a) < String(b) ? -1 : 1))
        : one,
  );

/** What an operation came to: its answer, or what kind of refusal. */
async function came(work: () => Promise<unknown>): Promise<string> {
  try {
    return text(await work()) ?? 'nothing';
  } catch (error) {
    return `refused: ${codeOf(error)}`;
  }
}

class Pair {
  readonly #chance: Chance;
  readonly #world: World;
  readonly #model: BooksModel;
  readonly #pool: Pool;
  readonly #books: Both<Books>;
  readonly #sessions: (Both<BooksSession> & { readonly gateway: Gateway })[] = [];
  readonly #settled: Entry[] = [];
  #requests = 0;

  constructor(chance: Chance, world: World, model: BooksModel, pool: Pool, books: Both<Books>) {
    this.#chance = chance;
    this.#world = world;
    this.#model = model;
    this.#pool = pool;
    this.#books = books;
  }

  async same(what: string, work: (side: 'real' | 'model') => Promise<unknown>): Promise<void> {
    const real = await came(() => work('real'));
    let model: string | undefined;
    void came(() => work('model')).then((answer) => (model = answer));
    await this.#world.run(() => model !== undefined);
    assert.equal(model, real, what);
  }

  /** A start of a gateway: its sessions have the next epoch, and those of earlier ones are fenced. */
  async enter(id: string): Promise<void> {
    const gateway = await this.#books.real.enter(id, undefined);
    await this.#onModel(async () =>
      assert.deepEqual(await this.#books.model.enter(id, undefined), gateway),
    );
    const real = await this.#books.real.open(gateway);
    assert.ok(real.ok);
    let model: BooksSession | undefined;
    await this.#onModel(async () => {
      const opened = await this.#books.model.open(gateway);
      if (opened.ok) model = opened.value;
    });
    assert.ok(model !== undefined);
    this.#sessions.push({ gateway, real: real.value, model });
    if (this.#sessions.length > SESSIONS_MAX) await this.#sessions.shift()?.real.close();
  }

  async step(): Promise<void> {
    const { kind, at } = {
      kind: this.#chance.whole(0, 99),
      at: this.#chance.whole(0, this.#sessions.length - 1),
    };
    const session = this.#sessions[at];
    if (session === undefined) return;
    const { gateway } = session;
    if (kind < 2) return this.enter(this.#chance.pick(GATEWAYS));
    if (kind < 8) return this.same('endEarlier', (side) => this.#books[side].endEarlier(gateway));
    if (kind < 12) return this.same('beat', (side) => this.#books[side].beat(gateway));
    if (kind < 20) return this.same('applied', (side) => session[side].applied(gateway.epoch));
    const batch = this.#batch(gateway);
    if (kind < 90) return this.same(`apply ${text(batch)}`, (side) => session[side].apply(batch));
    await this.same(`transaction of ${text(batch)}`, (side) =>
      this.#inTransaction(session[side], gateway, batch),
    );
  }

  async #inTransaction(
    session: BooksSession,
    gateway: Gateway,
    batch: LeasedBatch,
  ): Promise<unknown> {
    const seen: unknown[] = [];
    const [change] = batch.changes;
    await session.transaction(async () => {
      if (change !== undefined) {
        seen.push(await session.lockFree(change.accountId));
        seen.push(await session.lockLease(change.accountId, gateway.epoch));
      }
      const [record] = batch.records;
      if (record !== undefined) seen.push(await session.isRecorded(record.settlement.requestId));
      seen.push(await session.apply(batch));
    });
    return seen;
  }

  /** Mostly as a gateway would, sometimes with one thing wrong. */
  #batch(gateway: Gateway): LeasedBatch {
    const chance = this.#chance;
    const whose = `${gateway.id}/${gateway.epoch}`;
    const seq = this.#model.watermarks.get(whose) ?? 0;
    const organisations = [...new Set(ORGANISATIONS.filter(() => chance.happens(0.5)))];
    const records = organisations.flatMap((organisationId) => this.#records(whose, organisationId));
    const changes = organisations
      .map((organisationId) => {
        const own = records.filter(
          ({ settlement }) => settlement.organisationId === organisationId,
        );
        const chargedNano = own.reduce((sum, one) => sum + one.chargedNano, 0n);
        const lease = this.#model.leases.get(`${whose}/credits:${organisationId}`) ?? 0n;
        const hadNano = chance.happens(0.05) ? BigInt(chance.whole(0, 500)) : lease;
        const releasedNano = chance.happens(0.05) ? chargedNano + 1n : chargedNano;
        const rest = Number(lease - chargedNano);
        const spareNano = BigInt(chance.pick([0, rest, rest, chance.whole(0, 200)]));
        const extraNano = BigInt(chance.pick([0, chance.whole(0, 800)]));
        const recallNo = BigInt(chance.whole(0, Number(this.#recallNo(organisationId)) + 1));
        const isReturned = chance.happens(0.6);
        const offer = chance.happens(0.7)
          ? { spareNano, isReturned, extraNano, recallNo }
          : undefined;
        const accountId = `credits:${chance.happens(0.02) ? 'org_z_unknown' : organisationId}`;
        return { accountId, hadNano, chargedNano, releasedNano, offer };
      })
      .toSorted(byAccount);
    const wishes = changes.length > 0 && chance.happens(0.5) ? this.#wishes(changes.length) : [];
    const fromSeq = chance.happens(0.05) ? seq + chance.pick([-1, 1]) : seq;
    return {
      leaseEpoch: gateway.epoch,
      fromSeq,
      toSeq: fromSeq + records.length,
      records,
      changes,
      wishes,
    };
  }

  #recallNo(organisationId: string): bigint {
    return this.#model.recalls.get(`credits:${organisationId}`)?.no ?? 0n;
  }

  #wishes(accounts: number): BatchWish[] {
    const chance = this.#chance;
    return Array.from({ length: chance.whole(1, 4) }, () => {
      const leastNano = BigInt(chance.pick([chance.whole(0, 400), chance.whole(400, 8_000)]));
      const all = Array.from({ length: accounts }, (_, at) => at + 1);
      const some = all.filter(() => chance.happens(0.5));
      const positions = some.length > 0 ? some : [chance.whole(1, accounts)];
      return {
        leastNano,
        wantNano: leastNano + BigInt(chance.pick([0, chance.whole(0, 400)])),
        positions,
        lacked: chance.pick([0, ...positions]),
        sinceNo: BigInt(chance.whole(0, 4)),
      };
    });
  }

  /** Both have the same idea of who was heard of lately, and of what was recalled lately, whatever their clocks say. */
  async setClocks(): Promise<void> {
    const chance = this.#chance;
    const { nowMs } = this.#world;
    const hour = (isPast: boolean) => (isPast ? -3_600_000 : 3_600_000);
    const silent: Record<string, number> = {};
    for (const [id, row] of this.#model.gateways) {
      const byMs = hour(chance.happens(0.2));
      silent[id] = byMs;
      this.#model.gateways.set(id, { ...row, beatMs: nowMs + byMs });
    }
    const recalled: Record<string, number> = {};
    for (const [id, { no }] of this.#model.recalls) {
      const byMs = hour(chance.happens(0.7));
      recalled[id] = byMs;
      this.#model.recalls.set(id, { no, atMs: nowMs + byMs });
    }
    await this.#pool.query(
      `WITH beaten AS (
         UPDATE gateway SET heartbeat_at = now() + value::int * interval '1 ms'
           FROM jsonb_each_text($1) WHERE id = key)
       UPDATE account SET recalled_at = now() + value::int * interval '1 ms'
         FROM jsonb_each_text($2) WHERE id = key`,
      [silent, recalled],
    );
  }

  #records(whose: string, organisationId: string): Entry[] {
    const chance = this.#chance;
    const lease = this.#model.leases.get(`${whose}/credits:${organisationId}`) ?? 0n;
    if (lease < 4n || chance.happens(0.4)) return [];
    const again = this.#settled.at(-1);
    if (again !== undefined && chance.happens(0.03)) return [again];
    return Array.from({ length: chance.whole(1, 3) }, () => {
      const requestId = `req_${(this.#requests += 1).toString(16).padStart(32, '0')}`;
      const chargedNano = BigInt(chance.whole(0, Number(lease / 4n)));
      const overrun = BigInt(chance.pick([0, 0, chance.whole(1, 50)]));
      const outcome = chance.happens(0.1) && chargedNano === 0n ? 'failed' : 'completed';
      const cost = nano(chargedNano + overrun);
      const settlement = testSettlement({ requestId, organisationId }, cost, {
        outcome,
        model: chance.pick(['m1', 'm2']),
      });
      const entry = { settlement, chargedNano, seq: 0 };
      this.#settled.push(entry);
      return entry;
    });
  }

  /** Every balance, lease and watermark, and how many rows there are. */
  async compare(): Promise<void> {
    const model = this.#model;
    const rows = async (sql: string) => {
      const { rows: found } = await this.#pool.query<{ line: string }>(sql);
      return found.map(({ line }) => line).toSorted();
    };
    const lines = <T>(map: ReadonlyMap<string, T>, line: (key: string, value: T) => string) =>
      [...map].map(([key, value]) => line(key, value)).toSorted();
    const accounts = await rows(
      `SELECT id || ' ' || balance_nano || ' ' || held_nano AS line FROM account WHERE balance_nano <> 0 OR held_nano <> 0`,
    );
    const stands = [...model.accounts].filter(
      ([, { balance, held }]) => balance !== 0n || held !== 0n,
    );
    assert.deepEqual(
      stands.map(([id, { balance, held }]) => `${id} ${balance} ${held}`).toSorted(),
      accounts,
    );
    const leases = await rows(
      `SELECT gateway_id || '/' || epoch || '/' || account_id || ' ' || amount_nano || ' ' || recall_no AS line FROM lease`,
    );
    assert.deepEqual(
      lines(model.leases, (key, amount) => `${key} ${amount} ${model.answered.get(key)}`),
      leases,
    );
    const transfers = await rows(
      `SELECT id || ' ' || debit || ' ' || credit || ' ' || amount_nano AS line FROM transfer WHERE kind <> 'topup'`,
    );
    const moved = new Map([...model.transfers].filter(([id]) => !id.startsWith('topup:')));
    assert.deepEqual(
      lines(moved, (id, { debit, credit, amount }) => `${id} ${debit} ${credit} ${amount}`),
      transfers,
    );
    const marks = await rows(
      `SELECT gateway_id || '/' || epoch || ' ' || applied_seq AS line FROM settlement_watermark`,
    );
    assert.deepEqual(
      lines(model.watermarks, (key, seq) => `${key} ${seq}`),
      marks,
    );
  }

  async close(): Promise<void> {
    for (const { real } of this.#sessions) await real.close();
  }

  async #onModel(work: () => Promise<void>): Promise<void> {
    let done = false;
    const working = work().finally(() => (done = true));
    await this.#world.run(() => done);
    await working;
  }
}

test('I1 I2 I3 I5 I8 I11: PostgreSQL and the model of it answer the same to whatever is asked of them', async () => {
  await using postgres = await startTestPostgres();
  const connection = await postgres.newDatabase();
  await using store = await mustOpen(connection);
  await using pool = poolTo(connection);
  const chance = new Chance(7);
  const world = new World(chance, false);
  const model = new BooksModel();
  for (const id of ORGANISATIONS) {
    const amount = BigInt(chance.whole(1_000, 20_000));
    await store.accounts.createOrganisation({ id, name: id });
    await store.accounts.addCredits(manualCredits(id, amount));
    model.newOrganisation(id);
    model.topUp(id, id, amount);
  }
  const address = addressOf(connection);
  assert.ok(address.ok);
  const books = {
    real: postgresBooks(address.value, pool),
    model: booksOf(new BooksServer(world, model, NO_TROUBLE), new Life()),
  };
  const pair = new Pair(chance, world, model, pool, books);
  for (const id of GATEWAYS) await pair.enter(id);
  for (let step = 0; step < STEPS; step++) {
    await pair.setClocks();
    await pair.step();
    if (step % 50 === 0) await pair.compare();
  }
  await pair.compare();
  await pair.close();
  assert.ok(model.usage.size > 100, `only ${model.usage.size} records got through`);
});
