// What a step of a cycle costs: written down with its bill, which the saved card is charged for. What costs nothing is granted
// at once; so is what is owed instead of paid: by those who pay afterwards, and what is less than a card takes.

import type pg from 'pg';
import { CHARGE_CENTS_MIN, dueBill } from '../../../domain/payments/bill.ts';
import type { PlanVersion } from '../../../domain/plans/plan.ts';
import { grantDue, stepId } from './grant.ts';
import { settleOnAccount } from './settle-due.ts';

export type Step = {
  readonly subscriptionId: string;
  readonly organisationId: string;
  readonly cycle: number;
  readonly step: number;
  readonly plan: PlanVersion;
  readonly grantNano: bigint;
  readonly dueMinor: bigint;
  readonly startsAtMs: number;
  readonly endsAtMs: number;
  /** Of an upgrade: what it takes back of which block. */
  readonly takes?: { readonly blockId: string; readonly amountNano: bigint };
};

export async function recordDue(client: pg.ClientBase, step: Step, at: Date): Promise<void> {
  const { organisationId, dueMinor } = step;
  const id = await insertDue(client, step, at);
  if (dueMinor === 0n) return grantDue(client, id, at);
  const onAccount =
    dueMinor < BigInt(CHARGE_CENTS_MIN) || (await paysAfterwards(client, organisationId));
  await client.query(
    `INSERT INTO bill (id, organisation_id, state, next_at, created_at) VALUES ($1, $2, 'open', $3, $4)`,
    [dueBill(id), organisationId, onAccount ? null : at, at],
  );
  if (onAccount) await settleOnAccount(client, id, at);
}

async function insertDue(client: pg.ClientBase, step: Step, at: Date): Promise<string> {
  const { subscriptionId, cycle, plan } = step;
  const id = stepId(subscriptionId, cycle, step.step);
  await client.query(
    `INSERT INTO amount_due (id, organisation_id, subscription_id, cycle, step, plan_id, version, currency, amount_minor,
         granted_nano, starts_at, ends_at, created_at, takes_from, take_back_nano)
       VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)`,
    [
      id,
      step.organisationId,
      subscriptionId,
      cycle,
      step.step,
      plan.planId,
      plan.version,
      plan.currency,
      `${step.dueMinor}`,
      `${step.grantNano}`,
      new Date(step.startsAtMs),
      new Date(step.endsAtMs),
      at,
      step.takes?.blockId ?? null,
      `${step.takes?.amountNano ?? 0n}`,
    ],
  );
  return id;
}

async function paysAfterwards(client: pg.ClientBase, organisationId: string): Promise<boolean> {
  const { rowCount } = await client.query(
    'SELECT FROM credit_position WHERE organisation_id = $1 AND credit_limit_nano > 0',
    [organisationId],
  );
  return rowCount !== 0;
}

/** What nobody has paid, and nobody can pay any more: of cycles before this one, and of upgrades before this step. */
export async function voidBills(
  client: pg.ClientBase,
  subscriptionId: string,
  before: { readonly cycle: number; readonly step: number },
): Promise<void> {
  await client.query(
    `UPDATE bill AS b SET state = 'void', next_at = NULL FROM amount_due AS d
       WHERE d.subscription_id = $1 AND b.id = 'due:' || d.id AND b.state IN ('open', 'given-up')
         AND (d.cycle < $2 OR (d.cycle = $2 AND d.step BETWEEN 1 AND $3 - 1))`,
    [subscriptionId, before.cycle, before.step],
  );
}
