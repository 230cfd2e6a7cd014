// What Turnpike needs of an inference server. Every adapter runs the suite in engine.contract.ts.

import type { EmbeddingTicket } from '../domain/admission/embedding-ticket.ts';
import type { Ticket } from '../domain/admission/ticket.ts';
import type { Embedded } from '../domain/embedding/embedding.ts';
import type { EngineFailure } from '../domain/generation/engine-failure.ts';
import type { Generation } from '../domain/generation/generation.ts';
import type { Part } from '../domain/generation/part.ts';
import type { Result } from '../lib/result.ts';

export type EngineState =
  | { readonly kind: 'ready' }
  | { readonly kind: 'starting' }
  /** `reason` is one sentence for the operator. */
  | { readonly kind: 'down'; readonly reason: string };

export interface Engine extends AsyncDisposable {
  /** As named in the configuration. */
  readonly name: string;

  state(): EngineState;

  /**
   * Runs one generation. Each yield is what arrived together, never empty, in the order of domain/generation/part.ts:
   * the last part of the last yield is a `finish` or a `failure`. Never throws for a failure of the engine.
   * When `signal` aborts, the engine's own work stops within a second, and the stream ends with the usage that was
   * produced so far and `failure: aborted`.
   */
  generate(ticket: Ticket, signal: AbortSignal): AsyncIterable<readonly Part[]>;

  /**
   * How many input tokens the generation would be billed for, exactly. Absent where the engine can't tell, and
   * `unsupported` where it can't tell of this one. It takes no ticket because it never generates; when `signal` aborts it
   * may give up.
   */
  countTokens?(
    question: CountQuestion,
    signal: AbortSignal,
  ): Promise<Result<number, EngineFailure>>;

  /**
   * Makes a vector of each input. Absent where the engine makes none. When `signal` aborts, its work stops within a
   * second, and the result is `aborted`.
   */
  embed?(ticket: EmbeddingTicket, signal: AbortSignal): Promise<Result<Embedded, EngineFailure>>;
}

export type CountQuestion = {
  /** The model's name as the engine knows it. */
  readonly engineModel: string;
  readonly generation: Generation;
};
