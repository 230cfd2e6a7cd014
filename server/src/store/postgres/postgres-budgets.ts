// Budgets in PostgreSQL: functions/9-budgets.sql has the rules.

import type pg from 'pg';
import type { Budget, BudgetPeriod, BudgetScope } from '../../domain/ledger/budget.ts';
import type { BudgetEvent, Budgets, WindowState } from '../../ports/budgets.ts';

type BudgetRow = {
  readonly id: string;
  readonly scope: BudgetScope;
  readonly subject: string;
  readonly period: BudgetPeriod;
  readonly hard_limit_nano: string | null;
  readonly alert_nano: string | null;
};

/** What a window without a hard limit begins with. */
const UNLIMITED = 4_000_000_000_000_000_000n;

export class PostgresBudgets implements Budgets {
  readonly #pool: pg.Pool;

  constructor(pool: pg.Pool) {
    this.#pool = pool;
  }

  async set(budget: Budget): Promise<string | undefined> {
    const { id, organisationId, scope, subject, period, hardLimitNano, alertNano } = budget;
    const { rows } = await this.#pool.query<{ id: string | null }>(
      'SELECT budget_set($1, $2, $3, $4, $5, $6, $7) AS id',
      [
        id,
        organisationId,
        scope,
        subject,
        period,
        hardLimitNano === undefined ? null : `${hardLimitNano}`,
        alertNano === undefined ? null : `${alertNano}`,
      ],
    );
    return rows[0]?.id ?? undefined;
  }

  async list(organisationId: string): Promise<readonly Budget[]> {
    const { rows } = await this.#pool.query<BudgetRow>(
      `SELECT id, scope, subject, period, hard_limit_nano, alert_nano FROM budget
         WHERE organisation_id = $1 AND removed_at IS NULL ORDER BY created_at, id`,
      [organisationId],
    );
    return rows.map(({ id, scope, subject, period, hard_limit_nano, alert_nano }) => ({
      id,
      organisationId,
      scope,
      subject,
      period,
      ...(hard_limit_nano !== null && { hardLimitNano: BigInt(hard_limit_nano) }),
      ...(alert_nano !== null && { alertNano: BigInt(alert_nano) }),
    }));
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
