// What one answer of a run has used so far, and how it ended.

import type { EngineFailure } from '../domain/generation/engine-failure.ts';
import type { Part } from '../domain/generation/part.ts';
import {
  isMonotone,
  isValidUsage,
  NO_USAGE,
  outputTokens,
  USAGE_BUCKETS,
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

/** Of several answers: the input of each prompt once, as its first answer was told it, and the output of all. */
export function usageOfAll(tallies: readonly [Tally, ...Tally[]], prompts: number): Usage {
  const [first] = tallies;
  if (tallies.length === 1) return first.usage;
  const total: { -readonly [bucket in keyof Usage]: number } = { ...NO_USAGE };
  const answersEach = tallies.length / prompts;
  for (const [at, { usage }] of tallies.entries()) {
    const isFirst = at % answersEach === 0;
    for (const bucket of USAGE_BUCKETS) {
      const isOutput = bucket === 'output' || bucket === 'reasoning';
      if (isOutput || isFirst) total[bucket] += usage[bucket];
    }
  }
  return total;
}
