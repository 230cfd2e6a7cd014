// Changes to a dearer plan within a cycle: the old block gives back its share of the time that is left, the new plan's share
// is granted, and the difference is due. One transaction; nothing that was bought apart is touched.

import type pg from 'pg';
import { nano } from '../../../domain/money/nano.ts';
import { cycleStart } from '../../../domain/plans/cycle.ts';
import type { PlanVersion } from '../../../domain/plans/plan.ts';
import { prorate } from '../../../domain/plans/proration.ts';
import { assert } from '../../../lib/assert.ts';
import type { PlanChanged } from '../../../ports/plans.ts';
import { readBlock } from '../credits/block-row.ts';
import { look } from '../credits/look.ts';
import { reverseBlock } from '../credits/reverse-credits.ts';
import { grant, stepId } from './grant.ts';
import {
  lockSubscription,
  readPlan,
  readVersion,
  type SubscriptionRow,
  subscriptionOf,
} from './plan-rows.ts';

export async function upgrade(
  client: pg.ClientBase,
  subscription: SubscriptionRow,
  planId: string,
  at: Date,
): Promise<PlanChanged> {
  const to = await readPlan(client, planId, at);
  if (to === undefined) return { kind: 'no-such-plan' };
  if (subscription.planId === planId)
    return { kind: 'unchanged', subscription: subscriptionOf(subscription) };
  const from = await readVersion(client, subscription.planId, subscription.version);
  if (to.priceMinor < from.priceMinor) return { kind: 'is-downgrade' };
  await change(client, subscription, { from, to }, at);
  const changed = await lockSubscription(client, subscription.id);
  assert(changed !== undefined, 'a subscription is never deleted');
  return { kind: 'changed', subscription: subscriptionOf(changed) };
}

async function change(
  client: pg.ClientBase,
  { id, organisationId, anchor, cycle, step: before }: SubscriptionRow,
  { from, to }: { readonly from: PlanVersion; readonly to: PlanVersion },
  at: Date,
): Promise<void> {
  await look(client, organisationId, at);
  const old = stepId(id, cycle, before);
  const step = before + 1;
  const anchorMs = anchor.getTime();
  const [startsAtMs, endsAtMs] = [cycleStart(anchorMs, cycle), cycleStart(anchorMs, cycle + 1)];
  const { grantedNano, periodStartMs } = await granted(client, old);
  const proration = prorate({
    from,
    to,
    grantedNano,
    takeableNano: await takeable(client, organisationId, old),
    cycleMs: endsAtMs - startsAtMs,
    periodMs: endsAtMs - periodStartMs,
    leftMs: endsAtMs - at.getTime(),
  });
  const amountNano = nano(proration.takeBackNano);
  if (amountNano > 0n) {
    const reversal = {
      id: stepId(id, cycle, step),
      blockId: old,
      amountNano,
      reason: 'refund',
    } as const;
    const { answer } = await reverseBlock(client, reversal, at);
    assert(answer.kind === 'reversed' && answer.owedNano === 0n, 'only what is free is taken back');
  }
  await client.query(
    `UPDATE subscription SET plan_id = $2, version = $3, step = $4, next_plan_id = NULL, cancel_at_period_end = false
       WHERE id = $1`,
    [id, to.planId, to.version, step],
  );
  const { grantNano, dueMinor } = proration;
  const facts = { subscriptionId: id, organisationId, anchorMs, cycle, step, plan: to, endsAtMs };
  await grant(client, { ...facts, startsAtMs: at.getTime(), grantNano, dueMinor }, at);
}

async function granted(client: pg.ClientBase, dueId: string) {
  const { rows } = await client.query<{ granted: string; starts: Date }>(
    'SELECT granted_nano AS granted, starts_at AS starts FROM amount_due WHERE id = $1',
    [dueId],
  );
  const row = rows[0];
  assert(row !== undefined, 'every step of a cycle has its row');
  return { grantedNano: BigInt(row.granted), periodStartMs: row.starts.getTime() };
}

/** Of a block, what is unburnt and what no running request has set aside. */
async function takeable(
  client: pg.ClientBase,
  organisationId: string,
  blockId: string,
): Promise<bigint> {
  const block = await readBlock(client, blockId);
  if (block?.state !== 'live') return 0n;
  const { rows } = await client.query<{ free: string }>(
    'SELECT balance_nano - held_nano AS free FROM account WHERE id = $1',
    [`credits:${organisationId}`],
  );
  const free = BigInt(rows[0]?.free ?? 0);
  return free < block.remainingNano ? free : block.remainingNano;
}
