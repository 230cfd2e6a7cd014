// What one answer of a run has used so far, and how it ended.

import type { EngineFailure } from '../domain/generation/engine-failure.ts';
import type { Part } from '../domain/generation/part.ts';
import {
  isMonotone,
  isValidUsage,
  NO_USAGE,
  outputTokens,
  type Usage,
  type UsageSource,
} from '../domain/generation/usage.ts';

export type Ending =
  | Extract<Part, { readonly kind: 'finish' }>
  | { readonly kind: 'failure'; readonly failure: EngineFailure };

/** Until the engine says otherwise: one that just stops talking has failed. */
const NEVER_ENDED: Ending = {
  kind: 'failure',
  failure: { kind: 'broken', detail: 'the engine stopped without a finish' },
};

export class Tally {
  #reported: Usage = NO_USAGE;
  #source: UsageSource = 'counted';
  #pieces = 0;
  #ending = NEVER_ENDED;

  /** Content can't have cost nothing: where nothing was reported, the pieces are what is known of it. */
  get usage(): Usage {
    return this.#isUncounted ? { ...this.#reported, output: this.#pieces } : this.#reported;
  }

  get source(): UsageSource {
    return this.#isUncounted ? 'counted' : this.#source;
  }

  get #isUncounted(): boolean {
    return this.#pieces > 0 && outputTokens(this.#reported) === 0;
  }

  get produced(): number {
    return Math.max(outputTokens(this.#reported), this.#pieces);
  }

  get ending(): Ending {
    return this.#ending;
  }

  get hasEnded(): boolean {
    return this.#ending !== NEVER_ENDED;
  }

  addPiece(): void {
    this.#pieces += 1;
  }

  end(ending: Ending): void {
    this.#ending = ending;
  }

  /** A count that can't be true never replaces one that can; false for such a one. */
  count(usage: Usage, source: UsageSource): boolean {
    if (!isValidUsage(usage) || !isMonotone(this.#reported, usage)) return false;
    this.#reported = usage;
    this.#source = source;
    return true;
  }
}

/** Of several answers to one prompt: its input once, as the first of them was told it, and the output of all. */
export function usageOfAll([first, ...others]: readonly [Tally, ...Tally[]]): Usage {
  const { usage } = first;
  if (others.length === 0) return usage;
  let { output, reasoning } = usage;
  for (const other of others) {
    output += other.usage.output;
    reasoning += other.usage.reasoning;
  }
  return { ...usage, output, reasoning };
}
