// `npm run bench -- --codec`: what the protocols cost. Decoding and encoding in this process, then whole requests of each
// protocol through a whole server, then one body of 30 MB beside small requests.

import { gather } from '../gather.ts';
import { type Line, renderLines } from '../lines.ts';
import { busyWarning, loadNow, machine } from '../machine.ts';
import type { Options } from '../options.ts';
import { DIALECTS } from './agent-prompt.ts';
import { bigBody, type BigBody } from './big-body.ts';
import { codecCost } from './codec-cost.ts';
import { requestCost } from './request-cost.ts';

const DECODE_US_MAX = 1_500;
const ENCODE_US_MAX = 6;
const REQUEST_OVER_CHAT_MAX = 1.25;
const BLOCKED_MS_MAX = 50;

export async function benchCodec(options: Options, say: (line: string) => void): Promise<void> {
  const loadBefore = loadNow();
  say('decoding and encoding in this process');
  const codec = DIALECTS.flatMap(codecLines);
  await using scope = new AsyncDisposableStack();
  const { run, absences } = await gather({ ...options, contenders: ['turnpike'] }, scope, say);
  if (absences.length > 0) throw new Error(absences.map(({ reason }) => reason).join(' '));
  const requests = await requestCost(run);
  say('one body of 30 MB beside small requests');
  const big = await bigBody(run);
  const lines = [...codec, ...requestLines(requests), ...bigLines(big)];
  const warning = busyWarning(loadBefore);
  process.stdout.write(
    `\n${renderLines(lines)}\n\n${machine()}; load ${loadBefore} before, ${loadNow()} after\n${warning ?? ''}\n`,
  );
}

function codecLines(dialect: (typeof DIALECTS)[number]): Line[] {
  const cost = codecCost(dialect);
  const kilobytes = Math.round(cost.promptBytes / 1000);
  const encode = [
    ['text', cost.encodeTextUs],
    ['reasoning', cost.encodeReasoningUs],
    ['arguments', cost.encodeArgumentsUs],
  ] as const;
  return [
    {
      what: `${dialect}: decode ${kilobytes} kB with 40 tools, p50`,
      seen: `${(cost.decodeUs / 1000).toFixed(2)} ms (JSON.parse alone ${(cost.parseUs / 1000).toFixed(2)} ms)`,
      met: cost.decodeUs <= DECODE_US_MAX,
    },
    ...encode.map(([what, us]) => ({
      what: `${dialect}: encode a streamed part (${what})`,
      seen: `${us.toFixed(2)} µs`,
      met: us <= ENCODE_US_MAX,
    })),
  ];
}

function requestLines(requests: ReadonlyMap<string, number>): Line[] {
  const chat = requests.get('openai-chat') ?? Number.NaN;
  return [...requests].map(([dialect, us]) => ({
    what: `${dialect}: the gateway's CPU per whole request`,
    seen: `${us.toFixed(0)} µs, ${(us / chat).toFixed(2)} × Chat`,
    met: us / chat <= REQUEST_OVER_CHAT_MAX,
  }));
}

function bigLines({ quietMs, besideMs, took }: BigBody): Line[] {
  return [
    {
      what: 'the most work before a small request is answered, nothing else running',
      seen: `${quietMs.toFixed(0)} ms`,
    },
    ...besideMs.map(([dialect, ms]) => ({
      what: `${dialect}: the most work before a small request is answered beside a body of 30 MB`,
      seen: `${ms.toFixed(0)} ms (the body: ${took.get(dialect) ?? ''})`,
      met: ms <= BLOCKED_MS_MAX + quietMs,
    })),
  ];
}
