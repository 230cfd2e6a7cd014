// A store with four versions of prices, and customers whose requests were settled at one of them, for the tests of re-rating.

import assert from 'node:assert/strict';
import type { Pool } from 'pg';
import fc from 'fast-check';
import { NO_USAGE, type Usage } from '../../../domain/generation/usage.ts';
import type { Month } from '../../../domain/billing/month.ts';
import { nano } from '../../../domain/money/nano.ts';
import { costOf } from '../../../domain/pricing/cost.ts';
import type { ModelPrice, ModelPrices } from '../../../domain/pricing/price-book.ts';
import { LIST_PRICES } from '../../../domain/pricing/prices.ts';
import { times } from '../../../domain/pricing/price-rules.ts';
import { wholePrice } from '../../../domain/pricing/whole-price.ts';
import { newId } from '../../../lib/ids.ts';
import type { Result } from '../../../lib/result.ts';
import { manualCredits, newCustomer } from '../../../ports/accounts.contract.ts';

import { testRequestId, testSettlement } from '../../../ports/ledger.contract.ts';
import type { NewRerating, Rerating, ReratingProblem } from '../../../ports/reratings.ts';
import { PostgresBilling } from '../billing/postgres-billing.ts';
import { mustOpen, poolTo, type SocketConnection, startTestPostgres } from '../database.fixture.ts';
import type { Store } from '../store.ts';
import { PostgresReratings } from './postgres-reratings.ts';

export const FROM_MS = Date.UTC(2026, 9, 1);
export const TO_MS = Date.UTC(2026, 10, 1);
export const HUGE = 10n ** 15n;

const price = (output: bigint): ModelPrice =>
  wholePrice({ input: nano(output / 3n), cacheRead: nano(output / 31n), output: nano(output) });
export const sold = (output: bigint): ModelPrices => ({
  standard: price(output),
  flex: times(price(output), 499),
});

export function good<T>(result: Result<T, ReratingProblem>): T {
  assert.ok(result.ok, result.ok ? '' : JSON.stringify(result.error));
  return result.value;
}

export function problemOf(result: Result<unknown, ReratingProblem>): string {
  assert.ok(!result.ok, 'it should have been refused');
  return result.error.kind;
}

export type Sent = Partial<NewRerating>;
export const run = (more: Sent): NewRerating => ({
  id: newId('rr'),
  fromMs: FROM_MS,
  toMs: TO_MS,
  note: 'a wrong price',
  by: 'Ada',
  ...more,
});

export type Used = {
  readonly usage: Usage;
  readonly at: number;
  readonly flex: boolean;
  readonly m: boolean;
};
export type Once = { readonly costNano: bigint; readonly chargedNano: bigint; readonly used: Used };

export const priceOf = (
  models: ReadonlyMap<string, ModelPrices>,
  { m, flex }: Used,
): ModelPrice => {
  const prices = models.get(m ? 'm' : 'n');
  const found = prices?.[flex ? 'flex' : 'standard'];
  assert.ok(found !== undefined);
  return found;
};

export const USED = fc.record({
  usage: fc
    .record({
      input: fc.integer({ min: 0, max: 5_000_000 }),
      cacheRead: fc.integer({ min: 0, max: 3 }),
      output: fc.integer({ min: 0, max: 7 }),
      toolCalls: fc.integer({ min: 0, max: 2 }),
    })
    .map((some) => ({ ...NO_USAGE, ...some })),
  at: fc.integer({ min: 0, max: 700 }),
  flex: fc.boolean(),
  m: fc.boolean(),
});

export const several = (count: number, seed: number): readonly Used[] =>
  fc.sample(USED, { numRuns: count, seed });

type Versions = { readonly [name in 'a' | 'b' | 'cheap' | 'gap']: number };

export class RatedBooks {
  readonly store: Store;
  readonly pool: Pool;
  readonly connection: SocketConnection;
  /** Some requests at a time, so that a run has many steps. */
  readonly reratings: PostgresReratings;
  readonly versions: Versions;
  readonly #scope: AsyncDisposableStack;

  private constructor(
    parts: Pick<RatedBooks, 'store' | 'pool' | 'connection' | 'versions'>,
    scope: AsyncDisposableStack,
  ) {
    this.store = parts.store;
    this.pool = parts.pool;
    this.connection = parts.connection;
    this.versions = parts.versions;
    this.reratings = new PostgresReratings(parts.pool, { reach: async () => {} }, 7);
    this.#scope = scope;
  }

  static async start(): Promise<RatedBooks> {
    const scope = new AsyncDisposableStack();
    const connection = await scope.use(await startTestPostgres()).newDatabase();
    const store = scope.use(await mustOpen(connection));
    const pool = scope.use(poolTo(connection));
    const other = sold(1n);
    const versions = {
      gap: await publish(store, { other }),
      a: await publish(store, { m: sold(600_000_007n), n: sold(1_000n), other }),
      b: await publish(store, { m: sold(911_000_003n), n: sold(1_500_001n), other }),
      cheap: await publish(store, { m: sold(77_777_777n), n: sold(3n), other }),
    };
    return new RatedBooks({ store, pool, connection, versions }, scope);
  }

  async end(): Promise<void> {
    await this.#scope.disposeAsync();
  }

  async rerate(more: Sent): Promise<Rerating> {
    const begun = good(await this.reratings.begin(run(more)));
    const done = good(await this.reratings.proceed(begun.id));
    assert.ok(done.finishedAtMs !== undefined, 'it is finished in one go');
    return done;
  }

  async pricesOf(version: number): Promise<ReadonlyMap<string, ModelPrices>> {
    const history = await this.store.prices.history(LIST_PRICES);
    return history.find((one) => one.version === version)?.models ?? new Map();
  }

  /** Settles them at version a; of some more was used than was held. */
  async settleAll(organisationId: string, all: readonly Used[]): Promise<readonly Once[]> {
    const models = await this.pricesOf(this.versions.a);
    const rows: Once[] = [];
    for (const used of all) {
      const costNano = costOf(used.usage, priceOf(models, used));
      const wantNano = nano(used.at % 5 === 0 ? costNano / 2n : costNano);
      const request = { requestId: testRequestId(), organisationId };
      const held = await this.store.ledger.hold({ ...request, wantNano, leastNano: wantNano });
      assert.ok(held.kind === 'held');
      const settled = await this.store.ledger.settle(
        held.hold,
        testSettlement(held.hold, costNano, {
          usage: used.usage,
          model: used.m ? 'm' : 'n',
          tier: used.flex ? 'flex' : 'standard',
          priceVersion: this.versions.a,
          startedAtMs: FROM_MS + used.at * 3_600_000,
          outcome: used.at % 11 === 10 ? 'failed' : 'completed',
        }),
      );
      assert.ok(settled.kind === 'settled');
      if (used.at % 11 !== 10) rows.push({ costNano, chargedNano: settled.chargedNano, used });
    }
    return rows;
  }

  async newUser(credit: bigint, all: readonly Used[]) {
    const { organisation } = await newCustomer(this.store.accounts);
    await this.store.accounts.addCredits(manualCredits(organisation.id, credit));
    const rows = await this.settleAll(organisation.id, all);
    return { id: organisation.id, rows };
  }

  async balanceOf(organisationId: string): Promise<bigint> {
    return (await this.store.accounts.balance(organisationId))?.balanceNano ?? 0n;
  }

  /** Everything that is not the customer's: what each house account has. */
  async houseAccounts(): Promise<ReadonlyMap<string, bigint>> {
    const { rows } = await this.pool.query<{ id: string; balance: string }>(
      `SELECT id, balance_nano AS balance FROM account WHERE organisation_id IS NULL AND balance_nano <> 0 ORDER BY id`,
    );
    return new Map(rows.map(({ id, balance }) => [id, BigInt(balance)]));
  }

  async finalOf(organisationId: string, month: Month) {
    const { id } = await this.#billing().draft(newId('inv'), organisationId, month);
    const done = await this.#billing().finalise(id);
    assert.ok(done.kind === 'final', done.kind);
    const { usageNano, lines, amountDueCents } = done.invoice.document;
    const adjustments = lines
      .map(({ description }) => description)
      .filter((text) => text.startsWith('Adjustment'));
    return { usageNano: BigInt(usageNano), adjustments, dueCents: BigInt(amountDueCents) };
  }

  /** As if the month after the next had begun. */
  #billing(): PostgresBilling {
    return new PostgresBilling(this.pool, { reach: async () => {} }, () => Date.UTC(2026, 11, 2));
  }
}

async function publish(store: Store, models: Record<string, ModelPrices>): Promise<number> {
  const draft = await store.prices.saveDraft({
    id: newId('prices'),
    bookId: LIST_PRICES,
    models: new Map(Object.entries(models)),
    withdrawn: [],
    note: '',
    by: 'Ada',
  });
  assert.ok(draft.ok);
  const scheduled = await store.prices.scheduleDraft(draft.value.id, undefined, 'Ada');
  assert.ok(scheduled.ok, scheduled.ok ? '' : scheduled.error.kind);
  return scheduled.value.version ?? 0;
}
