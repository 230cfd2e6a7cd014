// Credit blocks in memory: each charge burns at once, to the nano-dollar, from the block whose turn it is. PostgreSQL burns
// later and must come to the same; its property test compares the two.

import {
  burnOrder,
  type CreditBlock,
  type CreditFacts,
  differingFact,
  type Reversal,
} from '../../domain/credits/credit-block.ts';
import { type Nano, nano } from '../../domain/money/nano.ts';
import type { CreditAccount, CreditAdded, CreditsReversed } from '../../ports/accounts.ts';

type Block = Omit<CreditBlock, 'state' | 'remainingNano'> & {
  effective: boolean;
  remaining: bigint;
  expired: bigint;
  reversed: bigint;
  /** Owed instead of taken back: taken when it is free. */
  reversing: bigint;
};

type Reversed = Reversal & { readonly taken: bigint; readonly owed: bigint };

export type AddedInMemory =
  | Omit<Extract<CreditAdded, { readonly block: CreditBlock }>, 'balance'>
  | Extract<CreditAdded, { readonly kind: 'conflict' }>;

export class MemoryCredits {
  readonly #blocks = new Map<string, Block>();
  readonly #reversals = new Map<string, Reversed>();
  readonly #owed = new Map<string, bigint>();
  readonly #limits = new Map<string, bigint>();
  readonly #frozen = new Set<string>();

  get size(): number {
    return this.#blocks.size;
  }

  ownerOf(blockId: string): string | undefined {
    return this.#blocks.get(blockId)?.organisationId;
  }

  isFrozen(organisationId: string): boolean {
    return this.#frozen.has(organisationId);
  }

  setLimit(organisationId: string, limitNano: bigint, nowMs: number, held: bigint): void {
    this.look(organisationId, nowMs, held);
    this.#limits.set(organisationId, limitNano);
    this.look(organisationId, nowMs, held);
    this.#thaw(organisationId);
  }

  /** What is in the books; what is held of it is not known here. */
  balance(organisationId: string): bigint {
    return sum(this.#live(organisationId).map(({ remaining }) => remaining));
  }

  /** Lets blocks begin and end whose time has come; what is held stays. */
  look(organisationId: string, nowMs: number, held: bigint): void {
    for (const block of this.#of(organisationId)) {
      if (!block.effective && (block.effectiveAtMs ?? 0) <= nowMs) block.effective = true;
    }
    let free = this.balance(organisationId) - held;
    for (const block of this.#live(organisationId).toSorted((a, b) => (a.id < b.id ? -1 : 1))) {
      const owed = this.#owed.get(organisationId) ?? 0n;
      const part = least(block.remaining, block.reversing, free, owed);
      block.remaining -= part;
      block.reversing -= part;
      this.#owed.set(organisationId, owed - part);
      free -= part;
    }
    const over = this.#live(organisationId).filter((block) => !isAlive(block, nowMs));
    for (const block of over.toSorted(byExpiry)) {
      const part = least(block.remaining, free);
      block.remaining -= part;
      block.expired += part;
      free -= part;
    }
    this.#fitLine(organisationId, nowMs, free);
  }

  /** The unspent credit line is the limit less what is owed, as far as it is not held. */
  #fitLine(organisationId: string, nowMs: number, freeNano: bigint): void {
    const limit = this.#limits.get(organisationId);
    if (limit === undefined) return;
    const left = limit - (this.#owed.get(organisationId) ?? 0n);
    const wanted = left > 0n ? left : 0n;
    const lines = this.#of(organisationId).filter(({ source }) => source === 'credit-line');
    let present = sum(lines.map(({ remaining }) => remaining)) as bigint; // a plain amount from here on
    if (wanted > present) {
      const amount = nano(wanted - present);
      const id = `line/${organisationId}/${lines.length + 1}`;
      this.#blocks.set(id, lineOf(id, organisationId, amount, nowMs));
    }
    let free = freeNano;
    for (const block of lines.toReversed()) {
      const part = least(present - wanted, block.remaining, free);
      block.remaining -= part;
      present -= part;
      free -= part;
    }
  }

  #thaw(organisationId: string): void {
    const owed = this.#owed.get(organisationId) ?? 0n;
    if (owed <= (this.#limits.get(organisationId) ?? 0n)) this.#frozen.delete(organisationId);
  }

  add(credits: CreditFacts, nowMs: number, held: bigint): AddedInMemory {
    const before = this.#blocks.get(credits.id);
    if (before !== undefined) {
      const field = differingFact(before, credits);
      if (field !== undefined) return { kind: 'conflict', field };
      return { kind: 'already-added', block: shown(before) };
    }
    const { organisationId, effectiveAtMs } = credits;
    this.look(organisationId, nowMs, held);
    const owed = credits.source === 'promo' ? 0n : (this.#owed.get(organisationId) ?? 0n);
    const debt = least(owed, credits.amountNano);
    this.#owed.set(organisationId, (this.#owed.get(organisationId) ?? 0n) - debt);
    const block: Block = {
      ...credits,
      createdAtMs: nowMs,
      effective: effectiveAtMs === undefined || effectiveAtMs <= nowMs,
      remaining: credits.amountNano - debt,
      expired: 0n,
      reversed: 0n,
      reversing: 0n,
    };
    this.#blocks.set(credits.id, block);
    this.look(organisationId, nowMs, held);
    this.#thaw(organisationId);
    return { kind: 'added', block: shown(block) };
  }

  /** In burn order; what was set aside while a block could be spent may burn from it when nothing else is left. */
  charge(organisationId: string, amount: bigint, nowMs: number): void {
    const blocks = this.#live(organisationId);
    const alive = blocks.filter((block) => isAlive(block, nowMs));
    const over = blocks.filter((block) => !isAlive(block, nowMs));
    let rest = amount;
    for (const block of [...alive.toSorted(burnOrder), ...over.toSorted(burnOrder)]) {
      const part = least(block.remaining, rest);
      block.remaining -= part;
      rest -= part;
      if (block.source === 'credit-line')
        this.#owed.set(organisationId, (this.#owed.get(organisationId) ?? 0n) + part);
    }
    if (rest > 0n) throw new Error('More was charged than there are credits.');
  }

  reverse(
    { id, blockId, amountNano, reason }: Reversal,
    nowMs: number,
    held: bigint,
  ): CreditsReversed {
    const block = this.#blocks.get(blockId);
    if (block === undefined || block.source === 'credit-line') return { kind: 'not-found' };
    const { organisationId } = block;
    this.look(organisationId, nowMs, held);
    const before = this.#reversals.get(id);
    if (before !== undefined) return again(before, { id, blockId, amountNano, reason });
    const leftNano = nano(block.amountNano - block.reversed);
    if (amountNano > leftNano) return { kind: 'too-much', leftNano };
    const free = block.effective ? this.balance(organisationId) - held : block.remaining;
    const fromBlock = least(amountNano, block.remaining, free);
    const fromExpired = least(amountNano - fromBlock, block.expired);
    const owed = amountNano - fromBlock - fromExpired;
    block.remaining -= fromBlock;
    block.expired -= fromExpired;
    block.reversed += amountNano;
    block.reversing += owed;
    this.#owed.set(organisationId, (this.#owed.get(organisationId) ?? 0n) + owed);
    this.look(organisationId, nowMs, held);
    const debt = this.#owed.get(organisationId) ?? 0n;
    if (owed > 0n && debt > (this.#limits.get(organisationId) ?? 0n))
      this.#frozen.add(organisationId);
    const taken = fromBlock + fromExpired;
    this.#reversals.set(id, { id, blockId, amountNano, reason, taken, owed });
    return { kind: 'reversed', takenNano: nano(taken), owedNano: nano(owed) };
  }

  account(organisationId: string): CreditAccount {
    const blocks = this.#of(organisationId);
    const pending = blocks.filter(({ effective }) => !effective);
    const owed = this.#owed.get(organisationId) ?? 0n;
    return {
      blocks: blocks.toSorted(asListed).map(shown),
      pendingNano: nano(sum(pending.map(({ remaining }) => remaining))),
      owedNano: nano(owed),
      creditLimitNano: nano(this.#limits.get(organisationId) ?? 0n),
      frozen: this.#frozen.has(organisationId),
    };
  }

  #of(organisationId: string): readonly Block[] {
    return [...this.#blocks.values()].filter((block) => block.organisationId === organisationId);
  }

  #live(organisationId: string): readonly Block[] {
    return this.#of(organisationId).filter(
      ({ effective, remaining }) => effective && remaining > 0n,
    );
  }
}

function lineOf(id: string, organisationId: string, amountNano: Nano, nowMs: number): Block {
  return {
    id,
    organisationId,
    source: 'credit-line',
    provider: 'credit-line',
    priority: 1_000,
    amountNano,
    costBasisNano: nano(0n),
    createdAtMs: nowMs,
    effective: true,
    remaining: amountNano,
    expired: 0n,
    reversed: 0n,
    reversing: 0n,
  };
}

function again(before: Reversed, reversal: Reversal): CreditsReversed {
  for (const field of ['blockId', 'amountNano', 'reason'] as const) {
    if (before[field] !== reversal[field]) return { kind: 'conflict', field };
  }
  const { taken, owed } = before;
  return { kind: 'already-reversed', takenNano: nano(taken), owedNano: nano(owed) };
}

function shown({
  effective,
  remaining,
  expired: _,
  reversed: __,
  reversing: ___,
  ...facts
}: Block): CreditBlock {
  const state = remaining === 0n ? 'ended' : effective ? 'live' : 'pending';
  return { ...facts, state, remainingNano: nano(remaining) };
}

function asListed(a: Block, b: Block): number {
  const ended = Number(a.remaining === 0n) - Number(b.remaining === 0n);
  if (ended !== 0) return ended;
  if (a.remaining === 0n) return b.createdAtMs - a.createdAtMs || burnOrder(a, b);
  return Number(b.effective) - Number(a.effective) || burnOrder(a, b);
}

function isAlive({ expiresAtMs }: Block, nowMs: number): boolean {
  return expiresAtMs === undefined || expiresAtMs > nowMs;
}

function byExpiry(a: Block, b: Block): number {
  return (a.expiresAtMs ?? 0) - (b.expiresAtMs ?? 0) || (a.id < b.id ? -1 : 1);
}

function least(...amounts: readonly [bigint, ...bigint[]]): bigint {
  const smallest = amounts.reduce((a, b) => (a < b ? a : b));
  return smallest < 0n ? 0n : smallest;
}

function sum(amounts: readonly bigint[]): Nano {
  return nano(amounts.reduce((a, b) => a + b, 0n));
}
