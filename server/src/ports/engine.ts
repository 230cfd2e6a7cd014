// What Turnpike needs of an inference server. Every adapter runs the suite in engine.contract.ts.

import type { Ticket } from '../domain/admission/ticket.ts';
import type { Part } from '../domain/generation/part.ts';

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
}
