// Whose blocks are to be looked at now: blocks that begin or end, credit lines that are too long, blocks that could not be
// taken back, and everybody who was charged since the last look.

import type pg from 'pg';

/** Of one round; the next one is a second later. */
const ORGANISATIONS_MAX = 1_000;

const DUE = `
  SELECT organisation_id AS id FROM credit_block
    WHERE remaining_nano > 0 AND NOT effective AND effective_at <= clock_timestamp()
  UNION SELECT organisation_id FROM credit_block
    WHERE remaining_nano > 0 AND expires_at <= clock_timestamp()
  UNION SELECT organisation_id FROM credit_block WHERE remaining_nano > 0 AND reversing_nano > 0
  UNION SELECT organisation_id FROM credit_position WHERE line_is_long
  UNION SELECT b.organisation_id
    FROM (SELECT organisation_id, sum(remaining_nano) AS amount FROM credit_block
        WHERE remaining_nano > 0 AND effective GROUP BY 1) AS b
    JOIN account AS a ON a.id = 'credits:' || b.organisation_id
    WHERE a.balance_nano < b.amount
  LIMIT ${ORGANISATIONS_MAX}`;

export async function dueOrganisations(pool: pg.Pool): Promise<readonly string[]> {
  const { rows } = await pool.query<{ id: string }>(DUE);
  return rows.map(({ id }) => id);
}

export async function nextDue(pool: pg.Pool): Promise<{ readonly nextInMs?: number }> {
  const { rows } = await pool.query<{ ms: number | null }>(
    `SELECT (1000 * extract(epoch FROM least(
         (SELECT min(effective_at) FROM credit_block WHERE remaining_nano > 0 AND NOT effective),
         (SELECT min(expires_at) FROM credit_block WHERE remaining_nano > 0 AND expires_at > clock_timestamp())
       ) - clock_timestamp()))::float AS ms`,
  );
  const ms = rows[0]?.ms;
  return ms === null || ms === undefined ? {} : { nextInMs: Math.max(0, ms) };
}
