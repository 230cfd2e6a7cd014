// The cycles of a subscription whose time has come, in their order, each exactly once: also those that nobody was there for.
// Of those nobody has to pay any more what was not paid in time.

import type pg from 'pg';
import { cycleStart } from '../../../domain/plans/cycle.ts';
import { lockSubscription, readPlan, type SubscriptionRow } from './plan-rows.ts';
import { recordDue, voidBills } from './record-due.ts';

/** A hundred years of months: a clock that has jumped further is wrong. */
const CYCLES_AT_ONCE_MAX = 1_200;

export async function renew(client: pg.ClientBase, id: string, at: Date): Promise<void> {
  for (let count = 0; count < CYCLES_AT_ONCE_MAX; count++) {
    const subscription = await lockSubscription(client, id);
    if (subscription === undefined || subscription.ended) return;
    const startsAtMs = cycleStart(subscription.anchor.getTime(), subscription.cycle + 1);
    if (startsAtMs > at.getTime()) return;
    if (subscription.cancels) {
      await client.query('UPDATE subscription SET ended = true WHERE id = $1', [id]);
      await voidBills(client, id, { cycle: subscription.cycle + 1, step: 0 });
      return;
    }
    await beginCycle(client, subscription, startsAtMs, at);
  }
}

/** By the terms that were on sale when the cycle began, not when somebody got round to it. */
async function beginCycle(
  client: pg.ClientBase,
  { id, organisationId, anchor, cycle: before, nextPlanId, planId }: SubscriptionRow,
  startsAtMs: number,
  at: Date,
): Promise<void> {
  const plan = await readPlan(client, nextPlanId ?? planId, new Date(startsAtMs));
  if (plan === undefined) throw new Error(`There is no plan ${nextPlanId ?? planId}.`);
  const cycle = before + 1;
  const anchorMs = anchor.getTime();
  const endsAtMs = cycleStart(anchorMs, cycle + 1);
  await client.query(
    `UPDATE subscription SET plan_id = $2, version = $3, cycle = $4, step = 0, next_at = $5, next_plan_id = NULL
       WHERE id = $1`,
    [id, plan.planId, plan.version, cycle, new Date(endsAtMs)],
  );
  const step = {
    subscriptionId: id,
    organisationId,
    cycle,
    step: 0,
    startsAtMs,
    endsAtMs,
  };
  const { creditsNano: grantNano, priceMinor: dueMinor } = plan;
  await voidBills(client, id, { cycle, step: 0 });
  await recordDue(client, { ...step, plan, grantNano, dueMinor }, at);
}
