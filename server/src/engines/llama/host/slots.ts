// The places where generations run: one llama.cpp sequence each, which keeps the tokens of its last generation, so that
// a prompt that begins alike need not be evaluated again.

import type { LlamaContext, LlamaContextSequence, Token } from 'node-llama-cpp';

import { assert } from '../../../lib/assert.ts';
import { PROMPT_PIECE_TOKENS } from './batch-order.ts';

/** A prompt shares its beginning with almost any other; below this share, the least recently used slot is taken. */
const SHARE_MIN = 0.1;

export class Slot {
  readonly sequence: LlamaContextSequence;
  /** So many first tokens were evaluated in whole pieces from the beginning: exactly as any other slot would. */
  #exactTokens = 0;

  constructor(sequence: LlamaContextSequence) {
    this.sequence = sequence;
  }

  shared(tokens: readonly Token[]): number {
    // The library takes a mutable array and only reads it.
    return this.sequence.compareContextTokens(tokens as Token[]).firstDifferentIndex;
  }

  /** Forgets all but the shared beginning, and tells how many tokens that is; at least one is left to evaluate. */
  async keepShared(tokens: readonly Token[], exactly: boolean): Promise<number> {
    const shared = Math.min(this.shared(tokens), tokens.length - 1);
    const kept = exactly ? wholePieces(Math.min(shared, this.#exactTokens)) : shared;
    const end = this.sequence.nextTokenIndex;
    if (end > kept) await this.sequence.eraseContextTokenRanges([{ start: kept, end }]);
    this.#exactTokens = Math.min(this.#exactTokens, wholePieces(kept));
    return kept;
  }

  /** One whole piece of a prompt that begins at `at`. */
  async evaluate(piece: Token[], at: number): Promise<void> {
    await this.sequence.evaluateWithoutGeneratingNewTokens(piece);
    if (this.#exactTokens === at) this.#exactTokens += piece.length;
  }

  async forget(): Promise<void> {
    this.#exactTokens = 0;
    await this.sequence.clearHistory();
  }
}

export class Slots {
  /** Least recently used first. */
  readonly #free: Slot[];

  constructor(context: LlamaContext) {
    this.#free = Array.from(
      { length: context.totalSequences },
      () => new Slot(context.getSequence()),
    );
  }

  take(tokens: readonly Token[]): Slot {
    let best = 0;
    let bestShared = Math.floor(tokens.length * SHARE_MIN);
    for (const [i, slot] of this.#free.entries()) {
      const shared = slot.shared(tokens);
      if (shared <= bestShared) continue;
      best = i;
      bestShared = shared;
    }
    const [slot] = this.#free.splice(best, 1);
    assert(slot !== undefined, 'the server sends no more generations than there are slots');
    return slot;
  }

  giveBack(slot: Slot): void {
    this.#free.push(slot);
  }
}

function wholePieces(tokens: number): number {
  return Math.floor(tokens / PROMPT_PIECE_TOKENS) * PROMPT_PIECE_TOKENS;
}
