// Is TCP_NODELAY set on both sides of a contender? Requests, replies and streams are written in small pieces; where
// Nagle's algorithm holds one back until the peer's delayed acknowledgement, it arrives 40 ms late, again and again.

import { observe, type BenchRun, type Entrant } from '../bench-run.ts';

const TOKENS = 100;
const TOKENS_PER_SECOND = 100;

/** One late reply in ten is a busy machine at its worst; a socket without TCP_NODELAY delays most of them. */
export const DELAYED_SHARE_MAX = 0.1;

export async function nodelayScenario(run: BenchRun): Promise<void> {
  for (const entrant of run.entrants) {
    run.say(`TCP_NODELAY on both sides of ${entrant.name}`);
    await run.upstream.setScript({
      firstTokenMs: 0,
      splitReply: true,
      tokens: TOKENS,
      tokensPerSecond: TOKENS_PER_SECOND,
    });
    await plain(run, entrant);
    await streamed(run, entrant);
  }
  await run.upstream.setScript({ splitReply: false });
}

async function plain(run: BenchRun, entrant: Entrant): Promise<void> {
  const { report } = await observe(run, entrant, {
    kind: 'plain',
    target: entrant.running.target,
    connections: 1,
    warmupMs: run.schedule.warmupMs,
    durationMs: run.schedule.nodelay.durationMs,
    splitRequest: true,
  });
  run.measurements.add(
    entrant.name,
    'nodelay.plainDelayedShare',
    report.requests === 0 ? 1 : report.delayedShare,
  );
  run.measurements.add(entrant.name, 'nodelay.plainP50Us', report.latency.p50Us);
  run.measurements.addDefect(entrant.name, 'plain requests in pieces', report);
}

async function streamed(run: BenchRun, entrant: Entrant): Promise<void> {
  const { report } = await observe(run, entrant, {
    kind: 'streams',
    target: entrant.running.target,
    connections: 1,
    tokensExpected: TOKENS,
    warmupMs: run.schedule.warmupMs,
    durationMs: run.schedule.nodelay.durationMs,
  });
  run.measurements.add(
    entrant.name,
    'nodelay.tokensDelayedShare',
    report.tokens === 0 ? 1 : report.lagDelayedShare,
  );
  run.measurements.addDefect(entrant.name, 'a stream of small pieces', report);
}
