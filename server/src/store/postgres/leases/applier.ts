// Brings what the log holds into PostgreSQL, in batches of one transaction each, and leases with it. Whatever breaks, each
// record takes effect exactly once: a batch moves the watermark from where the last one left it, and after doubt the
// watermark and the leases are read before anything is sent again.

import { assert } from '../../../lib/assert.ts';
import { RECALL_AGAIN_MS } from '../../../limits.ts';
import { pause, type Timers } from '../../../ports/timers.ts';
import type { StoreProblem } from '../store-problem.ts';
import type { Gateway } from '../ledger-batch.ts';
import { isOurMistake, type Trouble, troubleOf } from '../ledger-session.ts';
import { applyOrSetAside } from './apply-one.ts';
import type { Books, BooksSession } from './books.ts';
import type { LeaseBook, Plan } from './lease-book.ts';
import type { BatchWishAnswer, Entry, LeasedBatchAnswer } from './leased-batch.ts';
import { answerWish, failWish, refuseHopeless, type WishAnswer } from './wish-queue.ts';

export type ApplierOptions = {
  readonly books: Books;
  readonly timers: Timers;
  readonly gateway: Gateway;
  readonly book: LeaseBook;
  readonly onProblem: (problem: StoreProblem) => void;
  /** These are in PostgreSQL now. */
  readonly onApplied: (entries: readonly Entry[]) => void;
  readonly onFenced: () => void;
  /** What the leases stood at then is known. */
  readonly onRead: (askedMs: number) => void;
  /** PostgreSQL is away: wishes are served from what there is. */
  readonly onLost: () => void;
};

/** A transaction of some ten milliseconds, so that nobody waits long behind another gateway's. */
const BATCH_RECORDS_MAX = 512;
/** Without hurry batches begin this far apart: half as many flushes, and a balance is still fresh to the eye. */
const PACE_MS = 20;
/** Without an answer for this long the connection is dead, whatever TCP says. */
const BATCH_TIMEOUT_MS = 6_000;
/** A batch of a connection that was given up may still be committed so much later; until then leases are compared. */
const DOUBT_MS = 60_000;
const LOOK_EVERY_MS = 5_000;
const RETRY_FIRST_MS = 20;
const RETRY_MAX_MS = 500;
/** At the end of the process; what is not applied by then stays in the log for the next start. */
const DRAIN_MS = 10_000;
/** The same while PostgreSQL is away: long enough for it to come back after a crash. */
const DRAIN_LOST_MS = 2_000;

export class Applier {
  readonly #options: ApplierOptions;
  #queue: Entry[] = [];
  #appliedSeq = 0;
  #session: BooksSession | undefined;
  #pumping: Promise<void> | undefined;
  #endPause: (() => void) | undefined;
  #lostSinceMs: number | undefined;
  /** Batches without a record that were refused one after the other. */
  #strikes = 0;
  #closingUntilMs: number | undefined;
  #isFenced = false;
  #doubtUntilMs = 0;
  #lookedMs = 0;

  constructor(options: ApplierOptions) {
    this.#options = options;
  }

  /** Up to this record everything is in PostgreSQL, as far as this process knows. */
  get appliedSeq(): number {
    return this.#appliedSeq;
  }

  get #nowMs(): number {
    return this.#options.timers.monotonicMs();
  }

  get isLost(): boolean {
    return this.#lostSinceMs !== undefined;
  }

  /** A lease may be in PostgreSQL that this process does not know of, and that nobody else would give back. */
  get mustLook(): boolean {
    const nowMs = this.#nowMs;
    return nowMs < this.#doubtUntilMs && nowMs - this.#lookedMs > LOOK_EVERY_MS;
  }

  /** Leases may have been taken from us: they are read before anything else is done with them. */
  doubt(): void {
    this.#doubtUntilMs = Math.max(this.#doubtUntilMs, this.#nowMs + LOOK_EVERY_MS);
    this.#lookedMs = -Infinity;
    this.wake(true);
  }

  /** Records in the order of their numbers, once they are durable. */
  enqueue(entry: Entry): void {
    assert(
      entry.seq === this.#appliedSeq + this.#queue.length + 1,
      'I11 records come without a gap',
    );
    this.#queue.push(entry);
    this.wake(false);
  }

  wake(isUrgent: boolean): void {
    if (this.#isFenced) return;
    this.#pumping ??= this.#pump();
    if (isUrgent) this.#endPause?.();
  }

  /** Applies what is left and gives the leases back. True when nothing is left in the log. */
  async close(): Promise<boolean> {
    this.#closingUntilMs = this.#nowMs + DRAIN_MS;
    this.#options.book.setAllDue();
    this.wake(true);
    await this.#pumping;
    await this.#session?.close();
    return this.#queue.length === 0 && !this.#isFenced;
  }

  async #pump(): Promise<void> {
    // After the current turn of the event loop: everything that it brings goes into the first batch.
    await this.#options.timers.turn();
    let retryMs = RETRY_FIRST_MS;
    while (this.#hasWork()) {
      const startedMs = this.#nowMs;
      const trouble = await this.#work();
      if (trouble === undefined) {
        retryMs = RETRY_FIRST_MS;
        await this.#pace(startedMs);
      } else if (trouble === 'fenced') {
        this.fence();
      } else {
        await pause(this.#options.timers, retryMs);
        retryMs = Math.min(retryMs * 2, RETRY_MAX_MS);
      }
    }
    this.#pumping = undefined; // In the same turn as the look at what is left, so that nothing slips between.
  }

  #hasWork(): boolean {
    const isIdle = this.#queue.length === 0 && !this.#options.book.hasDue && !this.mustLook;
    if (this.#isFenced || isIdle) return false;
    const until = this.#closingUntilMs;
    if (until === undefined) return true;
    const lateMs = this.isLost ? DRAIN_MS - DRAIN_LOST_MS : 0;
    return this.#nowMs < until - lateMs;
  }

  async #pace(startedMs: number): Promise<void> {
    const restMs = startedMs + PACE_MS - this.#nowMs;
    const isInHurry =
      this.#queue.length >= BATCH_RECORDS_MAX ||
      this.#options.book.hasWishes ||
      this.#closingUntilMs !== undefined;
    if (restMs <= 0 || isInHurry) return;
    await new Promise<void>((resume) => {
      const cancel = this.#options.timers.after(restMs, resume);
      this.#endPause = () => {
        cancel();
        resume();
      };
    });
    this.#endPause = undefined;
  }

  async #work(): Promise<Trouble | undefined> {
    const session = await this.#connected();
    if (session === undefined) return 'lost';
    if (this.mustLook && !(await this.#lookAgain(session))) return 'lost';
    const entries = this.#queue.slice(0, BATCH_RECORDS_MAX);
    const { book } = this.#options;
    const plan = book.plan(entries, this.#nowMs, this.#closingUntilMs !== undefined);
    if (entries.length === 0 && plan.planned.length === 0) return undefined;
    const endLate = this.#options.timers.after(BATCH_TIMEOUT_MS, () => void session.close());
    try {
      return await this.#attempt(session, entries, plan);
    } finally {
      endLate();
    }
  }

  async #lookAgain(session: BooksSession): Promise<boolean> {
    this.#lookedMs = this.#nowMs;
    try {
      await this.#readState(session);
      return true;
    } catch {
      await this.#lose(session);
      return false;
    }
  }

  async #attempt(
    session: BooksSession,
    entries: readonly Entry[],
    plan: Plan,
  ): Promise<Trouble | undefined> {
    try {
      const answers = await session.apply({
        leaseEpoch: this.#options.gateway.epoch,
        fromSeq: this.#appliedSeq,
        toSeq: this.#appliedSeq + entries.length,
        records: entries,
        changes: plan.planned.map(({ change }) => change),
        wishes: plan.wishes,
      });
      this.#done(entries, plan, answers);
      return undefined;
    } catch (error) {
      return await this.#afterFailure(session, entries, plan, error);
    }
  }

  #done(entries: readonly Entry[], plan: Plan, answers: LeasedBatchAnswer): void {
    this.#strikes = 0;
    this.#dropThrough(this.#appliedSeq + entries.length);
    const nowMs = this.#nowMs;
    const asked = { askedMs: plan.askedMs, nowMs, isAsked: plan.wishes.length > 0 };
    for (const [at, { lease, offer, change }] of plan.planned.entries()) {
      const answer = answers.leases[at];
      if (answer === undefined) lease.correct(0n);
      else lease.answered(offer, change.chargedNano, answer, asked);
    }
    this.#answerWishes(plan, answers, nowMs);
    for (const { lease } of plan.planned) if (lease.isDue(nowMs)) this.#options.book.setDue(lease);
  }

  /** What is granted is in the leases by now. */
  #answerWishes(
    { planned, asked, askedMs }: Plan,
    { leases, wishes }: LeasedBatchAnswer,
    nowMs: number,
  ) {
    if (asked.length === 0) return;
    const missing = planned.find((_, at) => leases[at] === undefined)?.lease;
    let at = 0;
    for (const wish of asked) {
      const answer = wish.hopeless === true ? undefined : wishes[at++];
      const isMissing = missing !== undefined && wish.leases.includes(missing);
      if (isMissing) failWish(wish, new Error(`There is no account "${missing.accountId}".`));
      else if (answer === undefined) refuseHopeless(wish);
      else answerWish(wish, told(answer, planned), askedMs, nowMs);
    }
    const { book, timers } = this.#options;
    book.dropEnded();
    book.setWishesDue(nowMs);
    if (!wishes.some(({ kind }) => kind === 'recalled')) return;
    timers.after(RECALL_AGAIN_MS, () => {
      book.setWishesDue(this.#nowMs);
      if (book.hasWishes) this.wake(true);
    });
  }

  #dropThrough(seq: number): void {
    const count = seq - this.#appliedSeq;
    if (count === 0) return;
    const applied = this.#queue.slice(0, count);
    this.#queue = this.#queue.slice(count);
    this.#appliedSeq = seq;
    this.#options.onApplied(applied);
  }

  async #afterFailure(
    session: BooksSession,
    entries: readonly Entry[],
    plan: Plan,
    error: unknown,
  ): Promise<Trouble | undefined> {
    for (const { lease } of plan.planned) this.#options.book.setDue(lease);
    let trouble = troubleOf(error);
    if (trouble === 'refused') {
      if (isOurMistake(error)) this.#tellRefused('A batch', error);
      trouble = await this.#mend(session, entries, plan, error).catch(troubleOf);
    }
    this.#options.book.setWishesDue(this.#nowMs);
    if (trouble === 'lost') await this.#lose(session);
    return trouble;
  }

  /** Something is not as we remember it. Each record is looked at alone, and only a bad one is set aside. */
  async #mend(
    session: BooksSession,
    entries: readonly Entry[],
    plan: Plan,
    error: unknown,
  ): Promise<Trouble> {
    await this.#readState(session);
    const { epoch } = this.#options.gateway;
    for (const entry of entries.filter(({ seq }) => seq > this.#appliedSeq)) {
      await applyOrSetAside(session, entry, epoch, (what, why) => this.#tellRefused(what, why));
    }
    if (entries.length > 0) await this.#readState(session);
    else if ((this.#strikes += 1) > 1) {
      this.#tellRefused('A lease', error);
      const reason = error instanceof Error ? error : new Error();
      for (const wish of plan.asked) failWish(wish, reason);
      this.#options.book.dropEnded();
    }
    return 'again';
  }

  async #readState(session: BooksSession): Promise<void> {
    const askedMs = this.#nowMs;
    const applied = await session.applied(this.#options.gateway.epoch);
    if (applied.seq < this.#appliedSeq) {
      this.#halt(applied.seq);
      throw new Error('PostgreSQL has lost what it had committed');
    }
    for (const { settlement, chargedNano } of this.#queue.slice(
      0,
      applied.seq - this.#appliedSeq,
    )) {
      for (const lease of this.#options.book.leasesOf(settlement)) lease.forget(chargedNano);
    }
    this.#dropThrough(applied.seq);
    this.#options.book.correct(applied.leases);
    this.#options.onRead(askedMs);
  }

  #tellRefused(what: string, error: unknown): void {
    const reason = error instanceof Error ? error.message : String(error);
    const sentence = `${what} was refused by PostgreSQL: ${reason}.`;
    this.#options.onProblem({ kind: 'record-refused', sentence });
  }

  async #connected(): Promise<BooksSession | undefined> {
    if (this.#session?.alive === true) return this.#session;
    const { books, gateway } = this.#options;
    const opened = await books.open(gateway).catch(() => undefined);
    if (opened?.ok !== true) {
      this.#tellLost();
      return undefined;
    }
    try {
      await this.#readState(opened.value);
    } catch {
      await this.#lose(opened.value);
      return undefined;
    }
    if (this.#lostSinceMs !== undefined) {
      const sentence = `The ledger is connected again after ${Math.round(this.#nowMs - this.#lostSinceMs)} ms.`;
      this.#options.onProblem({ kind: 'connection-restored', sentence });
      this.#lostSinceMs = undefined;
    }
    this.#session = opened.value;
    return opened.value;
  }

  async #lose(session: BooksSession): Promise<void> {
    this.#session = undefined;
    this.#doubtUntilMs = this.#nowMs + DOUBT_MS;
    this.#tellLost();
    await session.close().catch(() => {}); // It is broken: that it can't say goodbye is no news.
  }

  #tellLost(): void {
    if (this.#isFenced) return;
    this.#options.onLost();
    if (this.#lostSinceMs !== undefined) return;
    this.#lostSinceMs = this.#nowMs;
    const sentence = `The ledger's connection to PostgreSQL at ${this.#options.books.where} is lost; connecting again, and serving from leases meanwhile.`;
    this.#options.onProblem({ kind: 'connection-lost', sentence });
  }

  /** Nothing of this start may get into the books any more. */
  fence(): void {
    if (this.#isFenced) return;
    this.#isFenced = true;
    const sentence = `Another process has started as gateway "${this.#options.gateway.id}"; this one can't charge any more, stop it.`;
    this.#options.onProblem({ kind: 'fenced', sentence });
    this.#options.onFenced();
  }

  /**
   * It was restored, or is a replica that lacked the last commits. What the log still has, the next start applies again, and
   * it refuses to start where that is not all.
   */
  #halt(seq: number): void {
    if (this.#isFenced) return;
    this.#isFenced = true;
    const sentence = `PostgreSQL at ${this.#options.books.where} has this gateway's charges up to record ${seq} and had committed those up to ${this.#appliedSeq}: it was put back, or another server took its place; no request can be paid any more: look which database is the right one and start again.`;
    this.#options.onProblem({ kind: 'books-lost', sentence });
    this.#options.onFenced();
  }
}

function told(answer: BatchWishAnswer, planned: Plan['planned']): WishAnswer {
  if (answer.kind === 'granted') return answer;
  const lacking = planned[answer.lacked - 1]?.lease;
  assert(lacking !== undefined, 'what lacked is one of the accounts that were asked for');
  return { ...answer, lacking };
}
