// The books of leases as a model in memory: what PostgreSQL and the functions in functions/ do, statement by statement,
// without SQL. books-model.test.ts does the same to both and compares them. Beside that it watches its users: locks are
// taken in one order.

import { DatabaseError } from 'pg';
import { revenueAccount } from '../../server/src/domain/ledger/revenue-account.ts';
import type { Settlement } from '../../server/src/domain/ledger/settlement.ts';
import type { Gateway } from '../../server/src/store/postgres/ledger-batch.ts';
import type { LeaseAnswer } from '../../server/src/store/postgres/leases/lease.ts';
import type {
  Entry,
  LeaseChange,
  LeasedBatch,
} from '../../server/src/store/postgres/leases/leased-batch.ts';
import type { Applied } from '../../server/src/store/postgres/leases/books.ts';

export type Account = { readonly balance: bigint; readonly held: bigint };
export type Transfer = { readonly debit: string; readonly credit: string; readonly amount: bigint };
export type UsageRow = {
  readonly settlement: Settlement;
  readonly charged: bigint;
  readonly overrun: bigint;
};
type GatewayRow = { readonly epoch: bigint; readonly beatMs: number };

const NO_ASK = { needNano: 0n, extraNano: 0n };

/** The locks that one transaction has taken, and how to undo what it did. */
export class Transaction {
  readonly undo: (() => void)[] = [];
  lastLock = '';
}

export class BooksModel {
  readonly accounts = new Map<string, Account>();
  readonly transfers = new Map<string, Transfer>();
  readonly usage = new Map<string, UsageRow>();
  readonly gateways = new Map<string, GatewayRow>();
  readonly leases = new Map<string, bigint>();
  readonly watermarks = new Map<string, number>();
  readonly refused: { readonly seq: number; readonly reason: string }[] = [];
  /** Leases that were ended because their gateway was silent: for good, and until it has a new one. */
  readonly everVoided = new Set<string>();
  readonly voided = new Set<string>();
  commits = 0;
  /** What no user of the books may ever do. */
  readonly violations: string[] = [];

  newOrganisation(id: string): void {
    this.accounts.set(`credits:${id}`, { balance: 0n, held: 0n });
  }

  topUp(id: string, organisationId: string, amount: bigint): void {
    const transaction = new Transaction();
    this.#transfer(
      transaction,
      `topup:${id}`,
      'payment_clearing:manual',
      `credits:${organisationId}`,
      amount,
    );
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
      const [gatewayId = '', epoch = '', organisationId = ''] = key.split('/');
      if (!isOver(gatewayId, BigInt(epoch))) continue;
      const transaction = new Transaction();
      this.#change(transaction, `credits:${organisationId}`, 0n, -amount);
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

  freeOf(transaction: Transaction, organisationId: string): bigint | undefined {
    const account = this.#lock(transaction, `credits:${organisationId}`);
    return account === undefined ? undefined : account.balance - account.held;
  }

  leaseOf({ id }: Gateway, epoch: bigint, organisationId: string): bigint {
    return this.leases.get(`${id}/${epoch}/${organisationId}`) ?? 0n;
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
  ): readonly (LeaseAnswer | undefined)[] {
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
    const answers = changes.map((change) =>
      this.#changeLease(transaction, gateway, leaseEpoch, change),
    );
    for (const { settlement, chargedNano } of records)
      this.#record(transaction, settlement, chargedNano);
    this.#move(transaction, records);
    return answers;
  }

  #changeLease(
    transaction: Transaction,
    gateway: Gateway,
    epoch: bigint,
    change: LeaseChange,
  ): LeaseAnswer | undefined {
    const { organisationId, hadNano, chargedNano, releasedNano, ask } = change;
    const { needNano: need, extraNano: extra } = ask ?? NO_ASK;
    const id = `credits:${organisationId}`;
    const account = this.#lock(transaction, id);
    if (account === undefined) {
      if (chargedNano !== 0n || releasedNano !== 0n)
        throw refusal('TP003', `there is no account "${id}"`);
      return undefined;
    }
    const grant = grantOf(need, extra, account.balance - account.held - chargedNano + releasedNano);
    const after = this.#change(transaction, id, -chargedNano, grant - releasedNano);
    const key = `${gateway.id}/${epoch}/${organisationId}`;
    const target = hadNano - releasedNano + grant;
    this.#mustBeAsRemembered(key, hadNano, target);
    this.voided.delete(key);
    if (target === 0n) remove(transaction, this.leases, key);
    else set(transaction, this.leases, key, target);
    return { leasedNano: target, availableNano: after.balance - after.held };
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
    if (Buffer.compare(Buffer.from(id), Buffer.from(transaction.lastLock)) < 0) {
      this.violations.push(
        `I5 locks are taken in the order of ids: ${id} after ${transaction.lastLock}`,
      );
    }
    transaction.lastLock = id;
    return this.accounts.get(id);
  }
}

/** Less than 0 is given back. Of what is free: all that is needed, and of the rest at most half. */
function grantOf(need: bigint, extra: bigint, free: bigint): bigint {
  if (need <= 0n && extra <= 0n) return need;
  const grant = need < free ? need : free;
  const half = (free - grant) / 2n;
  const more = extra < half ? extra : half;
  return more > 0n ? grant + more : grant;
}

export function refusal(code: string, message: string): DatabaseError {
  return Object.assign(new DatabaseError(message, message.length, 'error'), { code });
}

function set<K, V>(transaction: Transaction, map: Map<K, V>, key: K, value: V): void {
  const before = map.get(key);
  transaction.undo.push(() => (before === undefined ? map.delete(key) : map.set(key, before)));
  map.set(key, value);
}

function remove<K, V>(transaction: Transaction, map: Map<K, V>, key: K): void {
  const before = map.get(key);
  if (before === undefined) return;
  transaction.undo.push(() => map.set(key, before));
  map.delete(key);
}
