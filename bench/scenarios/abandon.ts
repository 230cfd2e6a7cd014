// Clients that leave after three tokens: does the upstream stop within a second, or does it work on for nobody?

import { setTimeout as sleep } from 'node:timers/promises';
import { observe, type BenchRun, type Entrant } from '../bench-run.ts';

const STREAMS = 10;
const LEAVE_AFTER_TOKENS = 3;
const TOKENS = 200;
const TOKENS_PER_SECOND = 100;
const STOPPED_WITHIN_MS = 1000;
const POLL_MS = 20;
/** Longer than a whole generation: nothing of one contender's work may be left when the next begins. */
const IDLE_WITHIN_MS = 5000;

export async function abandonScenario(run: BenchRun): Promise<void> {
  await run.upstream.setScript({
    firstTokenMs: 0,
    tokens: TOKENS,
    tokensPerSecond: TOKENS_PER_SECOND,
  });
  for (const entrant of run.entrants) {
    run.say(`clients of ${entrant.name} that leave`);
    await measure(run, entrant);
  }
}

async function measure(run: BenchRun, entrant: Entrant): Promise<void> {
  await liveAtMost(run, 0, IDLE_WITHIN_MS);
  const before = await run.upstream.counts();
  const { report } = await observe(run, entrant, {
    kind: 'abandon',
    target: entrant.running.target,
    streams: STREAMS,
    leaveAfterTokens: LEAVE_AFTER_TOKENS,
  });
  const leftMs = performance.now();
  await liveAtMost(run, 0, STOPPED_WITHIN_MS);
  const stoppedMs = performance.now() - leftMs;
  const after = await run.upstream.counts();
  run.measurements.add(
    entrant.name,
    'abandon.stoppedShare',
    (after.aborted - before.aborted) / STREAMS,
  );
  if (after.live === 0) run.measurements.add(entrant.name, 'abandon.stoppedMs', stoppedMs);
  run.measurements.addDefect(entrant.name, 'clients that leave', report);
}

/** Waits until no more than `live` generations run upstream, or the time is up. */
async function liveAtMost(run: BenchRun, live: number, withinMs: number): Promise<void> {
  const endMs = performance.now() + withinMs;
  while ((await run.upstream.counts()).live > live && performance.now() < endMs)
    await sleep(POLL_MS);
}
