// A budget: what somebody may spend in a period. Its hard limit is never exceeded; its alert is told, and stops nobody. Time
// is counted in windows of the period, in UTC, and a request is charged in the window in which it was admitted.

export const BUDGET_SCOPES = ['organisation', 'project', 'key', 'end-user'] as const;
export type BudgetScope = (typeof BUDGET_SCOPES)[number];

export const BUDGET_PERIODS = ['daily', 'weekly', 'monthly', 'total'] as const;
export type BudgetPeriod = (typeof BUDGET_PERIODS)[number];

export type Budget = {
  readonly id: string;
  readonly organisationId: string;
  readonly scope: BudgetScope;
  /** The organisation, the project, the key, or what the organisation calls its end user. */
  readonly subject: string;
  readonly period: BudgetPeriod;
  readonly hardLimitNano?: bigint;
  readonly alertNano?: bigint;
};

const DAY_MS = 86_400_000;

/** When the window begins that this moment is in, and when the next one does; weeks begin on Monday. */
export function windowOf(
  period: BudgetPeriod,
  nowMs: number,
): { readonly name: string; readonly endsAtMs?: number } {
  if (period === 'total') return { name: 'total' };
  const now = new Date(nowMs);
  const [year, month, day] = [now.getUTCFullYear(), now.getUTCMonth(), now.getUTCDate()];
  const sinceMonday = (now.getUTCDay() + 6) % 7;
  const [startMs, endsAtMs] = {
    daily: [Date.UTC(year, month, day), Date.UTC(year, month, day) + DAY_MS],
    weekly: [
      Date.UTC(year, month, day - sinceMonday),
      Date.UTC(year, month, day - sinceMonday + 7),
    ],
    monthly: [Date.UTC(year, month, 1), Date.UTC(year, month + 1, 1)],
  }[period] as [number, number]; // two each, above
  return { name: new Date(startMs).toISOString().slice(0, 10), endsAtMs };
}

/** The id of the window's account in the books. */
export function windowIdOf({ id, period }: Pick<Budget, 'id' | 'period'>, nowMs: number): string {
  return `budget:${id}:${windowOf(period, nowMs).name}`;
}
