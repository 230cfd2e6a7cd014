// A transaction that reads one moment and may write: another that wrote the same meanwhile makes it begin again.

import type pg from 'pg';

const ATTEMPTS_MAX = 10;
/** Serialisation failure, deadlock. */
const AGAIN = new Set(['40001', '40P01']);

export async function inOneMoment<T>(
  pool: pg.Pool,
  work: (client: pg.ClientBase) => Promise<T>,
): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    const client = await pool.connect();
    try {
      await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ');
      const result = await work(client);
      await client.query('COMMIT');
      client.release();
      return result;
    } catch (error) {
      client.release(true); // Closing the connection rolls back, whatever state it is in.
      const isTransient =
        error instanceof Error && 'code' in error && AGAIN.has(String(error.code));
      if (!isTransient || attempt === ATTEMPTS_MAX) throw error;
    }
  }
}
