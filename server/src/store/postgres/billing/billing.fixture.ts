// A store of its own with one price, and what tests of invoices do with it.

import assert from 'node:assert/strict';
import type { Pool } from 'pg';
import { NO_USAGE } from '../../../domain/generation/usage.ts';
import { nano } from '../../../domain/money/nano.ts';
import { costOf } from '../../../domain/pricing/cost.ts';
import { wholePrice } from '../../../domain/pricing/whole-price.ts';
import { newId } from '../../../lib/ids.ts';
import type { Invoice } from '../../../ports/billing.ts';
import { mustHold, testSettlement } from '../../../ports/ledger.contract.ts';
import { auditBooks } from '../audit.ts';
import { mustOpen, poolTo, type SocketConnection, startTestPostgres } from '../database.fixture.ts';
import type { Store } from '../store.ts';

export const SEPTEMBER = Date.UTC(2026, 8, 30, 12);
export const OCTOBER = Date.UTC(2026, 9, 15, 12);

const PRICE = wholePrice({
  input: nano(3_000_007n),
  cacheRead: nano(300_001n),
  output: nano(15_000_000_003n),
});

type Own = {
  readonly scope: AsyncDisposableStack;
  readonly connection: SocketConnection;
  readonly priceVersion: number;
};

export class BillingUnderTest {
  readonly store: Store;
  readonly pool: Pool;
  readonly connection: SocketConnection;
  readonly #scope: AsyncDisposableStack;
  readonly #priceVersion: number;

  private constructor(store: Store, pool: Pool, { scope, connection, priceVersion }: Own) {
    this.store = store;
    this.pool = pool;
    this.connection = connection;
    this.#scope = scope;
    this.#priceVersion = priceVersion;
  }

  static async start(): Promise<BillingUnderTest> {
    const scope = new AsyncDisposableStack();
    const connection = await scope.use(await startTestPostgres()).newDatabase();
    const store = scope.use(await mustOpen(connection));
    const pool = scope.use(poolTo(connection));
    const priceVersion = await store.accounts.publishPrices(new Map([['small', PRICE]]));
    return new BillingUnderTest(store, pool, { scope, connection, priceVersion });
  }

  async end(): Promise<void> {
    const findings = await auditBooks(this.pool).catch(String);
    await this.#scope.disposeAsync();
    assert.deepEqual(findings, [], 'the books balance after every test of this file');
  }

  async use(organisationId: string, startedAtMs: number, output = 1_234): Promise<bigint> {
    const usage = { ...NO_USAGE, input: 987_654, cacheRead: 12_345, output };
    const cost = costOf(usage, PRICE);
    const hold = await mustHold(this.store.ledger, organisationId, cost);
    await this.store.ledger.settle(hold, {
      ...testSettlement(hold, cost),
      model: 'small',
      usage,
      priceVersion: this.#priceVersion,
      startedAtMs,
    });
    return cost;
  }

  async finalOf(organisationId: string, month: string): Promise<Invoice> {
    const { id } = await this.store.billing.draft(newId('inv'), organisationId, month);
    const done = await this.store.billing.finalise(id);
    assert.ok(done.kind === 'final', done.kind);
    return done.invoice;
  }

  /** Of a customer who owes, or of the house. */
  async balanceOf(account: string): Promise<bigint> {
    const { rows } = await this.pool.query<{ balance: string }>(
      'SELECT balance_nano AS balance FROM account WHERE id = $1',
      [account],
    );
    return BigInt(rows[0]?.balance ?? 0);
  }

  /** In cents, of each invoice with an amount due, the oldest first. */
  async openOf(customer: string): Promise<readonly string[]> {
    const { rows } = await this.pool.query<{ cents: string }>(
      `SELECT (open_nano / 10000000)::text AS cents FROM invoice_open WHERE organisation_id = $1 ORDER BY finalised_at`,
      [customer],
    );
    return rows.map(({ cents }) => cents);
  }
}
