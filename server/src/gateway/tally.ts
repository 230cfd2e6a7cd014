// What one answer of a run has used so far, and how it ended.

import type { EngineFailure } from '../domain/generation/engine-failure.ts';
import type { Part } from '../domain/generation/part.ts';
import { isShort, type Meter, type MeterDoubt } from '../domain/metering/meter.ts';
import {
  inputTokens,
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
  #bytes = 0;
  #hasReport = false;
  readonly #doubts = new Set<MeterDoubt>();
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

  addPiece(text: string): void {
    this.#pieces += 1;
    this.#bytes += Buffer.byteLength(text);
  }

  /** What the engine reported and what passed here, side by side. */
  get meter(): Meter {
    const output = outputTokens(this.#reported);
    const isCounted = this.#source === 'counted' || this.#isUncounted;
    const doubts = new Set(this.#doubts);
    if (this.#pieces > 0 && isCounted) doubts.add('absent');
    else if (this.#hasReport && isShort(output, this.#pieces)) doubts.add('short');
    return {
      ...(this.#hasReport &&
        !isCounted && { engineInput: inputTokens(this.#reported), engineOutput: output }),
      pieces: this.#pieces,
      bytes: this.#bytes,
      doubts: [...doubts],
    };
  }

  end(ending: Ending): void {
    this.#ending = ending;
  }

  /** A count that can't be true never replaces one that can; false for such a one. */
  count({ usage, source, doubts = [] }: Extract<Part, { readonly kind: 'usage' }>): boolean {
    for (const doubt of doubts) this.#doubts.add(doubt);
    const doubt = doubtOf(this.#reported, usage);
    if (doubt !== undefined) {
      this.#doubts.add(doubt);
      return false;
    }
    this.#reported = usage;
    this.#source = source;
    this.#hasReport = true;
    return doubts.length === 0;
  }
}

function doubtOf(before: Usage, next: Usage): MeterDoubt | undefined {
  if (!isValidUsage(next)) return 'impossible';
  return isMonotone(before, next) ? undefined : 'shrinking';
}

/** Of several answers: the input as `usageOfAll` has it, and what is known of all of them. */
export function meterOfAll(tallies: readonly [Tally, ...Tally[]], prompts: number): Meter {
  const [first] = tallies;
  if (tallies.length === 1) return first.meter;
  const meters = tallies.map(({ meter }) => meter);
  const firsts = meters.filter((_, at) => at % (tallies.length / prompts) === 0);
  const sum = (numbers: readonly number[]): number => numbers.reduce((all, one) => all + one, 0);
  const isReported = meters.every(({ engineOutput }) => engineOutput !== undefined);
  return {
    ...(isReported && {
      engineInput: sum(firsts.map(({ engineInput = 0 }) => engineInput)),
      engineOutput: sum(meters.map(({ engineOutput = 0 }) => engineOutput)),
    }),
    pieces: sum(meters.map(({ pieces }) => pieces)),
    bytes: sum(meters.map(({ bytes }) => bytes)),
    doubts: [...new Set(meters.flatMap(({ doubts }) => doubts))],
  };
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
