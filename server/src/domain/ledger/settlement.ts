// How a request ended and what it costs: the record that becomes a usage row and ledger transfers, in one transaction.

import type { Meter } from '../metering/meter.ts';
import type { Usage, UsageSource } from '../generation/usage.ts';
import type { Nano } from '../money/nano.ts';
import type { ServiceTier } from '../pricing/service-tier.ts';

export type Outcome =
  /** The engine finished. */
  | 'completed'
  /** The client hung up; it pays for what was produced until then. */
  | 'client-left'
  /** The credit ended in the middle of a stream; what was produced is paid. */
  | 'credit-ended'
  /** The engine failed, or we did: it costs nothing. */
  | 'failed';

export type Settlement = {
  readonly requestId: string;
  readonly organisationId: string;
  readonly projectId: string;
  readonly keyId: string;
  /** The model's public id. */
  readonly model: string;
  readonly engine: string;
  readonly protocol: string;
  readonly usage: Usage;
  readonly usageSource: UsageSource;
  /** What the engine and the gateway have counted; absent in records of before. */
  readonly meter?: Meter;
  readonly priceVersion: number;
  /** The one that was used, which its price is of. */
  readonly tier: ServiceTier;
  /** Whom the customer says it was for: a name of the customer's own making; see domain/accounts/end-user.ts. */
  readonly endUser?: string;
  /** What the usage costs by that version. The customer pays no more than was held; the house pays the rest. */
  readonly costNano: Nano;
  readonly outcome: Outcome;
  /** Milliseconds since the epoch. */
  readonly startedAtMs: number;
  readonly firstTokenAfterMs?: number;
  readonly durationMs: number;
  /** The windows of budgets that it was admitted in and is charged in: the ledger's own, as its hold has them. */
  readonly budgets?: readonly string[];
};
