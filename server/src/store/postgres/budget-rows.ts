// Budgets in force, as rows of PostgreSQL.

import type pg from 'pg';
import type { Budget, BudgetPeriod, BudgetScope } from '../../domain/ledger/budget.ts';

type BudgetRow = {
  readonly id: string;
  readonly organisation_id: string;
  readonly scope: BudgetScope;
  readonly subject: string;
  readonly period: BudgetPeriod;
  readonly hard_limit_nano: string | null;
  readonly alert_nano: string | null;
};

/** Of one organisation, or of all. */
export async function loadBudgets(
  client: pg.Pool | pg.ClientBase,
  organisationId?: string,
): Promise<readonly Budget[]> {
  const { rows } = await client.query<BudgetRow>(
    `SELECT id, organisation_id, scope, subject, period, hard_limit_nano, alert_nano FROM budget
       WHERE removed_at IS NULL AND organisation_id = coalesce($1, organisation_id)
       ORDER BY organisation_id, created_at, id`,
    [organisationId ?? null],
  );
  return rows.map(({ id, organisation_id, scope, subject, period, ...amounts }) => ({
    id,
    organisationId: organisation_id,
    scope,
    subject,
    period,
    ...(amounts.hard_limit_nano !== null && { hardLimitNano: BigInt(amounts.hard_limit_nano) }),
    ...(amounts.alert_nano !== null && { alertNano: BigInt(amounts.alert_nano) }),
  }));
}
