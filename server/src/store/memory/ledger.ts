// Holds and settlements in memory, for tests, over the same books as the accounts beside it. Each step is synchronous,
// so no two requests ever share a nano-dollar.

import type { Hold } from '../../domain/ledger/hold.ts';
import type { Settlement } from '../../domain/ledger/settlement.ts';
import { nano, ZERO_NANO, type Nano } from '../../domain/money/nano.ts';
import { assert } from '../../lib/assert.ts';
import type {
  ExtendOutcome,
  HoldOutcome,
  HoldRequest,
  Ledger,
  SettleOutcome,
} from '../../ports/ledger.ts';
import type { MemoryAccounts } from './accounts.ts';

/** Of the account that has least, and which budget's window it is. */
type Left = { readonly availableNano: Nano; readonly lacking?: { readonly lacking: string } };

export class MemoryLedger implements Ledger {
  readonly #accounts: MemoryAccounts;

  constructor(accounts: MemoryAccounts) {
    this.#accounts = accounts;
  }

  async hold(request: HoldRequest): Promise<HoldOutcome> {
    const { requestId, organisationId, wantNano, leastNano, budgets } = request;
    const before = this.#accounts.holds.get(requestId);
    if (before !== undefined) return { kind: 'held', hold: before };
    const { availableNano, lacking } = this.#leastOn(request);
    if (availableNano < leastNano) return { kind: 'refused', availableNano, ...lacking };
    const amountNano = availableNano < wantNano ? availableNano : wantNano;
    const hold = { requestId, organisationId, amountNano };
    return this.#keep(budgets === undefined ? hold : { ...hold, budgets });
  }

  async extend(hold: Hold, extraNano: Nano): Promise<ExtendOutcome> {
    const amountNano = hold.amountNano + extraNano;
    const before = this.#accounts.holds.get(hold.requestId);
    const { availableNano, lacking } = this.#leastOn(hold);
    if (before === undefined) {
      return { kind: 'refused', availableNano: this.#available(hold.organisationId) };
    }
    if (before.amountNano >= amountNano) return { kind: 'held', hold: before }; // asked again
    if (availableNano < amountNano - before.amountNano) {
      return { kind: 'refused', availableNano, ...lacking };
    }
    return this.#keep({ ...hold, amountNano });
  }

  async settle(hold: Hold, settlement: Settlement): Promise<SettleOutcome> {
    const { costNano, outcome } = settlement;
    const owed = outcome === 'failed' ? ZERO_NANO : costNano;
    // As the books have it: more than its owner knows of when the answer to an extension was lost.
    const held = (this.#accounts.holds.get(hold.requestId) ?? hold).amountNano;
    const dueNano = owed < held ? owed : nano(held);
    const { budgets } = hold;
    const ended = budgets === undefined ? settlement : { ...settlement, budgets };
    const chargedNano = this.#accounts.settle(ended, dueNano);
    return { kind: 'settled', chargedNano, availableNano: this.#available(hold.organisationId) };
  }

  #keep(hold: Hold): { readonly kind: 'held'; readonly hold: Hold } {
    this.#accounts.holds.set(hold.requestId, hold);
    return { kind: 'held', hold };
  }

  /** What each account on the path could give. */
  #leastOn({
    organisationId,
    budgets = [],
  }: Pick<HoldRequest, 'organisationId' | 'budgets'>): Left {
    let least: Left = {
      availableNano: this.#available(organisationId),
    };
    for (const window of budgets) {
      const availableNano = this.#accounts.budgets.availableIn(window);
      if (availableNano < least.availableNano)
        least = { availableNano, lacking: { lacking: window } };
    }
    return least;
  }

  #available(organisationId: string): Nano {
    const balance = this.#accounts.balanceNow(organisationId);
    assert(balance !== undefined, 'only known organisations reach the ledger');
    return balance.availableNano;
  }
}
