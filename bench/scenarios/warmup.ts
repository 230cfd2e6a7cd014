// Lets every contender compile its hot path and open its connections before anything is counted.

import type { BenchRun } from '../bench-run.ts';

const CONNECTIONS = 16;
const TOKENS = 20;

export async function warmup(run: BenchRun): Promise<void> {
  const durationMs = 3 * run.schedule.warmupMs;
  await run.upstream.setScript({ firstTokenMs: 0, tokens: TOKENS, tokensPerSecond: 100 });
  for (const entrant of run.entrants) {
    run.say(`warming up ${entrant.name}`);
    const common = {
      target: entrant.running.target,
      connections: CONNECTIONS,
      warmupMs: 0,
      durationMs,
    };
    await run.load.run({ ...common, kind: 'plain', splitRequest: false });
    await run.load.run({ ...common, kind: 'streams', tokensExpected: TOKENS });
  }
}
