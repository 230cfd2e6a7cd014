// One transaction on a connection of the pool: committed when the work is done, rolled back when it throws.

import type pg from 'pg';

export async function transaction<T>(
  pool: pg.Pool,
  work: (client: pg.ClientBase) => Promise<T>,
): Promise<T> {
  const client = await pool.connect();
  try {
    await client.query('BEGIN');
    const result = await work(client);
    await client.query('COMMIT');
    client.release();
    return result;
  } catch (error) {
    client.release(true); // Closing the connection rolls back, whatever state it is in.
    throw error;
  }
}
