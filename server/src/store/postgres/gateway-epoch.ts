// A gateway's presence in the database: the epoch of this start, a heartbeat, and the end of holds that no running
// gateway will settle, so that every hold ends without a hand.

import type pg from 'pg';
import { type Cancel, systemTimers, type Timers } from '../../ports/timers.ts';
import type { DirectPg } from './direct-pg.ts';
import type { Gateway } from './ledger-batch.ts';
import type { Books } from './leases/books.ts';

const HEARTBEAT_MS = 5_000;
/** A gateway that is silent for longer than this is dead: its holds and leases are voided. */
const SILENT_MS = 60_000;
/** A hold of our own that we don't know of after this long was committed by a connection that we had given up. */
const UNKNOWN_MS = 60_000;
const VOIDS_MAX = 1_000;

/**
 * Takes the next epoch of this gateway, which ends what its earlier ones may do; `above` is one that it is known to have
 * had. Their holds and leases stay until `endEarlier`, so that what they had settled can be paid from them.
 */
export async function enterEpoch(pool: pg.Pool, gatewayId: string, above = 0): Promise<Gateway> {
  const { rows } = await pool.query<{ epoch: string }>(
    `INSERT INTO gateway (id, epoch) VALUES ($1, $2::bigint + 1)
       ON CONFLICT (id) DO UPDATE SET epoch = greatest(gateway.epoch, $2) + 1, heartbeat_at = now(), left_at = NULL
       RETURNING epoch`,
    [gatewayId, `${above}`],
  );
  return { id: gatewayId, epoch: BigInt(rows[0]?.epoch ?? '1') };
}

/** Voids the holds and leases of this gateway's earlier epochs. */
export async function endEarlier(pool: pg.Pool, { id, epoch }: Gateway): Promise<void> {
  await voidHolds(pool, 'gateway_id = $1 AND epoch < $2', [id, `${epoch}`]);
  await voidLeases(pool, 'gateway_id = $1 AND epoch < $2', [id, `${epoch}`]);
}

export async function beat(pool: pg.Pool, { id, epoch }: Gateway): Promise<boolean> {
  const { rowCount } = await pool.query(
    'UPDATE gateway SET heartbeat_at = now() WHERE id = $1 AND epoch = $2',
    [id, `${epoch}`],
  );
  return rowCount === 1;
}

/** It stops, and all that it has settled is in PostgreSQL: nobody has to wait for it. */
export async function leave(pool: pg.Pool, { id, epoch }: Gateway): Promise<void> {
  await pool.query(
    'UPDATE gateway SET heartbeat_at = now(), left_at = now() WHERE id = $1 AND epoch = $2',
    [id, `${epoch}`],
  );
}

export type HeartbeatOptions = {
  readonly books: Pick<Books, 'beat' | 'voidSilent'>;
  readonly gateway: Gateway;
  /** PostgreSQL knows that this gateway was alive then. */
  readonly onHeard: (askedMs: number) => void;
  /** Another process has started in this one's place, and has given back what this one had set aside. */
  readonly onFenced: () => void;
  /** Ends holds of our own that nobody knows of. */
  readonly voidUnknown: () => Promise<void>;
  readonly timers?: Timers;
};

export class Heartbeat implements AsyncDisposable {
  readonly #options: HeartbeatOptions;
  readonly #timers: Timers;
  readonly #stop: Cancel;
  #beating: Promise<void> | undefined;
  #steadySinceMs: number;

  constructor(options: HeartbeatOptions) {
    this.#options = options;
    this.#timers = options.timers ?? systemTimers;
    this.#steadySinceMs = this.#timers.monotonicMs();
    this.#stop = this.#timers.every(HEARTBEAT_MS, () => {
      this.#beating ??= this.#beat().finally(() => (this.#beating = undefined));
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop();
    await this.#beating;
  }

  async #beat(): Promise<void> {
    const { books, gateway, onHeard, onFenced } = this.#options;
    try {
      const askedMs = this.#timers.monotonicMs();
      if (!(await books.beat(gateway))) return onFenced();
      onHeard(askedMs);
      await this.#options.voidUnknown();
      // After an outage of the database every heartbeat looks old: the others get as long to come back.
      if (this.#timers.monotonicMs() - this.#steadySinceMs > SILENT_MS) {
        await books.voidSilent(SILENT_MS);
      }
    } catch {
      this.#steadySinceMs = this.#timers.monotonicMs(); // The ledger's own connection tells of the outage.
    }
  }
}

/** Voids holds of this gateway that were committed unseen, and that no request of it will end. */
export async function voidUnknown(
  pool: pg.Pool,
  { id, epoch }: Gateway,
  ledger: DirectPg,
): Promise<void> {
  const { rows } = await pool.query<{ request_id: string }>(
    `SELECT replace(request_id::text, '-', '') AS request_id FROM hold
       WHERE gateway_id = $1 AND epoch = $2 AND created_at < now() - interval '${UNKNOWN_MS} ms'`,
    [id, `${epoch}`],
  );
  for (const { request_id } of rows) {
    if (!ledger.isOpen(request_id)) ledger.voidLater(request_id);
  }
}

/**
 * Voids the holds of gateways that are silent, and of epochs that are over; and the leases of gateways that are silent,
 * but not of an epoch that is just over: its gateway is there again, and pays from them what it had settled.
 */
export async function voidSilent(pool: pg.Pool, silentMs = SILENT_MS): Promise<number> {
  const holds = await voidHolds(
    pool,
    `EXISTS (SELECT FROM gateway AS g WHERE g.id = gateway_id
       AND (epoch < g.epoch OR g.heartbeat_at < now() - $1 * interval '1 ms'))`,
    [`${silentMs}`],
  );
  const leases = await voidLeases(
    pool,
    `EXISTS (SELECT FROM gateway AS g WHERE g.id = gateway_id
       AND g.heartbeat_at < now() - $1 * interval '1 ms')`,
    [`${silentMs}`],
  );
  return holds + leases;
}

/** Rows that another process works on are left to it. */
function voidHolds(pool: pg.Pool, condition: string, values: readonly string[]): Promise<number> {
  return voidAll(
    pool,
    `SELECT ledger_void(ARRAY(
       SELECT request_id FROM hold WHERE ${condition} LIMIT ${VOIDS_MAX} FOR UPDATE SKIP LOCKED)) AS voided`,
    values,
  );
}

function voidLeases(pool: pg.Pool, condition: string, values: readonly string[]): Promise<number> {
  return voidAll(
    pool,
    `SELECT coalesce(sum(ledger_void_lease(gateway_id, epoch, account_id)), 0) AS voided
       FROM (SELECT gateway_id, epoch, account_id FROM lease WHERE ${condition}
               ORDER BY account_id LIMIT ${VOIDS_MAX}) AS l`,
    values,
  );
}

/** Bit by bit, so that no account stays locked for long. */
async function voidAll(pool: pg.Pool, sql: string, values: readonly string[]): Promise<number> {
  let total = 0;
  for (;;) {
    const { rows } = await pool.query<{ voided: string }>(sql, [...values]);
    const voided = Number(rows[0]?.voided ?? 0);
    total += voided;
    if (voided < VOIDS_MAX) return total;
  }
}
