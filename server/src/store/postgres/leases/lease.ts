// One customer's lease in the memory of this gateway: what of it is held by running requests, what is settled and not yet
// in PostgreSQL, and how large it should be. I/O is done by others: `ask` says what to ask for, `answered` takes it in.
//
// I4: held + pending ≤ leased. What is neither is spare: the next hold is taken from it in memory.

import { assert } from '../../../lib/assert.ts';

/** A hold or an extension that the spare part of the lease could not cover when it came. */
export type Wish = {
  readonly wantNano: bigint;
  readonly leastNano: bigint;
  /** To be refused whatever there is, with the true amount. */
  readonly hopeless?: true;
  readonly deadlineMs: number;
  ended: boolean;
  give(amountNano: bigint): void;
  refuse(availableNano: bigint): void;
  giveUp(): void;
  fail(error: Error): void;
};

/** `needNano` for wishes that wait, less than 0 to give back; `extraNano` on top if there is plenty. */
export type Ask = {
  readonly needNano: bigint;
  readonly extraNano: bigint;
  /** So many of the first wishes are in it. */
  readonly wishes: number;
};

export type LeaseAnswer = { readonly leasedNano: bigint; readonly availableNano: bigint };

/** A lease covers what is charged in so many seconds … */
const COVER_SECONDS = 10n;
/** … and at least so many requests at once. */
const COVER_HOLDS = 8n;
/** A lease that is not used for so long is given back, near the end of the credit sooner: another gateway may need it. */
const IDLE_MS = 3_000;
const IDLE_SCARCE_MS = 250;
/** When PostgreSQL had less than was asked for, it is not asked again at once without need. */
const ASK_AGAIN_MS = 250;
export const TICK_MS = 250;

export class Lease {
  readonly organisationId: string;
  /** As PostgreSQL has it. */
  leasedNano = 0n;
  heldNano = 0n;
  pendingNano = 0n;
  /** Free credit in PostgreSQL beside the lease, as last heard. */
  freeNano = 0n;
  #wishes: Wish[] = [];
  #givingBackNano = 0n;
  #largestWantNano = 0n;
  #chargedSinceTickNano = 0n;
  #chargedPerSecondNano = 0n;
  #usedAtMs = 0;
  #askAgainAtMs = 0;
  #isScarce = false;

  constructor(organisationId: string) {
    this.organisationId = organisationId;
  }

  get spareNano(): bigint {
    return this.leasedNano - this.heldNano - this.pendingNano - this.#givingBackNano;
  }

  /** What the customer could still have held, as far as this gateway knows. */
  get availableNano(): bigint {
    const available = this.freeNano + this.spareNano + this.#givingBackNano;
    return available > 0n ? available : 0n;
  }

  get hasWishes(): boolean {
    return this.#wishes.length > 0;
  }

  /** Nothing of it is in PostgreSQL or will be. */
  get isEmpty(): boolean {
    return (
      this.leasedNano === 0n &&
      this.heldNano === 0n &&
      this.pendingNano === 0n &&
      this.#wishes.length === 0
    );
  }

  /** Takes a hold from the spare part, never before those that wait. */
  take(wantNano: bigint, nowMs: number): boolean {
    this.#usedAtMs = nowMs;
    if (wantNano > this.#largestWantNano) this.#largestWantNano = wantNano;
    if (this.#wishes.length > 0 || wantNano > this.spareNano) return false;
    this.heldNano += wantNano;
    return true;
  }

  wish(wish: Wish): void {
    this.#wishes.push(wish);
  }

  /** A hold ended: the rest of it can be held again at once, if the lease can be trusted. */
  settle(heldNano: bigint, chargedNano: bigint, isTrusted: boolean): void {
    assert(chargedNano <= heldNano, 'a charge is never more than was held');
    this.heldNano -= heldNano;
    this.pendingNano += chargedNano;
    this.#chargedSinceTickNano += chargedNano;
    if (isTrusted && this.#wishes.length > 0) this.#serve(0, false);
  }

  /** The charge is in no log: it never happened. */
  forget(chargedNano: bigint): void {
    this.pendingNano -= chargedNano;
  }

  /** Whether the background has something to do: wishes, or a spare part that runs low. */
  wants(nowMs: number): boolean {
    if (this.#wishes.length > 0) return true;
    if (this.isIdle(nowMs)) return false;
    return nowMs >= this.#askAgainAtMs && this.spareNano * 2n < this.#targetNano;
  }

  /** Whether `ask` has something to ask for, or to give back. */
  isDue(nowMs: number): boolean {
    const spare = this.spareNano;
    if (this.wants(nowMs)) return true;
    return spare > 0n && (this.isIdle(nowMs) || spare > 4n * this.#targetNano);
  }

  ask(nowMs: number, isClosing: boolean): Ask | undefined {
    this.#givingBackNano = 0n;
    const spare = this.spareNano;
    const target = this.#targetNano;
    if (this.#wishes.length > 0) {
      const want = this.#wishes.reduce((sum, w) => (w.ended ? sum : sum + w.wantNano), 0n);
      const needNano = want > spare ? want - spare : 0n;
      return { needNano, extraNano: target, wishes: this.#wishes.length };
    }
    if (isClosing || this.isIdle(nowMs)) return this.#giveBack(spare);
    if (this.wants(nowMs)) return { needNano: 0n, extraNano: target - spare, wishes: 0 };
    if (spare > 4n * target) return this.#giveBack(spare - target);
    return undefined;
  }

  /** What a batch made of `ask`, and of settles that took `chargedNano` from the lease. */
  answered(ask: Ask | undefined, chargedNano: bigint, answer: LeaseAnswer, nowMs: number): void {
    const granted = answer.leasedNano - (this.leasedNano - chargedNano);
    this.leasedNano = answer.leasedNano;
    this.pendingNano -= chargedNano;
    this.freeNano = answer.availableNano;
    this.#givingBackNano = 0n;
    if (ask === undefined || ask.needNano < 0n) return;
    this.#isScarce = granted < ask.needNano + ask.extraNano;
    if (this.#isScarce) this.#askAgainAtMs = nowMs + ASK_AGAIN_MS;
    this.#serve(ask.wishes, granted < ask.needNano);
  }

  /** As found in PostgreSQL when it is unknown what became of the last batch. */
  correct(leasedNano: bigint): void {
    this.leasedNano = leasedNano;
    this.#givingBackNano = 0n;
  }

  /** PostgreSQL can't be asked: those that fit get what there is, whoever came first. */
  serveSpare(): void {
    for (const wish of this.#wishes) {
      const spare = this.spareNano;
      const give = wish.wantNano < spare ? wish.wantNano : spare;
      if (!wish.ended && wish.hopeless !== true && give >= wish.leastNano) this.#give(wish, give);
    }
    this.#wishes = this.#wishes.filter(({ ended }) => !ended);
  }

  /** Those that have waited too long. */
  endOverdue(nowMs: number): void {
    for (const wish of this.#wishes) {
      if (!wish.ended && nowMs >= wish.deadlineMs) end(wish, () => wish.giveUp());
    }
    this.#wishes = this.#wishes.filter(({ ended }) => !ended);
  }

  fail(error: Error): void {
    for (const wish of this.#wishes.splice(0)) if (!wish.ended) end(wish, () => wish.fail(error));
  }

  giveUp(): void {
    for (const wish of this.#wishes.splice(0)) if (!wish.ended) end(wish, () => wish.giveUp());
  }

  isIdle(nowMs: number): boolean {
    if (this.heldNano !== 0n || this.pendingNano !== 0n) return false;
    return nowMs - this.#usedAtMs > (this.#isScarce ? IDLE_SCARCE_MS : IDLE_MS);
  }

  tick(): void {
    const perSecond = (this.#chargedSinceTickNano * 1_000n) / BigInt(TICK_MS);
    this.#chargedPerSecondNano = (this.#chargedPerSecondNano * 15n + perSecond) / 16n;
    this.#chargedSinceTickNano = 0n;
    this.#largestWantNano -= this.#largestWantNano / 64n;
  }

  get #targetNano(): bigint {
    const forHolds = COVER_HOLDS * this.#largestWantNano;
    const forTime = COVER_SECONDS * this.#chargedPerSecondNano;
    const larger = forHolds > forTime ? forHolds : forTime;
    return larger > this.heldNano ? larger : this.heldNano;
  }

  #giveBack(amountNano: bigint): Ask | undefined {
    if (amountNano <= 0n) return undefined;
    this.#givingBackNano = amountNano;
    return { needNano: -amountNano, extraNano: 0n, wishes: 0 };
  }

  /**
   * In the order in which they came. `isAll`: PostgreSQL gave all that there was, so the first `asked` of them get what
   * is left or a refusal with the true amount.
   */
  #serve(asked: number, isAll: boolean): void {
    let served = 0;
    for (const wish of this.#wishes) {
      const spare = this.spareNano;
      const isAsked = served < asked;
      if (wish.ended) {
        // Its time was over; it still has its place in the count.
      } else if (wish.hopeless !== true && wish.wantNano <= spare) {
        this.#give(wish, wish.wantNano);
      } else if (isAsked && (isAll || wish.hopeless === true)) {
        if (wish.hopeless !== true && wish.leastNano <= spare) this.#give(wish, spare);
        else end(wish, () => wish.refuse(this.availableNano));
      } else {
        break;
      }
      served += 1;
    }
    if (served > 0) this.#wishes = this.#wishes.slice(served);
  }

  #give(wish: Wish, amountNano: bigint): void {
    this.heldNano += amountNano;
    end(wish, () => wish.give(amountNano));
  }
}

function end(wish: Wish, how: () => void): void {
  wish.ended = true;
  how();
}
