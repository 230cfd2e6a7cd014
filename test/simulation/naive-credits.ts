// An organisation's credit blocks as plainly as they can be kept: every charge burns at once, from the block whose turn it is.

import type { NewCredits } from '../../server/src/domain/credits/credit-block.ts';

export type NaiveBlock = {
  readonly id: string;
  readonly isGiven: boolean;
  readonly priority: number;
  readonly madeMs: number;
  readonly beginsMs: number | undefined;
  readonly endsMs: number;
  hasBegun: boolean;
  left: bigint;
  expired: bigint;
  /** To be taken back when it is free. */
  owedBack: bigint;
};

export class NaiveCredits {
  readonly blocks: NaiveBlock[] = [];
  owed = 0n;
  readonly #wrong: (what: string) => void;

  constructor(wrong: (what: string) => void) {
    this.#wrong = wrong;
  }

  get total(): bigint {
    return this.#begun.reduce((sum, { left }) => sum + left, 0n);
  }

  get #begun(): NaiveBlock[] {
    return this.blocks.filter(({ hasBegun }) => hasBegun);
  }

  add(credits: NewCredits, nowMs: number, held: bigint): void {
    this.look(nowMs, held);
    const { id, amountNano, source, priority = 100, effectiveAtMs, expiresAtMs } = credits;
    const isGiven = source === 'promo' || source === 'refund';
    // What is given as a promotion pays no debts.
    const debt = source === 'promo' ? 0n : least(this.owed, amountNano);
    this.owed -= debt;
    this.blocks.push({
      id,
      isGiven,
      priority,
      madeMs: nowMs,
      beginsMs: effectiveAtMs,
      endsMs: expiresAtMs ?? Infinity,
      hasBegun: effectiveAtMs === undefined || effectiveAtMs <= nowMs,
      left: amountNano - debt,
      expired: 0n,
      owedBack: 0n,
    });
    this.look(nowMs, held);
  }

  /** I15: never before it begins; after it has ended only what had been set aside before, with nothing else left. */
  charge(amount: bigint, nowMs: number): void {
    let rest = amount;
    const turn = this.#begun.toSorted(
      (a, b) =>
        Number(a.endsMs <= nowMs) - Number(b.endsMs <= nowMs) ||
        a.priority - b.priority ||
        (a.endsMs === b.endsMs ? 0 : a.endsMs - b.endsMs) ||
        Number(b.isGiven) - Number(a.isGiven) ||
        (a.beginsMs ?? a.madeMs) - (b.beginsMs ?? b.madeMs) ||
        (a.id < b.id ? -1 : 1),
    );
    for (const block of turn) {
      const part = least(block.left, rest);
      block.left -= part;
      rest -= part;
    }
    if (rest > 0n) this.#wrong(`I15 ${rest} of ${amount} were charged, and no block is left`);
  }

  look(nowMs: number, held: bigint): void {
    for (const block of this.blocks) if ((block.beginsMs ?? 0) <= nowMs) block.hasBegun = true;
    let free = this.total - held;
    for (const block of this.#begun.toSorted((a, b) => (a.id < b.id ? -1 : 1))) {
      const part = least(block.left, block.owedBack, free, this.owed);
      block.left -= part;
      block.owedBack -= part;
      this.owed -= part;
      free -= part;
    }
    const over = this.#begun.filter(({ endsMs }) => endsMs <= nowMs);
    for (const block of over.toSorted((a, b) => a.endsMs - b.endsMs || (a.id < b.id ? -1 : 1))) {
      const part = least(block.left, free);
      block.left -= part;
      block.expired += part;
      free -= part;
    }
  }

  /** What it takes from the block, from what of it had expired, and what is owed from now on. */
  reverse(blockId: string, amount: bigint, nowMs: number, held: bigint): void {
    this.look(nowMs, held);
    const block = this.blocks.find(({ id }) => id === blockId);
    if (block === undefined) return;
    const taken = least(amount, block.left, block.hasBegun ? this.total - held : block.left);
    const expired = least(amount - taken, block.expired);
    block.left -= taken;
    block.expired -= expired;
    block.owedBack += amount - taken - expired;
    this.owed += amount - taken - expired;
    this.look(nowMs, held);
  }
}

function least(...amounts: readonly [bigint, ...bigint[]]): bigint {
  const smallest = amounts.reduce((a, b) => (a < b ? a : b));
  return smallest < 0n ? 0n : smallest;
}
