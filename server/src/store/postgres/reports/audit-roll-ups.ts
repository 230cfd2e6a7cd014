// Whether the roll-ups of usage are what its rows add up to, as far as they have been rolled up.

import { USAGE_BUCKETS } from '../../../domain/generation/usage.ts';
import type { Check } from '../audit-check.ts';
import { COLUMNS } from '../price-columns.ts';

const SUMS = [
  ...USAGE_BUCKETS.map((bucket) => COLUMNS[bucket]),
  'cost_nano',
  'charged_nano',
  'overrun_nano',
];
const KEY =
  'organisation_id, starts_at, project_id, key_id, model, tier, price_version, protocol, failed, end_user';

const KIND = `CASE protocol WHEN 'openai-embeddings' THEN protocol ELSE '' END AS protocol`;
const ALL = `project_id, key_id, model, tier, price_version, ${KIND}`;
/** What the roll-up by end user tells apart. */
const FEW = `'' AS project_id, '' AS key_id, model, '' AS tier, 0 AS price_version, ${KIND}`;

function differs(
  table: string,
  width: 'hour' | 'day',
  dimensions: string,
  endUser: string,
): string {
  const sums = SUMS.map((column) => `sum(${column})::bigint AS ${column}`).join(', ');
  const those = (alias: string) =>
    ['requests', ...SUMS].map((column) => `${alias}.${column}`).join(', ');
  return `
    SELECT format('%s of %s, %s, %s: %s requests and %s nano-dollars charged, the rows say %s and %s', '${table}',
        organisation_id, to_char(starts_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI'), model,
        coalesce(r.requests, 0), coalesce(r.charged_nano, 0), coalesce(u.requests, 0), coalesce(u.charged_nano, 0)) AS detail
      FROM ${table} AS r
      FULL JOIN (
        SELECT organisation_id, date_trunc('${width}', started_at, 'UTC') AS starts_at, ${dimensions},
            outcome = 'failed' AS failed, ${endUser} AS end_user, count(*) AS requests, ${sums}
          FROM usage, usage_roll_up_position AS p WHERE settled_xid < p.upto
          GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9, 10
      ) AS u USING (${KEY})
      WHERE (${those('r')}) IS DISTINCT FROM (${those('u')})`;
}

export const ROLL_UP_CHECKS: readonly Check[] = [
  {
    name: 'the roll-up of usage by hour is the sum of its rows',
    sql: differs('usage_hour', 'hour', ALL, "''"),
  },
  {
    name: 'the roll-up of usage by day is the sum of its rows',
    sql: differs('usage_day', 'day', ALL, "''"),
  },
  {
    name: 'the roll-up of usage by day and end user is the sum of its rows',
    sql: differs('usage_day_by_end_user', 'day', FEW, "coalesce(end_user, '')"),
  },
];
