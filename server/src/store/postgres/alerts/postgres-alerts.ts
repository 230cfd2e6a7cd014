// Alerts in PostgreSQL: events by their cause, and an outbox beside them.

import type pg from 'pg';
import type {
  Alerts,
  ClaimedDelivery,
  DeliveryEnd,
  Endpoint,
  EndpointChange,
  EventsAsked,
  EventWithDeliveries,
  NewAlert,
  NewEndpoint,
  NewRecipient,
  NotedEvent,
  Owner,
  Recipient,
} from '../../../ports/alerts.ts';
import { transaction } from '../transaction.ts';
import { deliveryOf, eventOf, type DeliveryRow, type EventRow } from './event-rows.ts';
import {
  deleteRecipient,
  findEndpoint,
  insertEndpoint,
  insertRecipient,
  listEndpoints,
  listRecipients,
  removeEndpoint,
  replaceSecret,
  updateEndpoint,
} from './listeners.ts';
import { claimDeliveries, endDelivery } from './outbox.ts';

export class PostgresAlerts implements Alerts {
  readonly #pool: pg.Pool;

  constructor(pool: pg.Pool) {
    this.#pool = pool;
  }

  async look(calendar: boolean): Promise<number> {
    const { rows } = await this.#pool.query<{ noted: number }>('SELECT alert_look($1) AS noted', [
      calendar,
    ]);
    return rows[0]?.noted ?? 0;
  }

  async note({ cause, kind, organisationId, facts, atMs }: NewAlert): Promise<boolean> {
    const { rows } = await this.#pool.query<{ id: string | null }>(
      'SELECT alert_note($1, $2, $3, false, $4::jsonb, $5) AS id',
      [cause, kind, organisationId ?? null, JSON.stringify(facts), new Date(atMs)],
    );
    return typeof rows[0]?.id === 'string';
  }

  async test(endpointId: string, cause: string, atMs: number): Promise<string | undefined> {
    return transaction(this.#pool, async (client) => {
      const { rows } = await client.query<{ id: string }>(
        `INSERT INTO alert_event (cause, id, kind, organisation_id, facts, occurred_at)
           SELECT $2, 'evt_' || left(encode(sha256(convert_to($2, 'UTF8')), 'hex'), 32), 'test', organisation_id,
               jsonb_build_object('endpointId', id), $3
             FROM alert_endpoint WHERE id = $1 AND removed_at IS NULL AND disabled_at IS NULL
           RETURNING id`,
        [endpointId, cause, new Date(atMs)],
      );
      const id = rows[0]?.id;
      if (id === undefined) return undefined;
      await client.query('INSERT INTO alert_delivery (event_id, target) VALUES ($1, $2)', [
        id,
        endpointId,
      ]);
      return id;
    });
  }

  claim(claim: Parameters<Alerts['claim']>[0]): Promise<readonly ClaimedDelivery[]> {
    return claimDeliveries(this.#pool, claim);
  }

  end(delivery: ClaimedDelivery, end: DeliveryEnd): Promise<void> {
    return endDelivery(this.#pool, delivery, end);
  }

  async events({ organisationId, count, before }: EventsAsked): Promise<readonly NotedEvent[]> {
    const { rows } = await this.#pool.query<EventRow>(
      `SELECT * FROM alert_event
         WHERE ($1::text IS NULL OR organisation_id = $1) AND ($2::bigint IS NULL OR number < $2)
         ORDER BY number DESC LIMIT $3`,
      [organisationId ?? null, before ?? null, count],
    );
    return rows.map((row) => ({ ...eventOf(row), number: row.number }));
  }

  async event(id: string): Promise<EventWithDeliveries | undefined> {
    const { rows } = await this.#pool.query<EventRow>('SELECT * FROM alert_event WHERE id = $1', [
      id,
    ]);
    const [row] = rows;
    if (row === undefined) return undefined;
    const deliveries = await this.#pool.query<DeliveryRow>(
      'SELECT * FROM alert_delivery WHERE event_id = $1 ORDER BY target',
      [id],
    );
    return { ...eventOf(row), number: row.number, deliveries: deliveries.rows.map(deliveryOf) };
  }

  async redeliver(id: string, target: string | undefined): Promise<number | undefined> {
    const known = await this.#pool.query('SELECT FROM alert_event WHERE id = $1', [id]);
    if (known.rowCount === 0) return undefined;
    const { rowCount } = await this.#pool.query(
      `UPDATE alert_delivery AS d SET state = 'pending', attempts = 0, due_at = now(), ended_at = NULL,
           status = NULL, detail = NULL
         WHERE event_id = $1 AND state <> 'pending' AND ($2::text IS NULL OR target = $2)
           AND NOT EXISTS (SELECT FROM alert_endpoint AS e
             WHERE e.id = d.target AND (e.disabled_at IS NOT NULL OR e.removed_at IS NOT NULL))`,
      [id, target ?? null],
    );
    return rowCount ?? 0;
  }

  endpoints(owner: Owner): Promise<readonly Endpoint[]> {
    return listEndpoints(this.#pool, owner);
  }

  endpoint(id: string): Promise<Endpoint | undefined> {
    return findEndpoint(this.#pool, id);
  }

  addEndpoint(endpoint: NewEndpoint): Promise<void> {
    return insertEndpoint(this.#pool, endpoint);
  }

  changeEndpoint(id: string, change: EndpointChange): Promise<Endpoint | undefined> {
    return updateEndpoint(this.#pool, id, change);
  }

  rotateSecret(id: string, secret: string, overlapMs: number): Promise<Endpoint | undefined> {
    return replaceSecret(this.#pool, id, secret, overlapMs);
  }

  removeEndpoint(id: string): Promise<boolean> {
    return removeEndpoint(this.#pool, id);
  }

  recipients(owner: Owner): Promise<readonly Recipient[]> {
    return listRecipients(this.#pool, owner);
  }

  addRecipient(recipient: NewRecipient): Promise<boolean> {
    return insertRecipient(this.#pool, recipient);
  }

  removeRecipient(id: string): Promise<boolean> {
    return deleteRecipient(this.#pool, id);
  }

  async lowBalance(organisationId: string): Promise<bigint | undefined> {
    const { rows } = await this.#pool.query<{ below: string }>(
      'SELECT below_nano::text AS below FROM alert_low_balance WHERE organisation_id = $1 AND below_nano > 0',
      [organisationId],
    );
    return rows[0] && BigInt(rows[0].below);
  }

  /** Another threshold is another question: whoever is below it is told. */
  async setLowBalance(organisationId: string, belowNano: bigint | undefined): Promise<void> {
    await this.#pool.query(
      `INSERT INTO alert_low_balance (organisation_id, below_nano) VALUES ($1, $2)
         ON CONFLICT (organisation_id) DO UPDATE SET below_nano = excluded.below_nano,
           is_low = alert_low_balance.is_low AND alert_low_balance.below_nano = excluded.below_nano`,
      [organisationId, belowNano ?? 0n],
    );
  }
}
