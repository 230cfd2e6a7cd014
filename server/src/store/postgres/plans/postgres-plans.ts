// START HERE for plans: subscriptions and what they are granted. Each change is one transaction that locks the subscription,
// brings its cycles up to date, and then changes it.

import type pg from 'pg';
import { cycleStart } from '../../../domain/plans/cycle.ts';
import {
  type AmountDue,
  type PlanTerms,
  type PlanVersion,
  sameTerms,
  type Subscription,
} from '../../../domain/plans/plan.ts';
import { assert } from '../../../lib/assert.ts';
import type { DueSettled, PlanChanged, Plans, Subscribed } from '../../../ports/plans.ts';
import { bookTime } from '../credits/look.ts';
import type { BookClock } from '../credits/postgres-credits.ts';
import { transaction } from '../transaction.ts';
import {
  insertPlan,
  lockSubscription,
  readDues,
  readPlan,
  readPlans,
  readSubscriptions,
  type SubscriptionRow,
  subscriptionOf,
} from './plan-rows.ts';
import { recordDue } from './record-due.ts';
import { renew } from './renew.ts';
import { settle } from './settle-due.ts';
import { upgrade } from './upgrade.ts';

/** Of one round; the next one is a second later. */
const RENEWED_AT_ONCE_MAX = 200;

export class PostgresPlans implements Plans {
  readonly #pool: pg.Pool;
  readonly #clock: BookClock;

  constructor(pool: pg.Pool, clock: BookClock = bookTime) {
    this.#pool = pool;
    this.#clock = clock;
  }

  plans(): Promise<readonly PlanVersion[]> {
    return readPlans(this.#pool);
  }

  async putPlan(terms: PlanTerms): Promise<PlanVersion> {
    return transaction(this.#pool, async (client) => {
      await client.query('SELECT pg_advisory_xact_lock(hashtext($1))', [`plan ${terms.planId}`]);
      const at = await this.#clock(client);
      const newest = await readPlan(client, terms.planId, at);
      if (newest !== undefined && sameTerms(newest, terms)) return newest;
      const version = (newest?.version ?? 0) + 1;
      await insertPlan(client, terms, version, at);
      return { ...terms, version, createdAtMs: at.getTime() };
    });
  }

  subscriptions(organisationId: string): Promise<readonly Subscription[]> {
    return readSubscriptions(this.#pool, organisationId);
  }

  async subscribe(wanted: Wanted): Promise<Subscribed> {
    return transaction(this.#pool, async (client) => {
      const at = await this.#clock(client);
      const { id, organisationId, planId } = wanted;
      const plan = await readPlan(client, planId, at);
      const isNew = plan !== undefined && (await insertSubscription(client, wanted, plan, at));
      const subscription = await lockSubscription(client, id);
      if (!isNew) return subscribedBefore(client, wanted, subscription, plan);
      assert(subscription !== undefined, 'a row that was inserted is there');
      const anchorMs = at.getTime();
      const endsAtMs = cycleStart(anchorMs, 1);
      const step = { subscriptionId: id, organisationId, cycle: 0, step: 0, endsAtMs };
      const { creditsNano: grantNano, priceMinor: dueMinor } = plan;
      await recordDue(client, { ...step, startsAtMs: anchorMs, plan, grantNano, dueMinor }, at);
      return { kind: 'subscribed', subscription: subscriptionOf(subscription) };
    });
  }

  upgrade(subscriptionId: string, planId: string): Promise<PlanChanged> {
    return this.#change(subscriptionId, (client, subscription, at) =>
      upgrade(client, subscription, planId, at),
    );
  }

  changeAtPeriodEnd(subscriptionId: string, planId: string): Promise<PlanChanged> {
    return this.#change(subscriptionId, async (client, { id, planId: present }, at) => {
      if ((await readPlan(client, planId, at)) === undefined) return { kind: 'no-such-plan' };
      const next = present === planId ? null : planId;
      await client.query(
        'UPDATE subscription SET next_plan_id = $2, cancel_at_period_end = false WHERE id = $1',
        [id, next],
      );
      return changed(client, id);
    });
  }

  cancelAtPeriodEnd(subscriptionId: string): Promise<PlanChanged> {
    return this.#change(subscriptionId, async (client, { id }) => {
      await client.query(
        'UPDATE subscription SET cancel_at_period_end = true, next_plan_id = NULL WHERE id = $1',
        [id],
      );
      return changed(client, id);
    });
  }

  dues(organisationId: string): Promise<readonly AmountDue[]> {
    return readDues(this.#pool, organisationId);
  }

  settleDue(dueId: string, provider: string): Promise<DueSettled> {
    return transaction(this.#pool, async (client) =>
      settle(client, dueId, provider, await this.#clock(client)),
    );
  }

  async tendPlans(): Promise<{ readonly nextInMs?: number }> {
    const { rows } = await transaction(this.#pool, async (client) =>
      client.query<{ id: string }>(
        'SELECT id FROM subscription WHERE NOT ended AND next_at <= $1 ORDER BY next_at LIMIT $2',
        [await this.#clock(client), RENEWED_AT_ONCE_MAX],
      ),
    );
    for (const { id } of rows) {
      await transaction(this.#pool, async (client) => renew(client, id, await this.#clock(client)));
    }
    const next = await this.#pool.query<{ ms: number | null }>(
      `SELECT (1000 * extract(epoch FROM min(next_at) - clock_timestamp()))::float AS ms
         FROM subscription WHERE NOT ended`,
    );
    const ms = next.rows[0]?.ms;
    return ms === null || ms === undefined ? {} : { nextInMs: Math.max(0, ms) };
  }

  #change(
    subscriptionId: string,
    work: (client: pg.ClientBase, subscription: SubscriptionRow, at: Date) => Promise<PlanChanged>,
  ): Promise<PlanChanged> {
    return transaction(this.#pool, async (client) => {
      const at = await this.#clock(client);
      await renew(client, subscriptionId, at);
      const subscription = await lockSubscription(client, subscriptionId);
      if (subscription === undefined) return { kind: 'no-such-subscription' };
      return subscription.ended ? { kind: 'ended' } : work(client, subscription, at);
    });
  }
}

type Wanted = Parameters<Plans['subscribe']>[0];

/** False when the id is taken, or the organisation has the plan already. */
async function insertSubscription(
  client: pg.ClientBase,
  { id, organisationId, planId }: Wanted,
  { version }: PlanVersion,
  at: Date,
): Promise<boolean> {
  const { rowCount } = await client.query(
    `INSERT INTO subscription (id, organisation_id, asked_plan_id, plan_id, version, anchor_at, next_at)
       VALUES ($1, $2, $3, $3, $4, $5, $6) ON CONFLICT DO NOTHING`,
    [id, organisationId, planId, version, at, new Date(cycleStart(at.getTime(), 1))],
  );
  return rowCount === 1;
}

async function changed(client: pg.ClientBase, id: string): Promise<PlanChanged> {
  const subscription = await lockSubscription(client, id);
  assert(subscription !== undefined, 'a subscription is never deleted');
  return { kind: 'changed', subscription: subscriptionOf(subscription) };
}

async function subscribedBefore(
  client: pg.ClientBase,
  { organisationId, planId }: Wanted,
  before: SubscriptionRow | undefined,
  plan: PlanVersion | undefined,
): Promise<Subscribed> {
  if (before !== undefined) {
    const same = before.organisationId === organisationId && before.askedPlanId === planId;
    if (!same) return { kind: 'conflict' };
    return { kind: 'already-subscribed', subscription: subscriptionOf(before) };
  }
  if (plan === undefined) return { kind: 'no-such-plan' };
  const all = await readSubscriptions(client, organisationId);
  const other = all.find((one) => one.planId === planId && one.state === 'active');
  assert(other !== undefined, 'what is refused is there already');
  return { kind: 'has-plan', subscriptionId: other.id };
}
