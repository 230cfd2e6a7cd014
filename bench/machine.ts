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
