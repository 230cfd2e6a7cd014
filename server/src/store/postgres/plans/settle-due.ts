// What is due for a plan has been paid, or is owed from now on: once, by the primary key of what says so.

import type pg from 'pg';
import { NANO_PER_MINOR } from '../../../domain/plans/plan.ts';
import type { DueSettled } from '../../../ports/plans.ts';
import { makeMoves, openAccount } from '../credits/moves.ts';

/** In place of a provider: it is owed like usage, and an invoice asks for it. */
export const ON_ACCOUNT = 'account';

/** The money has come through this provider. */
export async function settle(
  client: pg.ClientBase,
  dueId: string,
  provider: string,
  at: Date,
): Promise<DueSettled> {
  const from = `payment_clearing:${provider}`;
  await openAccount(client, from, 'payment-clearing');
  return settleFrom(client, dueId, { provider, from, kind: 'plan-paid' }, at);
}

export async function settleOnAccount(
  client: pg.ClientBase,
  dueId: string,
  at: Date,
): Promise<DueSettled> {
  const { rows } = await client.query<{ organisation: string }>(
    'SELECT organisation_id AS organisation FROM amount_due WHERE id = $1',
    [dueId],
  );
  const organisationId = rows[0]?.organisation;
  if (organisationId === undefined) return { kind: 'no-such-due' };
  const from = `receivable:${organisationId}`;
  await openAccount(client, from, 'receivable', organisationId);
  return settleFrom(client, dueId, { provider: ON_ACCOUNT, from, kind: 'plan-on-account' }, at);
}

type Source = { readonly provider: string; readonly from: string; readonly kind: string };

async function settleFrom(
  client: pg.ClientBase,
  dueId: string,
  { provider, from, kind }: Source,
  at: Date,
): Promise<DueSettled> {
  const { rows } = await client.query<{ amount: string }>(
    'SELECT amount_minor AS amount FROM amount_due WHERE id = $1',
    [dueId],
  );
  if (rows[0] === undefined) return { kind: 'no-such-due' };
  const { rowCount } = await client.query(
    'INSERT INTO amount_due_paid (due_id, provider, paid_at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING',
    [dueId, provider, at],
  );
  if (rowCount === 0) return { kind: 'already-settled' };
  const amountNano = BigInt(rows[0].amount) * NANO_PER_MINOR;
  const move = { kind, from, to: 'plan_clearing', amountNano };
  if (amountNano > 0n) await makeMoves(client, dueId, [move], at);
  return { kind: 'settled' };
}
