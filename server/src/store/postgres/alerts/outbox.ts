// The outbox: who gets a delivery to make, and what became of it. A claim is a time until which nobody else takes the row;
// whoever dies with it has not delivered, and somebody tries again after that.

import type pg from 'pg';
import { ENDPOINT_DISABLED_AFTER_DAYS } from '../../../limits.ts';
import type { ClaimedDelivery, DeliveryEnd, Failure } from '../../../ports/alerts.ts';
import { transaction } from '../transaction.ts';
import { eventOf, type EventRow } from './event-rows.ts';

type ClaimedRow = EventRow & {
  readonly target: string;
  readonly attempts: number;
  readonly organisation_name: string | null;
  readonly url: string | null;
  readonly secrets: readonly string[] | null;
};

const CLAIM = `
  WITH due AS (
    SELECT event_id, target FROM (
      SELECT event_id, target, due_at, row_number() OVER (PARTITION BY target ORDER BY due_at, event_id) AS place
        FROM alert_delivery WHERE state = 'pending' AND due_at <= now() AND target <> ALL ($3::text[])
    ) AS d WHERE place <= $2 ORDER BY due_at LIMIT $1
  ), free AS (
    SELECT event_id, target FROM alert_delivery JOIN due USING (event_id, target)
      WHERE state = 'pending' AND due_at <= now()
      ORDER BY event_id, target FOR UPDATE OF alert_delivery SKIP LOCKED
  ), claimed AS (
    UPDATE alert_delivery AS d SET attempts = attempts + 1, due_at = now() + $4 * interval '1 ms'
      FROM free WHERE d.event_id = free.event_id AND d.target = free.target
      RETURNING d.event_id, d.target, d.attempts
  )
  SELECT e.*, c.target, c.attempts, o.name AS organisation_name, w.url,
      array_remove(ARRAY[w.secret, CASE WHEN w.previous_until > now() THEN w.previous_secret END], NULL) AS secrets
    FROM claimed AS c
    JOIN alert_event AS e ON e.id = c.event_id
    LEFT JOIN organisation AS o ON o.id = e.organisation_id
    LEFT JOIN alert_endpoint AS w ON w.id = c.target`;

export async function claimDeliveries(
  pool: pg.Pool,
  claim: {
    readonly count: number;
    readonly perTarget: number;
    readonly busy: readonly string[];
    readonly claimMs: number;
  },
): Promise<readonly ClaimedDelivery[]> {
  const { count, perTarget, busy, claimMs } = claim;
  const { rows } = await pool.query<ClaimedRow>(CLAIM, [count, perTarget, busy, claimMs]);
  return rows.map((row) => ({
    event: eventOf(row),
    target: row.target,
    attempts: row.attempts,
    ...(row.organisation_name !== null && { organisationName: row.organisation_name }),
    ...(row.url !== null && { webhook: { url: row.url, secrets: row.secrets ?? [] } }),
  }));
}

export async function endDelivery(
  pool: pg.Pool,
  delivery: ClaimedDelivery,
  end: DeliveryEnd,
): Promise<void> {
  const { event, target, attempts } = delivery;
  if (end.kind === 'delivered') {
    // Also where the claim was over: whoever has it next need not bring it again.
    await pool.query(
      `UPDATE alert_delivery SET state = 'delivered', ended_at = now(), status = $3, detail = $4
         WHERE event_id = $1 AND target = $2`,
      [event.id, target, end.status ?? null, end.detail ?? null],
    );
    await pool.query(
      'UPDATE alert_endpoint SET failing_since = NULL WHERE id = $1 AND failing_since IS NOT NULL',
      [target],
    );
    return;
  }
  const { status, detail } = end.failure;
  const afterMs = end.kind === 'again' ? end.afterMs : null;
  await transaction(pool, async (client) => {
    await client.query(
      `UPDATE alert_delivery SET status = $4, detail = $5,
           state = CASE WHEN $6::float8 IS NULL THEN 'failed' ELSE 'pending' END,
           due_at = now() + coalesce($6::float8, 0) * interval '1 ms',
           ended_at = CASE WHEN $6::float8 IS NULL THEN now() END
         WHERE event_id = $1 AND target = $2 AND state = 'pending' AND attempts = $3`,
      [event.id, target, attempts, status ?? null, detail, afterMs],
    );
    if (delivery.webhook !== undefined) await noteFailing(client, target, end.failure);
  });
}

type FailingRow = {
  readonly organisation_id: string | null;
  readonly url: string;
  readonly failing_since: Date;
  readonly disablings: number;
  readonly is_off: boolean;
};

/** Once is no reason; days of it are. Its owner is told by mail, because nobody listens there. */
async function noteFailing(
  client: pg.ClientBase,
  endpointId: string,
  failure: Failure,
): Promise<void> {
  const { rows } = await client.query<FailingRow>(
    `UPDATE alert_endpoint SET failing_since = coalesce(failing_since, now()),
         disabled_at = CASE WHEN $2 OR failing_since < now() - $3 * interval '1 day' THEN now() END,
         disablings = disablings + CASE WHEN $2 OR failing_since < now() - $3 * interval '1 day' THEN 1 ELSE 0 END
       WHERE id = $1 AND disabled_at IS NULL
       RETURNING organisation_id, url, failing_since, disablings, disabled_at IS NOT NULL AS is_off`,
    [endpointId, failure.isFinal === true, ENDPOINT_DISABLED_AFTER_DAYS],
  );
  const [row] = rows;
  if (row === undefined || !row.is_off) return;
  await client.query(
    `UPDATE alert_delivery SET state = 'failed', ended_at = now(), detail = 'the endpoint was switched off'
       WHERE target = $1 AND state = 'pending'`,
    [endpointId],
  );
  const facts = {
    endpointId,
    url: row.url,
    failingSince: row.failing_since.toISOString(),
    detail: failure.detail,
  };
  await client.query(
    "SELECT alert_note($1, 'endpoint.disabled', $2, false, $3::jsonb, clock_timestamp())",
    [
      `endpoint-disabled:${endpointId}:${row.disablings}`,
      row.organisation_id,
      JSON.stringify(facts),
    ],
  );
}
