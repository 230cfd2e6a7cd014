// What every scenario works with: the contenders that run, the upstream, the load generator and the growing figures.

import { GATEWAY_PART, type Running } from './contenders/contender.ts';
import type { Mark, Plan, Reports } from './load/plan.ts';
import type { LoadGenerator } from './load/process.ts';
import type { Measurements } from './measurements.ts';
import { sampleTree, type ProcessSample } from './processes.ts';
import type { Schedule } from './schedule.ts';
import type { UpstreamProcess } from './upstream/process.ts';

export type Entrant = { readonly name: string; readonly running: Running };

export type BenchRun = {
  readonly entrants: readonly Entrant[];
  readonly upstream: UpstreamProcess;
  readonly load: LoadGenerator;
  readonly schedule: Schedule;
  readonly measurements: Measurements;
  readonly say: (line: string) => void;
};

/** A report with what the contender's processes spent in the measured window, by part. */
export type Observed<R> = {
  readonly report: R;
  readonly cpuUs: ReadonlyMap<string, number>;
  readonly memoryBytes: ReadonlyMap<string, number>;
};

/** Runs a plan against an entrant and reads its processes' accounts at both ends of the window. */
export async function observe<P extends Plan>(
  run: BenchRun,
  entrant: Entrant,
  plan: P,
): Promise<Observed<Reports[P['kind']]>> {
  let before: ProcessSample[] = [];
  let after: ProcessSample[] = [];
  const report = await run.load.run(plan, (mark: Mark) => {
    if (mark === 'window-open') before = samplesOf(entrant);
    else after = samplesOf(entrant);
  });
  const cpuUs = byPart(entrant, after, (sample) => sample.cpuUs);
  for (const [part, spent] of byPart(entrant, before, (sample) => sample.cpuUs)) {
    cpuUs.set(part, Math.max(0, (cpuUs.get(part) ?? 0) - spent));
  }
  return { report, cpuUs, memoryBytes: memoryByPart(entrant, after) };
}

/** Memory of an entrant now, by part. */
export function memoryNow(entrant: Entrant): ReadonlyMap<string, number> {
  return memoryByPart(entrant, samplesOf(entrant));
}

function samplesOf(entrant: Entrant): ProcessSample[] {
  return entrant.running.pid === undefined ? [] : sampleTree(entrant.running.pid);
}

/** The gateway's memory is its resident set; parts of many processes that share memory count it once. */
function memoryByPart(entrant: Entrant, samples: readonly ProcessSample[]): Map<string, number> {
  return byPart(entrant, samples, (sample, part) =>
    part === GATEWAY_PART ? sample.residentBytes : sample.shareBytes,
  );
}

function byPart(
  entrant: Entrant,
  samples: readonly ProcessSample[],
  valueOf: (sample: ProcessSample, part: string) => number,
): Map<string, number> {
  const sums = new Map<string, number>();
  for (const sample of samples) {
    const part = entrant.running.partOf(sample.command);
    sums.set(part, (sums.get(part) ?? 0) + valueOf(sample, part));
  }
  return sums;
}

/** The entrants in another order each round, so that none always follows the same neighbour. */
export function inTurn(entrants: readonly Entrant[], round: number): readonly Entrant[] {
  const shift = round % Math.max(1, entrants.length);
  return [...entrants.slice(shift), ...entrants.slice(0, shift)];
}
