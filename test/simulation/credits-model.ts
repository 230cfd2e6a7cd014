// Credit blocks beside the model of the books: added, taken back, begun and ended by people and by the clock, burnt by what
// gateways charge. store/memory/credits.ts stands for PostgreSQL's functions, which burning.test.ts compares it with; each
// step is compared with a still plainer one.

import { factsOf, type NewCredits } from '../../server/src/domain/credits/credit-block.ts';
import { nano } from '../../server/src/domain/money/nano.ts';
import { MemoryCredits } from '../../server/src/store/memory/credits.ts';
import type { BooksModel } from './books-model.ts';
import type { Charged } from './transaction.ts';
import { NaiveCredits } from './naive-credits.ts';

export class CreditsModel {
  readonly #books: BooksModel;
  readonly #memory = new MemoryCredits();
  readonly #naive = new Map<string, NaiveCredits>();
  readonly #wrong: (what: string) => void;
  readonly #wallMs: () => number;
  #moves = 0;
  #reversals = 0;

  constructor(books: BooksModel, wallMs: () => number, wrong: (what: string) => void) {
    this.#books = books;
    this.#wallMs = wallMs;
    this.#wrong = wrong;
    books.onCharged = (charged) => this.#charge(charged);
  }

  add(credits: NewCredits): void {
    const { organisationId } = credits;
    this.#step(organisationId, (nowMs, held) => {
      this.#memory.add(factsOf(credits), nowMs, held);
      this.#naiveOf(organisationId).add(credits, nowMs, held);
    });
  }

  look(organisationId: string): void {
    this.#step(organisationId, (nowMs, held) => {
      this.#memory.look(organisationId, nowMs, held);
      this.#naiveOf(organisationId).look(nowMs, held);
    });
  }

  /** As much of it as there is to take back. */
  reverse(organisationId: string, blockId: string, amount: bigint): void {
    this.#step(organisationId, (nowMs, held) => {
      const id = `reversal_${(this.#reversals += 1)}`;
      const reversal = { id, blockId, amountNano: nano(amount), reason: 'chargeback' } as const;
      const { kind } = this.#memory.reverse(reversal, nowMs, held);
      if (kind === 'reversed') {
        this.#naiveOf(organisationId).reverse(blockId, amount, nowMs, held);
      } else this.#naiveOf(organisationId).look(nowMs, held);
    });
  }

  isFrozen(organisationId: string): boolean {
    return this.#memory.isFrozen(organisationId);
  }

  /** What there should be, by organisation. */
  totals(): ReadonlyMap<string, bigint> {
    return new Map([...this.#naive].map(([organisationId, { total }]) => [organisationId, total]));
  }

  blocksOf(organisationId: string): readonly string[] {
    return this.#naiveOf(organisationId).blocks.map(({ id }) => id);
  }

  #charge(charged: readonly Charged[]): void {
    const nowMs = this.#wallMs();
    for (const { organisationId, amount } of charged) {
      try {
        this.#memory.charge(organisationId, amount, nowMs);
      } catch (error) {
        this.#wrong(`I15 ${String(error)}`);
      }
      this.#naiveOf(organisationId).charge(amount, nowMs);
    }
    for (const id of new Set(charged.map((one) => one.organisationId))) this.#compare(id);
  }

  #naiveOf(organisationId: string): NaiveCredits {
    let naive = this.#naive.get(organisationId);
    if (naive === undefined) {
      naive = new NaiveCredits(this.#wrong);
      this.#naive.set(organisationId, naive);
    }
    return naive;
  }

  /** A transaction: the account follows its blocks. */
  #step(organisationId: string, work: (nowMs: number, held: bigint) => void): void {
    const account = this.#books.accounts.get(`credits:${organisationId}`);
    if (account === undefined) return;
    work(this.#wallMs(), account.held);
    const more = this.#memory.balance(organisationId) - account.balance;
    if (more !== 0n) this.#books.topUp(`blocks:${(this.#moves += 1)}`, organisationId, more);
    this.#compare(organisationId);
  }

  /** I3 I15: block by block, and the account is the sum of those that have begun. */
  #compare(organisationId: string): void {
    const { blocks, owedNano } = this.#memory.account(organisationId);
    const naive = this.#naiveOf(organisationId);
    if (owedNano !== naive.owed)
      this.#wrong(`I15 ${organisationId} owes ${owedNano}, and should owe ${naive.owed}`);
    for (const { id, left } of naive.blocks) {
      const remaining = blocks.find((block) => block.id === id)?.remainingNano;
      if (remaining !== left)
        this.#wrong(`I15 block ${id} has ${remaining} left, and should have ${left}`);
    }
    const balance = this.#books.accounts.get(`credits:${organisationId}`)?.balance;
    if (balance !== naive.total)
      this.#wrong(`I3 ${organisationId} has ${balance}, its blocks ${naive.total}`);
  }
}
