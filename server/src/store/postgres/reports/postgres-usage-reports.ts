// Reports on usage in PostgreSQL.

import type pg from 'pg';
import { nano, type Nano } from '../../../domain/money/nano.ts';
import {
  PRICE_ITEMS,
  type ModelPrice,
  type PriceItem,
} from '../../../domain/pricing/price-book.ts';
import type { PriceKey, PricesThen } from '../../../domain/reports/prices-then.ts';
import type { UsageAsk, UsageSum } from '../../../domain/reports/usage-ask.ts';
import type { UsageReports } from '../../../ports/usage-reports.ts';
import { COLUMNS } from '../price-columns.ts';
import { sumUsage } from './usage-sums.ts';

export class PostgresUsageReports implements UsageReports {
  readonly #pool: pg.Pool;

  constructor(pool: pg.Pool) {
    this.#pool = pool;
  }

  async sums(ask: UsageAsk): Promise<readonly UsageSum[] | undefined> {
    return sumUsage(this.#pool, ask);
  }

  async pricesOf(versions: readonly number[]): Promise<PricesThen> {
    return pricesOf(this.#pool, versions);
  }

  async rollUp(): Promise<number | undefined> {
    const { rows } = await this.#pool.query<{ added: string | null }>(
      'SELECT usage_roll_up() AS added',
    );
    const added = rows[0]?.added ?? undefined;
    return added === undefined ? undefined : Number(added);
  }
}

type PriceRow = { readonly version: number; readonly model: string } & {
  readonly [column: string]: string | number;
};

export async function pricesOf(
  client: pg.Pool | pg.ClientBase,
  versions: readonly number[],
): Promise<PricesThen> {
  const { rows } = await client.query<PriceRow>('SELECT * FROM price WHERE version = ANY ($1)', [
    [...new Set(versions)],
  ]);
  const placeOf = ({ version, model }: Omit<PriceKey, 'tier'>, tier: unknown): string =>
    `${version} ${model} ${String(tier)}`;
  const prices = new Map(rows.map((row) => [placeOf(row, row['tier']), priceOf(row)]));
  // A tier without a price of its own has that of the usual one.
  return (key) => prices.get(placeOf(key, key.tier)) ?? prices.get(placeOf(key, 'standard'));
}

function priceOf(row: PriceRow): ModelPrice {
  const items = PRICE_ITEMS.map((item) => [item, nano(BigInt(row[COLUMNS[item]] ?? 0))] as const);
  // One entry for every item.
  return Object.fromEntries(items) as { [item in PriceItem]: Nano };
}
