// Budgets in PostgreSQL: functions/9-budgets.sql has the rules.

import type pg from 'pg';
import { type Budget, windowIdOf, windowOf } from '../../domain/ledger/budget.ts';
import { endUserOfNode } from '../../domain/ledger/end-user-nodes.ts';
import { END_USER_WINDOWS_SWEPT_MAX } from '../../limits.ts';
import type { BudgetEvent, Budgets, EndUserWindows, WindowState } from '../../ports/budgets.ts';
import { loadBudgets } from './budget-rows.ts';
import { nextVersion, type SnapshotFeed } from './snapshot-feed.ts';
import { transaction } from './transaction.ts';

/** What a window without a hard limit begins with. */
const UNLIMITED = 4_000_000_000_000_000_000n;

type NodeRow = {
  readonly id: string;
  readonly spent: string;
  readonly held: string;
  readonly count: string;
  readonly all_spent: string;
  readonly all_held: string;
};

export class PostgresBudgets implements Budgets {
  readonly #pool: pg.Pool;
  readonly #feed: SnapshotFeed;

  constructor(pool: pg.Pool, feed: SnapshotFeed) {
    this.#pool = pool;
    this.#feed = feed;
  }

  async set(budget: Budget): Promise<string | undefined> {
    const { id, organisationId, scope, subject, period, hardLimitNano, alertNano } = budget;
    const amount = (nano: bigint | undefined) => (nano === undefined ? null : `${nano}`);
    const values = [id, organisationId, scope, subject, period];
    const set = await transaction(this.#pool, async (client) => {
      const { rows } = await client.query<{ id: string | null }>(
        'SELECT budget_set($1, $2, $3, $4, $5, $6, $7) AS id',
        [...values, amount(hardLimitNano), amount(alertNano)],
      );
      const known = rows[0]?.id ?? undefined;
      if (known !== undefined)
        await this.#beginWindow(client, { ...budget, id: known }, known === id);
      return { id: known, version: await nextVersion(client) };
    });
    await this.#feed.reach(set.version);
    return set.id;
  }

  /** Of a new budget, what was spent in its window before counts; and whoever is past a threshold now is told. */
  async #beginWindow(client: pg.ClientBase, budget: Budget, isNew: boolean): Promise<void> {
    const nowMs = Date.now();
    const windowId = windowIdOf(budget, nowMs);
    const { startsAtMs } = windowOf(budget.period, nowMs);
    if (isNew && startsAtMs !== undefined) {
      const values = [budget.id, windowId, new Date(startsAtMs)];
      await client.query('SELECT budget_begin($1, $2, $3)', values);
    }
    await client.query('SELECT budget_note($1)', [windowId]);
  }

  list(organisationId: string): Promise<readonly Budget[]> {
    return loadBudgets(this.#pool, organisationId);
  }

  async window(windowId: string): Promise<WindowState | undefined> {
    const { rows } = await this.#pool.query<{ limit: string; spent: string; held: string }>(
      `SELECT w.limit_nano AS limit, w.limit_nano - a.balance_nano AS spent, a.held_nano AS held
         FROM budget_window AS w JOIN account AS a ON a.id = w.account_id WHERE w.account_id = $1`,
      [windowId],
    );
    const row = rows[0];
    if (row === undefined) return undefined;
    const limitNano = BigInt(row.limit);
    const state = { spentNano: BigInt(row.spent), heldNano: BigInt(row.held) };
    return limitNano === UNLIMITED ? state : { ...state, limitNano };
  }

  async endUsers(windowId: string, most: number): Promise<EndUserWindows> {
    const { rows } = await this.#pool.query<NodeRow>(
      `SELECT w.account_id AS id, w.limit_nano - a.balance_nano AS spent, a.held_nano AS held,
           count(*) OVER () AS count, sum(w.limit_nano - a.balance_nano) OVER () AS all_spent,
           sum(a.held_nano::bigint) OVER () AS all_held
         FROM budget_window AS w JOIN account AS a ON a.id = w.account_id
         WHERE w.budget_id = split_part($1, ':', 2) AND starts_with(w.account_id, $1 || ':')
         ORDER BY 2 DESC, 1 LIMIT $2`,
      [windowId, Math.max(1, most)],
    );
    return {
      count: Number(rows[0]?.count ?? 0),
      spentNano: BigInt(rows[0]?.all_spent ?? 0),
      heldNano: BigInt(rows[0]?.all_held ?? 0),
      top: rows.slice(0, most).map(({ id, spent, held }) => ({
        endUser: endUserOfNode(id) ?? '',
        spentNano: BigInt(spent),
        heldNano: BigInt(held),
      })),
    };
  }

  async sweep(): Promise<number> {
    const { rows } = await this.#pool.query<{ swept: string }>(
      `SELECT budget_sweep(clock_timestamp(), ${END_USER_WINDOWS_SWEPT_MAX}) AS swept`,
    );
    return Number(rows[0]?.swept ?? 0);
  }

  async events(organisationId: string): Promise<readonly BudgetEvent[]> {
    const { rows } = await this.#pool.query<{
      window: string;
      threshold: BudgetEvent['threshold'];
      spent: string;
    }>(
      `SELECT e.account_id AS window, e.threshold, e.spent_nano AS spent
         FROM budget_event AS e JOIN budget_window AS w USING (account_id) JOIN budget AS b ON b.id = w.budget_id
         WHERE b.organisation_id = $1 ORDER BY e.occurred_at, e.account_id, e.threshold`,
      [organisationId],
    );
    return rows.map(({ window, threshold, spent }) => ({
      window,
      threshold,
      spentNano: BigInt(spent),
    }));
  }
}
