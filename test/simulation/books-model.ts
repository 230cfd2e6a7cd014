// The books of leases as a model in memory: what PostgreSQL and the functions in functions/ do, statement by statement,
// without SQL. books-model.test.ts does the same to both and compares them. Beside that it watches its users: locks are
// taken in one order.

import { DatabaseError } from 'pg';
import { revenueAccount } from '../../server/src/domain/ledger/revenue-account.ts';
import type { Settlement } from '../../server/src/domain/ledger/settlement.ts';
import type { Gateway } from '../../server/src/store/postgres/ledger-batch.ts';
import type { LeaseAnswer } from '../../server/src/store/postgres/leases/lease.ts';
import type {
  BatchWish,
  BatchWishAnswer,
  Entry,
  LeaseChange,
  LeasedBatch,
  LeasedBatchAnswer,
} from '../../server/src/store/postgres/leases/leased-batch.ts';
import type { Applied } from '../../server/src/store/postgres/leases/books.ts';
import { BudgetsModel } from './budgets-model.ts';
import { type Charged, remove, set, Transaction } from './transaction.ts';

export type Account = { readonly balance: bigint; readonly held: bigint };
export type Transfer = { readonly debit: string; readonly credit: string; readonly amount: bigint };
export type UsageRow = {
  readonly settlement: Settlement;
  readonly charged: bigint;
  readonly overrun: bigint;
};
type GatewayRow = { readonly epoch: bigint; readonly beatMs: number };

const NO_OFFER = { spareNano: 0n, isReturned: false, extraNano: 0n, recallNo: 0n };
/** As in ledger_apply_leased(). */
const SCARCE_FOR_MS = 1_000;
const RECALL_EVERY_MS = 50;
const SILENT_MS = 12_000;

/** Who lacks something of which account, and the number of the recall that it would take. */
type Asking = {
  readonly whose: string;
  readonly accountId: string;
  readonly next: bigint;
  readonly nowMs: number;
};

export class BooksModel {
  readonly accounts = new Map<string, Account>();
  readonly transfers = new Map<string, Transfer>();
  readonly usage = new Map<string, UsageRow>();
  readonly budgets = new BudgetsModel(this);
  readonly gateways = new Map<string, GatewayRow>();
  readonly leases = new Map<string, bigint>();
  /** Up to which recall each lease's gateway has given back what it had to spare. */
  readonly answered = new Map<string, bigint>();
  /** By account: the newest recall, and when it was. */
  readonly recalls = new Map<string, { readonly no: bigint; readonly atMs: number }>();
  onRecall: (accountId: string, recallNo: bigint) => void = () => {};
  onCharged: (charged: readonly Charged[]) => void = () => {};
  readonly watermarks = new Map<string, number>();
  readonly refused: { readonly seq: number; readonly reason: string }[] = [];
  /** Leases that were ended because their gateway was silent: for good, and until it has a new one. */
  readonly everVoided = new Set<string>();
  readonly voided = new Set<string>();
  /** By lease: what wishes have just got; whoever looks clears it. */
  readonly granted = new Map<string, bigint>();
  commits = 0;
  /** What no user of the books may ever do. */
  readonly violations: string[] = [];

  newOrganisation(id: string): void {
    this.accounts.set(`credits:${id}`, { balance: 0n, held: 0n });
  }

  /** What was done stays. */
  commit({ charged }: Transaction): void {
    this.commits += 1;
    if (charged.length > 0) this.onCharged(charged);
  }

  /** Less than nothing takes it back. */
  topUp(id: string, organisationId: string, amount: bigint): void {
    const transaction = new Transaction();
    const clearing = 'payment_clearing:manual';
    const credits = `credits:${organisationId}`;
    if (amount > 0n) this.#transfer(transaction, `topup:${id}`, clearing, credits, amount);
    else this.#transfer(transaction, `back:${id}`, credits, clearing, -amount);
    this.#change(transaction, `credits:${organisationId}`, amount, 0n);
    this.#change(transaction, 'payment_clearing:manual', -amount, 0n);
    this.commits += 1;
  }

  enter(id: string, above: number | undefined, nowMs: number): Gateway {
    const before = this.gateways.get(id);
    const highest =
      before === undefined || before.epoch < BigInt(above ?? 0) ? BigInt(above ?? 0) : before.epoch;
    const epoch = highest + 1n;
    this.gateways.set(id, { epoch, beatMs: nowMs });
    return { id, epoch };
  }

  beat({ id, epoch }: Gateway, nowMs: number): boolean {
    if (this.gateways.get(id)?.epoch !== epoch) return false;
    this.gateways.set(id, { epoch, beatMs: nowMs });
    return true;
  }

  /** Ends leases that `isOver` of; how many. */
  voidLeases(isOver: (gatewayId: string, epoch: bigint) => boolean, isSilent: boolean): number {
    let count = 0;
    for (const [key, amount] of this.leases) {
      const [gatewayId = '', epoch = '', accountId = ''] = key.split('/');
      if (!isOver(gatewayId, BigInt(epoch))) continue;
      const transaction = new Transaction();
      this.#change(transaction, accountId, 0n, -amount);
      this.leases.delete(key);
      if (isSilent) {
        this.voided.add(key);
        this.everVoided.add(key);
      }
      this.commits += 1;
      count += 1;
    }
    return count;
  }

  applied({ id }: Gateway, epoch: bigint): Applied {
    const whose = `${id}/${epoch}`;
    if (!this.watermarks.has(whose)) this.watermarks.set(whose, 0);
    const leases = new Map<string, bigint>();
    for (const [key, amount] of this.leases) {
      if (key.startsWith(`${whose}/`)) leases.set(key.slice(whose.length + 1), amount);
    }
    return { seq: this.watermarks.get(whose) ?? 0, leases };
  }

  freeOf(transaction: Transaction, accountId: string): bigint | undefined {
    const account = this.#lock(transaction, accountId);
    return account === undefined ? undefined : account.balance - account.held;
  }

  leaseOf({ id }: Gateway, epoch: bigint, accountId: string): bigint {
    return this.leases.get(`${id}/${epoch}/${accountId}`) ?? 0n;
  }

  keepRefused(transaction: Transaction, { seq }: Entry, reason: string): void {
    this.refused.push({ seq, reason });
    transaction.undo.push(() => this.refused.pop());
  }

  /** All or nothing: `ledger_apply_leased()`. */
  apply(
    transaction: Transaction,
    gateway: Gateway,
    batch: LeasedBatch,
    nowMs: number,
  ): LeasedBatchAnswer {
    const { leaseEpoch, fromSeq, toSeq, changes, records } = batch;
    if (this.gateways.get(gateway.id)?.epoch !== gateway.epoch) {
      throw refusal('TP001', `another process has started as gateway "${gateway.id}"`);
    }
    if (toSeq > fromSeq) {
      const whose = `${gateway.id}/${leaseEpoch}`;
      if (this.watermarks.get(whose) !== fromSeq) {
        throw refusal('TP004', `the log is not applied up to record ${fromSeq}`);
      }
      set(transaction, this.watermarks, whose, toSeq);
    }
    const whose = `${gateway.id}/${leaseEpoch}`;
    for (const { accountId } of changes) {
      if (accountId.startsWith('budget:')) this.budgets.open(transaction, accountId);
    }
    const { taken, wishes } = this.#grant(transaction, whose, batch, nowMs);
    const leases = changes.map((change, at) =>
      this.#changeLease(transaction, whose, change, taken[at] ?? 0n, nowMs),
    );
    for (const { settlement, chargedNano } of records)
      this.#record(transaction, settlement, chargedNano);
    this.#move(transaction, records);
    return { leases, wishes };
  }

  /** One wish after the other: from each of its accounts, or from none. */
  #grant(
    transaction: Transaction,
    whose: string,
    { changes, wishes }: LeasedBatch,
    nowMs: number,
  ): { readonly taken: readonly bigint[]; readonly wishes: readonly BatchWishAnswer[] } {
    if (wishes.length === 0) return { taken: [], wishes: [] };
    const pools = changes.map(({ accountId, chargedNano, releasedNano, offer }) => {
      const account = this.#lock(transaction, accountId);
      if (account === undefined) return undefined;
      return account.balance - account.held - chargedNano + releasedNano + (offer?.spareNano ?? 0n);
    });
    const before = changes.map(({ accountId }) => this.recalls.get(accountId)?.no ?? 0n);
    const taken = changes.map(() => 0n);
    const answers = wishes.map((wish): BatchWishAnswer => {
      const places = wish.positions.map((position) => position - 1);
      let tight = places[0] ?? 0;
      for (const at of places) if (isLess(pools[at], pools[tight])) tight = at;
      const pool = pools[tight];
      if (pool !== undefined && pool >= wish.leastNano) {
        const amountNano = wish.wantNano < pool ? wish.wantNano : pool;
        for (const at of places) {
          const left = pools[at];
          if (left !== undefined) pools[at] = left - amountNano;
          taken[at] = (taken[at] ?? 0n) + amountNano;
        }
        return { kind: 'granted', amountNano };
      }
      const accountId = changes[tight]?.accountId ?? '';
      const refused = { kind: 'refused', lacked: tight + 1 } as const;
      if (pool === undefined) return refused;
      const next = (before[tight] ?? 0n) + 1n;
      return this.#recall(transaction, { whose, accountId, next, nowMs }, wish, refused);
    });
    return { taken, wishes: answers };
  }

  /** Others are asked for what they have to spare, unless all have answered. */
  #recall(
    transaction: Transaction,
    { whose, accountId, next, nowMs }: Asking,
    wish: BatchWish,
    refused: Extract<BatchWishAnswer, { kind: 'refused' }>,
  ): BatchWishAnswer {
    const sinceNo = wish.lacked === refused.lacked ? wish.sinceNo : next;
    const mustAnswer = (key: string) => {
      const [gatewayId = '', epoch = ''] = key.split('/');
      const isOther = key === `${gatewayId}/${epoch}/${accountId}` && !key.startsWith(`${whose}/`);
      return isOther && (this.gateways.get(gatewayId)?.beatMs ?? 0) > nowMs - SILENT_MS;
    };
    const others = [...this.leases.keys()].filter(mustAnswer);
    if (others.every((key) => (this.answered.get(key) ?? 0n) >= sinceNo)) return refused;
    const last = this.recalls.get(accountId);
    const isTooEarly = last !== undefined && last.atMs >= nowMs - RECALL_EVERY_MS;
    if ((last?.no ?? 0n) < sinceNo && !isTooEarly) {
      const no = (last?.no ?? 0n) + 1n;
      set(transaction, this.recalls, accountId, { no, atMs: nowMs });
      this.onRecall(accountId, no);
    }
    return { kind: 'recalled', lacked: refused.lacked, sinceNo };
  }

  #changeLease(
    transaction: Transaction,
    whose: string,
    change: LeaseChange,
    used: bigint,
    nowMs: number,
  ): LeaseAnswer | undefined {
    const { accountId, hadNano, chargedNano, releasedNano, offer } = change;
    const { spareNano, isReturned, extraNano, recallNo } = offer ?? NO_OFFER;
    const account = this.#lock(transaction, accountId);
    if (account === undefined) {
      if (chargedNano !== 0n || releasedNano !== 0n)
        throw refusal('TP003', `there is no account "${accountId}"`);
      return undefined;
    }
    const recall = this.recalls.get(accountId);
    const isRecalled = recall !== undefined && recall.atMs > nowMs - SCARCE_FOR_MS;
    const over = larger(used - spareNano, 0n);
    const free = account.balance - account.held - chargedNano + releasedNano - over;
    const most = free / 2n;
    const keep = extraNano > 0n && !isRecalled ? larger(smaller(extraNano, most), 0n) : 0n;
    const more = keep + (isReturned ? used - spareNano : over);
    const after = this.#change(transaction, accountId, -chargedNano, more - releasedNano);
    const key = `${whose}/${accountId}`;
    if (used > 0n) this.granted.set(key, used);
    const target = hadNano - releasedNano + more;
    this.#mustBeAsRemembered(key, hadNano, target);
    this.voided.delete(key);
    const answeredNo =
      hadNano === 0n ? (recall?.no ?? 0n) : larger(this.answered.get(key) ?? 0n, recallNo);
    if (target === 0n) {
      remove(transaction, this.leases, key);
      remove(transaction, this.answered, key);
    } else {
      set(transaction, this.leases, key, target);
      set(transaction, this.answered, key, answeredNo);
    }
    return { leasedNano: target, availableNano: after.balance - after.held, isRecalled };
  }

  #mustBeAsRemembered(key: string, had: bigint, target: bigint): void {
    if (target < 0n || (had !== 0n && this.leases.get(key) !== had)) {
      throw refusal('TP002', 'a lease is not as its gateway remembers it');
    }
    if (had === 0n && this.leases.has(key)) {
      throw refusal(target > 0n ? '23505' : 'TP002', `the lease ${key} is there already`);
    }
  }

  #record(transaction: Transaction, settlement: Settlement, charged: bigint): void {
    const { requestId, organisationId, outcome, costNano } = settlement;
    if (this.usage.has(requestId)) throw refusal('23505', `usage of ${requestId} is there already`);
    const overrun = (outcome === 'failed' ? 0n : costNano) - charged;
    if (overrun < 0n) throw refusal('23514', 'an overrun is not negative');
    set(transaction, this.usage, requestId, { settlement, charged, overrun });
    if (charged > 0n) transaction.charged.push({ organisationId, amount: charged });
    if (overrun > 0n)
      this.#transfer(
        transaction,
        `overrun:${requestId}`,
        'overrun_loss',
        revenueAccount(settlement),
        overrun,
      );
    if (charged > 0n)
      this.#transfer(
        transaction,
        `settle:${requestId}`,
        `credits:${organisationId}`,
        revenueAccount(settlement),
        charged,
      );
  }

  /** What the house's accounts get, each once, in the order of ids. */
  #move(transaction: Transaction, records: LeasedBatch['records']): void {
    const revenue = new Map<string, bigint>();
    let overruns = 0n;
    for (const { settlement, chargedNano } of records) {
      const cost = settlement.outcome === 'failed' ? 0n : settlement.costNano;
      overruns += cost - chargedNano;
      const id = revenueAccount(settlement);
      revenue.set(id, (revenue.get(id) ?? 0n) + cost);
    }
    if (overruns > 0n) {
      this.#lock(transaction, 'overrun_loss');
      this.#change(transaction, 'overrun_loss', -overruns, 0n);
    }
    for (const [id, amount] of [...revenue].toSorted(([a], [b]) => (a < b ? -1 : 1))) {
      this.#lock(transaction, id);
      if (amount > 0n) this.#change(transaction, id, amount, 0n);
    }
  }

  #transfer(
    transaction: Transaction,
    id: string,
    debit: string,
    credit: string,
    amount: bigint,
  ): void {
    if (this.transfers.has(id)) throw refusal('23505', `transfer ${id} is there already`);
    set(transaction, this.transfers, id, { debit, credit, amount });
  }

  #change(transaction: Transaction, id: string, balance: bigint, held: bigint): Account {
    const before = this.accounts.get(id) ?? { balance: 0n, held: 0n };
    const after = { balance: before.balance + balance, held: before.held + held };
    if (after.held < 0n || (id.startsWith('credits:') && after.balance < after.held)) {
      throw refusal('23514', `account ${id} would have ${after.balance}, held ${after.held}`);
    }
    set(transaction, this.accounts, id, after);
    return after;
  }

  /** Two transactions that lock in one order never wait for each other in a circle. */
  #lock(transaction: Transaction, id: string): Account | undefined {
    if (transaction.locks.has(id)) return this.accounts.get(id);
    transaction.locks.add(id);
    if (Buffer.compare(Buffer.from(id), Buffer.from(transaction.lastLock)) < 0) {
      this.violations.push(
        `I5 locks are taken in the order of ids: ${id} after ${transaction.lastLock}`,
      );
    }
    transaction.lastLock = id;
    return this.accounts.get(id);
  }
}

/** What is not there is never less, as in SQL. */
function isLess(a: bigint | undefined, b: bigint | undefined): boolean {
  return a !== undefined && b !== undefined && a < b;
}

function smaller(a: bigint, b: bigint): bigint {
  return a < b ? a : b;
}

function larger(a: bigint, b: bigint): bigint {
  return a > b ? a : b;
}

export function refusal(code: string, message: string): DatabaseError {
  return Object.assign(new DatabaseError(message, message.length, 'error'), { code });
}
