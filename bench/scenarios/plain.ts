// Plain requests, the upstream answering at once: requests per second, latency, and processor time per request.

import { inTurn, observe, type BenchRun, type Entrant } from '../bench-run.ts';

export async function plainScenario(run: BenchRun): Promise<void> {
  const { rounds, plain } = run.schedule;
  await run.upstream.setScript({ firstTokenMs: 0, splitReply: false });
  for (let round = 0; round < rounds; round += 1) {
    for (const connections of plain.connections) {
      run.say(`plain requests, round ${round + 1} of ${rounds}, ${connections} at a time`);
      for (const entrant of inTurn(run.entrants, round)) await measure(run, entrant, connections);
    }
  }
}

async function measure(run: BenchRun, entrant: Entrant, connections: number): Promise<void> {
  const { report, cpuUs } = await observe(run, entrant, {
    kind: 'plain',
    target: entrant.running.target,
    connections,
    warmupMs: run.schedule.warmupMs,
    durationMs: run.schedule.plain.durationMs,
    splitRequest: false,
  });
  const add = (metric: string, value: number): void =>
    run.measurements.add(entrant.name, `plain.c${connections}.${metric}`, value);
  add('rps', report.requests / report.seconds);
  add('p50Us', report.latency.p50Us);
  add('p99Us', report.latency.p99Us);
  add('errors', report.errors);
  for (const [part, spentUs] of cpuUs) add(`cpuUs.${part}`, spentUs / Math.max(1, report.requests));
  run.measurements.addDefect(entrant.name, `plain, ${connections} at a time`, report);
}
