// How long a small request waits while a body of 30 MB comes in: what blocks the event loop, as others feel it. Counted is the
// processor time of the server's thread during the wait, so that other people's work on the machine does not count.

import { readFileSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import type { BenchRun } from '../bench-run.ts';
import type { Target } from '../load/plan.ts';
import { DIALECTS, type Dialect } from './agent-prompt.ts';

const BODY_BYTES = 30_000_000;
const ASK_EVERY_MS = 2;
const QUIET_MS = 1_000;

export type BigBody = {
  readonly quietMs: number;
  readonly besideMs: readonly (readonly [Dialect, number])[];
  /** Status and time of the big request itself. */
  readonly took: ReadonlyMap<Dialect, string>;
};

export async function bigBody(run: BenchRun): Promise<BigBody> {
  const [entrant] = run.entrants;
  if (entrant === undefined) throw new Error('Turnpike did not start.');
  const { target, pid } = entrant.running;
  const quietMs = await longestWaitMs(target.port, pid, sleep(QUIET_MS));
  const besideMs: [Dialect, number][] = [];
  const took = new Map<Dialect, string>();
  for (const dialect of DIALECTS) {
    const sending = sendBig(target, dialect);
    besideMs.push([dialect, await longestWaitMs(target.port, pid, sending)]);
    took.set(dialect, await sending);
  }
  return { quietMs, besideMs, took };
}

/** Asks small questions, one after the other, until `until` has settled. */
async function longestWaitMs(
  port: number,
  pid: number | undefined,
  until: Promise<unknown>,
): Promise<number> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const end = { reached: false };
  const ended = until.finally(() => (end.reached = true));
  let longestMs = 0;
  while (!end.reached) {
    const startMs = workedMs(pid);
    await ask(agent, port);
    longestMs = Math.max(longestMs, workedMs(pid) - startMs);
    await sleep(ASK_EVERY_MS);
  }
  agent.destroy();
  await ended;
  return longestMs;
}

/** Of the first thread of the process, by the kernel's own books; elsewhere than on Linux, the time that has passed. */
function workedMs(pid: number | undefined): number {
  try {
    const [onCpuNs] = readFileSync(`/proc/${pid}/task/${pid}/schedstat`, 'utf8').split(' ');
    return Number(onCpuNs) / 1_000_000;
  } catch {
    return performance.now();
  }
}

function ask(agent: Agent, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    request({ agent, port, host: '127.0.0.1', path: '/healthz' }, (response) => {
      response.resume().once('end', resolve);
    })
      .once('error', reject)
      .end();
  });
}

/** Text in one long message, which is the most that a parser can be given at once. */
async function sendBig({ port, headers, model }: Target, dialect: Dialect): Promise<string> {
  const content = 'toll '.repeat(BODY_BYTES / 5);
  const messages = [{ role: 'user', content }];
  const bodies = {
    'openai-chat': ['/v1/chat/completions', { model, messages }],
    'openai-responses': ['/v1/responses', { model, input: content }],
    'anthropic-messages': ['/v1/messages', { model, max_tokens: 16, messages }],
  } as const;
  const [path, body] = bodies[dialect];
  const json = Buffer.from(JSON.stringify(body));
  const startMs = performance.now();
  const response = await fetch(`http://127.0.0.1:${port}${path}`, {
    method: 'POST',
    headers: { ...headers, 'content-type': 'application/json' },
    body: json,
  });
  await response.text();
  return `HTTP ${response.status} in ${Math.round(performance.now() - startMs)} ms`;
}
