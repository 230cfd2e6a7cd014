// Versions of price books in PostgreSQL: written once, read by whoever needs what is in force.

import type pg from 'pg';
import { nano } from '../../../domain/money/nano.ts';
import {
  PRICE_ITEMS,
  type ModelPrice,
  type ModelPrices,
  type PriceBook,
  type PriceItem,
} from '../../../domain/pricing/price-book.ts';
import type { Dated, Prices } from '../../../domain/pricing/prices.ts';
import { SERVICE_TIERS, type ServiceTier } from '../../../domain/pricing/service-tier.ts';
import { COLUMNS } from '../price-columns.ts';

export type Models = ReadonlyMap<string, ModelPrices>;

export type NewVersion = {
  readonly bookId: string;
  readonly models: Models;
  /** Absent: now. */
  readonly effectiveFromMs?: number;
  readonly source: 'configuration' | 'draft' | 'base';
  readonly madeOf?: number;
  readonly note?: string;
  readonly by?: string;
};

/** Whoever publishes holds the row of the snapshot's version: versions are made one after the other. */
export async function lockPublishing(client: pg.ClientBase): Promise<void> {
  await client.query('SELECT FROM snapshot_version FOR UPDATE');
}

export async function insertVersion(client: pg.ClientBase, made: NewVersion): Promise<number> {
  const { rows } = await client.query<{ version: number }>(
    `INSERT INTO price_book_version (version, book_id, effective_from, source, made_of, note, scheduled_by)
       SELECT coalesce(max(version), 0) + 1, $1, coalesce(to_timestamp($2::float8 / 1000), clock_timestamp()), $3, $4, $5, $6
         FROM price_book_version
       RETURNING version`,
    [made.bookId, made.effectiveFromMs, made.source, made.madeOf, made.note ?? '', made.by ?? ''],
  );
  const version = rows[0]?.version ?? 0;
  const columns = PRICE_ITEMS.map((item) => COLUMNS[item]).join(', ');
  const places = PRICE_ITEMS.map((_, at) => `$${at + 4}`).join(', ');
  const sql = `INSERT INTO price (version, model, tier, ${columns}) VALUES ($1, $2, $3, ${places})`;
  for (const [model, tier, price] of pricesIn(made.models)) {
    await client.query(sql, [version, model, tier, ...PRICE_ITEMS.map((item) => `${price[item]}`)]);
  }
  return version;
}

export function* pricesIn(models: Models): Generator<readonly [string, ServiceTier, ModelPrice]> {
  for (const [model, prices] of models) {
    for (const tier of SERVICE_TIERS) {
      const price = prices[tier];
      if (price !== undefined) yield [model, tier, price];
    }
  }
}

/** Versions as if there were none that were called off. */
export const NOT_CALLED_OFF = `NOT EXISTS (
  SELECT FROM price_version_called_off AS c WHERE c.version = price_book_version.version)`;

/** What is in force and what will be: within the caller's consistent view. */
export async function loadPrices(client: pg.ClientBase): Promise<Prices> {
  const { rows } = await client.query<{ version: number; book: string; from: number | null }>(
    `SELECT version, book_id AS book,
         CASE WHEN effective_from > clock_timestamp() THEN extract(epoch FROM effective_from)::float8 * 1000 END AS from
       FROM price_book_version
       WHERE ${NOT_CALLED_OFF} AND (effective_from > clock_timestamp() OR version IN (
         SELECT DISTINCT ON (book_id) version FROM price_book_version
           WHERE effective_from <= clock_timestamp() AND ${NOT_CALLED_OFF} ORDER BY book_id, effective_from DESC, version DESC))
       ORDER BY book_id, effective_from, version`,
  );
  const models = await modelsOf(
    client,
    rows.map(({ version }) => version),
  );
  const books = new Map<string, Dated<PriceBook>[]>();
  for (const { version, book, from } of rows) {
    const value = { version, models: models.get(version) ?? new Map() };
    push(books, book, { fromMs: from ?? -Infinity, value });
  }
  return { books, terms: await loadTerms(client) };
}

async function loadTerms(client: pg.ClientBase): Promise<Prices['terms']> {
  const { rows } = await client.query<{ id: string; book: string; from: number | null }>(
    `SELECT organisation_id AS id, book_id AS book,
         CASE WHEN effective_from > clock_timestamp() THEN extract(epoch FROM effective_from)::float8 * 1000 END AS from
       FROM organisation_price_book AS t
       WHERE effective_from > clock_timestamp() OR (effective_from, created_at) = (
         SELECT effective_from, created_at FROM organisation_price_book AS o
           WHERE o.organisation_id = t.organisation_id AND o.effective_from <= clock_timestamp()
           ORDER BY effective_from DESC, created_at DESC LIMIT 1)
       ORDER BY organisation_id, effective_from, created_at`,
  );
  const terms = new Map<string, Dated<string>[]>();
  for (const { id, book, from } of rows)
    push(terms, id, { fromMs: from ?? -Infinity, value: book });
  return terms;
}

function push<T>(lists: Map<string, T[]>, id: string, value: T): void {
  const list = lists.get(id);
  if (list === undefined) lists.set(id, [value]);
  else list.push(value);
}

type PriceRow = { readonly [column: string]: string };

export async function modelsOf(
  client: pg.ClientBase | pg.Pool,
  versions: readonly number[],
): Promise<ReadonlyMap<number, Models>> {
  const { rows } = await client.query<PriceRow>(
    'SELECT * FROM price WHERE version = ANY ($1) ORDER BY version, model',
    [versions],
  );
  const all = new Map<number, Map<string, { [tier in ServiceTier]?: ModelPrice }>>();
  for (const row of rows) {
    const version = Number(row['version']);
    const models = all.get(version) ?? new Map<string, { [tier in ServiceTier]?: ModelPrice }>();
    all.set(version, models);
    const model = row['model'] ?? '';
    const tier = SERVICE_TIERS.find((known) => known === row['tier']);
    if (tier !== undefined) models.set(model, { ...models.get(model), [tier]: modelPrice(row) });
  }
  return new Map([...all].map(([version, models]) => [version, withStandard(models)]));
}

/** A model without a standard price is not sold. */
function withStandard(models: ReadonlyMap<string, { [tier in ServiceTier]?: ModelPrice }>): Models {
  const whole = new Map<string, ModelPrices>();
  for (const [model, { standard, ...others }] of models) {
    if (standard !== undefined) whole.set(model, { standard, ...others });
  }
  return whole;
}

function modelPrice(row: PriceRow): ModelPrice {
  const of = (item: PriceItem) => nano(BigInt(row[COLUMNS[item]] ?? ''));
  return {
    input: of('input'),
    cacheRead: of('cacheRead'),
    cacheWrite5m: of('cacheWrite5m'),
    cacheWrite1h: of('cacheWrite1h'),
    imageInput: of('imageInput'),
    audioInput: of('audioInput'),
    output: of('output'),
    reasoning: of('reasoning'),
    imageOutput: of('imageOutput'),
    audioOutput: of('audioOutput'),
    toolCalls: of('toolCalls'),
    request: of('request'),
  };
}
