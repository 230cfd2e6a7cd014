// The model of the books beside PostgreSQL: the same operations, right and wrong ones, one after the other, and whether both
// have answered the same and stand at the same.

import assert from 'node:assert/strict';
import type { Pool } from 'pg';
import { addressOf, codeOf } from '../../server/src/store/postgres/connection.ts';
import { poolTo, type SocketConnection } from '../../server/src/store/postgres/database.fixture.ts';
import type { Gateway } from '../../server/src/store/postgres/ledger-batch.ts';
import type { Books, BooksSession } from '../../server/src/store/postgres/leases/books.ts';
import type { LeasedBatch } from '../../server/src/store/postgres/leases/leased-batch.ts';
import { postgresBooks } from '../../server/src/store/postgres/leases/postgres-books.ts';
import { BooksModel } from './books-model.ts';
import { booksOf, BooksServer } from './books-line.ts';
import { Chance } from './chance.ts';
import { ORGANISATIONS, RandomBatches } from './random-batches.ts';
import { Life, World } from './world.ts';

const GATEWAYS = ['gw_1', 'gw_2'] as const;
/** Connections; the last ones are newest, the others long fenced. */
const SESSIONS_MAX = 6;
const NO_TROUBLE = { slow: 0, lostBefore: 0, lostAfter: 0, late: 0, again: 0 };

/** An organisation with some money. */
const TOP_UP = `
  WITH made AS (INSERT INTO organisation (id, name) VALUES ($1::text, $1) RETURNING id),
    paid AS (INSERT INTO account (id, kind, balance_nano)
        VALUES ('payment_clearing:manual', 'payment-clearing', -$2::bigint)
      ON CONFLICT (id) DO UPDATE SET balance_nano = account.balance_nano + excluded.balance_nano)
  INSERT INTO account (id, kind, organisation_id, balance_nano)
    SELECT 'credits:' || id, 'credits', id, $2 FROM made`;

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

export class Pair {
  readonly #chance: Chance;
  readonly #world: World;
  readonly #model: BooksModel;
  readonly #pool: Pool;
  readonly #books: Both<Books>;
  readonly #sessions: (Both<BooksSession> & { readonly gateway: Gateway })[] = [];
  readonly #batches: RandomBatches;

  constructor(chance: Chance, world: World, model: BooksModel, pool: Pool, books: Both<Books>) {
    this.#chance = chance;
    this.#world = world;
    this.#model = model;
    this.#pool = pool;
    this.#books = books;
    this.#batches = new RandomBatches(chance, model);
  }

  /** A database of its own, with its schema; `mistake` is SQL that plants one. */
  static async open(
    connection: SocketConnection,
    seed: number,
    mistake = '',
  ): Promise<Pair & AsyncDisposable> {
    const pool = poolTo(connection);
    if (mistake !== '') await pool.query(mistake);
    const chance = new Chance(seed);
    const world = new World(chance, false);
    const model = new BooksModel();
    for (const id of ORGANISATIONS) {
      const amount = BigInt(chance.whole(1_000, 20_000));
      await pool.query(TOP_UP, [id, `${amount}`]);
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
    for (const id of GATEWAYS) await pair.#enter(id);
    return Object.assign(pair, {
      [Symbol.asyncDispose]: async () => {
        await pair.#close();
        await pool.end();
      },
    });
  }

  /** Throws when the two differ. */
  async run(steps: number): Promise<void> {
    for (let step = 0; step < steps; step++) {
      await this.#setClocks();
      await this.#step();
      if (step % 25 === 0) await this.#compare();
    }
    await this.#compare();
  }

  get recorded(): number {
    return this.#model.usage.size;
  }

  async #same(what: string, work: (side: 'real' | 'model') => Promise<unknown>): Promise<void> {
    const real = await came(() => work('real'));
    let model: string | undefined;
    void came(() => work('model')).then((answer) => (model = answer));
    await this.#world.run(() => model !== undefined);
    assert.equal(model, real, what);
  }

  /** A start of a gateway: its sessions have the next epoch, and those of earlier ones are fenced. */
  async #enter(id: string): Promise<void> {
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

  async #step(): Promise<void> {
    const { kind, at } = {
      kind: this.#chance.whole(0, 99),
      at: this.#chance.whole(0, this.#sessions.length - 1),
    };
    const session = this.#sessions[at];
    if (session === undefined) return;
    const { gateway } = session;
    if (kind < 2) return this.#enter(this.#chance.pick(GATEWAYS));
    if (kind < 8) return this.#same('endEarlier', (side) => this.#books[side].endEarlier(gateway));
    if (kind < 12) return this.#same('beat', (side) => this.#books[side].beat(gateway));
    if (kind < 16) return this.#setBudget();
    if (kind < 24) return this.#same('applied', (side) => session[side].applied(gateway.epoch));
    const batch = this.#batches.next(gateway);
    if (kind < 90) return this.#same(`apply ${text(batch)}`, (side) => session[side].apply(batch));
    await this.#same(`transaction of ${text(batch)}`, (side) =>
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

  /** Both have the same idea of who was heard of lately, and of what was recalled lately, whatever their clocks say. */
  async #setClocks(): Promise<void> {
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

  async #setBudget(): Promise<void> {
    const budget = this.#batches.budget();
    const { organisationId } = budget;
    const values = [budget.id, organisationId, budget.scope, budget.subject, budget.period];
    const amount = (nanos: bigint | undefined) => (nanos === undefined ? null : `${nanos}`);
    const { rows } = await this.#pool.query<{ id: string | null }>(
      'SELECT budget_set($1, $2, $3, $4, $5, $6, $7) AS id',
      [...values, amount(budget.hardLimitNano), amount(budget.alertNano)],
    );
    const id = this.#model.budgets.set(budget, this.#world.nowMs) ?? null;
    assert.equal(id, rows[0]?.id, `budget_set ${text(budget)}`);
  }

  /** Every balance, lease and watermark, and how many rows there are. */
  async #compare(): Promise<void> {
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
    const windows = await rows(
      `SELECT account_id || ' ' || limit_nano || ' ' || recall_no AS line
         FROM budget_window JOIN account ON account.id = account_id`,
    );
    assert.deepEqual(
      lines(
        model.budgets.limits,
        (id, limit) => `${id} ${limit} ${model.recalls.get(id)?.no ?? 0n}`,
      ),
      windows,
    );
    const usage = await rows(
      `SELECT encode(uuid_send(request_id), 'hex') || ' ' || charged_nano || ' ' || overrun_nano || ' '
           || coalesce(array_to_string(budgets, ' '), '') AS line FROM usage`,
    );
    assert.deepEqual(
      lines(model.usage, (id, { settlement, charged, overrun }) =>
        [id.slice(4), charged, overrun, (settlement.budgets ?? []).join(' ')].join(' '),
      ),
      usage,
    );
    const marks = await rows(
      `SELECT gateway_id || '/' || epoch || ' ' || applied_seq AS line FROM settlement_watermark`,
    );
    assert.deepEqual(
      lines(model.watermarks, (key, seq) => `${key} ${seq}`),
      marks,
    );
  }

  async #close(): Promise<void> {
    for (const { real } of this.#sessions) await real.close();
  }

  async #onModel(work: () => Promise<void>): Promise<void> {
    let done = false;
    const working = work().finally(() => (done = true));
    await this.#world.run(() => done);
    await working;
  }
}
