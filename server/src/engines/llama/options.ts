// What the embedded engine can be told, and its own bounds with their reasons.

import { availableParallelism } from 'node:os';

import type { Log } from '../../ports/log.ts';

export type LlamaOptions = {
  /** As named in the configuration. */
  readonly name: string;
  /** A GGUF file; of a split model, the first part. */
  readonly modelPath: string;
  /** Generations that run at once; the rest waits in the queue. */
  readonly slots?: number;
  /** Prompt and answer together, for each generation; no more than the model was trained on, unless told here. */
  readonly contextTokens?: number;
  readonly threads?: number;
  /** `auto` needs a CUDA, Vulkan or Metal package of node-llama-cpp to be installed. */
  readonly gpu?: false | 'auto';
  /** Generations that may wait for a slot. */
  readonly queueMax?: number;
  readonly queueWaitMaxMs?: number;
  readonly startTimeoutMs?: number;
  /** What is more urgent on this machine's cores than an embedder's start. */
  readonly startsAfter?: Promise<unknown>;
  readonly log?: Log;
  /** From 0 to 1, while a large model loads. */
  readonly onLoadProgress?: (fraction: number) => void;
};

export const LLAMA_DEFAULTS = {
  /** Where the throughput of the small model stops growing; memory grows with each slot. */
  slots: 16,
  /** Upper bound of the default; the model's own training context is the other one. */
  contextTokens: 2048,
  queueMax: 256,
  queueWaitMaxMs: 30_000,
  /** Without any progress of loading: large files on slow disks take minutes in total. */
  startTimeoutMs: 120_000,
} as const;

export const LLAMA_BOUNDS = {
  heartbeatMs: 1_000,
  /** Heartbeats without an answer, after which the process is taken for hung. Counted, so a suspended machine is not. */
  heartbeatsMissedMax: 15,
  /** A healthy process ends in milliseconds once its channel closes. */
  stopGraceMs: 2_000,
  /** An aborted generation ends after one decode batch; a process that takes longer is not waited for. */
  abortGraceMs: 900,
  restartDelayMinMs: 50,
  restartDelayMaxMs: 10_000,
  /** A process that lived this long was sound: the next restart is quick again. */
  soundLifeMs: 10_000,
  /** Starts in a row that failed, after which only the operator can help. */
  failedStartsMax: 5,
  /** Text beyond this can't fit and is refused before it is tokenised. */
  promptBytesUncheckedMax: 262_144,
} as const;

/**
 * One thread on two cores: llama.cpp's threads spin at each barrier, and on a shared core that made a single stream
 * twelve times slower (1,359 against 115 tokens/s).
 */
export function defaultThreads(cores: number = availableParallelism()): number {
  return cores <= 2 ? 1 : Math.min(4, cores - 1);
}
