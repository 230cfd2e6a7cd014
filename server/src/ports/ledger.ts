// What the request path needs of the books. Every adapter runs the suite in ledger.contract.ts.

import type { Hold } from '../domain/ledger/hold.ts';
import type { Settlement } from '../domain/ledger/settlement.ts';
import type { Nano } from '../domain/money/nano.ts';

export type HoldRequest = {
  readonly requestId: string;
  readonly organisationId: string;
  /** Set aside this much if the credits allow it … */
  readonly wantNano: Nano;
  /** … or whatever is left, but not less than this. */
  readonly leastNano: Nano;
  /**
   * The windows of budgets on the request's path, as of its admission: as much is set aside in each, or in none. Their ids
   * are `budget:<budget>:<window>`.
   */
  readonly budgets?: readonly string[];
};

/** `lacking`: the window of a budget that does not have what is needed; absent where it is the credit. */
export type Refused = {
  readonly kind: 'refused';
  readonly availableNano: Nano;
  readonly lacking?: string;
};

export type HoldOutcome =
  | { readonly kind: 'held'; readonly hold: Hold }
  | Refused
  /** The books can't be reached: nothing was held, or what was is released. */
  | { readonly kind: 'unavailable' };

export type ExtendOutcome =
  | { readonly kind: 'held'; readonly hold: Hold }
  | Refused
  | { readonly kind: 'unavailable' };

export type SettleOutcome =
  | {
      readonly kind: 'settled';
      readonly chargedNano: Nano;
      /** The organisation's free credits right after. */
      readonly availableNano: Nano;
    }
  /** Not recorded within the time allowed: the answer must not be completed. */
  | { readonly kind: 'unavailable' };

export interface Ledger {
  /** Atomic: two holds never share a nano-dollar. The same request id twice is one hold. */
  hold(request: HoldRequest): Promise<HoldOutcome>;

  /** Adds `extraNano` to a hold, all or nothing. Not called twice at once for one hold. */
  extend(hold: Hold, extraNano: Nano): Promise<ExtendOutcome>;

  /** Ends the hold and records the usage. Resolves once it is durable; the same request id twice is one charge. */
  settle(hold: Hold, settlement: Settlement): Promise<SettleOutcome>;
}
