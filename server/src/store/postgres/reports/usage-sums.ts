// Sums over usage: of whole hours and days from the roll-ups, and of what they do not have yet from the rows themselves, both
// in one view, so that no request is in a report twice or not at all.

import type pg from 'pg';
import {
  NO_USAGE,
  USAGE_BUCKETS,
  type Usage,
  type UsageBucket,
} from '../../../domain/generation/usage.ts';
import { nano } from '../../../domain/money/nano.ts';
import type { Dimension, SumKey, UsageAsk, UsageSum } from '../../../domain/reports/usage-ask.ts';
import { assert } from '../../../lib/assert.ts';
import { COLUMNS } from '../price-columns.ts';
import { readOnly } from './read-only.ts';

/** 31 days of a thousand groups, or a day of minutes of 20; about 20 MB of JSON. */
const SUMS_MAX = 31_000;
const EMBEDDINGS = 'openai-embeddings';

const COLUMN_OF: { readonly [dimension in Dimension]: string } = {
  project: 'project_id',
  key: 'key_id',
  model: 'model',
  tier: 'tier',
  endUser: 'end_user',
  price: 'price_version',
};

const BUCKETS = USAGE_BUCKETS.map((bucket) => COLUMNS[bucket]);

/** Sums come as text: they may be larger than any integer type. */
type Row = { readonly [column: string]: string | null };

export async function sumUsage(
  pool: pg.Pool,
  ask: UsageAsk,
): Promise<readonly UsageSum[] | undefined> {
  const rows = await readOnly(pool, async (client) => {
    const position = await client.query<{ upto: string }>(
      'SELECT upto::text FROM usage_roll_up_position',
    );
    const { sql, values } = queryOf(ask, position.rows[0]?.upto ?? '0');
    return (await client.query<Row>(sql, values)).rows;
  });
  return rows.length > SUMS_MAX ? undefined : rows.map((row) => sumOf(row, ask.by));
}

function queryOf(ask: UsageAsk, upto: string): { sql: string; values: unknown[] } {
  const values: unknown[] = [ask.organisationId, ask.fromMs, ask.toMs];
  const filters = filtersOf(ask, values);
  const dimensions = ask.by.map((dimension) => COLUMN_OF[dimension]);
  const summed = [...BUCKETS, 'charged_nano', 'overrun_nano'];
  const wanted = [...dimensions, ...summed].join(', ');
  // As the roll-ups have it: no end user is '' there.
  const ofRows = dimensions.map((column) =>
    column === 'end_user' ? `coalesce(end_user, '') AS end_user` : column,
  );
  const rollUp = rollUpFor(ask);
  // A number in the text and no parameter: the planner has to see that hardly any row is behind it.
  assert(/^\d+$/.test(upto), 'a transaction has a number');
  const tail = rollUp === undefined ? '' : `AND settled_xid >= '${upto}'`;
  const fresh = `SELECT date_trunc('${ask.width}', started_at, 'UTC') AS starts_at, 1 AS requests, ${[...ofRows, ...summed].join(', ')}
      FROM usage
      WHERE organisation_id = $1 AND started_at >= to_timestamp($2::float8 / 1000)
        AND started_at < to_timestamp($3::float8 / 1000) ${tail} AND outcome <> 'failed' ${filters}`;
  const rolled = `SELECT starts_at, requests, ${wanted}
      FROM ${rollUp}
      WHERE organisation_id = $1 AND starts_at >= to_timestamp($2::float8 / 1000)
        AND starts_at < to_timestamp($3::float8 / 1000) AND NOT failed ${filters}`;
  const groups = ['starts_at', ...dimensions].map((_, at) => `${at + 1}`).join(', ');
  const sums = ['requests', ...summed];
  const sql = `
    SELECT ${['extract(epoch FROM starts_at)::text AS starts_at', ...dimensions.map((d) => `${d}::text`)].join(', ')},
        ${sums.map((column) => `sum(${column})::text AS ${column}`).join(', ')}
      FROM (${rollUp === undefined ? fresh : `${rolled} UNION ALL ${fresh}`}) AS u
      GROUP BY ${groups} ORDER BY ${groups} LIMIT ${SUMS_MAX + 1}`;
  return { sql, values };
}

/** Undefined: no roll-up tells all of it apart, and the rows themselves are added up. */
function rollUpFor({ width, by, only }: UsageAsk): string | undefined {
  // The keys of a record of dimensions are dimensions.
  const asked = new Set([...by, ...(Object.keys(only) as Dimension[])]);
  if (!asked.has('endUser')) {
    if (width === 'minute') return undefined;
    return width === 'day' ? 'usage_day' : 'usage_hour';
  }
  const isTold = [...asked].every((dimension) => dimension === 'endUser' || dimension === 'model');
  return width === 'day' && isTold ? 'usage_day_by_end_user' : undefined;
}

function filtersOf({ only, what }: UsageAsk, values: unknown[]): string {
  const filters: string[] = [];
  for (const [dimension, wanted] of Object.entries(only)) {
    values.push(wanted);
    // The keys of a record of dimensions are dimensions.
    const column = COLUMN_OF[dimension as Dimension];
    filters.push(`AND ${column} = ANY ($${values.length})`);
  }
  if (what === 'embeddings') filters.push(`AND protocol = '${EMBEDDINGS}'`);
  if (what === 'generations') filters.push(`AND protocol <> '${EMBEDDINGS}'`);
  return filters.join(' ');
}

function sumOf(row: Row, by: readonly Dimension[]): UsageSum {
  const key: { -readonly [dimension in Dimension]?: string } = {};
  for (const dimension of by) {
    const value = row[COLUMN_OF[dimension]];
    if (value !== null && value !== undefined && value !== '') key[dimension] = value;
  }
  return {
    startsAtMs: Number(row['starts_at']) * 1000,
    key: key satisfies SumKey,
    requests: count(row['requests']),
    tokens: tokensOf(row),
    chargedNano: nano(BigInt(row['charged_nano'] ?? '0')),
    overrunNano: nano(BigInt(row['overrun_nano'] ?? '0')),
  };
}

export function tokensOf(row: Row): Usage {
  const tokens: { -readonly [bucket in UsageBucket]: number } = { ...NO_USAGE };
  for (const bucket of USAGE_BUCKETS) tokens[bucket] = count(row[COLUMNS[bucket]]);
  return tokens;
}

export function count(text: string | null | undefined): number {
  const value = Number(text ?? '0');
  assert(Number.isSafeInteger(value), 'a sum of tokens is exact');
  return value;
}
