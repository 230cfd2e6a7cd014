// A budget: what somebody may spend in a period. Its hard limit is never exceeded; its alert is told, and stops nobody. Time
// is counted in windows of the period, in UTC, and a request is charged in the window in which it was admitted.

import { EndUserNodes } from './end-user-nodes.ts';

export const BUDGET_SCOPES = [
  'organisation',
  'project',
  'key',
  'end-user',
  'each-end-user',
] as const;
export type BudgetScope = (typeof BUDGET_SCOPES)[number];

export const BUDGET_PERIODS = ['daily', 'weekly', 'monthly', 'total'] as const;
export type BudgetPeriod = (typeof BUDGET_PERIODS)[number];

export type Budget = {
  readonly id: string;
  readonly organisationId: string;
  readonly scope: BudgetScope;
  /**
   * The organisation, the project, the key, or what the organisation calls its end user. Of each-end-user: the project whose
   * end users have it, each of them a window of its own, as long as no budget of the same period names them.
   */
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
): { readonly name: string; readonly startsAtMs?: number; readonly endsAtMs?: number } {
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
  return { name: new Date(startMs).toISOString().slice(0, 10), startsAtMs: startMs, endsAtMs };
}

/** The id of the window's account in the books. */
export function windowIdOf({ id, period }: Pick<Budget, 'id' | 'period'>, nowMs: number): string {
  return `budget:${id}:${windowOf(period, nowMs).name}`;
}

/** All budgets in force, as the request path looks for them. */
export class BudgetTree {
  readonly #byId: ReadonlyMap<string, Budget>;
  readonly #bySubject = new Map<string, Budget[]>();
  readonly #nodes: EndUserNodes;

  /** `nodes`: what outlives the tree when budgets change. */
  constructor(budgets: readonly Budget[], nodes = new EndUserNodes()) {
    this.#nodes = nodes;
    this.#byId = new Map(budgets.map((budget) => [budget.id, budget]));
    for (const budget of budgets) {
      const name = nameOf(budget.organisationId, budget.scope, budget.subject);
      const same = this.#bySubject.get(name);
      if (same === undefined) this.#bySubject.set(name, [budget]);
      else same.push(budget);
    }
  }

  /** The windows that a request admitted now must pass; undefined for none. */
  path(payer: BudgetPayer, nowMs: number): readonly string[] | undefined {
    if (this.#byId.size === 0) return undefined;
    const { organisationId, projectId, keyId, endUser } = payer;
    const windows = [
      ...this.#of(organisationId, 'organisation', organisationId),
      ...this.#of(organisationId, 'project', projectId),
      ...this.#of(organisationId, 'key', keyId),
    ].map((budget) => windowIdOf(budget, nowMs));
    if (endUser !== undefined) {
      const own = this.#of(organisationId, 'end-user', endUser);
      for (const budget of own) windows.push(windowIdOf(budget, nowMs));
      for (const budget of this.#of(organisationId, 'each-end-user', projectId)) {
        if (own.some(({ period }) => period === budget.period)) continue;
        windows.push(this.#nodes.nodeOf(windowIdOf(budget, nowMs), endUser));
      }
    }
    return windows.length === 0 ? undefined : windows;
  }

  /** The budget of a window, and when the next one begins; undefined if it was removed meanwhile. */
  find(windowId: string): { readonly budget: Budget; readonly endsAtMs?: number } | undefined {
    const [, id = '', name = ''] = windowId.split(':');
    const budget = this.#byId.get(id);
    if (budget === undefined) return undefined;
    const { endsAtMs } = windowOf(budget.period, Date.parse(name));
    return endsAtMs === undefined ? { budget } : { budget, endsAtMs };
  }

  #of(organisationId: string, scope: BudgetScope, subject: string): readonly Budget[] {
    return this.#bySubject.get(nameOf(organisationId, scope, subject)) ?? [];
  }
}

export type BudgetPayer = {
  readonly organisationId: string;
  readonly projectId: string;
  readonly keyId: string;
  readonly endUser?: string;
};

function nameOf(organisationId: string, scope: BudgetScope, subject: string): string {
  return `${scope} ${organisationId} ${subject}`;
}
