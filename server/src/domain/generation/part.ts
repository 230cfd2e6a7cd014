// What an engine says back, piece by piece. Order: deltas and usage in any order, then exactly one `finish`
// or `failure`, then nothing. A tool call's deltas stand between its start and its end.

import type { MeterDoubt } from '../metering/meter.ts';
import type { EngineFailure } from './engine-failure.ts';
import type { TokenLogprob } from './logprobs.ts';
import type { Repair } from './repair.ts';
import type { Usage, UsageSource } from './usage.ts';

export type FinishReason = 'stop' | 'length' | 'tool-calls' | 'content-filter';

export type Part = Said & {
  /** Which of several answers it belongs to; absent: the first. Engines give one answer and don't set it. */
  readonly choice?: number;
};

type Said =
  | {
      readonly kind: 'text-delta';
      readonly text: string;
      /** Of the tokens of this text, where they were asked for; held text may bring those of earlier deltas. */
      readonly logprobs?: readonly TokenLogprob[];
    }
  | { readonly kind: 'reasoning-delta'; readonly text: string }
  | { readonly kind: 'refusal-delta'; readonly text: string }
  | {
      readonly kind: 'tool-call-start';
      /** Position among the calls of this answer: 0, 1, 2 … */
      readonly index: number;
      readonly callId: string;
      readonly name: string;
      /** Absent: a function, whose deltas are `tool-call-delta`; a custom tool's are `custom-input-delta`. */
      readonly tool?: 'custom';
    }
  | { readonly kind: 'tool-call-delta'; readonly index: number; readonly arguments: string }
  | { readonly kind: 'custom-input-delta'; readonly index: number; readonly input: string }
  | { readonly kind: 'tool-call-end'; readonly index: number }
  /** Before all else: what of the request the engine could not do as it was written, and did in another way. */
  | { readonly kind: 'repaired'; readonly repairs: readonly Repair[] }
  /** The running total so far, never smaller than the one before. */
  | {
      readonly kind: 'usage';
      readonly usage: Usage;
      readonly source: UsageSource;
      /** What the engine said that could not be believed. */
      readonly doubts?: readonly MeterDoubt[];
    }
  | {
      readonly kind: 'finish';
      readonly reason: FinishReason;
      /** Which of `sampling.stop` ended the answer, where the reason is `stop` and the engine knows. */
      readonly stopSequence?: string;
    }
  | { readonly kind: 'failure'; readonly failure: EngineFailure };
