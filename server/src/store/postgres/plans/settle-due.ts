// What is due for a plan has been paid, or is owed from now on: once, by the primary key of what says so; and what it grants
// is granted in the same transaction. The subscription is locked first, so that nobody pays for what is just over.

import type pg from 'pg';
import { type BillId, billOf, dueBill } from '../../../domain/payments/bill.ts';
import { NANO_PER_MINOR } from '../../../domain/plans/plan.ts';
import type { DueSettled } from '../../../ports/plans.ts';
import { makeMoves, openAccount } from '../credits/moves.ts';
import { grantDue } from './grant.ts';

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
  const due = await lockDue(client, dueId);
  if (due === undefined) return { kind: 'no-such-due' };
  const { organisationId } = due;
  const from = `receivable:${organisationId}`;
  await openAccount(client, from, 'receivable', organisationId);
  const source = { provider: ON_ACCOUNT, from, kind: 'plan-on-account' };
  const settled = await settleFrom(client, dueId, source, at);
  // What is owed may no longer be spent on credit; whoever looks at it next sees to that.
  await client.query(
    `UPDATE credit_position SET line_is_long = true WHERE organisation_id = $1 AND NOT line_is_long
       AND EXISTS (SELECT FROM account WHERE id = 'credit_line:' || $1::text)`,
    [organisationId],
  );
  return settled;
}

type Source = { readonly provider: string; readonly from: string; readonly kind: string };

async function settleFrom(
  client: pg.ClientBase,
  dueId: string,
  { provider, from, kind }: Source,
  at: Date,
): Promise<DueSettled> {
  const due = await lockDue(client, dueId);
  if (due === undefined) return { kind: 'no-such-due' };
  if (due.state !== 'payable') return { kind: due.state === 'paid' ? 'already-settled' : 'void' };
  const move = { kind, from, to: 'plan_clearing', amountNano: due.amountNano };
  if (due.amountNano > 0n) await makeMoves(client, dueId, [move], at);
  await duePaid(client, dueId, provider, at);
  return { kind: 'settled' };
}

/** Its money is in `plan_clearing`, by this transaction. */
export async function duePaid(
  client: pg.ClientBase,
  dueId: string,
  provider: string,
  at: Date,
): Promise<void> {
  await client.query(
    'INSERT INTO amount_due_paid (due_id, provider, paid_at) VALUES ($1, $2, $3)',
    [dueId, provider, at],
  );
  const { rowCount } = await client.query(
    `UPDATE bill SET state = 'paid', next_at = NULL WHERE id = $1`,
    [dueBill(dueId)],
  );
  // What has no bill was granted when it became due, before there were any.
  if (rowCount === 1) await grantDue(client, dueId, at);
}

/** What a payment for this bill pays before it is credit; nothing, where it comes too late or is too little. */
export async function meantFor(
  client: pg.ClientBase,
  { organisationId, amountNano }: { readonly organisationId: string; readonly amountNano: bigint },
  pays: BillId,
): Promise<{ readonly invoiceId?: string; readonly dueId?: string; readonly dueNano?: bigint }> {
  const bill = billOf(pays);
  if (bill === undefined) return {};
  if (bill.kind === 'invoice') return { invoiceId: bill.invoiceId };
  const { dueId } = bill;
  const due = await lockDue(client, dueId);
  if (due?.state !== 'payable' || due.organisationId !== organisationId) return {};
  return amountNano < due.amountNano ? {} : { dueId, dueNano: due.amountNano };
}

export type LockedDue = {
  readonly organisationId: string;
  readonly amountNano: bigint;
  /** `void`: of a cycle that is over, of what has ended, or replaced by a later upgrade. */
  readonly state: 'payable' | 'paid' | 'void';
};

export async function lockDue(
  client: pg.ClientBase,
  dueId: string,
): Promise<LockedDue | undefined> {
  await client.query(
    'SELECT FROM subscription WHERE id = (SELECT subscription_id FROM amount_due WHERE id = $1) FOR UPDATE',
    [dueId],
  );
  type Row = {
    readonly organisationId: string;
    readonly amount: string;
    readonly paid: boolean;
    readonly payable: boolean;
  };
  const { rows } = await client.query<Row>(
    `SELECT d.organisation_id AS "organisationId", amount_minor AS amount, p.due_id IS NOT NULL AS paid,
         b.id IS NULL OR (b.state IN ('open', 'given-up') AND NOT s.ended AND s.cycle = d.cycle
           AND (d.step = 0 OR d.step = s.step)) AS payable
       FROM amount_due AS d JOIN subscription AS s ON s.id = d.subscription_id
       LEFT JOIN amount_due_paid AS p ON p.due_id = d.id LEFT JOIN bill AS b ON b.id = 'due:' || d.id
       WHERE d.id = $1`,
    [dueId],
  );
  const row = rows[0];
  if (row === undefined) return undefined;
  const amountNano = BigInt(row.amount) * NANO_PER_MINOR;
  const state = row.payable ? 'payable' : 'void';
  return { organisationId: row.organisationId, amountNano, state: row.paid ? 'paid' : state };
}

/** Nobody has paid for the cycle that runs, and nobody tries any more: as the plan says. */
export async function endUnpaid(client: pg.ClientBase, dueId: string): Promise<void> {
  await client.query(
    `UPDATE subscription AS s SET ended = true FROM amount_due AS d, plan_version AS v
       WHERE d.id = $1 AND s.id = d.subscription_id AND s.cycle = d.cycle AND d.step = 0
         AND v.plan_id = d.plan_id AND v.version = d.version AND v.when_unpaid = 'end'`,
    [dueId],
  );
}
