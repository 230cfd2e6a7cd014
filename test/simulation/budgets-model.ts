// Budgets in the model of the books: what functions/9-budgets.sql does. A window is an account whose balance is what may
// still be spent in it; books-model.ts holds, leases and charges it like any other.

import type { Budget } from '../../server/src/domain/ledger/budget.ts';
import type { Settlement } from '../../server/src/domain/ledger/settlement.ts';
import type { Transaction } from './transaction.ts';

/** What a window without a hard limit begins with. */
export const UNLIMITED = 4_000_000_000_000_000_000n;

/** What of the books they need. */
type Books = {
  readonly accounts: Map<string, { readonly balance: bigint; readonly held: bigint }>;
  readonly usage: ReadonlyMap<
    string,
    { readonly settlement: Settlement; readonly charged: bigint }
  >;
  readonly recalls: Map<string, { readonly no: bigint; readonly atMs: number }>;
  commits: number;
  onRecall: (accountId: string, recallNo: bigint) => void;
};

type BudgetRow = Budget & { readonly isRemoved: boolean };

export class BudgetsModel {
  readonly #books: Books;
  readonly rows = new Map<string, BudgetRow>();
  /** By account: what its balance began with, and was moved by since. */
  readonly limits = new Map<string, bigint>();
  /** By account: what was charged in it before its budget was set. */
  readonly before = new Map<string, bigint>();

  constructor(books: Books) {
    this.#books = books;
  }

  get inForce(): readonly Budget[] {
    return [...this.rows.values()].filter(({ isRemoved }) => !isRemoved);
  }

  /** What a window that is not there yet would begin with. */
  limitOf(windowId: string): bigint {
    const row = this.rows.get(windowId.split(':')[1] ?? '');
    return row === undefined ? 0n : limitOf(row);
  }

  /** `budget_open()`: by whoever needs it first. */
  open(transaction: Pick<Transaction, 'undo'>, windowId: string): void {
    const { accounts } = this.#books;
    const row = this.rows.get(windowId.split(':')[1] ?? '');
    if (accounts.has(windowId) || row === undefined) return;
    const limit = limitOf(row);
    accounts.set(windowId, { balance: limit, held: 0n });
    this.limits.set(windowId, limit);
    transaction.undo.push(() => {
      accounts.delete(windowId);
      this.limits.delete(windowId);
    });
  }

  /** `budget_begin()`: a new budget's window begins with what its subject was charged in it before. */
  begin(
    { id, organisationId, scope, subject }: Budget,
    windowId: string,
    startsAtMs: number,
  ): void {
    let before = 0n;
    for (const { settlement, charged } of this.#books.usage.values()) {
      const { projectId, keyId, endUser } = settlement;
      const who = { organisation: subject, project: projectId, key: keyId, 'end-user': endUser };
      const isOwn = scope !== 'each-end-user' && who[scope] === subject;
      const isOf = settlement.organisationId === organisationId && isOwn;
      if (isOf && settlement.startedAtMs >= startsAtMs) before += charged;
    }
    if (before === 0n || !this.rows.has(id)) return;
    this.open({ undo: [] }, windowId);
    const { balance = 0n, held = 0n } = this.#books.accounts.get(windowId) ?? {};
    this.#books.accounts.set(windowId, { balance: balance - before, held });
    this.before.set(windowId, before);
    this.#books.commits += 1;
  }

  /** `budget_set()`: with no amounts it removes it. The id that it has. */
  set(budget: Budget, nowMs: number): string | undefined {
    const { id, organisationId, scope, subject, period, hardLimitNano, alertNano } = budget;
    const existing = this.inForce.find(
      (one) =>
        one.organisationId === organisationId &&
        one.scope === scope &&
        one.subject === subject &&
        one.period === period,
    );
    const isRemoved = hardLimitNano === undefined && alertNano === undefined;
    if (existing === undefined) {
      if (isRemoved) return undefined;
      this.rows.set(id, { ...budget, isRemoved });
      return id;
    }
    const row = { ...budget, id: existing.id, isRemoved };
    this.rows.set(existing.id, row);
    for (const windowId of [...this.limits.keys()].toSorted()) {
      if (windowId.split(':')[1] === existing.id) this.#move(windowId, limitOf(row), nowMs);
    }
    this.#books.commits += 1;
    return existing.id;
  }

  /** What was spent stays; who has leased of it gives back what it has to spare. */
  #move(windowId: string, limit: bigint, nowMs: number): void {
    const { accounts, recalls, onRecall } = this.#books;
    const { balance, held } = accounts.get(windowId) ?? { balance: 0n, held: 0n };
    accounts.set(windowId, { balance: balance + limit - (this.limits.get(windowId) ?? 0n), held });
    this.limits.set(windowId, limit);
    const no = (recalls.get(windowId)?.no ?? 0n) + 1n;
    recalls.set(windowId, { no, atMs: nowMs });
    onRecall(windowId, no);
  }
}

function limitOf({ hardLimitNano, isRemoved }: BudgetRow): bigint {
  return isRemoved ? UNLIMITED : (hardLimitNano ?? UNLIMITED);
}
