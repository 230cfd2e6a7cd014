// Sealing keys in PostgreSQL: whoever comes first when a key has served its time makes the next one, and every gateway
// reads it long before it seals.

import { randomBytes } from 'node:crypto';
import type { Pool, PoolClient } from 'pg';
import {
  SEALING_SECRET_BYTES,
  type KeyRing,
  type SealingKey,
} from '../../domain/sealing/sealer.ts';
import { assert } from '../../lib/assert.ts';
import { newId } from '../../lib/ids.ts';
import {
  SEALING_KEY_LEAD_MS,
  SEALING_KEY_LIFETIME_MS,
  SEALING_KEYS_MAX,
  SEALING_KEYS_READ_MS,
} from '../../limits.ts';
import type { SealingKeys } from '../../ports/sealing-keys.ts';

type Row = { readonly id: string; readonly secret: Buffer; readonly active: boolean };

export class PostgresSealingKeys implements SealingKeys, AsyncDisposable {
  readonly #pool: Pool;
  readonly #timer: NodeJS.Timeout;
  #ring: KeyRing;
  #reading: Promise<void> = Promise.resolve();

  private constructor(pool: Pool, ring: KeyRing) {
    this.#pool = pool;
    this.#ring = ring;
    this.#timer = setInterval(() => {
      this.#reading = this.#read();
    }, SEALING_KEYS_READ_MS).unref();
  }

  static async open(pool: Pool): Promise<PostgresSealingKeys> {
    return new PostgresSealingKeys(pool, await readKeys(pool));
  }

  ring(): KeyRing {
    return this.#ring;
  }

  /** What can't be read now stays as it was: an old key still seals and opens. */
  async #read(): Promise<void> {
    try {
      this.#ring = await readKeys(this.#pool);
    } catch {
      // The next reading is soon, and the snapshot's says that PostgreSQL is away.
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#timer);
    await this.#reading;
  }
}

/** Any number, the same for every gateway. */
const ROTATION_LOCK = 7_301_224_106;

/** One gateway at a time: makes the next key where one is due, forgets those that are too old, and reads the rest. */
export async function readKeys(pool: Pool): Promise<KeyRing> {
  const client = await pool.connect();
  try {
    await client.query('BEGIN');
    await client.query('SELECT pg_advisory_xact_lock($1)', [ROTATION_LOCK]);
    await rotate(client);
    const { rows } = await client.query<Row>(
      'SELECT id, secret, active_at <= now() AS active FROM sealing_key ORDER BY active_at DESC, id',
    );
    await client.query('COMMIT');
    client.release();
    return ringOf(rows);
  } catch (error) {
    // What is left of the transaction ends with its connection.
    client.release(true);
    throw error;
  }
}

async function rotate(client: PoolClient): Promise<void> {
  await client.query(
    `INSERT INTO sealing_key (id, secret, active_at)
       SELECT $1, $2, CASE WHEN EXISTS (SELECT FROM sealing_key)
                           THEN now() + $3 * interval '1 millisecond' ELSE now() END
       WHERE NOT EXISTS (SELECT FROM sealing_key
                           WHERE created_at > now() - $4 * interval '1 millisecond')`,
    [newId('sk'), randomBytes(SEALING_SECRET_BYTES), SEALING_KEY_LEAD_MS, SEALING_KEY_LIFETIME_MS],
  );
  await client.query(
    'DELETE FROM sealing_key WHERE id IN (SELECT id FROM sealing_key ORDER BY active_at DESC, id OFFSET $1)',
    [SEALING_KEYS_MAX],
  );
}

function ringOf(rows: readonly Row[]): KeyRing {
  const keys = rows.map(({ id, secret }): SealingKey => ({ id, secret }));
  const current = keys[rows.findIndex(({ active }) => active)];
  assert(
    current !== undefined,
    'the first key is active at once, and the last one is never deleted',
  );
  return { current, keys: new Map(keys.map((key) => [key.id, key])) };
}
