// Under what conditions the figures arose: without them no absolute figure means anything.

import { availableParallelism, cpus, loadavg, totalmem } from 'node:os';

export function machine(): string {
  const model = cpus()[0]?.model ?? 'unknown processor';
  return `${availableParallelism()} cores of ${model}, ${Math.round(totalmem() / 1e9)} GB, node ${process.versions.node}`;
}

/** The mean number of processes that wanted a core in the last minute. */
export function loadNow(): string {
  return (loadavg()[0] ?? 0).toFixed(2);
}

/** A warning where other work wanted the cores before the run began: its figures are then those of a crowd. */
export function busyWarning(loadBefore: string): string | undefined {
  const cores = availableParallelism();
  if (Number(loadBefore) <= cores / 2) return undefined;
  return `The machine was busy before the run (load ${loadBefore} on ${cores} cores): trust the ratios little, and repeat the run on a quiet one.`;
}
