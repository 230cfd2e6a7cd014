// Freezes as the management side makes and ends them. In force on every gateway within a second.

import type { Freeze, FreezePolicy } from '../domain/accounts/freeze.ts';

export type NewFreeze = Omit<Freeze, 'frozenAtMs' | 'thawed'>;
export type Thaw = { readonly id: string; readonly by: string; readonly reason: string };

export interface Freezes {
  /** One of what is frozen already is the first one, which ends what runs from now on if this one does. */
  freeze(freeze: NewFreeze): Promise<Freeze>;
  /** Undefined when there is no such freeze. Thawed twice, the first one stands. */
  thaw(thaw: Thaw): Promise<Freeze | undefined>;
  /** All there ever were, the newest first. */
  list(organisationId: string): Promise<readonly Freeze[]>;

  policy(organisationId: string): Promise<FreezePolicy>;
  setPolicy(organisationId: string, policy: FreezePolicy): Promise<void>;
}
