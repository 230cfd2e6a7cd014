// All leases of this gateway, the wishes that wait for them, and which of both need PostgreSQL.

import { byAccount, type BatchWish, type Entry, type LeaseChange } from './leased-batch.ts';
import type { Payer } from '../ledger-batch.ts';
import { Lease, type Offer } from './lease.ts';
import { type Wish, WishQueue } from './wish-queue.ts';

export type Planned = {
  readonly lease: Lease;
  readonly offer: Offer | undefined;
  readonly change: LeaseChange;
};

/** One batch: what changes in which lease, and the wishes that are asked for with it. */
export type Plan = {
  readonly planned: readonly Planned[];
  readonly asked: readonly Wish[];
  readonly askedMs: number;
  readonly wishes: readonly BatchWish[];
};

/** What one customer's requests hold from, and those that wait. */
export type Purse = {
  readonly credits: Lease;
  /** For those that no budget limits. */
  readonly alone: readonly Lease[];
  readonly queue: WishQueue;
};

export class LeaseBook {
  readonly #purses = new Map<string, Purse>();
  /** By account. */
  readonly #leases = new Map<string, Lease>();
  readonly #due = new Set<Lease>();
  readonly #dueQueues = new Set<WishQueue>();

  purseOf(organisationId: string): Purse {
    let purse = this.#purses.get(organisationId);
    if (purse === undefined) {
      const credits = this.leaseOf(`credits:${organisationId}`);
      purse = { credits, alone: [credits], queue: new WishQueue() };
      this.#purses.set(organisationId, purse);
    }
    return purse;
  }

  leaseOf(accountId: string): Lease {
    let lease = this.#leases.get(accountId);
    if (lease === undefined) {
      lease = new Lease(accountId);
      this.#leases.set(accountId, lease);
    }
    return lease;
  }

  /** The customer's credits first, then the budgets on its path. */
  leasesOf({ organisationId, budgets }: Payer): readonly Lease[] {
    const { credits, alone } = this.purseOf(organisationId);
    if (budgets === undefined) return alone;
    return [credits, ...budgets.map((accountId) => this.leaseOf(accountId))];
  }

  find(accountId: string): Lease | undefined {
    return this.#leases.get(accountId);
  }

  get hasLeases(): boolean {
    for (const { leasedNano } of this.#leases.values()) if (leasedNano > 0n) return true;
    return false;
  }

  get hasDue(): boolean {
    return this.#due.size > 0 || this.#dueQueues.size > 0;
  }

  get hasWishes(): boolean {
    return this.#dueQueues.size > 0;
  }

  setDue(lease: Lease): void {
    this.#due.add(lease);
  }

  setQueueDue(queue: WishQueue): void {
    this.#dueQueues.add(queue);
  }

  setAllDue(): void {
    for (const lease of this.#leases.values()) this.#due.add(lease);
  }

  /** Wishes whose time to be asked for has come. */
  setWishesDue(nowMs: number): void {
    for (const { queue } of this.#purses.values()) {
      if (queue.due(nowMs).length > 0) this.#dueQueues.add(queue);
    }
  }

  /** What the next batch changes: the leases that are due, those that its records are paid from, those that are wished for. */
  plan(entries: readonly Entry[], nowMs: number, isClosing: boolean): Plan {
    const charged = new Map<Lease, bigint>();
    for (const { settlement, chargedNano } of entries) {
      if (chargedNano === 0n) continue;
      for (const lease of this.leasesOf(settlement)) {
        charged.set(lease, (charged.get(lease) ?? 0n) + chargedNano);
      }
    }
    const asked = [...this.#dueQueues].flatMap((queue) => queue.due(nowMs));
    const wished = new Set(asked.flatMap(({ leases }) => leases));
    for (const lease of this.#due) if (!charged.has(lease)) charged.set(lease, 0n);
    for (const lease of wished) if (!charged.has(lease)) charged.set(lease, 0n);
    this.#due.clear();
    this.#dueQueues.clear();
    const planned: Planned[] = [];
    for (const [lease, chargedNano] of charged) {
      const offer = lease.offer(nowMs, isClosing, wished.has(lease));
      if (chargedNano === 0n && offer === undefined) continue;
      const { accountId, leasedNano: hadNano } = lease;
      const change = { accountId, hadNano, chargedNano, releasedNano: chargedNano, offer };
      planned.push({ lease, offer, change });
    }
    if (planned.length > 1) planned.sort((a, b) => byAccount(a.lease, b.lease));
    const wishes = asked.length === 0 ? [] : batchWishes(asked, planned);
    return { planned, asked, askedMs: nowMs, wishes };
  }

  /** As PostgreSQL has them, after doubt. Wishes are asked for again. */
  correct(leases: ReadonlyMap<string, bigint>): void {
    for (const lease of this.#leases.values()) lease.correct(leases.get(lease.accountId) ?? 0n);
    for (const [accountId, amountNano] of leases) this.leaseOf(accountId).correct(amountNano);
    for (const { queue } of this.#purses.values()) if (!queue.isEmpty) this.#dueQueues.add(queue);
  }

  /** Returns whether something is due. */
  tick(nowMs: number): boolean {
    for (const lease of this.#leases.values()) {
      lease.tick();
      const isForgotten = lease.isEmpty && lease.isIdle(nowMs) && !this.#due.has(lease);
      if (isForgotten) this.#leases.delete(lease.accountId);
      else if (lease.isDue(nowMs)) this.#due.add(lease);
    }
    for (const [organisationId, { credits, queue }] of this.#purses) {
      if (queue.isEmpty && !this.#leases.has(credits.accountId))
        this.#purses.delete(organisationId);
    }
    this.setWishesDue(nowMs);
    return this.hasDue;
  }

  /** PostgreSQL can't be asked: wishes are served from what there is. */
  serveSpare(nowMs: number): void {
    for (const { queue } of this.#purses.values()) queue.serveSpare(nowMs);
  }

  endOverdue(nowMs: number): void {
    for (const { queue } of this.#purses.values()) queue.endOverdue(nowMs);
  }

  dropEnded(): void {
    for (const { queue } of this.#purses.values()) if (!queue.isEmpty) queue.dropEnded();
  }

  giveUp(): void {
    for (const { queue } of this.#purses.values()) queue.giveUp();
  }
}

/** Positions count from 1, as PostgreSQL's do. */
function batchWishes(asked: readonly Wish[], planned: readonly Planned[]): readonly BatchWish[] {
  const positions = new Map(planned.map(({ lease }, at) => [lease, at + 1]));
  const positionOf = (lease: Lease) => positions.get(lease) ?? 0;
  return asked
    .filter(({ hopeless }) => hopeless !== true)
    .map(({ wantNano, leastNano, leases, endgame }) => ({
      wantNano,
      leastNano,
      positions: leases.map(positionOf),
      lacked: endgame === undefined ? 0 : positionOf(endgame.lacking),
      sinceNo: endgame?.sinceNo ?? 0n,
    }));
}
