// Budgets as the management side sets and reads them. The ledger keeps what is spent in each window.

import type { Budget } from '../domain/ledger/budget.ts';

/** What a window of a budget stands at. `limitNano` is absent where there is no hard limit. */
export type WindowState = {
  readonly limitNano?: bigint;
  readonly spentNano: bigint;
  readonly heldNano: bigint;
};

/** Something to tell somebody: spend has reached this part of the hard limit, or the alert. Once in a window. */
export type BudgetEvent = {
  readonly window: string;
  readonly threshold: '50%' | '80%' | '100%' | 'alert';
  readonly spentNano: bigint;
};

export type EndUserWindows = {
  readonly count: number;
  readonly spentNano: bigint;
  readonly heldNano: bigint;
  readonly top: readonly EndUserWindow[];
};

export type EndUserWindow = {
  readonly endUser: string;
  readonly spentNano: bigint;
  readonly heldNano: bigint;
};

export interface Budgets {
  /**
   * Sets the budget of this subject for this period, or changes it, or removes it if there is neither limit nor alert. In
   * force at once in the windows that are open. Returns the id: that of the one that it changed, if there was one.
   */
  set(budget: Budget): Promise<string | undefined>;
  /** Those in force. */
  list(organisationId: string): Promise<readonly Budget[]>;
  /** Undefined before anything was held in it. */
  window(windowId: string): Promise<WindowState | undefined>;
  events(organisationId: string): Promise<readonly BudgetEvent[]>;

  /** Of a budget that is each end user's: what its end users have spent in this window; the `most` who spent most by name. */
  endUsers(windowId: string, most: number): Promise<EndUserWindows>;
  /** Clears away windows of end users that have ended, a part at a time; how many. What was spent in them stays in sum. */
  sweep(): Promise<number>;
}
