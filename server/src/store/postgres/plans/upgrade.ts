// Changes to a dearer plan within a cycle: the difference is due, and when it is paid the old block gives back its share of the
// time that is left, and the new plan's share is granted. Until then nothing changes; nothing that was bought apart is touched.

import type pg from 'pg';
import { cycleStart } from '../../../domain/plans/cycle.ts';
import type { PlanVersion } from '../../../domain/plans/plan.ts';
import { prorate } from '../../../domain/plans/proration.ts';
import { assert } from '../../../lib/assert.ts';
import type { PlanChanged } from '../../../ports/plans.ts';
import { look } from '../credits/look.ts';
import { takeable } from './grant.ts';
import {
  lockSubscription,
  readPlan,
  readVersion,
  type SubscriptionRow,
  subscriptionOf,
} from './plan-rows.ts';
import { recordDue, voidBills } from './record-due.ts';

export async function upgrade(
  client: pg.ClientBase,
  subscription: SubscriptionRow,
  planId: string,
  at: Date,
): Promise<PlanChanged> {
  const to = await readPlan(client, planId, at);
  if (to === undefined) return { kind: 'no-such-plan' };
  if (subscription.planId === planId || (await isAsked(client, subscription, to)))
    return { kind: 'unchanged', subscription: subscriptionOf(subscription) };
  const from = await readVersion(client, subscription.planId, subscription.version);
  if (to.priceMinor < from.priceMinor) return { kind: 'is-downgrade' };
  const old = await lastGranted(client, subscription);
  if (old === undefined) return { kind: 'unpaid' };
  await change(client, subscription, { from, to, old }, at);
  const changed = await lockSubscription(client, subscription.id);
  assert(changed !== undefined, 'a subscription is never deleted');
  return { kind: 'changed', subscription: subscriptionOf(changed) };
}

type Granted = {
  readonly id: string;
  readonly grantedNano: bigint;
  readonly periodStartMs: number;
};

async function change(
  client: pg.ClientBase,
  { id, organisationId, anchor, cycle, step: before }: SubscriptionRow,
  {
    from,
    to,
    old,
  }: { readonly from: PlanVersion; readonly to: PlanVersion; readonly old: Granted },
  at: Date,
): Promise<void> {
  await look(client, organisationId, at);
  const step = before + 1;
  const anchorMs = anchor.getTime();
  const [startsAtMs, endsAtMs] = [cycleStart(anchorMs, cycle), cycleStart(anchorMs, cycle + 1)];
  const { takeBackNano, grantNano, dueMinor } = prorate({
    from,
    to,
    grantedNano: old.grantedNano,
    takeableNano: await takeable(client, organisationId, old.id),
    cycleMs: endsAtMs - startsAtMs,
    periodMs: endsAtMs - old.periodStartMs,
    leftMs: endsAtMs - at.getTime(),
  });
  await client.query('UPDATE subscription SET step = $2 WHERE id = $1', [id, step]);
  await voidBills(client, id, { cycle, step });
  const facts = { subscriptionId: id, organisationId, cycle, step, plan: to, endsAtMs };
  const takes = { blockId: old.id, amountNano: takeBackNano };
  const due = { ...facts, startsAtMs: at.getTime(), grantNano, dueMinor, takes };
  await recordDue(client, due, at);
}

/** The same upgrade, asked for before and not paid yet. */
async function isAsked(
  client: pg.ClientBase,
  { id, cycle, step }: SubscriptionRow,
  { planId, version }: PlanVersion,
): Promise<boolean> {
  const { rowCount } = await client.query(
    `SELECT FROM amount_due AS d JOIN bill AS b ON b.id = 'due:' || d.id
       WHERE subscription_id = $1 AND cycle = $2 AND step = $3 AND step > 0 AND plan_id = $4 AND version = $5
         AND b.state = 'open'`,
    [id, cycle, step, planId, version],
  );
  return rowCount !== 0;
}

/** The step of this cycle whose block runs: what was paid, what costs nothing, and what was granted before there were bills. */
async function lastGranted(
  client: pg.ClientBase,
  { id, cycle }: SubscriptionRow,
): Promise<Granted | undefined> {
  const { rows } = await client.query<{ id: string; granted: string; starts: Date }>(
    `SELECT d.id, granted_nano AS granted, starts_at AS starts FROM amount_due AS d
       LEFT JOIN bill AS b ON b.id = 'due:' || d.id
       WHERE subscription_id = $1 AND cycle = $2 AND (b.id IS NULL OR b.state = 'paid') ORDER BY step DESC LIMIT 1`,
    [id, cycle],
  );
  const row = rows[0];
  if (row === undefined) return undefined;
  return { id: row.id, grantedNano: BigInt(row.granted), periodStartMs: row.starts.getTime() };
}
