// What a list of prices would have earned: every request since then priced anew, in PostgreSQL, each rounded once as a charge
// is. A million rows take seconds.

import type pg from 'pg';
import { USAGE_BUCKETS } from '../../../domain/generation/usage.ts';
import { PRICE_ITEMS, type ModelPrice } from '../../../domain/pricing/price-book.ts';
import { SERVICE_TIERS, type ServiceTier } from '../../../domain/pricing/service-tier.ts';
import type { SimulatedRow } from '../../../ports/price-books.ts';
import { COLUMNS } from '../price-columns.ts';
import type { Models } from './price-rows.ts';

/** By the id of the book: the draft itself, and those that are made of it. */
export type DraftedBooks = ReadonlyMap<string, Models>;

const TIMEOUT_MS = 60_000;
const ROWS_MAX = 100_000;

const COUNTED = USAGE_BUCKETS.map((bucket) => `u.${COLUMNS[bucket]}`);
const sumOf = (type: string): string =>
  `p.request::${type} + ${USAGE_BUCKETS.map(
    (bucket) => `u.${COLUMNS[bucket]}::${type} * p.${COLUMNS[bucket]}`,
  ).join(' + ')}`;
/** `$18` is up to how many of each the sum fits into 64 bits: that takes a quarter of the time, and is as exact. */
const EXACT = `CASE WHEN p.model IS NULL OR ${COUNTED.join(' + ')} = 0 THEN 0::numeric
    WHEN greatest(${COUNTED.join(', ')}) <= $18 THEN (${sumOf('bigint')})::numeric ELSE ${sumOf('numeric')} END`;

const SQL = `
  WITH drafted AS MATERIALIZED (
    SELECT * FROM unnest($1::text[], $2::text[], $3::text[], ${PRICE_ITEMS.map((_, at) => `$${at + 4}::bigint[]`).join(', ')})
      AS d (book, model, tier, ${PRICE_ITEMS.map((item) => COLUMNS[item]).join(', ')})
  ), bound AS MATERIALIZED (
    SELECT DISTINCT ON (organisation_id) organisation_id, book_id FROM organisation_price_book
      WHERE effective_from <= clock_timestamp() ORDER BY organisation_id, effective_from DESC, created_at DESC
  )
  SELECT organisation_id AS "organisationId", model, tier, count(*)::text AS requests,
      sum(cost_nano)::text AS cost, sum(div(exact + 500000, 1000000))::text AS simulated,
      sum(exact)::text AS exact, count(*) FILTER (WHERE unpriced)::text AS unpriced
    FROM (
      SELECT u.organisation_id, u.model, u.tier, u.cost_nano, p.model IS NULL AS unpriced, ${EXACT} AS exact
        FROM usage AS u
        LEFT JOIN bound AS b ON b.organisation_id = u.organisation_id
        LEFT JOIN drafted AS p ON p.book = coalesce(b.book_id, 'default') AND p.model = u.model AND p.tier = u.tier
        WHERE u.started_at >= to_timestamp($16::float8 / 1000) AND u.outcome <> 'failed'
          AND coalesce(b.book_id, 'default') = ANY ($17::text[])
        OFFSET 0 -- so that each row is priced once, and not wherever its price is named
    ) AS priced
    GROUP BY 1, 2, 3 ORDER BY 1, 2, 3 LIMIT ${ROWS_MAX}`;

type Row = {
  readonly [
    column in 'organisationId' | 'model' | 'requests' | 'cost' | 'simulated' | 'exact' | 'unpriced'
  ]: string;
} & { readonly tier: ServiceTier };

export async function simulatePrices(
  client: pg.ClientBase,
  books: DraftedBooks,
  sinceMs: number,
): Promise<readonly SimulatedRow[]> {
  // The planner takes the drafted prices for far fewer or more than they are, and would look through all for each row.
  await client.query(
    `SET LOCAL statement_timeout = ${TIMEOUT_MS}; SET LOCAL enable_nestloop = off; SET LOCAL jit = off`,
  );
  const drafted = [...books].flatMap(([book, models]) =>
    [...models].flatMap(([model, prices]) =>
      // A tier that the draft does not sell is served as usual.
      SERVICE_TIERS.map((tier): [string, string, string, ModelPrice] => [
        book,
        model,
        tier,
        prices[tier] ?? prices.standard,
      ]),
    ),
  );
  const { rows } = await client.query<Row>(SQL, [
    drafted.map(([book]) => book),
    drafted.map(([, model]) => model),
    drafted.map(([, , tier]) => tier),
    ...PRICE_ITEMS.map((item) => drafted.map(([, , , price]) => `${price[item]}`)),
    sinceMs,
    [...books.keys()],
    `${countMax(drafted.map(([, , , price]) => price))}`,
  ]);
  return rows.map((row) => ({
    organisationId: row.organisationId,
    model: row.model,
    tier: row.tier,
    requests: Number(row.requests),
    costNano: BigInt(row.cost),
    simulatedNano: BigInt(row.simulated),
    simulatedFemto: BigInt(row.exact),
    unpriced: Number(row.unpriced),
  }));
}

const INT8_MAX = 2n ** 63n - 1n;

function countMax(prices: readonly ModelPrice[]): bigint {
  let dearest = 1n;
  for (const price of prices)
    for (const item of PRICE_ITEMS) if (price[item] > dearest) dearest = price[item];
  return INT8_MAX / (dearest * BigInt(PRICE_ITEMS.length));
}
