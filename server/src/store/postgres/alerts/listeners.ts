// Who hears of alerts: endpoints that are called, and addresses that get mail.

import type pg from 'pg';
import type {
  Endpoint,
  EndpointChange,
  NewEndpoint,
  NewRecipient,
  Owner,
  Recipient,
} from '../../../ports/alerts.ts';
import { transaction } from '../transaction.ts';
import { endpointOf, recipientOf, type EndpointRow, type RecipientRow } from './event-rows.ts';

const OF_OWNER = 'organisation_id IS NOT DISTINCT FROM $1';

export async function listEndpoints(pool: pg.Pool, owner: Owner): Promise<readonly Endpoint[]> {
  const { rows } = await pool.query<EndpointRow>(
    `SELECT * FROM alert_endpoint WHERE ${OF_OWNER} AND removed_at IS NULL ORDER BY created_at, id`,
    [owner.organisationId ?? null],
  );
  return rows.map(endpointOf);
}

export async function findEndpoint(pool: pg.Pool, id: string): Promise<Endpoint | undefined> {
  const { rows } = await pool.query<EndpointRow>(
    'SELECT * FROM alert_endpoint WHERE id = $1 AND removed_at IS NULL',
    [id],
  );
  return rows[0] && endpointOf(rows[0]);
}

export async function insertEndpoint(pool: pg.Pool, endpoint: NewEndpoint): Promise<void> {
  const { id, organisationId, url, description, kinds, secret } = endpoint;
  await pool.query(
    `INSERT INTO alert_endpoint (id, organisation_id, url, description, kinds, secret)
       VALUES ($1, $2, $3, $4, $5, $6)`,
    [id, organisationId ?? null, url, description ?? null, kinds ?? null, secret],
  );
}

/** Switched on again, it begins without its past. */
export async function updateEndpoint(
  pool: pg.Pool,
  id: string,
  { url, kinds, enabled }: EndpointChange,
): Promise<Endpoint | undefined> {
  const { rows } = await pool.query<EndpointRow>(
    `UPDATE alert_endpoint SET url = coalesce($2, url), kinds = CASE WHEN $3 THEN $4::text[] ELSE kinds END,
         disabled_at = CASE WHEN $5 THEN NULL WHEN NOT $5 THEN coalesce(disabled_at, now()) ELSE disabled_at END,
         failing_since = CASE WHEN $5 THEN NULL ELSE failing_since END
       WHERE id = $1 AND removed_at IS NULL RETURNING *`,
    [id, url ?? null, kinds !== undefined, kinds ?? null, enabled ?? null],
  );
  if (enabled === false) await dropPending(pool, id, 'the endpoint is switched off');
  return rows[0] && endpointOf(rows[0]);
}

export async function replaceSecret(
  pool: pg.Pool,
  id: string,
  secret: string,
  overlapMs: number,
): Promise<Endpoint | undefined> {
  const { rows } = await pool.query<EndpointRow>(
    `UPDATE alert_endpoint SET previous_secret = secret, previous_until = now() + $3 * interval '1 ms', secret = $2
       WHERE id = $1 AND removed_at IS NULL RETURNING *`,
    [id, secret, overlapMs],
  );
  return rows[0] && endpointOf(rows[0]);
}

export async function removeEndpoint(pool: pg.Pool, id: string): Promise<boolean> {
  return transaction(pool, async (client) => {
    const removed = await client.query(
      `UPDATE alert_endpoint SET removed_at = now(), secret = '', previous_secret = NULL
         WHERE id = $1 AND removed_at IS NULL`,
      [id],
    );
    if (removed.rowCount === 0) return false;
    await dropPending(client, id, 'the endpoint was removed');
    return true;
  });
}

async function dropPending(
  client: pg.Pool | pg.ClientBase,
  target: string,
  why: string,
): Promise<void> {
  await client.query(
    `UPDATE alert_delivery SET state = 'failed', ended_at = now(), detail = $2 WHERE target = $1 AND state = 'pending'`,
    [target, why],
  );
}

export async function listRecipients(pool: pg.Pool, owner: Owner): Promise<readonly Recipient[]> {
  const { rows } = await pool.query<RecipientRow>(
    `SELECT * FROM alert_recipient WHERE ${OF_OWNER} ORDER BY created_at, id`,
    [owner.organisationId ?? null],
  );
  return rows.map(recipientOf);
}

export async function insertRecipient(pool: pg.Pool, recipient: NewRecipient): Promise<boolean> {
  const { id, organisationId, address, kinds } = recipient;
  const { rowCount } = await pool.query(
    `INSERT INTO alert_recipient (id, organisation_id, address, kinds) VALUES ($1, $2, $3, $4)
       ON CONFLICT DO NOTHING`,
    [id, organisationId ?? null, address, kinds ?? null],
  );
  return rowCount === 1;
}

export async function deleteRecipient(pool: pg.Pool, id: string): Promise<boolean> {
  const { rowCount } = await pool.query('DELETE FROM alert_recipient WHERE id = $1', [id]);
  return rowCount === 1;
}
