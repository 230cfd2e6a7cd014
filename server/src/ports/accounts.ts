// What the management side needs of the store: customers, keys, credits, prices and reports.

import type { BillId } from '../domain/payments/bill.ts';
import type { ModelList } from '../domain/accounts/model-access.ts';
import type { Snapshot } from '../domain/accounts/snapshot.ts';
import type { CreditBlock, NewCredits, Reversal } from '../domain/credits/credit-block.ts';
import type { UsageBucket } from '../domain/generation/usage.ts';
import type { Nano } from '../domain/money/nano.ts';
import type { ModelPrice } from '../domain/pricing/price-book.ts';
import type { Budgets } from './budgets.ts';
import type { Freezes } from './freezes.ts';

export type Organisation = { readonly id: string; readonly name: string };

export type Project = {
  readonly id: string;
  readonly organisationId: string;
  readonly name: string;
  /** No key of it may call another model; absent: every one. */
  readonly models?: readonly string[];
};

export type KeyRecord = {
  readonly id: string;
  readonly projectId: string;
  readonly organisationId: string;
  readonly name: string;
  /** What may be shown of the key: its first and last characters. */
  readonly redacted: string;
  readonly createdAtMs: number;
  readonly revokedAtMs?: number;
  /** It may call no other model; absent: every one that its project may. */
  readonly models?: readonly string[];
};

export type NewKey = {
  readonly id: string;
  readonly projectId: string;
  readonly name: string;
  readonly hash: string;
  readonly redacted: string;
  readonly models?: readonly string[];
};

export type Balance = {
  /** Credits that nothing has been set aside from. */
  readonly availableNano: Nano;
  /** Set aside for requests that are running. */
  readonly heldNano: Nano;
  /** Both together: what the books say. */
  readonly balanceNano: Nano;
};

export type UsageDimension = 'day' | 'model' | 'key';

export type UsageReportRow = {
  /** By the dimensions asked for: `2026-11-20` (UTC), a model's id, a key's id. */
  readonly day?: string;
  readonly model?: string;
  readonly keyId?: string;
  readonly requests: number;
  readonly tokens: { readonly [bucket in UsageBucket]: number };
  readonly costNano: Nano;
};

export type UsageQuery = {
  readonly organisationId: string;
  /** Milliseconds since the epoch, from inclusive, to exclusive. */
  readonly fromMs: number;
  readonly toMs: number;
  readonly groupBy: readonly UsageDimension[];
};

export type CreditAdded =
  /** `already-added`: the same id came before, with the same facts: nothing changed. */
  | {
      readonly kind: 'added' | 'already-added';
      readonly block: CreditBlock;
      readonly balance: Balance;
    }
  /** The same id stands for credits that differ in this. */
  | { readonly kind: 'conflict'; readonly field: keyof NewCredits };

export type CreditsReversed =
  | {
      readonly kind: 'reversed' | 'already-reversed';
      /** What the block still had, or had let expire. */
      readonly takenNano: Nano;
      /** What it had not: the customer owes it. */
      readonly owedNano: Nano;
    }
  | { readonly kind: 'conflict'; readonly field: keyof Reversal }
  | { readonly kind: 'not-found' }
  /** Only so much of the block has not been reversed yet. */
  | { readonly kind: 'too-much'; readonly leftNano: Nano };

/** All that an organisation has, is promised and owes. */
export type CreditAccount = {
  /** As they burn; those that have ended come last, the newest of them first. */
  readonly blocks: readonly CreditBlock[];
  /** Of blocks that are not effective yet. */
  readonly pendingNano: Nano;
  readonly owedNano: Nano;
  /** What it may owe; 0 for an organisation that pays first. */
  readonly creditLimitNano: Nano;
  /** Its keys are refused until it has paid what it owes. */
  readonly frozen: boolean;
};

/** The books added up from nothing, in one consistent view. */
export type Reconciliation = {
  /** What was looked at. */
  readonly checks: readonly string[];
  /** Empty when every nano-dollar is where it should be. */
  readonly findings: readonly { readonly check: string; readonly detail: string }[];
  readonly totals: {
    readonly transfers: number;
    readonly requests: number;
    /** What all customers together have left. */
    readonly creditsNano: bigint;
    readonly revenueNano: bigint;
    /** What the house has paid for customers, not less than 0. */
    readonly overrunNano: bigint;
  };
};

export interface Accounts {
  readonly budgets: Budgets;
  readonly freezes: Freezes;

  /** The newest snapshot; at most one second old while the store can be reached. */
  snapshot(): Snapshot;

  organisations(): Promise<readonly Organisation[]>;
  createOrganisation(organisation: Organisation): Promise<void>;
  projects(organisationId: string): Promise<readonly Project[]>;
  createProject(project: Project): Promise<void>;

  keys(organisationId: string): Promise<readonly KeyRecord[]>;
  /** In force for this process when it resolves, for others within a second. */
  createKey(key: NewKey): Promise<KeyRecord>;
  /** False when there is no such key. Revoking twice is the same as once. */
  revokeKey(keyId: string): Promise<boolean>;

  /**
   * Replaces the list of models that a key may call; undefined: no list. In force as a new key is. Undefined when there is
   * no such key.
   */
  setKeyModels(keyId: string, models: ModelList): Promise<KeyRecord | undefined>;
  /** The same for all keys of a project, beside their own lists. */
  setProjectModels(projectId: string, models: ModelList): Promise<Project | undefined>;

  balance(organisationId: string): Promise<Balance | undefined>;
  /** Exactly once by its id. A debt is paid first, unless the credits are given. */
  /** `pays`: the bill that they are meant to pay first, in the same transaction; what is left is credit. */
  addCredits(credits: NewCredits, pays?: BillId): Promise<CreditAdded>;
  /** Exactly once by its id. May leave a debt, the only way to one beside a credit limit. */
  reverseCredits(reversal: Reversal): Promise<CreditsReversed>;
  creditAccount(organisationId: string): Promise<CreditAccount | undefined>;
  /** What it may owe. Lowered below what it owes, it leaves nothing to spend on credit. False: no such organisation. */
  setCreditLimit(organisationId: string, limitNano: Nano): Promise<boolean>;
  /** Lets blocks begin and end whose time has come, and burns what was charged. Says when the next one is due. */
  tendCredits(): Promise<{ readonly nextInMs?: number }>;

  /** Publishes a new immutable version if these prices differ from the newest one's. Returns the version in force. */
  publishPrices(prices: ReadonlyMap<string, ModelPrice>): Promise<number>;

  usage(query: UsageQuery): Promise<readonly UsageReportRow[]>;

  /** Throws where one of its looks takes longer than that. */
  reconcile(statementTimeoutMs?: number): Promise<Reconciliation>;
}
