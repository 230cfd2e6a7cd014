// Budgets in memory, for tests: what was spent in each window, what may still be, and which thresholds that has crossed.

import type { Budget } from '../../domain/ledger/budget.ts';
import type { Hold } from '../../domain/ledger/hold.ts';
import { nano, type Nano } from '../../domain/money/nano.ts';
import { endUserOfNode } from '../../domain/ledger/end-user-nodes.ts';
import type { BudgetEvent, Budgets, EndUserWindows, WindowState } from '../../ports/budgets.ts';

/** More than anybody has. */
const UNLIMITED = 4_000_000_000_000_000_000n;

export class MemoryBudgets implements Budgets {
  readonly #holds: ReadonlyMap<string, Hold>;
  readonly #budgets = new Map<string, Budget>();
  /** By window. */
  readonly #spent = new Map<string, bigint>();
  readonly #events: BudgetEvent[] = [];

  readonly #onChange: (all: readonly Budget[]) => void;

  constructor(holds: ReadonlyMap<string, Hold>, onChange: (all: readonly Budget[]) => void) {
    this.#holds = holds;
    this.#onChange = onChange;
  }

  async set(budget: Budget): Promise<string | undefined> {
    const { organisationId, scope, subject, period } = budget;
    const before = [...this.#budgets.values()].find(
      (one) =>
        one.organisationId === organisationId &&
        one.scope === scope &&
        one.subject === subject &&
        one.period === period,
    );
    const id = before?.id ?? budget.id;
    if (budget.hardLimitNano === undefined && budget.alertNano === undefined) {
      this.#budgets.delete(id);
      this.#onChange([...this.#budgets.values()]);
      return before?.id;
    }
    this.#budgets.set(id, { ...budget, id });
    this.#onChange([...this.#budgets.values()]);
    return id;
  }

  async list(organisationId: string): Promise<readonly Budget[]> {
    return [...this.#budgets.values()].filter((one) => one.organisationId === organisationId);
  }

  async window(windowId: string): Promise<WindowState | undefined> {
    const limitNano = this.#budgetOf(windowId)?.hardLimitNano;
    const state = { spentNano: this.#spentIn(windowId), heldNano: this.#heldIn(windowId) };
    return limitNano === undefined ? state : { ...state, limitNano };
  }

  async events(organisationId: string): Promise<readonly BudgetEvent[]> {
    return this.#events.filter(
      ({ window }) => this.#budgetOf(window)?.organisationId === organisationId,
    );
  }

  async endUsers(windowId: string, most: number): Promise<EndUserWindows> {
    const ids = new Set(this.#spent.keys());
    for (const { budgets = [] } of this.#holds.values()) for (const id of budgets) ids.add(id);
    const all = [...ids].flatMap((id) => {
      const endUser = id.startsWith(`${windowId}:`) ? endUserOfNode(id) : undefined;
      if (endUser === undefined) return [];
      return [{ endUser, spentNano: this.#spentIn(id), heldNano: this.#heldIn(id) }];
    });
    const sum = (of: 'spentNano' | 'heldNano') => all.reduce((before, one) => before + one[of], 0n);
    const top = all.toSorted((a, b) => Number(b.spentNano - a.spentNano)).slice(0, most);
    return { count: all.length, spentNano: sum('spentNano'), heldNano: sum('heldNano'), top };
  }

  /** The days of a test are few. */
  async sweep(): Promise<number> {
    return 0;
  }

  availableIn(windowId: string): Nano {
    const limit = this.#budgetOf(windowId)?.hardLimitNano ?? UNLIMITED;
    const left = limit - this.#spentIn(windowId) - this.#heldIn(windowId);
    return nano(left > 0n ? left : 0n);
  }

  charge(windows: readonly string[], chargedNano: bigint): void {
    for (const window of windows) {
      const spentNano = this.#spentIn(window) + chargedNano;
      this.#spent.set(window, spentNano);
      this.#note(window, spentNano);
    }
  }

  #note(window: string, spentNano: bigint): void {
    const { hardLimitNano: limit, alertNano, scope } = this.#budgetOf(window) ?? {};
    if (scope === 'each-end-user') return; // Nobody wants to be told of every end user.
    const from = {
      '50%': limit === undefined ? undefined : limit * 50n,
      '80%': limit === undefined ? undefined : limit * 80n,
      '100%': limit === undefined ? undefined : limit * 100n,
      alert: alertNano === undefined ? undefined : alertNano * 100n,
    };
    for (const threshold of ['50%', '80%', '100%', 'alert'] as const) {
      const hundredfold = from[threshold];
      const isKnown = this.#events.some(
        (one) => one.window === window && one.threshold === threshold,
      );
      if (hundredfold === undefined || isKnown || spentNano * 100n < hundredfold) continue;
      if (spentNano > 0n) this.#events.push({ window, threshold, spentNano });
    }
  }

  #budgetOf(windowId: string): Budget | undefined {
    return this.#budgets.get(windowId.split(':')[1] ?? '');
  }

  #spentIn(windowId: string): bigint {
    return this.#spent.get(windowId) ?? 0n;
  }

  #heldIn(windowId: string): bigint {
    let held = 0n;
    for (const { budgets, amountNano } of this.#holds.values()) {
      if (budgets?.includes(windowId) === true) held += amountNano;
    }
    return held;
  }
}
