// Short streams, few at a time: the time to the first token, and how long each further token travels.

import { inTurn, observe, type BenchRun, type Entrant } from '../bench-run.ts';

/** Few enough that no contender queues, enough for percentiles. */
const CONNECTIONS = 4;
const TOKENS = 6;
const TOKENS_PER_SECOND = 200;

export async function firstTokenScenario(run: BenchRun): Promise<void> {
  const { rounds, firstToken } = run.schedule;
  for (let round = 0; round < rounds; round += 1) {
    for (const delayMs of firstToken.delaysMs) {
      run.say(`first token after ${delayMs} ms, round ${round + 1} of ${rounds}`);
      await run.upstream.setScript({
        firstTokenMs: delayMs,
        tokens: TOKENS,
        tokensPerSecond: TOKENS_PER_SECOND,
      });
      for (const entrant of inTurn(run.entrants, round)) await measure(run, entrant, delayMs);
    }
  }
}

async function measure(run: BenchRun, entrant: Entrant, delayMs: number): Promise<void> {
  const { report } = await observe(run, entrant, {
    kind: 'streams',
    target: entrant.running.target,
    connections: CONNECTIONS,
    tokensExpected: TOKENS,
    warmupMs: run.schedule.warmupMs,
    durationMs: run.schedule.firstToken.durationMs,
  });
  const add = (metric: string, value: number): void =>
    run.measurements.add(entrant.name, `firstToken.${delayMs}ms.${metric}`, value);
  add('ttftP50Us', report.ttft.p50Us);
  add('ttftP99Us', report.ttft.p99Us);
  add('gapP50Us', report.gap.p50Us);
  add('gapP99Us', report.gap.p99Us);
  add('lagP50Us', report.lag.p50Us);
  add('lagP99Us', report.lag.p99Us);
  add('tokensLost', report.tokensLost);
  run.measurements.addDefect(entrant.name, `first token after ${delayMs} ms`, report);
}
