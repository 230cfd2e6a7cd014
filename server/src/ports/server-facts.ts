// What the management side needs to know of the running server itself, beyond what the store knows.

import type { EngineState } from './engine.ts';

export type ServedModel = {
  /** As clients name it. */
  readonly id: string;
  /** The engine's name in the configuration. */
  readonly engine: string;
  /** Input and output together, where it is known. */
  readonly contextTokens?: number;
};

export type EngineFacts = {
  readonly name: string;
  /** The adapter: `llama`, `openai-compatible`, `scripted`. */
  readonly kind: string;
  readonly state: EngineState;
};

export type StoreFacts = {
  readonly kind: 'embedded-postgres' | 'postgres' | 'memory';
  /** It answered just now. */
  readonly reachable: boolean;
  /** PostgreSQL's own: `18.4`. */
  readonly version?: string;
};

export interface ServerFacts {
  /** Turnpike's own: `0.1.0`. */
  readonly version: string;
  readonly startedAtMs: number;
  nowMs(): number;
  models(): readonly ServedModel[];
  engines(): readonly EngineFacts[];
  /** Asks the store, for a second at most; never throws. */
  store(): Promise<StoreFacts>;
  /** Since the snapshot of keys and prices was last known to be current. */
  snapshotAgeMs(): number;
  generationsRunning(): number;
}
