// All leases of this gateway, and which of them need PostgreSQL.

import { byOrganisation, type Entry, type LeaseChange } from './leased-batch.ts';
import { Lease } from './lease.ts';

export type Planned = { readonly lease: Lease; readonly change: LeaseChange };

export class LeaseBook {
  readonly #leases = new Map<string, Lease>();
  readonly #due = new Set<Lease>();

  leaseOf(organisationId: string): Lease {
    let lease = this.#leases.get(organisationId);
    if (lease === undefined) {
      lease = new Lease(organisationId);
      this.#leases.set(organisationId, lease);
    }
    return lease;
  }

  find(organisationId: string): Lease | undefined {
    return this.#leases.get(organisationId);
  }

  get hasDue(): boolean {
    return this.#due.size > 0;
  }

  get hasWishes(): boolean {
    for (const lease of this.#due) if (lease.hasWishes) return true;
    return false;
  }

  setDue(lease: Lease): void {
    this.#due.add(lease);
  }

  setAllDue(): void {
    for (const lease of this.#leases.values()) this.#due.add(lease);
  }

  /** What the next batch changes: the leases that are due, and those that its records are paid from. */
  plan(entries: readonly Entry[], nowMs: number, isClosing: boolean): Planned[] {
    const charged = new Map<Lease, bigint>();
    for (const { settlement, chargedNano } of entries) {
      if (chargedNano === 0n) continue;
      const lease = this.leaseOf(settlement.organisationId);
      charged.set(lease, (charged.get(lease) ?? 0n) + chargedNano);
    }
    for (const lease of this.#due) if (!charged.has(lease)) charged.set(lease, 0n);
    this.#due.clear();
    const planned: Planned[] = [];
    for (const [lease, chargedNano] of charged) {
      const ask = lease.ask(nowMs, isClosing);
      if (chargedNano === 0n && ask === undefined) continue;
      const { organisationId, leasedNano: hadNano } = lease;
      const change = { organisationId, hadNano, chargedNano, releasedNano: chargedNano, ask };
      planned.push({ lease, change });
    }
    return planned.length < 2
      ? planned
      : planned.toSorted((a, b) => byOrganisation(a.lease, b.lease));
  }

  /** As PostgreSQL has them, after doubt. Wishes are asked for again. */
  correct(leases: ReadonlyMap<string, bigint>): void {
    for (const lease of this.#leases.values()) {
      lease.correct(leases.get(lease.organisationId) ?? 0n);
      if (lease.hasWishes) this.#due.add(lease);
    }
    for (const [organisationId, amountNano] of leases)
      this.leaseOf(organisationId).correct(amountNano);
  }

  /** Returns whether some lease is due. */
  tick(nowMs: number): boolean {
    for (const lease of this.#leases.values()) {
      lease.tick();
      if (lease.isEmpty && lease.isIdle(nowMs)) this.#leases.delete(lease.organisationId);
      else if (lease.isDue(nowMs)) this.#due.add(lease);
    }
    return this.#due.size > 0;
  }

  /** PostgreSQL can't be asked: wishes are served from what there is. */
  serveSpare(): void {
    for (const lease of this.#leases.values()) if (lease.hasWishes) lease.serveSpare();
  }

  endOverdue(nowMs: number): void {
    for (const lease of this.#leases.values()) if (lease.hasWishes) lease.endOverdue(nowMs);
  }

  giveUp(): void {
    for (const lease of this.#leases.values()) lease.giveUp();
  }
}
