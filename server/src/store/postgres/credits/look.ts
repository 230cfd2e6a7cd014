// The look at an organisation's blocks that everything else begins with; it locks the account for the transaction.

import type pg from 'pg';

/** Burns what was charged, lets blocks begin and end whose time has come. */
export async function look(client: pg.ClientBase, organisationId: string, at: Date): Promise<void> {
  await client.query('SELECT ledger_look($1, $2)', [organisationId, at]);
}

/** The clock of the books: gateways' clocks differ. */
export async function bookTime(client: pg.ClientBase): Promise<Date> {
  const { rows } = await client.query<{ at: Date }>(
    `SELECT date_trunc('milliseconds', clock_timestamp()) AS at`,
  );
  const at = rows[0]?.at;
  if (at === undefined) throw new Error('PostgreSQL has no clock.');
  return at;
}
