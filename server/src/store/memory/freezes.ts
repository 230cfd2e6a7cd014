// Freezes in memory, for tests.

import { type Freeze, FreezeList, type FreezePolicy } from '../../domain/accounts/freeze.ts';
import type { Freezes, NewFreeze, Thaw } from '../../ports/freezes.ts';

export class MemoryFreezes implements Freezes {
  readonly #freezes = new Map<string, Freeze>();
  readonly #policies = new Map<string, FreezePolicy>();
  readonly #nowMs: () => number;
  readonly #onChange: (inForce: FreezeList) => void;

  constructor(nowMs: () => number, onChange: (inForce: FreezeList) => void) {
    this.#nowMs = nowMs;
    this.#onChange = onChange;
  }

  async freeze(wanted: NewFreeze): Promise<Freeze> {
    return this.freezeNow(wanted);
  }

  freezeNow(wanted: NewFreeze): Freeze {
    const before = [...this.#freezes.values()].find(
      ({ scope, subject, thawed }) =>
        scope === wanted.scope && subject === wanted.subject && thawed === undefined,
    );
    const made = before ?? { ...wanted, frozenAtMs: this.#nowMs() };
    return this.#keep({ ...made, endsRunning: made.endsRunning || wanted.endsRunning });
  }

  async thaw({ id, by, reason }: Thaw): Promise<Freeze | undefined> {
    const before = this.#freezes.get(id);
    if (before === undefined || before.thawed !== undefined) return before;
    return this.#keep({ ...before, thawed: { atMs: this.#nowMs(), by, reason } });
  }

  async list(organisationId: string): Promise<readonly Freeze[]> {
    const all = [...this.#freezes.values()].toReversed();
    return all.filter((one) => one.organisationId === organisationId);
  }

  async policy(organisationId: string): Promise<FreezePolicy> {
    return this.policyNow(organisationId);
  }

  policyNow(organisationId: string): FreezePolicy {
    return this.#policies.get(organisationId) ?? 'debt';
  }

  async setPolicy(organisationId: string, policy: FreezePolicy): Promise<void> {
    this.#policies.set(organisationId, policy);
  }

  #keep(freeze: Freeze): Freeze {
    this.#freezes.set(freeze.id, freeze);
    const inForce = [...this.#freezes.values()].filter(({ thawed }) => thawed === undefined);
    this.#onChange(new FreezeList(inForce));
    return freeze;
  }
}
