// The gateway's processor time per whole request, protocol by protocol, on the same conversation, in rounds: what one
// protocol costs over another is measured in the same minute.

import { observe, type BenchRun } from '../bench-run.ts';
import { GATEWAY_PART } from '../contenders/contender.ts';
import { DIALECTS } from './agent-prompt.ts';

const ROUNDS = 5;
const CONNECTIONS = 16;
const PATHS = {
  'openai-chat': '/v1/chat/completions',
  'openai-responses': '/v1/responses',
  'anthropic-messages': '/v1/messages',
} as const;

/** Microseconds, the median of the rounds. */
export async function requestCost(run: BenchRun): Promise<ReadonlyMap<string, number>> {
  const [entrant] = run.entrants;
  if (entrant === undefined) throw new Error('Turnpike did not start.');
  await run.upstream.setScript({ firstTokenMs: 0, splitReply: false });
  for (let round = 0; round < ROUNDS; round += 1) {
    run.say(`whole requests of each protocol, round ${round + 1} of ${ROUNDS}`);
    for (const dialect of DIALECTS) {
      const { target } = entrant.running;
      const { report, cpuUs } = await observe(run, entrant, {
        kind: 'plain',
        target: { ...target, path: PATHS[dialect], dialect },
        connections: CONNECTIONS,
        warmupMs: run.schedule.warmupMs,
        durationMs: run.schedule.plain.durationMs,
        splitRequest: false,
      });
      if (report.errors > 0) throw new Error(`${dialect}: ${report.firstError}`);
      const spentUs = cpuUs.get(GATEWAY_PART) ?? Number.NaN;
      run.measurements.add('turnpike', `codec.${dialect}`, spentUs / report.requests);
    }
  }
  return new Map(
    DIALECTS.map((dialect) => [
      dialect,
      run.measurements.median('turnpike', `codec.${dialect}`) ?? Number.NaN,
    ]),
  );
}
