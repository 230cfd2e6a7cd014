// What the server and the engine's own process say to each other over the channel between them.

import type { Generation } from '../../domain/generation/generation.ts';
import type { Part } from '../../domain/generation/part.ts';

import type { EmbeddingInput } from '../../domain/embedding/embedding.ts';
import type { EngineFailure } from '../../domain/generation/engine-failure.ts';
import type { Result } from '../../lib/result.ts';
import type { LlamaModelFacts } from './model-facts.ts';
import type { Counted } from './questions.ts';
import type { LlamaStartFailure } from './start-failure.ts';

export type HostSettings = {
  readonly modelPath: string;
  /** Absent: it answers conversations. */
  readonly task?: 'embedding';
  readonly slots: number;
  /** Nobody asked for this number: a large model may get fewer. */
  readonly fewerSlotsAllowed: boolean;
  /** Absent: the model's training context, up to the default. */
  readonly contextTokens?: number;
  readonly threads: number;
  readonly gpu: false | 'auto';
};

export type ToHost =
  | { readonly kind: 'load'; readonly settings: HostSettings }
  | {
      readonly kind: 'generate';
      readonly id: number;
      readonly generation: Generation;
      readonly outputTokensMax: number;
    }
  | { readonly kind: 'abort'; readonly id: number }
  /** How many tokens is its prompt? The ids are not those of generations. */
  | { readonly kind: 'count'; readonly id: number; readonly generation: Generation }
  | { readonly kind: 'embed'; readonly id: number; readonly inputs: readonly EmbeddingInput[] }
  | { readonly kind: 'ping' };

/** Vectors as base64 of their 32-bit numbers: a fifth of what JSON would take. */
export type VectorBatch = { readonly vectors: readonly string[]; readonly inputTokens: number };

/** The parts of one generation that came about in one tick. */
export type HostEvent = { readonly id: number; readonly parts: readonly Part[] };

export type FromHost =
  | { readonly kind: 'progress'; readonly fraction: number }
  | { readonly kind: 'ready'; readonly facts: LlamaModelFacts }
  | { readonly kind: 'start-failed'; readonly failure: LlamaStartFailure }
  | { readonly kind: 'events'; readonly events: readonly HostEvent[] }
  | { readonly kind: 'counted'; readonly id: number; readonly counted: Counted }
  | {
      readonly kind: 'embedded';
      readonly id: number;
      readonly embedded: Result<VectorBatch, EngineFailure>;
    }
  | { readonly kind: 'pong'; readonly running: number; readonly rssBytes: number };
