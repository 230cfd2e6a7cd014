// Many streams at the pace of a real model, all at once: are they held without a stall, and what does a token cost?

import { setTimeout as sleep } from 'node:timers/promises';
import { observe, type BenchRun, type Entrant, type Observed } from '../bench-run.ts';
import type { HeldReport } from '../load/plan.ts';
import { HELD_RUNGS, HELD_TOKENS_PER_SECOND } from '../schedule.ts';

/** Time for a contender to end what it still does before the next one is measured. */
const REST_MS = 500;
/** A contender that cannot keep up piles tokens up: no gap is long, but each token comes later than the one before. */
const PACE_MIN = 0.98;

export async function heldScenario(run: BenchRun): Promise<void> {
  for (const entrant of run.entrants) {
    let held = 0;
    for (const [rung, streams] of HELD_RUNGS.entries()) {
      run.say(`${streams} streams at ${HELD_TOKENS_PER_SECOND} tokens/s through ${entrant.name}`);
      const holdMs = rung === 0 ? run.schedule.held.holdMs : run.schedule.held.rungHoldMs;
      const observed = await hold(run, entrant, streams, holdMs);
      if (rung === 0) record(run, entrant, streams, observed);
      if (isHeld(observed.report, streams)) held = streams;
      await sleep(REST_MS);
      if (held > 0) break;
    }
    run.measurements.add(entrant.name, 'held.streams', held);
  }
}

async function hold(
  run: BenchRun,
  entrant: Entrant,
  streams: number,
  holdMs: number,
): Promise<Observed<HeldReport>> {
  const { rampMs } = run.schedule.held;
  const tokens = Math.floor(((rampMs + holdMs) * HELD_TOKENS_PER_SECOND) / 1000);
  await run.upstream.setScript({
    firstTokenMs: 0,
    tokens,
    tokensPerSecond: HELD_TOKENS_PER_SECOND,
  });
  return observe(run, entrant, {
    kind: 'held',
    target: entrant.running.target,
    streams,
    rampMs,
    holdMs,
    tokensPerSecond: HELD_TOKENS_PER_SECOND,
  });
}

/** No stream failed, stalled for a second or lost a token, and together they kept the pace. */
function isHeld(report: HeldReport, streams: number): boolean {
  const pace = report.windowTokens / report.windowSeconds / (streams * HELD_TOKENS_PER_SECOND);
  const whole = report.errors === 0 && report.tokensLost === 0 && report.streams === streams;
  return whole && report.stalls === 0 && pace >= PACE_MIN;
}

function record(
  run: BenchRun,
  entrant: Entrant,
  streams: number,
  observed: Observed<HeldReport>,
): void {
  const { report, cpuUs, memoryBytes } = observed;
  const add = (metric: string, value: number): void =>
    run.measurements.add(entrant.name, `held.${metric}`, value);
  add('tokensPerSecond', report.windowTokens / report.windowSeconds);
  add('stalls', report.stalls);
  add('stutters', report.stutters);
  add('tokensLost', report.tokensLost);
  add('gapP99Us', report.gap.p99Us);
  add('gapMaxUs', report.gap.maxUs);
  add('lagP50Us', report.lag.p50Us);
  add('lagP99Us', report.lag.p99Us);
  for (const [part, spentUs] of cpuUs)
    add(`cpuUsPerToken.${part}`, spentUs / Math.max(1, report.windowTokens));
  for (const [part, bytes] of memoryBytes)
    run.measurements.add(entrant.name, `memory.steady.${part}`, bytes);
  run.measurements.addDefect(entrant.name, `${streams} streams`, report);
}
