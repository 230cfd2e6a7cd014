// The rows of the table: what each figure is called, where it comes from, and which way is better.

import { GATEWAY_PART } from './contenders/contender.ts';
import type { Measurements } from './measurements.ts';
import { P99_BOUNDS_MS, type Schedule } from './schedule.ts';

export const BASELINE = 'direct';

export type Row = {
  readonly label: string;
  readonly unit: 'rps' | 'us' | 'ms' | 'MB' | 'share' | 'count';
  /** Whether a ratio to the baseline says something: what is only added has none. */
  readonly overBaseline: boolean;
  valueOf(figures: Measurements, contender: string): number | undefined;
};

/** All rows that the schedule can fill, in the order of the table; `parts` are those beside the gateway itself. */
export function tableRows(schedule: Schedule, parts: readonly string[]): Row[] {
  return [
    ...plainRows(schedule),
    ...streamRows(schedule),
    ...heldRows(),
    ...processRows(schedule, GATEWAY_PART, ''),
    ...parts.flatMap((part) => processRows(schedule, part, ` (${part})`)),
    ...checkRows(),
  ];
}

/** What some contender consists of beside its gateway, such as a database. */
export function otherParts(figures: Measurements, contenders: readonly string[]): string[] {
  const prefix = 'memory.idle.';
  const parts = contenders.flatMap((contender) => figures.metrics(contender, prefix));
  return [...new Set(parts.map((metric) => metric.slice(prefix.length)))].filter(
    (part) => part !== GATEWAY_PART,
  );
}

function plainRows(schedule: Schedule): Row[] {
  const first = Math.min(...schedule.plain.connections);
  return [
    ...schedule.plain.connections.map((c) =>
      row(`requests/s, ${c} at a time`, 'rps', `plain.c${c}.rps`),
    ),
    ...P99_BOUNDS_MS.map((boundMs) => ({
      label: `requests/s at p99 ≤ ${boundMs} ms`,
      unit: 'rps' as const,
      overBaseline: true,
      valueOf: (figures: Measurements, contender: string) =>
        frontier(figures, contender, schedule, boundMs),
    })),
    added(`added latency p50, ${first} at a time`, `plain.c${first}.p50Us`),
    added(`added latency p99, ${first} at a time`, `plain.c${first}.p99Us`),
  ];
}

function streamRows(schedule: Schedule): Row[] {
  return schedule.firstToken.delaysMs.flatMap((delayMs) => [
    added(`added first token p50, ${delayMs} ms upstream`, `firstToken.${delayMs}ms.ttftP50Us`),
    added(`added first token p99, ${delayMs} ms upstream`, `firstToken.${delayMs}ms.ttftP99Us`),
    added(`added gap p99, ${delayMs} ms upstream`, `firstToken.${delayMs}ms.gapP99Us`),
    added(`added way of a token p50, ${delayMs} ms`, `firstToken.${delayMs}ms.lagP50Us`),
  ]);
}

function heldRows(): Row[] {
  return [
    plainly('streams held at 50 tokens/s', 'count', 'held.streams'),
    plainly('… at 512: gaps over 1 s', 'count', 'held.stalls'),
    plainly('… at 512: gaps over 100 ms', 'count', 'held.stutters'),
    plainly('… at 512: tokens lost', 'count', 'held.tokensLost'),
    row('… at 512: tokens/s delivered', 'rps', 'held.tokensPerSecond'),
    added('… at 512: added gap p99', 'held.gapP99Us'),
    added('… at 512: added way of a token p50', 'held.lagP50Us'),
  ];
}

function processRows(schedule: Schedule, part: string, suffix: string): Row[] {
  return [
    ...schedule.plain.connections.map((c) =>
      row(`CPU per request, ${c} at a time${suffix}`, 'us', `plain.c${c}.cpuUs.${part}`),
    ),
    row(`CPU per token, 512 streams${suffix}`, 'us', `held.cpuUsPerToken.${part}`),
    row(`memory idle${suffix}`, 'MB', `memory.idle.${part}`),
    row(`memory while 512 streams are held${suffix}`, 'MB', `memory.steady.${part}`),
    row(`memory after all${suffix}`, 'MB', `memory.after.${part}`),
  ];
}

function checkRows(): Row[] {
  return [
    plainly('abandoned streams stopped in 1 s', 'share', 'abandon.stoppedShare'),
    plainly('replies in pieces ≥ 35 ms late', 'share', 'nodelay.plainDelayedShare'),
    plainly('tokens ≥ 35 ms late', 'share', 'nodelay.tokensDelayedShare'),
  ];
}

/** The most requests per second at any number of connections whose p99 keeps the bound, without an error. */
export function frontier(
  figures: Measurements,
  contender: string,
  schedule: Schedule,
  boundMs: number,
): number | undefined {
  let best: number | undefined;
  let measured = false;
  for (const connections of schedule.plain.connections) {
    const rps = figures.median(contender, `plain.c${connections}.rps`);
    const p99Us = figures.median(contender, `plain.c${connections}.p99Us`);
    if (rps === undefined || p99Us === undefined) continue;
    measured = true;
    const errors = figures
      .rounds(contender, `plain.c${connections}.errors`)
      .some((count) => count > 0);
    if (!errors && p99Us <= boundMs * 1000 && rps > (best ?? 0)) best = rps;
  }
  return best ?? (measured ? 0 : undefined);
}

function row(label: string, unit: Row['unit'], metric: string): Row {
  return {
    label,
    unit,
    overBaseline: true,
    valueOf: (figures, contender) => figures.median(contender, metric),
  };
}

function plainly(label: string, unit: Row['unit'], metric: string): Row {
  return { ...row(label, unit, metric), overBaseline: false };
}

function added(label: string, metric: string): Row {
  const valueOf = (figures: Measurements, contender: string): number | undefined =>
    contender === BASELINE ? undefined : figures.medianAdded(contender, BASELINE, metric);
  return { label, unit: 'us', overBaseline: false, valueOf };
}
