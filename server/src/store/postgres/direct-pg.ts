// The ledger on PostgreSQL: a settle is committed there before it resolves. Requests that arrive while a batch is on
// its way form the next one, so that a customer with thousands of requests a second costs one update per batch.
//
// CPU per request (hold and settle together) on two busy cores: 64 at once 12 µs in Node and 25 µs in all of PostgreSQL's
// processes (21,000 requests a second, the load generator beside them); alone 220 and 480 µs, two round trips and a disk
// flush that nobody shares. A connection for holds beside one for settles would not help a busy customer: both change
// the same row, and a hold would wait for the settles' flush to release it.

import { setTimeout as pause } from 'node:timers/promises';
import { isValidUsage } from '../../domain/generation/usage.ts';
import type { Hold } from '../../domain/ledger/hold.ts';
import type { Settlement } from '../../domain/ledger/settlement.ts';
import { assert } from '../../lib/assert.ts';
import { HOLD_TIMEOUT_MS, SETTLE_TIMEOUT_MS } from '../../limits.ts';
import type {
  ExtendOutcome,
  HoldOutcome,
  HoldRequest,
  Ledger,
  SettleOutcome,
} from '../../ports/ledger.ts';
import type { Address } from './connection.ts';
import {
  type Gateway,
  type HoldWish,
  splitCost,
  wishToExtend,
  wishToHold,
} from './ledger-batch.ts';
import { isOurMistake, LedgerSession, type Trouble, troubleOf } from './ledger-session.ts';
import { uuidOf } from './request-id.ts';
import type { StoreProblem } from './store-problem.ts';

/** Records in one batch: a transaction of some ten milliseconds, so that nobody waits long behind another gateway's. */
const BATCH_RECORDS_MAX = 512;
/** Holds voided at a time after an outage. */
const VOIDS_MAX = 1_024;
/** Without an answer for this long the connection is dead, whatever TCP says. */
const BATCH_TIMEOUT_MS = 6_000;
const DEADLINE_CHECK_MS = 100;
const RETRY_FIRST_MS = 20;
const RETRY_MAX_MS = 500;

type Operation = { readonly uuid: string; readonly deadlineMs: number; ended: boolean } & (
  | {
      readonly kind: 'hold' | 'extend';
      readonly wish: HoldWish;
      readonly end: (outcome: HoldOutcome) => void;
      readonly fail: (error: unknown) => void;
    }
  | {
      readonly kind: 'settle';
      readonly hold: Hold;
      readonly settlement: Settlement;
      readonly end: (outcome: SettleOutcome) => void;
      readonly fail: (error: unknown) => void;
    }
);

type HoldOperation = Extract<Operation, { kind: 'hold' | 'extend' }>;
type SettleOperation = Extract<Operation, { kind: 'settle' }>;

export class DirectPg implements Ledger, AsyncDisposable {
  readonly #address: Address;
  readonly #gateway: Gateway;
  readonly #onProblem: (problem: StoreProblem) => void;
  readonly #deadlines: NodeJS.Timeout;
  #waiting: Operation[] = [];
  #inFlight: readonly Operation[] = [];
  #inFlightSinceMs = Infinity;
  /** Holds that nobody waits for any more. */
  readonly #voids = new Set<string>();
  /** Requests between their hold and the end of their settle. */
  readonly #open = new Set<string>();
  #session: LedgerSession | undefined;
  #pumping: Promise<void> | undefined;
  #lostSinceMs: number | undefined;
  #state: 'open' | 'fenced' | 'closing' = 'open';

  constructor(address: Address, gateway: Gateway, onProblem: (problem: StoreProblem) => void) {
    this.#address = address;
    this.#gateway = gateway;
    this.#onProblem = onProblem;
    this.#deadlines = setInterval(() => this.#endOverdue(Date.now()), DEADLINE_CHECK_MS).unref();
  }

  hold(request: HoldRequest): Promise<HoldOutcome> {
    assert(request.leastNano >= 0n, 'a hold is not negative');
    assert(request.wantNano >= request.leastNano, 'a hold wants at least its least');
    const wish = wishToHold(request);
    this.#open.add(wish.uuid);
    return this.#holdOrExtend('hold', wish);
  }

  extend(hold: Hold, extraNano: bigint): Promise<ExtendOutcome> {
    assert(extraNano >= 0n, 'an extension is not negative');
    return this.#holdOrExtend('extend', wishToExtend(hold, extraNano));
  }

  settle(hold: Hold, ended: Settlement): Promise<SettleOutcome> {
    const { budgets } = hold;
    const settlement = budgets === undefined ? ended : { ...ended, budgets };
    assert(hold.requestId === settlement.requestId, 'a settlement is for its own hold');
    assert(hold.organisationId === settlement.organisationId, 'a customer pays for its own hold');
    assert(settlement.costNano >= 0n, 'a cost is not negative');
    assert(isValidUsage(settlement.usage), 'a usage has whole counts that are not negative');
    return new Promise((end, fail) => {
      const deadlineMs = Date.now() + SETTLE_TIMEOUT_MS;
      const uuid = uuidOf(hold.requestId);
      this.#enqueue({
        kind: 'settle',
        uuid,
        hold,
        settlement,
        deadlineMs,
        ended: false,
        end,
        fail,
      });
    });
  }

  /** Whether the request has a hold, or may have one, that its settle has yet to end. */
  isOpen(uuid: string): boolean {
    return this.#open.has(uuid);
  }

  /** Ends holds that nobody will settle, as soon as the database can be reached. */
  voidLater(uuid: string): void {
    this.#voids.add(uuid);
    this.#wake();
  }

  /** Lets what is running end, each within its deadline. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#state === 'open') this.#state = 'closing';
    await this.#pumping;
    clearInterval(this.#deadlines);
    await this.#session?.close();
  }

  #holdOrExtend(kind: 'hold' | 'extend', wish: HoldWish): Promise<HoldOutcome> {
    return new Promise((end, fail) => {
      const deadlineMs = Date.now() + HOLD_TIMEOUT_MS;
      this.#enqueue({ kind, uuid: wish.uuid, wish, deadlineMs, ended: false, end, fail });
    });
  }

  #enqueue(operation: Operation): void {
    this.#waiting.push(operation);
    if (this.#state === 'fenced') this.#giveUp(operation);
    else this.#wake();
  }

  #wake(): void {
    if (this.#state !== 'fenced') this.#pumping ??= this.#pump();
  }

  async #pump(): Promise<void> {
    // After the current turn of the event loop: everything that it brings goes into the first batch.
    await new Promise<void>((resume) => setImmediate(resume));
    let retryMs = RETRY_FIRST_MS;
    while (this.#hasWork()) {
      const trouble = await this.#work();
      if (trouble === undefined) {
        retryMs = RETRY_FIRST_MS;
      } else if (trouble === 'fenced') {
        this.#fence();
      } else {
        await pause(retryMs);
        retryMs = Math.min(retryMs * 2, RETRY_MAX_MS);
      }
    }
    this.#pumping = undefined; // In the same turn as the look at what is left, so that nothing slips between.
  }

  #hasWork(): boolean {
    if (this.#waiting.length > 0) return true;
    // Left to the sweep of our next start if we are closing and the database is gone.
    return this.#voids.size > 0 && !(this.#state === 'closing' && this.#lostSinceMs !== undefined);
  }

  /** One batch. What it could not finish waits again, in front; returns why. */
  async #work(): Promise<Trouble | undefined> {
    const session = await this.#connected();
    if (session === undefined) {
      this.#waiting = this.#waiting.filter(({ ended }) => !ended);
      return 'lost';
    }
    const operations = this.#take();
    this.#inFlight = operations;
    this.#inFlightSinceMs = Date.now();
    const trouble = await this.#attempt(session, operations);
    this.#inFlight = [];
    this.#inFlightSinceMs = Infinity;
    if (trouble === undefined) return undefined;
    this.#waiting = [...operations.filter(({ ended }) => !ended), ...this.#waiting];
    if (trouble === 'lost') await this.#lose(session);
    return trouble;
  }

  #take(): readonly Operation[] {
    const operations =
      this.#waiting.length <= BATCH_RECORDS_MAX
        ? this.#waiting
        : this.#waiting.slice(0, BATCH_RECORDS_MAX);
    this.#waiting = this.#waiting.slice(operations.length);
    return operations.filter(({ ended }) => !ended);
  }

  async #attempt(
    session: LedgerSession,
    operations: readonly Operation[],
  ): Promise<Trouble | undefined> {
    // First, so that nobody is refused for credit that a given-up hold still ties up.
    const trouble = await this.#voidSome(session);
    if (trouble !== undefined || operations.length === 0) return trouble;
    try {
      await this.#together(session, operations);
      return undefined;
    } catch (error) {
      return this.#afterFailure(session, operations, error);
    }
  }

  async #afterFailure(
    session: LedgerSession,
    operations: readonly Operation[],
    error: unknown,
  ): Promise<Trouble | undefined> {
    const trouble = troubleOf(error);
    if (trouble !== 'refused') return trouble;
    if (isOurMistake(error)) this.#tellRefused('A batch', error);
    return this.#oneByOne(session, operations);
  }

  /** The usual case: everything in one transaction and one round trip. */
  async #together(session: LedgerSession, operations: readonly Operation[]): Promise<void> {
    const holds: HoldOperation[] = [];
    const settles: SettleOperation[] = [];
    for (const operation of operations) {
      if (operation.kind === 'settle') settles.push(operation);
      else holds.push(operation);
    }
    const outcome = await session.apply({
      holds: holds.map(({ wish }) => wish),
      settles: settles.map(({ uuid, hold, settlement }) => {
        const held = hold.amountNano;
        return { uuid, settlement, held, ...splitCost(settlement, held) };
      }),
    });
    for (const [at, operation] of holds.entries()) this.#endHold(operation, outcome.holds[at]);
    for (const [at, operation] of settles.entries())
      this.#endSettle(operation, outcome.settles[at]);
  }

  /**
   * Something in the batch is not as we remember it: a record that was committed before the connection broke, a hold
   * that vanished, a value that PostgreSQL can't store. Each is looked at alone, and only the bad one fails.
   */
  async #oneByOne(
    session: LedgerSession,
    operations: readonly Operation[],
  ): Promise<Trouble | undefined> {
    for (const operation of operations) {
      if (operation.ended) continue;
      try {
        await this.#alone(session, operation);
      } catch (error) {
        const trouble = troubleOf(error);
        if (trouble !== 'refused') return trouble;
        this.#refuse(operation, error);
      }
    }
    return undefined;
  }

  async #alone(session: LedgerSession, operation: Operation): Promise<void> {
    switch (operation.kind) {
      case 'hold':
        return this.#endHold(operation, await session.holdOne(operation.wish));
      case 'extend':
        return this.#endHold(operation, await session.extendOne(operation.wish));
      case 'settle':
        return this.#endSettle(
          operation,
          await session.settleOne(operation.settlement, operation.uuid),
        );
    }
  }

  async #voidSome(session: LedgerSession): Promise<Trouble | undefined> {
    if (this.#voids.size === 0) return undefined;
    const uuids = [...this.#voids].slice(0, VOIDS_MAX);
    try {
      await session.voidHolds(uuids);
    } catch (error) {
      const trouble = troubleOf(error);
      if (trouble !== 'refused') return trouble;
      this.#tellRefused(`The end of ${uuids.length} holds`, error);
    }
    for (const uuid of uuids) this.#voids.delete(uuid);
    return undefined;
  }

  #endHold(operation: HoldOperation, outcome: HoldOutcome | undefined): void {
    assert(outcome !== undefined, 'a batch answers each of its holds');
    if (operation.ended) return;
    operation.ended = true;
    if (operation.kind === 'hold' && outcome.kind !== 'held') this.#open.delete(operation.uuid);
    operation.end(outcome);
  }

  #endSettle(operation: SettleOperation, outcome: SettleOutcome | undefined): void {
    assert(outcome !== undefined, 'a batch answers each of its settles');
    if (operation.ended) return;
    operation.ended = true;
    this.#open.delete(operation.uuid);
    operation.end(outcome);
  }

  #refuse(operation: Operation, error: unknown): void {
    operation.ended = true;
    if (operation.kind !== 'extend') this.#forget(operation);
    this.#tellRefused(`The ${operation.kind} of req_${operation.uuid}`, error);
    operation.fail(error);
  }

  #tellRefused(what: string, error: unknown): void {
    const reason = error instanceof Error ? error.message : String(error);
    const sentence = `${what} was refused by PostgreSQL: ${reason}.`;
    this.#onProblem({ kind: 'record-refused', sentence });
  }

  /** Its caller is told that it was not recorded. It may have been, unseen: then its hold must not stay. */
  #giveUp(operation: Operation): void {
    operation.ended = true;
    if (operation.kind !== 'extend') this.#forget(operation);
    operation.end({ kind: 'unavailable' });
  }

  #forget({ uuid }: Operation): void {
    this.#open.delete(uuid);
    this.#voids.add(uuid);
  }

  #endOverdue(nowMs: number): void {
    for (const operation of [...this.#inFlight, ...this.#waiting]) {
      if (!operation.ended && operation.deadlineMs <= nowMs) this.#giveUp(operation);
    }
    if (nowMs - this.#inFlightSinceMs > BATCH_TIMEOUT_MS) {
      this.#inFlightSinceMs = Infinity;
      void this.#session?.close(); // Fails the query that the pump waits for, and nothing else.
    }
  }

  async #connected(): Promise<LedgerSession | undefined> {
    if (this.#session?.alive === true) return this.#session;
    const opened = await LedgerSession.open(this.#address, this.#gateway).catch(() => undefined);
    if (opened?.ok !== true) {
      this.#tellLost();
      return undefined;
    }
    if (this.#lostSinceMs !== undefined) {
      const sentence = `The ledger is connected again after ${Date.now() - this.#lostSinceMs} ms.`;
      this.#onProblem({ kind: 'connection-restored', sentence });
      this.#lostSinceMs = undefined;
    }
    this.#session = opened.value;
    return opened.value;
  }

  async #lose(session: LedgerSession): Promise<void> {
    this.#session = undefined;
    this.#tellLost();
    await session.close().catch(() => {}); // It is broken: that it can't say goodbye is no news.
  }

  #tellLost(): void {
    if (this.#lostSinceMs !== undefined) return;
    this.#lostSinceMs = Date.now();
    const sentence = `The ledger's connection to PostgreSQL at ${this.#address.where} is lost; connecting again.`;
    this.#onProblem({ kind: 'connection-lost', sentence });
  }

  #fence(): void {
    this.#state = 'fenced';
    const sentence = `Another process has started as gateway "${this.#gateway.id}"; this one can't charge any more, stop it.`;
    this.#onProblem({ kind: 'fenced', sentence });
    for (const operation of this.#waiting) if (!operation.ended) this.#giveUp(operation);
    this.#waiting = [];
    this.#voids.clear(); // The newer process has voided our holds.
  }
}
