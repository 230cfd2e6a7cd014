// Plans, subscriptions and what is due for them, as PostgreSQL has them.

import type pg from 'pg';
import { nano } from '../../../domain/money/nano.ts';
import { cycleStart } from '../../../domain/plans/cycle.ts';
import type {
  AmountDue,
  PlanTerms,
  PlanVersion,
  Rollover,
  Subscription,
  WhenUnpaid,
} from '../../../domain/plans/plan.ts';

/** More than anybody reads; the newest come first. */
const ROWS_MAX = 1_000;

type Client = pg.Pool | pg.ClientBase;

type PlanRow = {
  readonly planId: string;
  readonly version: number;
  readonly name: string;
  readonly price: string;
  readonly credits: string;
  readonly rollover: Rollover;
  readonly unpaid: WhenUnpaid;
  readonly tier: string | null;
  readonly created: Date;
};

const SELECT_PLAN = `
  SELECT plan_id AS "planId", version, name, price_minor AS price, credits_nano AS credits, rollover, tier,
      when_unpaid AS unpaid, created_at AS created FROM plan_version`;

function planOf({ planId, version, name, rollover, ...row }: PlanRow): PlanVersion {
  return {
    planId,
    version,
    name,
    currency: 'usd',
    priceMinor: BigInt(row.price),
    creditsNano: nano(BigInt(row.credits)),
    rollover,
    whenUnpaid: row.unpaid,
    ...(row.tier !== null && { tier: row.tier }),
    createdAtMs: row.created.getTime(),
  };
}

export async function readPlans(client: Client): Promise<readonly PlanVersion[]> {
  const { rows } = await client.query<PlanRow>(
    `SELECT DISTINCT ON ("planId") * FROM (${SELECT_PLAN}) AS p ORDER BY "planId", version DESC LIMIT ${ROWS_MAX}`,
  );
  return rows.map(planOf);
}

/** The version that was the newest at a moment, or the first one if it is younger. */
export async function readPlan(
  client: Client,
  planId: string,
  at: Date,
): Promise<PlanVersion | undefined> {
  const { rows } = await client.query<PlanRow>(
    `${SELECT_PLAN} WHERE plan_id = $1
       ORDER BY created_at <= $2 DESC, CASE WHEN created_at <= $2 THEN -version ELSE version END LIMIT 1`,
    [planId, at],
  );
  return rows[0] && planOf(rows[0]);
}

export async function readVersion(
  client: Client,
  planId: string,
  version: number,
): Promise<PlanVersion> {
  const { rows } = await client.query<PlanRow>(
    `${SELECT_PLAN} WHERE plan_id = $1 AND version = $2`,
    [planId, version],
  );
  if (rows[0] === undefined) throw new Error(`There is no version ${version} of plan ${planId}.`);
  return planOf(rows[0]);
}

export async function insertPlan(
  client: Client,
  terms: PlanTerms,
  version: number,
  at: Date,
): Promise<void> {
  await client.query(
    `INSERT INTO plan_version (plan_id, version, name, currency, price_minor, credits_nano, rollover, tier, created_at, when_unpaid)
       VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
    [
      terms.planId,
      version,
      terms.name,
      terms.currency,
      `${terms.priceMinor}`,
      `${terms.creditsNano}`,
      terms.rollover,
      terms.tier ?? null,
      at,
      terms.whenUnpaid,
    ],
  );
}

export type SubscriptionRow = {
  readonly id: string;
  readonly organisationId: string;
  readonly askedPlanId: string;
  readonly planId: string;
  readonly version: number;
  readonly anchor: Date;
  readonly cycle: number;
  readonly step: number;
  readonly nextPlanId: string | null;
  readonly cancels: boolean;
  readonly ended: boolean;
  readonly tier: string | null;
  readonly pastDue: boolean;
};

const SELECT_SUBSCRIPTION = `
  SELECT s.id, s.organisation_id AS "organisationId", asked_plan_id AS "askedPlanId", s.plan_id AS "planId", s.version,
      anchor_at AS anchor, cycle, step, next_plan_id AS "nextPlanId", cancel_at_period_end AS cancels, ended, tier,
      EXISTS (SELECT FROM bill AS b WHERE b.id = 'due:plan/' || s.id || '/' || s.cycle || '/0'
        AND (b.state = 'given-up' OR (b.state = 'open' AND b.declines > 0))) AS "pastDue"
    FROM subscription AS s LEFT JOIN plan_version AS p ON p.plan_id = s.plan_id AND p.version = s.version`;

/** Locked until the transaction ends. */
export async function lockSubscription(
  client: pg.ClientBase,
  id: string,
): Promise<SubscriptionRow | undefined> {
  const { rows } = await client.query<SubscriptionRow>(
    `${SELECT_SUBSCRIPTION} WHERE s.id = $1 FOR UPDATE OF s`,
    [id],
  );
  return rows[0];
}

export async function readSubscriptions(
  client: Client,
  organisationId: string,
): Promise<readonly Subscription[]> {
  const { rows } = await client.query<SubscriptionRow>(
    `${SELECT_SUBSCRIPTION} WHERE s.organisation_id = $1 ORDER BY ended, anchor_at DESC, s.id LIMIT ${ROWS_MAX}`,
    [organisationId],
  );
  return rows.map(subscriptionOf);
}

export function subscriptionOf(row: SubscriptionRow): Subscription {
  const { id, organisationId, planId, version, cycle, anchor, nextPlanId, cancels, tier } = row;
  return {
    id,
    organisationId,
    planId,
    version,
    state: stateOf(row),
    cycle,
    cycleStartsAtMs: cycleStart(anchor.getTime(), cycle),
    cycleEndsAtMs: cycleStart(anchor.getTime(), cycle + 1),
    ...(nextPlanId !== null && { nextPlanId }),
    cancelAtPeriodEnd: cancels,
    ...(tier !== null && { tier }),
  };
}

function stateOf({ ended, pastDue }: SubscriptionRow): Subscription['state'] {
  if (ended) return 'ended';
  return pastDue ? 'past-due' : 'active';
}

type DueRow = Omit<AmountDue, 'currency' | 'amountMinor' | 'paidAtMs' | 'nextChargeAtMs'> & {
  readonly amount: string;
  readonly starts: Date;
  readonly ends: Date;
  readonly created: Date;
  readonly paid: Date | null;
  readonly next: Date | null;
};

export async function readDues(
  client: Client,
  organisationId: string,
): Promise<readonly AmountDue[]> {
  const { rows } = await client.query<DueRow>(
    `SELECT d.id, d.organisation_id AS "organisationId", subscription_id AS "subscriptionId", plan_id AS "planId", version,
         amount_minor AS amount, starts_at AS starts, ends_at AS ends, d.created_at AS created, paid_at AS paid, next_at AS next
       FROM amount_due AS d LEFT JOIN amount_due_paid AS p ON p.due_id = d.id
         LEFT JOIN bill AS b ON b.id = 'due:' || d.id
       WHERE d.organisation_id = $1 ORDER BY d.created_at DESC, starts_at DESC, d.id DESC LIMIT ${ROWS_MAX}`,
    [organisationId],
  );
  return rows.map(({ amount, starts, ends, created, paid, next, ...row }) => ({
    ...row,
    currency: 'usd',
    amountMinor: BigInt(amount),
    periodStartsAtMs: starts.getTime(),
    periodEndsAtMs: ends.getTime(),
    createdAtMs: created.getTime(),
    ...(paid !== null && { paidAtMs: paid.getTime() }),
    ...(next !== null && { nextChargeAtMs: next.getTime() }),
  }));
}
