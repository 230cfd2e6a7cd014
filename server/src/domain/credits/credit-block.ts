// A customer's credits are blocks: each has a source, a time in which it may be spent, and a place in the order in which
// blocks burn. Nothing is ever reset: a block is added, burnt, taken back or expires, and each of these is a transfer.

import { type Nano, nano } from '../money/nano.ts';

/** Where added credits come from; `plan` and `credit-line` blocks are made by a subscription and by a credit limit. */
export type CreditSource = 'payment' | 'promo' | 'refund' | 'manual';
export type BlockSource = CreditSource | 'plan' | 'credit-line';

/** Lower burns first. A credit line has 1000: it burns after everything that was paid for or given. */
const PRIORITY_DEFAULT = 100;
const PRIORITY_MAX = 999;
const PROVIDER_DEFAULT = 'manual';

export type NewCredits = {
  /** Makes it safe to send twice: the same id with the same facts adds once. */
  readonly id: string;
  readonly organisationId: string;
  /** What may be spent. */
  readonly amountNano: Nano;
  readonly source: CreditSource;
  /** Through whom the money came: it names the account `payment_clearing:<provider>`. Absent: `manual`. */
  readonly provider?: string;
  /** 0 to 999; lower burns first. Absent: 100. */
  readonly priority?: number;
  /** From then on it may be spent. Absent: at once. */
  readonly effectiveAtMs?: number;
  /** From then on it may not. Absent: never. */
  readonly expiresAtMs?: number;
  /** What was paid for it, at most its amount. Absent: all of it (payment, manual) or nothing (promo, refund). */
  readonly costBasisNano?: Nano;
  readonly note?: string;
};

/** The same with every choice made; what stays absent means "at once" and "never". */
export type CreditFacts = NewCredits &
  Required<Pick<NewCredits, 'provider' | 'priority' | 'costBasisNano'>>;

export type BlockState = 'pending' | 'live' | 'ended';

export type CreditBlock = Omit<CreditFacts, 'source'> & {
  readonly source: BlockSource;
  /** `pending` until it is effective; `ended` when nothing of it is left. */
  readonly state: BlockState;
  readonly createdAtMs: number;
  /** What of it has not been charged, taken back or expired. */
  readonly remainingNano: Nano;
};

export type ReversalReason = 'refund' | 'chargeback' | 'mistake';

export type Reversal = {
  /** Makes it safe to send twice. */
  readonly id: string;
  readonly blockId: string;
  readonly amountNano: Nano;
  readonly reason: ReversalReason;
};

export function factsOf(credits: NewCredits): CreditFacts {
  const paid = credits.source === 'payment' || credits.source === 'manual';
  return {
    ...credits,
    provider: credits.provider ?? PROVIDER_DEFAULT,
    priority: credits.priority ?? PRIORITY_DEFAULT,
    costBasisNano: credits.costBasisNano ?? (paid ? credits.amountNano : nano(0n)),
  };
}

/** What is wrong with credits that someone wants to add, as a sentence, and in which field. */
export function problemOf(
  credits: CreditFacts,
): { readonly field: keyof NewCredits; readonly problem: string } | undefined {
  const { amountNano, costBasisNano, priority, effectiveAtMs, expiresAtMs } = credits;
  if (amountNano <= 0n) return { field: 'amountNano', problem: 'must be more than nothing' };
  if (costBasisNano < 0n || costBasisNano > amountNano)
    return { field: 'costBasisNano', problem: 'must be between nothing and the amount' };
  if (!Number.isInteger(priority) || priority < 0 || priority > PRIORITY_MAX)
    return { field: 'priority', problem: `must be a whole number from 0 to ${PRIORITY_MAX}` };
  if (expiresAtMs !== undefined && expiresAtMs <= (effectiveAtMs ?? -Infinity))
    return { field: 'expiresAtMs', problem: 'must be later than the credits become effective' };
  return undefined;
}

const FACTS = [
  'organisationId',
  'amountNano',
  'source',
  'provider',
  'priority',
  'effectiveAtMs',
  'expiresAtMs',
  'costBasisNano',
  'note',
] as const satisfies readonly (keyof CreditFacts)[];

/** The first fact in which two of the same id differ. */
export function differingFact(
  before: Omit<CreditFacts, 'source'> & { readonly source: BlockSource },
  again: Omit<CreditFacts, 'source'> & { readonly source: BlockSource },
): keyof NewCredits | undefined {
  return FACTS.find((fact) => before[fact] !== again[fact]);
}

/** Within one priority and one expiry: what was given burns before what was paid for. */
const RANK: { readonly [source in BlockSource]: number } = {
  promo: 0,
  refund: 0,
  plan: 1,
  payment: 2,
  manual: 2,
  'credit-line': 3,
};

type Burning = Pick<
  CreditBlock,
  'id' | 'source' | 'priority' | 'createdAtMs' | 'effectiveAtMs' | 'expiresAtMs'
>;

/** Priority, then the soonest expiry, then given before paid, then the oldest. */
export function burnOrder(a: Burning, b: Burning): number {
  return (
    a.priority - b.priority ||
    compare(a.expiresAtMs ?? Infinity, b.expiresAtMs ?? Infinity) ||
    RANK[a.source] - RANK[b.source] ||
    compare(a.effectiveAtMs ?? a.createdAtMs, b.effectiveAtMs ?? b.createdAtMs) ||
    compare(a.id, b.id)
  );
}

function compare<T extends number | string>(a: T, b: T): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
