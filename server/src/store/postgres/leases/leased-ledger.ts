// The ledger in memory: a hold is taken from a lease that PostgreSQL has already committed, and a settle is durable in the
// log before it resolves. PostgreSQL hears of both later, in batches, and the request path waits for it only where the
// lease is too small: then for exactly what is needed, and for what other gateways can spare, so that near the end of the
// credit nobody is refused too early.
//
// docs/decisions/0008-leases-and-a-settlement-log.md has the figures and the alternatives.

import { isValidUsage } from '../../../domain/generation/usage.ts';
import type { Hold } from '../../../domain/ledger/hold.ts';
import type { Settlement } from '../../../domain/ledger/settlement.ts';
import { nano } from '../../../domain/money/nano.ts';
import { assert } from '../../../lib/assert.ts';
import { HOLD_TIMEOUT_MS } from '../../../limits.ts';
import type {
  ExtendOutcome,
  HoldOutcome,
  HoldRequest,
  Ledger,
  SettleOutcome,
} from '../../../ports/ledger.ts';
import { type Cancel, systemTimers, type Timers } from '../../../ports/timers.ts';
import { recordText } from '../../settlement-log/settle-record.ts';
import type { SettlementLog } from '../../settlement-log/settlement-log.ts';
import type { LeasesInMemory } from '../balance.ts';
import type { StoreProblem } from '../store-problem.ts';
import { type Gateway, type Payer, refusedFor, splitCost } from '../ledger-batch.ts';
import { isRequestId } from '../request-id.ts';
import { Applier } from './applier.ts';
import type { Books } from './books.ts';
import { LeaseBook } from './lease-book.ts';
import type { Entry } from './leased-batch.ts';
import { type Lease, TICK_MS } from './lease.ts';
import { unstorable } from './storable.ts';
import type { Wish } from './wish-queue.ts';

/**
 * Others take a gateway for dead, and its leases back, after 60 s of silence. One that has not reached PostgreSQL for
 * this long stops spending them.
 */
const TRUST_MS = 45_000;

type Request = {
  readonly organisationId: string;
  readonly budgets?: readonly string[];
  /** What is held so far; undefined while the hold waits. */
  amountNano: bigint | undefined;
  holding?: Promise<HoldOutcome>;
  settled?: Promise<SettleOutcome>;
  /** Once it is settled: its place in the log and what it pays. */
  seq: number;
  chargedNano: bigint;
};

export type LeasedLedgerOptions = {
  readonly books: Books;
  readonly gateway: Gateway;
  readonly log: SettlementLog;
  /** For requests that this process knows nothing of (any more). */
  readonly direct: Pick<Ledger, 'settle'>;
  readonly timers?: Timers;
  readonly onProblem: (problem: StoreProblem) => void;
};

export class LeasedLedger implements Ledger, LeasesInMemory, AsyncDisposable {
  readonly gateway: Gateway;
  readonly #log: SettlementLog;
  readonly #direct: Pick<Ledger, 'settle'>;
  readonly #timers: Timers;
  readonly #book = new LeaseBook();
  readonly #applier: Applier;
  readonly #endTicks: Cancel;
  readonly #onProblem: (problem: StoreProblem) => void;
  /** From the hold until the settle is in PostgreSQL. */
  readonly #requests = new Map<string, Request>();
  #heardMs: number;
  /** After such a silence: heard from, and the leases not read yet. */
  #heardAgainMs: number | undefined;
  #state: 'open' | 'fenced' | 'closing' = 'open';
  /** It was closed, and all of its log is in PostgreSQL. */
  isEmptied = false;

  constructor(options: LeasedLedgerOptions) {
    const { books, gateway, log, direct, timers = systemTimers, onProblem } = options;
    this.gateway = gateway;
    this.#timers = timers;
    this.#heardMs = timers.monotonicMs();
    this.#log = log;
    this.#direct = direct;
    this.#onProblem = onProblem;
    this.#applier = new Applier({
      books,
      timers,
      gateway,
      book: this.#book,
      onProblem,
      onApplied: (entries) => this.#forgetApplied(entries),
      onFenced: () => this.#fence(),
      onRead: (askedMs) => this.#trustAgain(askedMs),
      onLost: () => {
        if (this.#isTrusted) this.#book.serveSpare(timers.monotonicMs());
      },
    });
    this.#endTicks = timers.every(TICK_MS, () => this.#tick());
  }

  hold(request: HoldRequest): Promise<HoldOutcome> {
    assert(request.leastNano >= 0n, 'a hold is not negative');
    assert(request.wantNano >= request.leastNano, 'a hold wants at least its least');
    const { requestId, organisationId, budgets, wantNano } = request;
    const before = this.#requests.get(requestId);
    if (before !== undefined) return before.holding ?? Promise.resolve(heldOf(request, before));
    if (!this.#isUsable) return Promise.resolve({ kind: 'unavailable' });
    assert(isRequestId(requestId), 'a hold is for a request');
    const payer = budgets === undefined ? { organisationId } : { organisationId, budgets };
    const made: Request = { ...payer, amountNano: undefined, seq: 0, chargedNano: 0n };
    this.#requests.set(requestId, made);
    const nowMs = this.#timers.monotonicMs();
    if (this.#take(made, wantNano, nowMs)) {
      made.amountNano = wantNano;
      return Promise.resolve(heldOf(request, made));
    }
    made.holding = this.#waitToHold(request, made);
    return made.holding;
  }

  extend(hold: Hold, extraNano: bigint): Promise<ExtendOutcome> {
    assert(extraNano >= 0n, 'an extension is not negative');
    if (!this.#isUsable) return Promise.resolve({ kind: 'unavailable' });
    const request = this.#requests.get(hold.requestId);
    if (request?.amountNano === undefined || request.settled !== undefined) {
      return this.#refuse(hold);
    }
    const moreNano = hold.amountNano + extraNano - request.amountNano;
    if (moreNano <= 0n) return Promise.resolve(heldOf(hold, request)); // asked again
    const nowMs = this.#timers.monotonicMs();
    if (this.#take(request, moreNano, nowMs)) {
      request.amountNano += moreNano;
      return Promise.resolve(heldOf(hold, request));
    }
    return this.#waitToExtend(hold, request, moreNano);
  }

  settle(hold: Hold, settlement: Settlement): Promise<SettleOutcome> {
    assert(hold.requestId === settlement.requestId, 'a settlement is for its own hold');
    assert(hold.organisationId === settlement.organisationId, 'a customer pays for its own hold');
    assert(settlement.costNano >= 0n, 'a cost is not negative');
    assert(isValidUsage(settlement.usage), 'a usage has whole counts that are not negative');
    const request = this.#requests.get(hold.requestId);
    if (request?.settled !== undefined) return request.settled;
    if (request?.amountNano === undefined) return this.#direct.settle(hold, settlement);
    request.settled = this.#settle(request, request.amountNano, settlement);
    return request.settled;
  }

  /**
   * PostgreSQL heard from us then. After a silence that was too long, what we believe to have may be another's by now:
   * it is read before it is trusted again.
   */
  heardAt(askedMs: number): void {
    if (askedMs - this.#heardMs < TRUST_MS) this.#heardMs = askedMs;
    else {
      this.#heardAgainMs = askedMs;
      this.#applier.doubt();
    }
  }

  #trustAgain(readMs: number): void {
    const againMs = this.#heardAgainMs;
    if (againMs === undefined || readMs < againMs) return;
    this.#heardMs = againMs;
    this.#heardAgainMs = undefined;
  }

  /** Another gateway lacks what this one may have to spare: it goes back at once. */
  recalled(accountId: string, recallNo: bigint): void {
    const lease = this.#book.find(accountId);
    if (lease === undefined || this.#state === 'fenced') return;
    lease.recall(recallNo, this.#timers.monotonicMs());
    this.#book.setDue(lease);
    this.#applier.wake(true);
  }

  /** Whether there is a lease that could be recalled. */
  get hasLeases(): boolean {
    return this.#book.hasLeases;
  }

  /** Another process has started in this one's place. */
  fence(): void {
    this.#applier.fence();
  }

  /** Up to this record everything is in PostgreSQL, as far as this process knows. */
  get appliedSeq(): number {
    return this.#applier.appliedSeq;
  }

  /** What running requests hold of a customer's credit. */
  heldNano(organisationId: string): bigint {
    return this.#book.find(`credits:${organisationId}`)?.heldNano ?? 0n;
  }

  /** What is settled and charged behind that record. */
  chargedAfter(organisationId: string, seq: number): bigint {
    return [...this.#requests.values()]
      .filter((request) => request.seq > seq && request.organisationId === organisationId)
      .reduce((sum, { chargedNano }) => sum + chargedNano, 0n);
  }

  /** Everything that was settled goes to PostgreSQL, and every lease goes back, if it can be reached. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#endTicks();
    if (this.#state === 'open') this.#state = 'closing';
    await this.#log.flushed();
    this.isEmptied = await this.#applier.close();
    this.#book.giveUp();
    await this.#log.close(this.isEmptied);
  }

  isUnderWay(requestId: string): boolean {
    return this.#requests.has(requestId);
  }

  /** Requests that are not settled yet. */
  get #running(): number {
    return this.#requests.size - (this.#log.lastSeq - this.#applier.appliedSeq);
  }

  get #isUsable(): boolean {
    return this.#state === 'open' && this.#log.usable;
  }

  get #isTrusted(): boolean {
    return this.#timers.monotonicMs() - this.#heardMs < TRUST_MS;
  }

  async #settle(request: Request, heldNano: bigint, ended: Settlement): Promise<SettleOutcome> {
    const { budgets } = request;
    const settlement = budgets === undefined ? ended : { ...ended, budgets };
    const { requestId, organisationId } = settlement;
    const { credits } = this.#book.purseOf(organisationId);
    const mistake = unstorable(settlement);
    if (mistake !== undefined || this.#state === 'fenced') {
      this.#release(request, heldNano, 0n);
      this.#requests.delete(requestId);
      if (mistake === undefined) return { kind: 'unavailable' };
      const sentence = `The settle of ${requestId} was refused: ${mistake}.`;
      this.#onProblem({ kind: 'record-refused', sentence });
      throw new Error(sentence);
    }
    const chargedNano = splitCost(settlement, heldNano).charged;
    this.#release(request, heldNano, chargedNano);
    const durable = this.#log.append(recordText({ settlement, chargedNano }), this.#running);
    const seq = this.#log.lastSeq;
    request.seq = seq;
    request.chargedNano = chargedNano;
    try {
      await durable;
    } catch {
      // The log says what is wrong; here it only matters that nothing was paid.
      for (const lease of this.#book.leasesOf(request)) lease.forget(chargedNano);
      this.#requests.delete(requestId);
      return { kind: 'unavailable' };
    }
    this.#applier.enqueue({ seq, settlement, chargedNano });
    return {
      kind: 'settled',
      chargedNano: nano(chargedNano),
      availableNano: nano(credits.availableNano),
    };
  }

  /** From each account on its path, or from none. */
  #take(payer: Payer, amountNano: bigint, nowMs: number): boolean {
    const leases = this.#book.leasesOf(payer);
    let covered = this.#isTrusted;
    for (const lease of leases) if (!lease.covers(amountNano, nowMs)) covered = false;
    if (!covered) return false;
    for (const lease of leases) {
      lease.hold(amountNano);
      if (lease.wants(nowMs)) this.#ask(lease);
    }
    return true;
  }

  /** What is not charged can be held again at once, if the lease can be trusted; others may need it. */
  #release(payer: Payer, heldNano: bigint, chargedNano: bigint): void {
    const leases = this.#book.leasesOf(payer);
    for (const lease of leases) lease.settle(heldNano, chargedNano);
    const nowMs = this.#timers.monotonicMs();
    if (this.#isTrusted) this.#book.purseOf(payer.organisationId).queue.serve(nowMs);
    for (const lease of leases) if (lease.mustReturn(nowMs)) this.#ask(lease);
  }

  #waitToHold(request: HoldRequest, made: Request): Promise<HoldOutcome> {
    const { requestId, wantNano, leastNano } = request;
    const drop = () => this.#requests.delete(requestId);
    return this.#wait<HoldOutcome>(made, { wantNano, leastNano }, (end) => ({
      give: (amountNano) => {
        made.amountNano = amountNano;
        end(heldOf(request, made));
      },
      refuse: (availableNano, lacking) => {
        drop();
        end(refusedFor(lacking.accountId, availableNano));
      },
      giveUp: () => {
        drop();
        end({ kind: 'unavailable' });
      },
      drop,
    }));
  }

  #waitToExtend(hold: Hold, request: Request, moreNano: bigint): Promise<ExtendOutcome> {
    const want = { wantNano: moreNano, leastNano: moreNano };
    return this.#wait<ExtendOutcome>(request, want, (end) => ({
      give: (amountNano) => {
        if (request.amountNano === undefined || request.settled !== undefined) {
          // The hold ended while it waited; the others are being served.
          for (const lease of this.#book.leasesOf(request)) lease.settle(amountNano, 0n);
          const { credits } = this.#book.purseOf(request.organisationId);
          end({ kind: 'refused', availableNano: nano(credits.availableNano) });
          return;
        }
        request.amountNano += amountNano;
        end(heldOf(hold, request));
      },
      refuse: (availableNano, lacking) => end(refusedFor(lacking.accountId, availableNano)),
      giveUp: () => end({ kind: 'unavailable' }),
    }));
  }

  /** With the true amount, which PostgreSQL alone knows. */
  #refuse({ organisationId }: Hold): Promise<ExtendOutcome> {
    const want = { wantNano: 0n, leastNano: 0n, hopeless: true } as const;
    return this.#wait<ExtendOutcome>({ organisationId }, want, (end) => ({
      give: () => assert(false, 'what is hopeless is not given'),
      refuse: (availableNano) => end({ kind: 'refused', availableNano: nano(availableNano) }),
      giveUp: () => end({ kind: 'unavailable' }),
    }));
  }

  #wait<Outcome>(
    payer: Payer,
    want: Pick<Wish, 'wantNano' | 'leastNano' | 'hopeless'>,
    ways: (end: (outcome: Outcome) => void) => Ways,
  ): Promise<Outcome> {
    return new Promise((resolve, reject) => {
      const { drop, ...rest } = ways(resolve);
      const fail = (error: Error) => {
        drop?.();
        reject(error);
      };
      const deadlineMs = this.#timers.monotonicMs() + HOLD_TIMEOUT_MS;
      const { queue } = this.#book.purseOf(payer.organisationId);
      const leases = this.#book.leasesOf(payer);
      queue.push({ ...want, leases, waitsFor: leases, deadlineMs, ended: false, ...rest, fail });
      this.#book.setQueueDue(queue);
      if (this.#applier.isLost && this.#isTrusted) queue.serveSpare(this.#timers.monotonicMs());
      this.#applier.wake(true);
    });
  }

  #ask(lease: Lease): void {
    this.#book.setDue(lease);
    this.#applier.wake(false);
  }

  #tick(): void {
    const nowMs = this.#timers.monotonicMs();
    this.#book.endOverdue(nowMs);
    if (this.#book.tick(nowMs) || this.#applier.mustLook) this.#applier.wake(false);
  }

  #forgetApplied(entries: readonly Entry[]): void {
    const last = entries.at(-1);
    for (const { settlement } of entries) this.#requests.delete(settlement.requestId);
    if (last !== undefined) this.#log.free(last.seq);
  }

  #fence(): void {
    this.#state = 'fenced';
    this.#book.giveUp();
  }
}

type Ways = Pick<Wish, 'give' | 'refuse' | 'giveUp'> & { readonly drop?: () => void };

function heldOf(
  { requestId, organisationId }: Pick<Hold, 'requestId' | 'organisationId'>,
  { amountNano = 0n, budgets }: Request,
): { readonly kind: 'held'; readonly hold: Hold } {
  const on = budgets && { budgets };
  return { kind: 'held', hold: { requestId, organisationId, amountNano, ...on } };
}
