// Customers, keys, credits and usage in memory, for tests: the same promises as the PostgreSQL adapter, until the
// process ends.

import { chargebackFreeze } from '../../domain/accounts/freeze.ts';
import { allowedByBoth, type ModelList } from '../../domain/accounts/model-access.ts';
import type { KeyEntry, Snapshot } from '../../domain/accounts/snapshot.ts';
import {
  factsOf,
  type NewCredits,
  problemOf,
  type Reversal,
} from '../../domain/credits/credit-block.ts';
import { NO_USAGE, USAGE_BUCKETS } from '../../domain/generation/usage.ts';
import { BudgetTree } from '../../domain/ledger/budget.ts';
import { EndUserNodes } from '../../domain/ledger/end-user-nodes.ts';
import type { Hold } from '../../domain/ledger/hold.ts';
import type { Settlement } from '../../domain/ledger/settlement.ts';
import { nano, ZERO_NANO, type Nano } from '../../domain/money/nano.ts';
import { sameModels, type ModelPrice, type PriceBook } from '../../domain/pricing/price-book.ts';
import { bookInForce, LIST_PRICES, NO_PRICES } from '../../domain/pricing/prices.ts';
import { assert } from '../../lib/assert.ts';
import type {
  Accounts,
  Balance,
  CreditAccount,
  CreditAdded,
  CreditsReversed,
  KeyRecord,
  NewKey,
  Organisation,
  Project,
  Reconciliation,
  UsageQuery,
  UsageReportRow,
} from '../../ports/accounts.ts';

import { MemoryBudgets } from './budgets.ts';
import { MemoryFreezes } from './freezes.ts';
import { MemoryCredits } from './credits.ts';

type StoredKey = KeyRecord & { readonly hash: string };
type Settled = Settlement & { readonly chargedNano: Nano };

export class MemoryAccounts implements Accounts {
  readonly #nowMs: () => number;
  readonly #organisations = new Map<string, Organisation>();
  readonly #projects = new Map<string, Project>();
  readonly #keys = new Map<string, StoredKey>();
  readonly #credits = new MemoryCredits();
  readonly #settlements = new Map<string, Settled>();
  /** By request; the ledger beside this file keeps them. */
  readonly holds = new Map<string, Hold>();
  #snapshot: Snapshot = { version: 0, keys: new Map(), prices: NO_PRICES };
  readonly freezes = new MemoryFreezes(
    () => this.#nowMs(),
    (freezes) => {
      this.#snapshot = { ...this.#snapshot, freezes, version: this.#snapshot.version + 1 };
    },
  );
  readonly #endUserNodes = new EndUserNodes();
  readonly budgets = new MemoryBudgets(this.holds, (all) => {
    this.#snapshot = {
      ...this.#snapshot,
      budgets: new BudgetTree(all, this.#endUserNodes),
      version: this.#snapshot.version + 1,
    };
  });

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  snapshot(): Snapshot {
    return this.#snapshot;
  }

  async organisations(): Promise<readonly Organisation[]> {
    return [...this.#organisations.values()];
  }

  async createOrganisation(organisation: Organisation): Promise<void> {
    assert(!this.#organisations.has(organisation.id), 'ids are used once');
    this.#organisations.set(organisation.id, organisation);
  }

  async projects(organisationId: string): Promise<readonly Project[]> {
    return [...this.#projects.values()].filter(
      (project) => project.organisationId === organisationId,
    );
  }

  async createProject(project: Project): Promise<void> {
    assert(!this.#projects.has(project.id), 'ids are used once');
    assert(this.#organisations.has(project.organisationId), 'a project belongs to an organisation');
    this.#projects.set(project.id, project);
  }

  async keys(organisationId: string): Promise<readonly KeyRecord[]> {
    return [...this.#keys.values()]
      .filter((key) => key.organisationId === organisationId)
      .map(({ hash: _, ...record }) => record);
  }

  async createKey({ hash, ...key }: NewKey): Promise<KeyRecord> {
    const project = this.#projects.get(key.projectId);
    assert(project !== undefined, 'a key belongs to a project');
    assert(!this.#keys.has(key.id), 'ids are used once');
    const { organisationId } = project;
    const record: KeyRecord = { ...key, organisationId, createdAtMs: this.#nowMs() };
    this.#keys.set(key.id, { ...record, hash });
    this.#publish();
    return record;
  }

  async revokeKey(keyId: string): Promise<boolean> {
    const key = this.#keys.get(keyId);
    if (key === undefined) return false;
    this.#keys.set(keyId, { revokedAtMs: this.#nowMs(), ...key });
    this.#publish();
    return true;
  }

  async setKeyModels(keyId: string, models: ModelList): Promise<KeyRecord | undefined> {
    const key = this.#keys.get(keyId);
    if (key === undefined) return undefined;
    const changed = withModels(key, models);
    this.#keys.set(keyId, changed);
    this.#publish();
    const { hash: _, ...record } = changed;
    return record;
  }

  async setProjectModels(projectId: string, models: ModelList): Promise<Project | undefined> {
    const project = this.#projects.get(projectId);
    if (project === undefined) return undefined;
    const changed = withModels(project, models);
    this.#projects.set(projectId, changed);
    this.#publish();
    return changed;
  }

  async balance(organisationId: string): Promise<Balance | undefined> {
    return this.balanceNow(organisationId);
  }

  balanceNow(organisationId: string): Balance | undefined {
    if (!this.#organisations.has(organisationId)) return undefined;
    this.#look(organisationId);
    const total = this.#credits.balance(organisationId);
    const held = this.#held(organisationId);
    return { availableNano: nano(total - held), heldNano: nano(held), balanceNano: nano(total) };
  }

  async addCredits(credits: NewCredits): Promise<CreditAdded> {
    const facts = factsOf(credits);
    const problem = problemOf(facts);
    assert(
      problem === undefined,
      `credits are checked before: ${problem?.field} ${problem?.problem}`,
    );
    const { organisationId } = facts;
    assert(this.#organisations.has(organisationId), 'credits belong to an organisation');
    const added = this.#credits.add(facts, this.#nowMs(), this.#held(organisationId));
    if (added.kind === 'conflict') return added;
    this.#publish(); // It may have paid what it owed.
    const balance = this.balanceNow(organisationId);
    assert(balance !== undefined, 'an organisation has a balance');
    return { ...added, balance };
  }

  async reverseCredits(reversal: Reversal): Promise<CreditsReversed> {
    assert(reversal.amountNano > 0n, 'a reversal is more than nothing');
    const organisationId = this.#credits.ownerOf(reversal.blockId) ?? '';
    const reversed = this.#credits.reverse(reversal, this.#nowMs(), this.#held(organisationId));
    const stops = reversal.reason === 'chargeback' && reversed.kind === 'reversed';
    if (stops && this.freezes.policyNow(organisationId) === 'chargeback') {
      this.freezes.freezeNow(chargebackFreeze(organisationId, reversal));
    }
    this.#publish();
    return reversed;
  }

  async setCreditLimit(organisationId: string, limitNano: Nano): Promise<boolean> {
    if (!this.#organisations.has(organisationId)) return false;
    const held = this.#held(organisationId);
    this.#credits.setLimit(organisationId, limitNano, this.#nowMs(), held);
    this.#publish();
    return true;
  }

  /** Nothing to do: every question looks at the time. */
  tendCredits(): Promise<Record<string, never>> {
    return Promise.resolve({});
  }

  async creditAccount(organisationId: string): Promise<CreditAccount | undefined> {
    if (!this.#organisations.has(organisationId)) return undefined;
    this.#look(organisationId);
    return this.#credits.account(organisationId);
  }

  async publishPrices(prices: ReadonlyMap<string, ModelPrice>): Promise<number> {
    const book = bookInForce(this.#snapshot.prices, this.#nowMs());
    const models = new Map([...prices].map(([model, standard]) => [model, { standard }]));
    if (book !== undefined && sameModels(book.models, models)) return book.version;
    const next: PriceBook = { version: (book?.version ?? 0) + 1, models };
    const books = new Map([[LIST_PRICES, [{ fromMs: -Infinity, value: next }]]]);
    const version = this.#snapshot.version + 1;
    this.#snapshot = { ...this.#snapshot, version, prices: { books, terms: new Map() } };
    return next.version;
  }

  async usage({
    organisationId,
    fromMs,
    toMs,
    groupBy,
  }: UsageQuery): Promise<readonly UsageReportRow[]> {
    const groups = new Map<string, UsageReportRow>();
    for (const settlement of this.#settlements.values()) {
      if (settlement.organisationId !== organisationId) continue;
      if (settlement.startedAtMs < fromMs || settlement.startedAtMs >= toMs) continue;
      const group = groupOf(settlement, groupBy);
      const id = JSON.stringify(group);
      groups.set(id, plus(groups.get(id) ?? { ...group, ...EMPTY }, settlement));
    }
    return [...groups].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, row]) => row);
  }

  async reconcile(): Promise<Reconciliation> {
    const check = 'I3 no credit is below what is held';
    const findings: { check: string; detail: string }[] = [];
    let creditsNano = 0n;
    for (const id of this.#organisations.keys()) {
      const { balanceNano, heldNano, availableNano } = this.balanceNow(id) ?? NOTHING;
      creditsNano += balanceNano;
      if (availableNano >= 0n) continue;
      findings.push({ check, detail: `${id} has ${balanceNano}, held ${heldNano}` });
    }
    let revenueNano = 0n;
    for (const { chargedNano } of this.#settlements.values()) revenueNano += chargedNano;
    const requests = this.#settlements.size;
    const transfers = this.#credits.size + requests;
    const totals = { transfers, requests, creditsNano, revenueNano, overrunNano: 0n };
    return { checks: [check], findings, totals };
  }

  /** A request that ended: charged, and counted in the usage. The same request id twice is one charge, the first. */
  settle(settlement: Settlement, chargedNano: Nano): Nano {
    const { requestId } = settlement;
    const before = this.#settlements.get(requestId);
    if (before === undefined) {
      this.#settlements.set(requestId, { ...settlement, chargedNano });
      this.#credits.charge(settlement.organisationId, chargedNano, this.#nowMs());
      this.budgets.charge(settlement.budgets ?? [], chargedNano);
    }
    this.holds.delete(requestId);
    return before?.chargedNano ?? chargedNano;
  }

  #held(organisationId: string): bigint {
    let held = 0n;
    for (const hold of this.holds.values()) {
      if (hold.organisationId === organisationId) held += hold.amountNano;
    }
    return held;
  }

  #look(organisationId: string): void {
    this.#credits.look(organisationId, this.#nowMs(), this.#held(organisationId));
  }

  #publish(): void {
    const entries = [...this.#keys.values()].map((key): [string, KeyEntry] => {
      const { id: keyId, projectId, organisationId } = key;
      const models = allowedByBoth(this.#projects.get(projectId)?.models, key.models);
      const revoked = key.revokedAtMs !== undefined;
      const frozen = this.#credits.isFrozen(organisationId) && { frozen: true as const };
      const listed = models !== undefined && { models };
      return [key.hash, { keyId, projectId, organisationId, revoked, ...frozen, ...listed }];
    });
    this.#snapshot = {
      ...this.#snapshot,
      version: this.#snapshot.version + 1,
      keys: new Map(entries),
    };
  }
}

function withModels<T extends { readonly models?: readonly string[] }>(
  { models: _, ...rest }: T,
  models: ModelList,
) {
  return { ...rest, ...(models !== undefined && { models }) };
}

const NOTHING: Balance = {
  availableNano: ZERO_NANO,
  heldNano: ZERO_NANO,
  balanceNano: ZERO_NANO,
};

const EMPTY = { requests: 0, tokens: NO_USAGE, costNano: ZERO_NANO };

function groupOf(
  settlement: Settled,
  groupBy: UsageQuery['groupBy'],
): Pick<UsageReportRow, 'day' | 'model' | 'keyId'> {
  return {
    ...(groupBy.includes('day')
      ? { day: new Date(settlement.startedAtMs).toISOString().slice(0, 10) }
      : {}),
    ...(groupBy.includes('model') ? { model: settlement.model } : {}),
    ...(groupBy.includes('key') ? { keyId: settlement.keyId } : {}),
  };
}

function plus(row: UsageReportRow, { usage, chargedNano }: Settled): UsageReportRow {
  const tokens = { ...row.tokens };
  for (const bucket of USAGE_BUCKETS) tokens[bucket] += usage[bucket];
  return { ...row, requests: row.requests + 1, tokens, costNano: nano(row.costNano + chargedNano) };
}
