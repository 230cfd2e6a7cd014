// What a request needs of the server, in one value: the composition root makes it once.

import type { Snapshot } from '../domain/accounts/snapshot.ts';
import type { Capabilities } from '../domain/generation/capabilities.ts';
import type { PromptMemory } from '../domain/prompt-cache/prompt-memory.ts';
import type { ReleaseStage } from '../domain/release/release-stage.ts';
import type { Clock } from '../ports/clock.ts';
import type { Engine } from '../ports/engine.ts';
import type { Ledger } from '../ports/ledger.ts';
import type { Log } from '../ports/log.ts';
import type { ResponseStore } from '../ports/response-store.ts';
import type { SealingKeys } from '../ports/sealing-keys.ts';
import type { BackgroundRuns } from './background-runs.ts';
import type { Memory, Retention } from './memory.ts';
import type { RunningRequests } from './running-requests.ts';

/** A model that is offered, and where it runs. */
export type ServedModel = {
  /** The id that clients send. */
  readonly id: string;
  readonly engine: Engine;
  /** It makes embeddings, and answers no conversation; absent: the other way round. */
  readonly task?: 'embedding';
  /** The model's name as its engine knows it. */
  readonly engineModel: string;
  readonly contextTokensMax: number;
  readonly outputTokensMax: number;
  /** The engine's own window is no larger than the declared one: whatever does not fit, it refuses. */
  readonly engineKeepsWindow?: true;
  readonly capabilities: Capabilities;
  readonly stage: ReleaseStage;
  /** What the model thinks: not for its users to read, or in Open Responses' own events; else in OpenAI's. */
  readonly reasoning?: 'sealed' | 'open-responses';
  /** Seconds since the epoch, for `GET /v1/models`. */
  readonly createdAtSeconds: number;
};

/** What is going on in this process; `serve` and `countTokens` keep the counts. */
export type Load = {
  generationsRunning: number;
  /** Prompts that are being counted, not answered. */
  countsRunning: number;
  /** Set once, when the server stops: nothing new is begun. */
  stopping: boolean;
};

/** What becomes of fields that a protocol does not know: left out, left out and named in a header, or refused. */
export type UnknownFields = 'ignore' | 'warn' | 'refuse';

export type Gateway = {
  readonly models: ReadonlyMap<string, ServedModel>;
  readonly snapshot: () => Snapshot;
  readonly ledger: Ledger;
  readonly memory: Memory;
  readonly sealing: SealingKeys;
  readonly responses: ResponseStore;
  readonly retentionMs: Retention;
  /** The answers that this process makes while nobody waits. */
  readonly background: BackgroundRuns;
  /** What was asked lately, so that the log can say why a prompt came from no cache. */
  readonly prompts: PromptMemory;
  /** Absent: nobody notes what a crash would cost. */
  readonly running?: RunningRequests;
  readonly clock: Clock;
  readonly log: Log;
  readonly load: Load;
  /** By protocol; `warn` where it is silent. */
  readonly unknownFields: ReadonlyMap<string, UnknownFields>;
};
