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

export class MemoryLedger implements Ledger {
  readonly #accounts: MemoryAccounts;

  constructor(accounts: MemoryAccounts) {
    this.#accounts = accounts;
  }

  async hold(request: HoldRequest): Promise<HoldOutcome> {
    const { requestId, organisationId, wantNano, leastNano } = request;
    const before = this.#accounts.holds.get(requestId);
    if (before !== undefined) return { kind: 'held', hold: before };
    const availableNano = this.#available(organisationId);
    if (availableNano < leastNano) return { kind: 'refused', availableNano };
    const amountNano = availableNano < wantNano ? availableNano : wantNano;
    return this.#keep({ requestId, organisationId, amountNano });
  }

  async extend(hold: Hold, extraNano: Nano): Promise<ExtendOutcome> {
    const amountNano = hold.amountNano + extraNano;
    const before = this.#accounts.holds.get(hold.requestId);
    const availableNano = this.#available(hold.organisationId);
    if (before === undefined) return { kind: 'refused', availableNano };
    if (before.amountNano >= amountNano) return { kind: 'held', hold: before }; // asked again
    if (availableNano < amountNano - before.amountNano) return { kind: 'refused', availableNano };
    return this.#keep({ ...hold, amountNano });
  }

  async settle(hold: Hold, settlement: Settlement): Promise<SettleOutcome> {
    const { costNano, outcome } = settlement;
    const owed = outcome === 'failed' ? ZERO_NANO : costNano;
    // As the books have it: more than its owner knows of when the answer to an extension was lost.
    const held = (this.#accounts.holds.get(hold.requestId) ?? hold).amountNano;
    const dueNano = owed < held ? owed : nano(held);
    const chargedNano = this.#accounts.settle(settlement, dueNano);
    return { kind: 'settled', chargedNano, availableNano: this.#available(hold.organisationId) };
  }

  #keep(hold: Hold): { readonly kind: 'held'; readonly hold: Hold } {
    this.#accounts.holds.set(hold.requestId, hold);
    return { kind: 'held', hold };
  }

  #available(organisationId: string): Nano {
    const balance = this.#accounts.balanceNow(organisationId);
    assert(balance !== undefined, 'only known organisations reach the ledger');
    return balance.availableNano;
  }
}
