// Settings of auto-reload, and the one place where an automatic charge is decided: under a lock on its settings, so that
// the monthly cap and "one at a time" hold for any number of gateways.

import type pg from 'pg';
import {
  decideReload,
  monthOf,
  RELOAD_DECLINES_MAX,
  restAfterDeclineMs,
  type AutoReload,
  type AutoReloadSettings,
} from '../../../domain/payments/auto-reload.ts';
import { dollarsOfCents } from '../../../domain/payments/amount.ts';
import type { TopUp } from '../../../domain/payments/top-up.ts';
import type { AutoReloads, NewTopUp, TopUpChange, TopUpChanged } from '../../../ports/till-book.ts';
import { codeOf } from '../connection.ts';
import { transaction } from '../transaction.ts';
import { noteEvent } from './postgres-payment-events.ts';
import { changeTopUp, insertTopUp } from './postgres-top-ups.ts';

type Row = {
  readonly organisation_id: string;
  readonly threshold_cents: string;
  readonly target_cents: string;
  readonly monthly_cap_cents: string;
  readonly is_on: boolean;
  readonly off_reason: string | null;
  readonly declines: number;
  readonly rests_until: Date;
};

/** What is left in the books, with what is set aside for requests: a lease is no reason to charge a card. */
const BALANCE = `SELECT balance_nano AS balance FROM account WHERE id = 'credits:' || $1::text`;

export class PostgresAutoReloads implements AutoReloads {
  readonly #pool: pg.Pool;

  constructor(pool: pg.Pool) {
    this.#pool = pool;
  }

  async get(organisationId: string): Promise<AutoReload | undefined> {
    return readSettings(this.#pool, organisationId, '');
  }

  async set(settings: AutoReloadSettings, nowMs: number): Promise<void> {
    const { organisationId, thresholdCents, targetCents, monthlyCapCents } = settings;
    await this.#pool.query(
      `INSERT INTO auto_reload (organisation_id, threshold_cents, target_cents, monthly_cap_cents, is_on,
           rests_until, changed_at)
         VALUES ($1, $2, $3, $4, true, $5, $5)
         ON CONFLICT (organisation_id) DO UPDATE SET threshold_cents = $2, target_cents = $3,
           monthly_cap_cents = $4, is_on = true, off_reason = NULL, declines = 0, rests_until = $5, changed_at = $5`,
      [organisationId, thresholdCents, targetCents, monthlyCapCents, new Date(nowMs)],
    );
  }

  async turnOff(organisationId: string, reason: string | undefined, nowMs: number): Promise<void> {
    await this.#pool.query(
      'UPDATE auto_reload SET is_on = false, off_reason = $2, changed_at = $3 WHERE organisation_id = $1',
      [organisationId, reason ?? null, new Date(nowMs)],
    );
  }

  async hungry(nowMs: number, count: number): Promise<readonly string[]> {
    const { rows } = await this.#pool.query<{ id: string }>(
      `SELECT r.organisation_id AS id FROM auto_reload AS r
         JOIN account AS a ON a.id = 'credits:' || r.organisation_id
         WHERE r.is_on AND r.rests_until <= $1 AND a.balance_nano < r.threshold_cents * 10000000
           AND NOT EXISTS (SELECT FROM top_up AS t WHERE t.organisation_id = r.organisation_id
             AND t.origin = 'auto-reload' AND t.state IN ('created', 'open'))
         ORDER BY r.organisation_id LIMIT $2`,
      [new Date(nowMs), count],
    );
    return rows.map(({ id }) => id);
  }

  async begin(
    organisationId: string,
    topUp: Pick<NewTopUp, 'id' | 'provider' | 'currency'>,
    bounds: { readonly leastCents: number; readonly mostCents: number; readonly ttlMs: number },
    nowMs: number,
  ): Promise<TopUp | undefined> {
    return transaction(this.#pool, async (client) => {
      const settings = await readSettings(client, organisationId, 'FOR UPDATE');
      if (settings === undefined) return undefined;
      const { leastCents, mostCents, ttlMs } = bounds;
      const facts = { ...(await reloadFacts(client, organisationId, nowMs)), settings };
      const decided = decideReload({ ...facts, leastCents, mostCents, nowMs });
      if (decided.kind === 'no') {
        if (decided.why === 'cap') await capReached(client, settings, nowMs);
        return undefined;
      }
      return insertTopUp(client, {
        ...topUp,
        organisationId,
        origin: 'auto-reload',
        amountCents: decided.amountCents,
        saveMethod: false,
        createdAtMs: nowMs,
        expiresAtMs: nowMs + ttlMs,
      });
    }).catch((error: unknown) => {
      // The index says what the lock has said already; whoever comes past the lock is stopped here.
      if (codeOf(error) === '23505') return undefined;
      throw error;
    });
  }

  async decline(topUp: TopUp, change: Omit<TopUpChange, 'to'>): Promise<TopUpChanged> {
    const { id, organisationId } = topUp;
    const { nowMs } = change;
    return transaction(this.#pool, async (client) => {
      const settings = await readSettings(client, organisationId, 'FOR UPDATE');
      const changed = await changeTopUp(client, id, { ...change, to: 'declined' });
      if (settings === undefined || changed.kind !== 'changed') return changed;
      const declines = settings.declines + 1;
      const isOver = declines >= RELOAD_DECLINES_MAX;
      await client.query(
        `UPDATE auto_reload SET declines = $2, rests_until = $3, is_on = is_on AND NOT $4,
             off_reason = CASE WHEN $4 THEN 'declined' ELSE off_reason END
           WHERE organisation_id = $1`,
        [organisationId, declines, new Date(nowMs + restAfterDeclineMs(declines)), isOver],
      );
      if (!isOver) return changed;
      const detail = `Auto-reload was turned off: the card was declined ${declines} times in a row. Pay with another card, then turn it on again.`;
      const event = { kind: 'auto-reload-off', organisationId, topUpId: id, detail } as const;
      await noteEvent(client, event, id, nowMs);
      return changed;
    });
  }

  async credited(organisationId: string): Promise<void> {
    await this.#pool.query('UPDATE auto_reload SET declines = 0 WHERE organisation_id = $1', [
      organisationId,
    ]);
  }
}

async function readSettings(
  client: pg.Pool | pg.ClientBase,
  organisationId: string,
  lock: '' | 'FOR UPDATE',
): Promise<AutoReload | undefined> {
  const { rows } = await client.query<Row>(
    `SELECT * FROM auto_reload WHERE organisation_id = $1 ${lock}`,
    [organisationId],
  );
  const row = rows[0];
  if (row === undefined) return undefined;
  return {
    organisationId,
    thresholdCents: Number(row.threshold_cents),
    targetCents: Number(row.target_cents),
    monthlyCapCents: Number(row.monthly_cap_cents),
    isOn: row.is_on,
    declines: row.declines,
    restsUntilMs: row.rests_until.getTime(),
    ...(row.off_reason !== null && { offReason: row.off_reason }),
  };
}

/** What can't be declined any more counts into the month; so does what may still succeed. */
async function reloadFacts(client: pg.ClientBase, organisationId: string, nowMs: number) {
  const { fromMs, toMs } = monthOf(nowMs);
  const balance = await client.query<{ balance: string }>(BALANCE, [organisationId]);
  const { rows } = await client.query<{ in_flight: string; spent: string }>(
    `SELECT count(*) FILTER (WHERE state IN ('created', 'open', 'paid')) AS in_flight,
         coalesce(sum(amount_cents) FILTER (WHERE created_at >= $2 AND created_at < $3
           AND state IN ('created', 'open', 'paid', 'credited', 'suspect')), 0) AS spent
       FROM top_up WHERE organisation_id = $1 AND origin = 'auto-reload'`,
    [organisationId, new Date(fromMs), new Date(toMs)],
  );
  return {
    balanceNano: BigInt(balance.rows[0]?.balance ?? 0),
    inFlight: Number(rows[0]?.in_flight ?? 0),
    spentCents: Number(rows[0]?.spent ?? 0),
  };
}

async function capReached(
  client: pg.ClientBase,
  { organisationId, monthlyCapCents }: AutoReload,
  nowMs: number,
): Promise<void> {
  const month = new Date(nowMs).toISOString().slice(0, 7);
  const detail = `Auto-reload has reached its cap of ${dollarsOfCents(monthlyCapCents)} for ${month}: raise the cap, or top up by hand.`;
  const event = { kind: 'monthly-cap-reached', organisationId, detail } as const;
  await noteEvent(client, event, `${organisationId} ${month} ${monthlyCapCents}`, nowMs);
}
