// What a step of a cycle grants, once it is paid or owed: its block of credit, under the id of what was due for it, in the
// transaction that says so. An upgrade takes back the old block's share first, and is the plan from then on.

import type pg from 'pg';
import { nano } from '../../../domain/money/nano.ts';
import { creditEnd } from '../../../domain/plans/cycle.ts';
import { NANO_PER_MINOR, type Rollover } from '../../../domain/plans/plan.ts';
import { assert } from '../../../lib/assert.ts';
import { addBlock } from '../credits/add-credits.ts';
import { readBlock } from '../credits/block-row.ts';
import { look } from '../credits/look.ts';
import { reverseBlock } from '../credits/reverse-credits.ts';

/** Credit of a plan burns before what was paid for apart from it. */
const PRIORITY_OF_PLANS = 50;

/** No id that people choose has a slash. */
export function stepId(subscriptionId: string, cycle: number, step: number): string {
  return `plan/${subscriptionId}/${cycle}/${step}`;
}

type Row = {
  readonly organisationId: string;
  readonly subscriptionId: string;
  readonly cycle: number;
  readonly step: number;
  readonly planId: string;
  readonly version: number;
  readonly amount: string;
  readonly granted: string;
  readonly takesFrom: string | null;
  readonly takeBack: string;
  readonly starts: Date;
  readonly anchor: Date;
  readonly name: string;
  readonly rollover: Rollover;
};

const DUE = `
  SELECT d.organisation_id AS "organisationId", subscription_id AS "subscriptionId", d.cycle, d.step, d.plan_id AS "planId",
      d.version, amount_minor AS amount, granted_nano AS granted, takes_from AS "takesFrom", take_back_nano AS "takeBack",
      starts_at AS starts, anchor_at AS anchor, name, rollover
    FROM amount_due AS d JOIN subscription AS s ON s.id = d.subscription_id
    JOIN plan_version AS v ON v.plan_id = d.plan_id AND v.version = d.version
    WHERE d.id = $1`;

export async function grantDue(client: pg.ClientBase, dueId: string, at: Date): Promise<void> {
  const { rows } = await client.query<Row>(DUE, [dueId]);
  const due = rows[0];
  assert(due !== undefined, 'what is granted was due');
  const shortNano = due.takesFrom === null ? 0n : await takeBack(client, dueId, due, at);
  if (due.step > 0) await becomePlan(client, due);
  // What was used between the upgrade and its payment can't be taken back, and is not granted again.
  const grantNano = BigInt(due.granted) - shortNano;
  if (grantNano > 0n) await addGrant(client, dueId, due, grantNano, at);
}

async function addGrant(
  client: pg.ClientBase,
  id: string,
  { organisationId, anchor, cycle, rollover, amount, starts, name }: Row,
  grantNano: bigint,
  at: Date,
): Promise<void> {
  const price = BigInt(amount) * NANO_PER_MINOR;
  const expiresAtMs = creditEnd(anchor.getTime(), cycle, rollover);
  const credits = {
    id,
    organisationId,
    source: 'plan',
    provider: 'plan',
    priority: PRIORITY_OF_PLANS,
    amountNano: nano(grantNano),
    costBasisNano: nano(price < grantNano ? price : grantNano),
    effectiveAtMs: starts.getTime(),
    ...(expiresAtMs !== undefined && { expiresAtMs }),
    note: name,
  } as const;
  const added = await addBlock(client, credits, at);
  assert(added.kind === 'added', 'a step of a cycle is granted once');
}

/** By how much less was taken back than was meant to be. */
async function takeBack(
  client: pg.ClientBase,
  id: string,
  { organisationId, takesFrom, takeBack: planned }: Row,
  at: Date,
): Promise<bigint> {
  if (takesFrom === null) return 0n;
  await look(client, organisationId, at);
  const wantedNano = BigInt(planned);
  const freeNano = await takeable(client, organisationId, takesFrom);
  const amountNano = nano(freeNano < wantedNano ? freeNano : wantedNano);
  if (amountNano > 0n) {
    const reversal = { id, blockId: takesFrom, amountNano, reason: 'refund' } as const;
    const { answer } = await reverseBlock(client, reversal, at);
    assert(answer.kind === 'reversed' && answer.owedNano === 0n, 'only what is free is taken back');
  }
  return wantedNano - amountNano;
}

async function becomePlan(
  client: pg.ClientBase,
  { subscriptionId, planId, version }: Row,
): Promise<void> {
  await client.query(
    `UPDATE subscription SET plan_id = $2, version = $3, next_plan_id = NULL, cancel_at_period_end = false WHERE id = $1`,
    [subscriptionId, planId, version],
  );
}

/** Of a block, what is unburnt and what no running request has set aside. */
export async function takeable(
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
