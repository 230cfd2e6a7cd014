// The first half of a re-rating: what each request of an organisation costs now, some thousands in a transaction. Nothing of
// it is money yet.

import type pg from 'pg';
import {
  afterSql,
  BEFORE_SQL,
  chargeAtSql,
  FROM_VERSION_SQL,
  LAST_SQL,
  priceJoin,
} from './rated-sql.ts';

/** Half a second's work. */
export const REQUESTS_AT_ONCE = 20_000;

/** What is not on the list changes nothing; what settles later than its turn keeps its price. */
const SQL = `
  WITH position AS (
    SELECT started_at, request_id FROM rerating_position WHERE number = $1 AND organisation_id = $2
  ), piece AS MATERIALIZED (
    SELECT * FROM usage
      WHERE organisation_id = $2 AND started_at < to_timestamp($4::float8 / 1000)
        AND (started_at, request_id) > (
          coalesce((SELECT started_at FROM position), to_timestamp($3::float8 / 1000)),
          coalesce((SELECT request_id FROM position), '00000000-0000-0000-0000-000000000000'))
      ORDER BY started_at, request_id LIMIT $6
  ), reached AS (
    INSERT INTO rerating_position AS r (number, organisation_id, started_at, request_id)
      SELECT $1, $2, started_at, request_id FROM piece ORDER BY started_at DESC, request_id DESC LIMIT 1
      ON CONFLICT (number, organisation_id) DO UPDATE SET started_at = excluded.started_at, request_id = excluded.request_id
  ), rated AS MATERIALIZED (
    SELECT u.*, ${BEFORE_SQL} AS before, ${FROM_VERSION_SQL} AS from_version, ${afterSql('$5::integer')} AS after
      FROM piece AS u ${LAST_SQL} ${priceJoin('$5::integer')}
      WHERE u.outcome <> 'failed'
  ), changed AS (
    INSERT INTO rerated_usage (request_id, number, organisation_id, from_version, to_version, before_nano, after_nano,
        charged_nano)
      SELECT request_id, $1, $2, from_version, coalesce($5, price_version), before, after,
          ${chargeAtSql('after')} - ${chargeAtSql('before')}
        FROM rated AS u WHERE after <> before
  )
  SELECT count(*)::integer AS looked FROM piece`;

export type RunRow = {
  readonly number: string;
  readonly fromMs: number;
  readonly toMs: number;
  readonly version: number | null;
};

/** True when there is nothing left to look at. The caller holds the run's row. */
export async function rateSome(
  client: pg.ClientBase,
  { number, fromMs, toMs, version }: RunRow,
  organisationId: string,
  atOnce: number,
): Promise<boolean> {
  await client.query('SET LOCAL jit = off; SET LOCAL random_page_cost = 1.1');
  const values = [number, organisationId, fromMs, toMs, version, atOnce];
  const { rows } = await client.query<{ looked: number }>(SQL, values);
  return (rows[0]?.looked ?? 0) < atOnce;
}
