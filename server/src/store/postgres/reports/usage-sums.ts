// Sums over usage: of whole hours and days from the roll-ups, and of what they do not have yet from the rows themselves, both
// in one view, so that no request is in a report twice or not at all.

import type pg from 'pg';
import {
  NO_USAGE,
  USAGE_BUCKETS,
  type Usage,
  type UsageBucket,
} from '../../../domain/generation/usage.ts';
import { nano, type Nano, ZERO_NANO } from '../../../domain/money/nano.ts';
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

const SUMMED = [
  'requests',
  ...USAGE_BUCKETS.map((bucket) => COLUMNS[bucket]),
  'charged_nano',
  'overrun_nano',
];
/**
 * Tokens as floats: four times as fast, and exact up to 2^53, above which count() refuses. Money as it is: those sums may be
 * larger than any integer type, and come as text.
 */
const sumSql = (column: string): string =>
  column.endsWith('_nano')
    ? `sum(${column}) FILTER (WHERE ${column} <> 0)`
    : `sum(${column}::float8)`;
const CHARGED = SUMMED.indexOf('charged_nano');

type Row = { readonly [column: string]: string | null };
/** Null is nothing, which is most of what there is. */
type Cells = readonly (string | number | null)[];

/** What a month of groups needs to be added up in memory. */
const WORK_MEM = '64MB';

export async function sumUsage(
  pool: pg.Pool,
  ask: UsageAsk,
): Promise<readonly UsageSum[] | undefined> {
  const rows = await readOnly(pool, async (client) => {
    // Compiling such a query takes longer than running it, and so does starting workers for it; and what is
    // read is one piece of a table, in memory more often than not.
    await client.query(
      `SET LOCAL work_mem = '${WORK_MEM}'; SET LOCAL jit = off; SET LOCAL max_parallel_workers_per_gather = 0;
         SET LOCAL random_page_cost = 1.1`,
    );
    const position = await client.query<{ upto: string }>(
      'SELECT upto::text FROM usage_roll_up_position',
    );
    const { sql, values } = queryOf(ask, position.rows[0]?.upto ?? '0');
    return (await client.query<(string | number | null)[]>({ text: sql, values, rowMode: 'array' }))
      .rows;
  });
  return rows.length > SUMS_MAX ? undefined : rows.map((cells) => sumOf(cells, ask.by));
}

function queryOf(ask: UsageAsk, upto: string): { sql: string; values: unknown[] } {
  const values: unknown[] = [ask.organisationId, ask.fromMs, ask.toMs];
  const filters = filtersOf(ask, values);
  const dimensions = ask.by.map((dimension) => COLUMN_OF[dimension]);
  const sums = ask.tokensOnly === true ? SUMMED.slice(0, CHARGED) : SUMMED;
  const summed = sums.slice(1);
  const wanted = [...dimensions, ...summed].join(', ');
  // As the roll-ups have it: no end user is '' there.
  const ofRows = dimensions.map((column) =>
    column === 'end_user' ? `coalesce(end_user, '') AS end_user` : column,
  );
  const rollUp = rollUpFor(ask);
  // A number in the text and no parameter: the planner has to see that hardly any row is behind it.
  assert(/^\d+$/.test(upto), 'a transaction has a number');
  const tail = rollUp === undefined ? '' : `AND settled_xid >= '${upto}'`;
  const fresh = `SELECT date_bin('1 ${ask.width}', started_at, 'epoch') AS starts_at, 1 AS requests, ${[...ofRows, ...summed].join(', ')}
      FROM usage
      WHERE organisation_id = $1 AND started_at >= to_timestamp($2::float8 / 1000)
        AND started_at < to_timestamp($3::float8 / 1000) ${tail} AND outcome <> 'failed' ${filters}`;
  const rolled = `SELECT starts_at, requests, ${wanted}
      FROM ${rollUp}
      WHERE organisation_id = $1 AND starts_at >= to_timestamp($2::float8 / 1000)
        AND starts_at < to_timestamp($3::float8 / 1000) AND NOT failed ${filters}`;
  const groups = ['starts_at', ...dimensions].join(', ');
  // Grouped as they are stored, and made text afterwards: a tenth of the rows.
  const sql = `
    SELECT ${['extract(epoch FROM starts_at)::bigint::text', ...dimensions.map((d) => `${d}::text`)].join(', ')},
        ${sums.map((column) => (column.endsWith('_nano') ? column : `nullif(${column}, 0)`)).join(', ')}
      FROM (
        SELECT ${groups}, ${sums.map((column) => `${sumSql(column)} AS ${column}`).join(', ')}
          FROM (${rollUp === undefined ? fresh : `${rolled} UNION ALL ${fresh}`}) AS u
          GROUP BY ${groups} LIMIT ${SUMS_MAX + 1}
      ) AS s ORDER BY ${groups}`;
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

/** The cells of a row: when it begins, by what it is told apart, and its sums. */
function sumOf(cells: Cells, by: readonly Dimension[]): UsageSum {
  const key: { -readonly [dimension in Dimension]?: string } = {};
  for (const [at, dimension] of by.entries()) {
    const value = cells[at + 1];
    if (typeof value === 'string' && value !== '') key[dimension] = value;
  }
  const first = by.length + 1;
  const amount = (at: number): Nano => {
    const cell = cells[first + at];
    return typeof cell === 'string' ? nano(BigInt(cell)) : ZERO_NANO;
  };
  const tokens: { -readonly [bucket in UsageBucket]: number } = { ...NO_USAGE };
  for (const [at, bucket] of USAGE_BUCKETS.entries()) {
    const cell = cells[first + 1 + at];
    if (typeof cell === 'number') tokens[bucket] = count(cell);
  }
  return {
    startsAtMs: Number(cells[0]) * 1000,
    key: key satisfies SumKey,
    requests: count(cells[first]),
    tokens,
    chargedNano: amount(CHARGED),
    overrunNano: amount(CHARGED + 1),
  };
}

export function tokensOf(row: Row): Usage {
  const tokens: { -readonly [bucket in UsageBucket]: number } = { ...NO_USAGE };
  for (const bucket of USAGE_BUCKETS) tokens[bucket] = count(row[COLUMNS[bucket]]);
  return tokens;
}

export function count(sum: string | number | null | undefined): number {
  const value = Number(sum ?? 0);
  assert(Number.isSafeInteger(value), 'a sum of tokens is exact');
  return value;
}
