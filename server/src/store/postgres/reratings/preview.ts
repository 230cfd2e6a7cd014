// What a re-rating would change, without changing it: sums by organisation, model and tier.

import type pg from 'pg';
import type { ServiceTier } from '../../../domain/pricing/service-tier.ts';
import type { Preview, ReratedSum, ReratingAsk } from '../../../ports/reratings.ts';
import { readOnly } from '../reports/read-only.ts';
import { inSlices, SLICE_TIMEOUT_MS, type Span } from '../time-slices.ts';
import { afterSql, BEFORE_SQL, chargeAtSql, LAST_SQL, priceJoin } from './rated-sql.ts';

/** Requests that the version has no price for stay as they are. */
const SQL = `
  SELECT o.id AS "organisationId", x.*
    FROM organisation AS o
    CROSS JOIN LATERAL (
      SELECT model, tier, count(*)::text AS requests, sum(before)::text AS before,
          sum(coalesce(after, before))::text AS after, sum(paid_after - paid_before)::text AS charged,
          count(*) FILTER (WHERE after IS NULL)::text AS unpriced
        FROM (
          SELECT u.model, u.tier, c.before, c.after, ${chargeAtSql('c.before')} AS paid_before,
              ${chargeAtSql('coalesce(c.after, c.before)')} AS paid_after
            FROM usage AS u ${LAST_SQL} ${priceJoin('$4::integer')}
            CROSS JOIN LATERAL (SELECT ${BEFORE_SQL} AS before, ${afterSql('$4::integer')} AS after OFFSET 0) AS c
            WHERE u.organisation_id = o.id AND u.started_at >= to_timestamp($2::float8 / 1000)
              AND u.started_at < to_timestamp($3::float8 / 1000) AND u.outcome <> 'failed'
        ) AS rated
        GROUP BY model, tier
    ) AS x
    WHERE $1::text IS NULL OR o.id = $1`;

type Row = {
  readonly [
    column in 'organisationId' | 'model' | 'requests' | 'before' | 'after' | 'charged' | 'unpriced'
  ]: string;
} & { readonly tier: ServiceTier };

export async function previewRerating(pool: pg.Pool, ask: ReratingAsk): Promise<Preview> {
  const found = new Map<string, ReratedSum>();
  const reachedMs = await inSlices(ask, async (slice) => {
    for (const sum of await sumsOf(pool, ask, slice)) {
      const place = JSON.stringify([sum.organisationId, sum.model, sum.tier]);
      const before = found.get(place);
      found.set(place, before === undefined ? sum : together(before, sum));
    }
  });
  return { sums: [...found.values()], reachedMs };
}

async function sumsOf(
  pool: pg.Pool,
  { organisationId, version }: ReratingAsk,
  { fromMs, toMs }: Span,
): Promise<readonly ReratedSum[]> {
  const rows = await readOnly(pool, async (client) => {
    await client.query(
      `SET LOCAL statement_timeout = ${SLICE_TIMEOUT_MS}; SET LOCAL jit = off; SET LOCAL random_page_cost = 1.1`,
    );
    const values = [organisationId ?? null, fromMs, toMs, version ?? null];
    return (await client.query<Row>(SQL, values)).rows;
  });
  return rows.map((row) => ({
    organisationId: row.organisationId,
    model: row.model,
    tier: row.tier,
    requests: Number(row.requests),
    beforeNano: BigInt(row.before),
    afterNano: BigInt(row.after),
    chargedNano: BigInt(row.charged),
    unpriced: Number(row.unpriced),
  }));
}

function together(one: ReratedSum, other: ReratedSum): ReratedSum {
  return {
    ...one,
    requests: one.requests + other.requests,
    beforeNano: one.beforeNano + other.beforeNano,
    afterNano: one.afterNano + other.afterNano,
    chargedNano: one.chargedNano + other.chargedNano,
    unpriced: one.unpriced + other.unpriced,
  };
}
