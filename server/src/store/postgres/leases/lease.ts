// One account's lease in the memory of this gateway: what of it is held by running requests, what is settled and not yet
// in PostgreSQL, and how large it should be. I/O is done by others: `offer` says what to ask for, `answered` takes it in.
//
// I4: held + pending ≤ leased. What is neither is spare: the next hold is taken from it in memory.

import { assert } from '../../../lib/assert.ts';

/** What is asked of PostgreSQL for a lease: see `lease_change` in functions/1-parameters.sql. */
export type Offer = {
  readonly spareNano: bigint;
  /** What wishes leave of it goes back; until then nobody else has it. */
  readonly isReturned: boolean;
  readonly extraNano: bigint;
  readonly recallNo: bigint;
};

export type LeaseAnswer = {
  readonly leasedNano: bigint;
  readonly availableNano: bigint;
  /** Some gateway lacks what it needs: nobody keeps anything to spare. */
  readonly isRecalled: boolean;
  /** Until a part of the credit ends; absent where none does, and where nothing was asked for. */
  readonly expiresInMs?: number;
};

/** `isAsked`: something may have been set aside for a wish. */
type Answered = { readonly askedMs: number; readonly nowMs: number; readonly isAsked: boolean };

/** A lease covers what is charged in so many seconds … */
const COVER_SECONDS = 10n;
/** … and at least so many requests at once. */
const COVER_HOLDS = 8n;
/** A lease that is not used for so long is given back, near the end of the credit sooner: another gateway may need it. */
const IDLE_MS = 3_000;
const IDLE_SHORT_MS = 250;
/** When PostgreSQL had less than was asked for, it is not asked again at once without need. */
const ASK_AGAIN_MS = 250;
/** After a recall nothing is kept to spare for so long; as long as PostgreSQL grants nobody more than it needs. */
const RECALLED_FOR_MS = 1_000;
export const TICK_MS = 250;

export class Lease {
  /** `credits:<organisation>`. */
  readonly accountId: string;
  /** As PostgreSQL has it. */
  leasedNano = 0n;
  heldNano = 0n;
  pendingNano = 0n;
  /** Free in PostgreSQL beside the lease, as last heard. */
  freeNano = 0n;
  /** So many wishes wait for it: nobody who comes later takes from it before them. */
  waiting = 0;
  /** So many wishes name it, whether they wait for it or for another. */
  wished = 0;
  /** A batch that is on its way changes it. */
  #isAsked = false;
  #offeredNano = 0n;
  #largestWantNano = 0n;
  #chargedSinceTickNano = 0n;
  #chargedPerSecondNano = 0n;
  #usedAtMs = 0;
  #askAgainAtMs = 0;
  #isShort = false;
  /** The newest recall that this gateway has heard of, and the newest that it has answered. */
  #recallNo = 0n;
  #answeredNo = 0n;
  #recalledUntilMs = -Infinity;
  /** I15: from then on what is spare may be credit that has ended; PostgreSQL says whether other credit covers it. */
  #expiresAtMs = Infinity;
  #isDated = false;

  constructor(accountId: string) {
    this.accountId = accountId;
  }

  get spareNano(): bigint {
    return this.leasedNano - this.heldNano - this.pendingNano - this.#offeredNano;
  }

  /** What could still be held of the account, as far as this gateway knows. */
  get availableNano(): bigint {
    const available = this.freeNano + this.spareNano + this.#offeredNano;
    return available > 0n ? available : 0n;
  }

  /** Nothing of it is in PostgreSQL or will be, and nobody has it in hand. */
  get isEmpty(): boolean {
    return (
      this.leasedNano === 0n &&
      this.heldNano === 0n &&
      this.pendingNano === 0n &&
      this.wished === 0 &&
      !this.#isAsked
    );
  }

  /** Whether a hold may be taken in memory: never before those that wait, nor while others need what is spare. */
  covers(wantNano: bigint, nowMs: number): boolean {
    this.#usedAtMs = nowMs;
    if (wantNano > this.#largestWantNano) this.#largestWantNano = wantNano;
    return this.waiting === 0 && wantNano <= this.grantableNano(nowMs) && !this.isRecalled(nowMs);
  }

  /** What of the spare part may be set aside without asking. */
  grantableNano(nowMs: number): bigint {
    return this.isOver(nowMs) ? 0n : this.spareNano;
  }

  /** A part of the credit that it was taken from has ended since. */
  isOver(nowMs: number): boolean {
    return nowMs >= this.#expiresAtMs;
  }

  /** What is spare goes back: others lack it, or it may have ended. */
  mustReturn(nowMs: number): boolean {
    return this.isRecalled(nowMs) || this.isOver(nowMs);
  }

  hold(amountNano: bigint): void {
    this.heldNano += amountNano;
  }

  /** A hold ended: the rest of it can be held again at once. */
  settle(heldNano: bigint, chargedNano: bigint): void {
    assert(chargedNano <= heldNano, 'a charge is never more than was held');
    this.heldNano -= heldNano;
    this.pendingNano += chargedNano;
    this.#chargedSinceTickNano += chargedNano;
  }

  /** The charge is in no log: it never happened. */
  forget(chargedNano: bigint): void {
    this.pendingNano -= chargedNano;
  }

  /** Another gateway lacks what this one may have to spare. */
  recall(recallNo: bigint, nowMs: number): void {
    if (recallNo > this.#recallNo) this.#recallNo = recallNo;
    this.#recalledUntilMs = nowMs + RECALLED_FOR_MS;
  }

  /** However long ago: what was not answered must still be given back. */
  isRecalled(nowMs: number): boolean {
    return nowMs < this.#recalledUntilMs || this.#mustAnswer;
  }

  /** Whether the spare part runs low. */
  wants(nowMs: number): boolean {
    if (this.isIdle(nowMs) || this.mustReturn(nowMs)) return false;
    return nowMs >= this.#askAgainAtMs && this.spareNano * 2n < this.#targetNano;
  }

  /** Whether there is something to ask for, to give back, or to answer. */
  isDue(nowMs: number): boolean {
    return this.wants(nowMs) || this.#mustAnswer || this.#excessNano(nowMs) > 0n;
  }

  /** `isWished`: wishes that it does not cover are in the same batch, and may have all that is spare. */
  offer(nowMs: number, isClosing: boolean, isWished: boolean): Offer | undefined {
    this.#offeredNano = 0n;
    if (isWished && !isClosing && !this.mustReturn(nowMs)) {
      // Not kept from those who come while PostgreSQL is asked, which may take long.
      return this.#put(this.spareNano, false, this.#targetNano);
    }
    if (isWished) return this.#put(this.spareNano, true, 0n);
    const excess = isClosing ? this.spareNano : this.#excessNano(nowMs);
    if (excess > 0n || this.#mustAnswer) return this.#put(excess, true, 0n);
    if (!isClosing && this.wants(nowMs))
      return this.#put(0n, false, this.#targetNano - this.spareNano);
    return undefined;
  }

  /** What a batch made of an offer, and of settles that took `chargedNano` from the lease. */
  answered(
    offer: Offer | undefined,
    chargedNano: bigint,
    answer: LeaseAnswer,
    { askedMs, nowMs, isAsked }: Answered,
  ): void {
    this.leasedNano = answer.leasedNano;
    this.pendingNano -= chargedNano;
    this.freeNano = answer.availableNano;
    this.#isAsked = false;
    this.#offeredNano = 0n;
    if (answer.isRecalled) this.#recalledUntilMs = nowMs + RECALLED_FOR_MS;
    if (isAsked || (offer?.extraNano ?? 0n) > 0n) {
      const { expiresInMs = Infinity } = answer;
      this.#expiresAtMs = askedMs + expiresInMs;
      this.#isDated ||= expiresInMs < Infinity;
    }
    if (offer === undefined) return;
    if (offer.recallNo > this.#answeredNo) this.#answeredNo = offer.recallNo;
    if (offer.extraNano === 0n) return;
    this.#isShort = this.freeNano < this.#targetNano;
    if (this.#isShort) this.#askAgainAtMs = nowMs + ASK_AGAIN_MS;
  }

  /** As found in PostgreSQL when it is unknown what became of the last batch. */
  correct(leasedNano: bigint): void {
    // What was granted in an answer that got lost may end sooner than what is known of.
    if (this.#isDated && leasedNano > this.leasedNano) this.#expiresAtMs = -Infinity;
    this.leasedNano = leasedNano;
    this.#isAsked = false;
    this.#offeredNano = 0n;
  }

  isIdle(nowMs: number): boolean {
    if (this.heldNano !== 0n || this.pendingNano !== 0n) return false;
    return nowMs - this.#usedAtMs > (this.#isShort ? IDLE_SHORT_MS : IDLE_MS);
  }

  tick(): void {
    const perSecond = (this.#chargedSinceTickNano * 1_000n) / BigInt(TICK_MS);
    this.#chargedPerSecondNano = (this.#chargedPerSecondNano * 15n + perSecond) / 16n;
    this.#chargedSinceTickNano = 0n;
    this.#largestWantNano -= this.#largestWantNano / 64n;
  }

  get #mustAnswer(): boolean {
    return this.#recallNo > this.#answeredNo && this.leasedNano > 0n;
  }

  /** The part of what is spare that others should have. */
  #excessNano(nowMs: number): bigint {
    const spare = this.spareNano;
    if (this.waiting > 0 && !this.mustReturn(nowMs)) return 0n;
    if (this.mustReturn(nowMs) || this.isIdle(nowMs)) return spare;
    const target = this.#targetNano;
    return spare > 4n * target ? spare - target : 0n;
  }

  get #targetNano(): bigint {
    const forHolds = COVER_HOLDS * this.#largestWantNano;
    const forTime = COVER_SECONDS * this.#chargedPerSecondNano;
    const larger = forHolds > forTime ? forHolds : forTime;
    return larger > this.heldNano ? larger : this.heldNano;
  }

  #put(spareNano: bigint, isReturned: boolean, extraNano: bigint): Offer {
    const spare = spareNano > 0n ? spareNano : 0n;
    this.#isAsked = true;
    if (isReturned) this.#offeredNano = spare;
    return { spareNano: spare, isReturned, extraNano, recallNo: this.#recallNo };
  }
}
