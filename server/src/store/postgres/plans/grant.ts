// One step of a cycle: its block of credit and what is to be paid for it, both under one derived id, in the transaction of
// whoever makes the step.

import type pg from 'pg';
import { nano } from '../../../domain/money/nano.ts';
import { creditEnd } from '../../../domain/plans/cycle.ts';
import { NANO_PER_MINOR, type PlanVersion } from '../../../domain/plans/plan.ts';
import { assert } from '../../../lib/assert.ts';
import { addBlock } from '../credits/add-credits.ts';

/** Credit of a plan burns before what was paid for apart from it. */
const PRIORITY_OF_PLANS = 50;

export type Step = {
  readonly subscriptionId: string;
  readonly organisationId: string;
  readonly anchorMs: number;
  readonly cycle: number;
  readonly step: number;
  readonly plan: PlanVersion;
  readonly grantNano: bigint;
  readonly dueMinor: bigint;
  readonly startsAtMs: number;
  readonly endsAtMs: number;
};

/** No id that people choose has a slash. */
export function stepId(subscriptionId: string, cycle: number, step: number): string {
  return `plan/${subscriptionId}/${cycle}/${step}`;
}

export async function grant(client: pg.ClientBase, step: Step, at: Date): Promise<void> {
  const { subscriptionId, organisationId, anchorMs, cycle, plan, grantNano, dueMinor } = step;
  const id = stepId(subscriptionId, cycle, step.step);
  await client.query(
    `INSERT INTO amount_due (id, organisation_id, subscription_id, cycle, step, plan_id, version, currency, amount_minor,
         granted_nano, starts_at, ends_at, created_at)
       VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)`,
    [
      id,
      organisationId,
      subscriptionId,
      cycle,
      step.step,
      plan.planId,
      plan.version,
      plan.currency,
      `${dueMinor}`,
      `${grantNano}`,
      new Date(step.startsAtMs),
      new Date(step.endsAtMs),
      at,
    ],
  );
  if (grantNano === 0n) return;
  const price = dueMinor * NANO_PER_MINOR;
  const expiresAtMs = creditEnd(anchorMs, cycle, plan.rollover);
  const credits = {
    id,
    organisationId,
    source: 'plan',
    provider: 'plan',
    priority: PRIORITY_OF_PLANS,
    amountNano: nano(grantNano),
    costBasisNano: nano(price < grantNano ? price : grantNano),
    effectiveAtMs: step.startsAtMs,
    ...(expiresAtMs !== undefined && { expiresAtMs }),
    note: plan.name,
  } as const;
  const added = await addBlock(client, credits, at);
  assert(added.kind === 'added', 'a step of a cycle is granted once');
}
