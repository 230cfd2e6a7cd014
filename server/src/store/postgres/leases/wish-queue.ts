// Holds and extensions of one customer that its leases could not cover when they came. PostgreSQL is asked for exactly
// what they need. Where it has less, other gateways are asked for what they have to spare, and nobody is refused before
// each of them has answered, or the endgame's time is over.

import { RECALL_AGAIN_MS, RECALL_TIMEOUT_MS } from '../../../limits.ts';
import type { Lease } from './lease.ts';

export type Wish = {
  /** As much is taken from each of them, or from none. */
  readonly leases: readonly Lease[];
  readonly wantNano: bigint;
  readonly leastNano: bigint;
  /** To be refused whatever there is, with the true amount. */
  readonly hopeless?: true;
  readonly deadlineMs: number;
  ended: boolean;
  /** The leases that nobody else takes from before this wish is served: once it is known, only the one that lacks. */
  waitsFor: readonly Lease[];
  endgame?: Endgame;
  give(amountNano: bigint): void;
  refuse(availableNano: bigint, lacking: Lease): void;
  giveUp(): void;
  fail(error: Error): void;
};

type Endgame = {
  readonly lacking: Lease;
  /** All other gateways have given back what they had to spare when this recall is answered by each. */
  readonly sinceNo: bigint;
  readonly untilMs: number;
  readonly askAtMs: number;
};

export type WishAnswer =
  | { readonly kind: 'granted'; readonly amountNano: bigint }
  | { readonly kind: 'refused'; readonly lacking: Lease }
  /** Others were asked for what they have to spare. */
  | { readonly kind: 'recalled'; readonly lacking: Lease; readonly sinceNo: bigint };

export class WishQueue {
  #wishes: Wish[] = [];

  get isEmpty(): boolean {
    return this.#wishes.length === 0;
  }

  push(wish: Wish): void {
    for (const lease of wish.waitsFor) lease.waiting += 1;
    for (const lease of wish.leases) lease.wished += 1;
    this.#wishes.push(wish);
  }

  /** Those to ask PostgreSQL for now. */
  due(nowMs: number): readonly Wish[] {
    return this.#wishes.filter(
      ({ ended, endgame }) => !ended && (endgame === undefined || endgame.askAtMs <= nowMs),
    );
  }

  /** In the order in which they came, from what is spare. Who does not fit keeps what it lacks from those behind it. */
  serve(nowMs: number): void {
    if (this.#wishes.length === 0) return;
    const kept = new Set<Lease>();
    for (const wish of this.#wishes) {
      if (wish.ended || wish.hopeless === true) continue;
      let fits = true;
      for (const lease of wish.leases) {
        if (!kept.has(lease) && wish.wantNano <= lease.grantableNano(nowMs)) continue;
        kept.add(lease);
        fits = false;
      }
      if (fits) give(wish, wish.wantNano);
    }
    this.#dropEnded();
  }

  /** PostgreSQL can't be asked: those that fit get what there is, whoever came first. */
  serveSpare(nowMs: number): void {
    for (const wish of this.#wishes) {
      let amount = wish.wantNano;
      for (const lease of wish.leases) amount = smaller(amount, lease.grantableNano(nowMs));
      if (!wish.ended && wish.hopeless !== true && amount >= wish.leastNano) give(wish, amount);
    }
    this.#dropEnded();
  }

  /** Those that have waited too long. */
  endOverdue(nowMs: number): void {
    for (const wish of this.#wishes) {
      if (!wish.ended && nowMs >= wish.deadlineMs) end(wish, () => wish.giveUp());
    }
    this.#dropEnded();
  }

  giveUp(): void {
    for (const wish of this.#wishes) if (!wish.ended) end(wish, () => wish.giveUp());
    this.#wishes = [];
  }

  dropEnded(): void {
    this.#dropEnded();
  }

  #dropEnded(): void {
    this.#wishes = this.#wishes.filter(({ ended }) => !ended);
  }
}

/** The answer to one that was asked for. What is granted is in its leases already. */
export function answerWish(wish: Wish, answer: WishAnswer, askedMs: number, nowMs: number): void {
  if (wish.ended) return; // Its time was over, or it was served meanwhile: what it was granted is spare.
  if (answer.kind === 'granted') {
    const isThere = wish.leases.every(({ spareNano }) => spareNano >= answer.amountNano);
    return isThere ? give(wish, answer.amountNano) : askAgain(wish, nowMs);
  }
  const { lacking } = answer;
  const untilMs = wish.endgame?.untilMs ?? nowMs + RECALL_TIMEOUT_MS;
  if (answer.kind === 'refused' || askedMs >= untilMs) {
    // While it was asked for, a hold of ours may have ended: then again, with what that left.
    if (wish.leastNano <= lacking.availableNano) return askAgain(wish, nowMs);
    return end(wish, () => wish.refuse(lacking.availableNano, lacking));
  }
  wait(wish, [lacking]);
  const askAtMs = nowMs + RECALL_AGAIN_MS;
  wish.endgame = { lacking, sinceNo: answer.sinceNo, untilMs, askAtMs };
}

function askAgain(wish: Wish, nowMs: number): void {
  if (wish.endgame !== undefined) wish.endgame = { ...wish.endgame, askAtMs: nowMs };
}

export function failWish(wish: Wish, error: Error): void {
  if (!wish.ended) end(wish, () => wish.fail(error));
}

export function refuseHopeless(wish: Wish): void {
  const [lacking] = wish.leases;
  if (wish.ended || lacking === undefined) return;
  end(wish, () => wish.refuse(lacking.availableNano, lacking));
}

const smaller = (a: bigint, b: bigint) => (a < b ? a : b);

function give(wish: Wish, amountNano: bigint): void {
  for (const lease of wish.leases) lease.hold(amountNano);
  end(wish, () => wish.give(amountNano));
}

function end(wish: Wish, how: () => void): void {
  wish.ended = true;
  for (const lease of wish.leases) lease.wished -= 1;
  wait(wish, []);
  how();
}

function wait(wish: Wish, leases: readonly Lease[]): void {
  for (const lease of wish.waitsFor) lease.waiting -= 1;
  for (const lease of leases) lease.waiting += 1;
  wish.waitsFor = leases;
}
