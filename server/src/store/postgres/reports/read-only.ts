// Several queries of one moment: what is written between them is in none of them.

import type pg from 'pg';

export async function readOnly<T>(
  pool: pg.Pool,
  work: (client: pg.ClientBase) => Promise<T>,
): Promise<T> {
  const client = await pool.connect();
  try {
    await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
    const result = await work(client);
    await client.query('COMMIT');
    client.release();
    return result;
  } catch (error) {
    client.release(true); // Whatever state it is in, nobody inherits it.
    throw error;
  }
}
