// What an organisation has used, summed by day (UTC), model or key.

import type pg from 'pg';
import { NO_USAGE, USAGE_BUCKETS, type UsageBucket } from '../../domain/generation/usage.ts';
import { nano } from '../../domain/money/nano.ts';
import { assert } from '../../lib/assert.ts';
import type { UsageDimension, UsageQuery, UsageReportRow } from '../../ports/accounts.ts';
import { COLUMNS } from './price-columns.ts';

/** A year of days × a few models × a few keys; the first so many rows of a larger report. */
const REPORT_ROWS_MAX = 50_000;

const EXPRESSIONS: { readonly [dimension in UsageDimension]: string } = {
  day: `to_char(started_at AT TIME ZONE 'UTC', 'YYYY-MM-DD')`,
  model: 'model',
  key: 'key_id',
};

/** Sums come as text: they may be larger than any integer type. */
type Row = { readonly [column: string]: string };

export async function reportUsage(pool: pg.Pool, query: UsageQuery): Promise<UsageReportRow[]> {
  const dimensions = [...new Set(query.groupBy)];
  const by = dimensions.map((dimension) => `${EXPRESSIONS[dimension]} AS by_${dimension}`);
  const sums = USAGE_BUCKETS.map((bucket) => `sum(${COLUMNS[bucket]})::text AS "${bucket}"`);
  const places = dimensions.map((_, at) => `${at + 1}`).join(', ');
  const { rows } = await pool.query<Row>(
    `SELECT ${[...by, 'count(*)::text AS requests', 'sum(charged_nano)::text AS cost', ...sums].join(', ')}
       FROM usage
       WHERE organisation_id = $1 AND started_at >= to_timestamp($2::float8 / 1000)
         AND started_at < to_timestamp($3::float8 / 1000)
       ${places === '' ? 'HAVING count(*) > 0' : `GROUP BY ${places} ORDER BY ${places}`}
       LIMIT ${REPORT_ROWS_MAX}`,
    [query.organisationId, query.fromMs, query.toMs],
  );
  return rows.map(reportRow);
}

function reportRow(row: Row): UsageReportRow {
  const { by_day: day, by_model: model, by_key: keyId } = row;
  return {
    ...(day !== undefined && { day }),
    ...(model !== undefined && { model }),
    ...(keyId !== undefined && { keyId }),
    requests: count(row['requests']),
    tokens: tokensOf(row),
    costNano: nano(BigInt(row['cost'] ?? '0')),
  };
}

function tokensOf(row: Row): UsageReportRow['tokens'] {
  const tokens: { -readonly [bucket in UsageBucket]: number } = { ...NO_USAGE };
  for (const bucket of USAGE_BUCKETS) tokens[bucket] = count(row[bucket]);
  return tokens;
}

function count(text: string | undefined): number {
  const value = Number(text ?? '0');
  assert(Number.isSafeInteger(value), 'a sum of tokens is exact');
  return value;
}
