// What a list of prices would have earned: every request of a time priced anew, in PostgreSQL, each rounded once as a charge
// is. A million rows take seconds; of more there is as much as seconds allow, and whoever asks goes on from there.

import type pg from 'pg';
import { USAGE_BUCKETS } from '../../../domain/generation/usage.ts';
import { PRICE_ITEMS, type ModelPrice } from '../../../domain/pricing/price-book.ts';
import { SERVICE_TIERS, type ServiceTier } from '../../../domain/pricing/service-tier.ts';
import type { SimulatedRow } from '../../../ports/price-books.ts';
import { COLUMNS } from '../price-columns.ts';
import { readOnly } from '../reports/read-only.ts';
import { inSlices, SLICE_TIMEOUT_MS, type Span } from '../time-slices.ts';
import type { Models } from './price-rows.ts';

/** By the id of the book: the draft itself, and those that are made of it. */
export type DraftedBooks = ReadonlyMap<string, Models>;

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
  ), payer AS MATERIALIZED (
    SELECT o.id AS organisation_id, coalesce(bound.book_id, 'default') AS book_id
      FROM organisation AS o LEFT JOIN bound ON bound.organisation_id = o.id
      WHERE coalesce(bound.book_id, 'default') = ANY ($17::text[])
  )
  SELECT organisation_id AS "organisationId", model, tier, count(*)::text AS requests,
      sum(cost_nano)::text AS cost, sum(div(exact + 500000, 1000000))::text AS simulated,
      sum(exact)::text AS exact, count(*) FILTER (WHERE unpriced)::text AS unpriced
    FROM (
      SELECT u.organisation_id, u.model, u.tier, u.cost_nano, p.model IS NULL AS unpriced, ${EXACT} AS exact
        FROM payer AS b
        CROSS JOIN LATERAL (
          SELECT * FROM usage
            WHERE organisation_id = b.organisation_id AND started_at >= to_timestamp($16::float8 / 1000)
              AND started_at < to_timestamp($19::float8 / 1000) AND outcome <> 'failed'
            OFFSET 0
        ) AS u
        LEFT JOIN drafted AS p ON p.book = b.book_id AND p.model = u.model AND p.tier = u.tier
        OFFSET 0 -- so that each row is priced once, and not wherever its price is named
    ) AS priced
    GROUP BY 1, 2, 3 ORDER BY 1, 2, 3 LIMIT ${ROWS_MAX}`;

type Row = {
  readonly [
    column in 'organisationId' | 'model' | 'requests' | 'cost' | 'simulated' | 'exact' | 'unpriced'
  ]: string;
} & { readonly tier: ServiceTier };

export async function simulatePrices(
  pool: pg.Pool,
  books: DraftedBooks,
  span: Span,
): Promise<{ readonly rows: readonly SimulatedRow[]; readonly reachedMs: number }> {
  const found = new Map<string, SimulatedRow>();
  const reachedMs = await inSlices(span, async (slice) => {
    for (const row of await readOnly(pool, (client) => simulateSlice(client, books, slice))) {
      const place = JSON.stringify([row.organisationId, row.model, row.tier]);
      const before = found.get(place);
      found.set(place, before === undefined ? row : together(before, row));
    }
  });
  return { rows: [...found.values()], reachedMs };
}

function together(one: SimulatedRow, other: SimulatedRow): SimulatedRow {
  return {
    ...one,
    requests: one.requests + other.requests,
    costNano: one.costNano + other.costNano,
    simulatedNano: one.simulatedNano + other.simulatedNano,
    simulatedFemto: one.simulatedFemto + other.simulatedFemto,
    unpriced: one.unpriced + other.unpriced,
  };
}

async function simulateSlice(
  client: pg.ClientBase,
  books: DraftedBooks,
  { fromMs, toMs }: Span,
): Promise<readonly SimulatedRow[]> {
  // The planner takes the drafted prices for far fewer or more than they are, and would look through all for each row.
  await client.query(
    `SET LOCAL statement_timeout = ${SLICE_TIMEOUT_MS}; SET LOCAL enable_nestloop = off; SET LOCAL jit = off;
       SET LOCAL random_page_cost = 1.1`,
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
    fromMs,
    [...books.keys()],
    `${countMax(drafted.map(([, , , price]) => price))}`,
    toMs,
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
