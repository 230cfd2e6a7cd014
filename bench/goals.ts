// What Turnpike promises about its speed, checked against the figures of the same run.

import { GATEWAY_PART } from './contenders/contender.ts';
import type { Measurements } from './measurements.ts';
import { BASELINE } from './rows.ts';
import { HELD_RUNGS, type Schedule } from './schedule.ts';
import { PEER } from './table.ts';
import { DELAYED_SHARE_MAX } from './scenarios/nodelay.ts';

export type Goal = {
  readonly text: string;
  readonly met: boolean | undefined;
  readonly seen: string;
};

/** The contender that the goals are about. */
const SUBJECT = 'turnpike';

const RPS_OVER_PEER_MIN = 8;
const ADDED_OVER_PEER_MAX = 0.5;
const FIRST_TOKEN_ADDED_US_MAX = 2000;
const MEMORY_BYTES_MAX = 300_000_000;

export function checkGoals(figures: Measurements, schedule: Schedule): Goal[] {
  const streams = HELD_RUNGS[0] ?? 0;
  const delayed = Math.max(
    ...['plain', 'tokens'].map((what) => median(figures, `nodelay.${what}DelayedShare`) ?? NaN),
  );
  return [
    judge(
      `at least ${RPS_OVER_PEER_MIN} × ${PEER}'s plain requests/s, 64 at a time`,
      ratio(median(figures, 'plain.c64.rps'), figures.median(PEER, 'plain.c64.rps')),
      (value) => value >= RPS_OVER_PEER_MIN,
      (value) => `${value.toFixed(1)} ×`,
    ),
    judge(
      `added p50 at concurrency 1 at most half of ${PEER}'s`,
      ratio(addedBy(figures, SUBJECT, 'plain.c1.p50Us'), addedBy(figures, PEER, 'plain.c1.p50Us')),
      (value) => value <= ADDED_OVER_PEER_MAX,
      (value) => `${value.toFixed(2)} ×`,
    ),
    ...schedule.firstToken.delaysMs.map((delayMs) =>
      judge(
        `added time to first token at most 2 ms p50 (${delayMs} ms upstream)`,
        addedBy(figures, SUBJECT, `firstToken.${delayMs}ms.ttftP50Us`),
        (value) => value <= FIRST_TOKEN_ADDED_US_MAX,
        (value) => `${(value / 1000).toFixed(2)} ms`,
      ),
    ),
    judge(
      `${streams} streams of 50 tokens/s held without a stall`,
      median(figures, 'held.streams'),
      (value) => value >= streams,
      (value) => `${value} held`,
    ),
    judge(
      'at most 300 MB for the gateway process while it holds them',
      median(figures, `memory.steady.${GATEWAY_PART}`),
      (value) => value <= MEMORY_BYTES_MAX,
      (value) => `${(value / 1_000_000).toFixed(0)} MB`,
    ),
    judge(
      'TCP_NODELAY on both sides: nothing waits for a delayed acknowledgement',
      delayed,
      (value) => value <= DELAYED_SHARE_MAX,
      (value) => `${(value * 100).toFixed(0)} % late`,
    ),
  ];
}

/** One line per goal. */
export function renderGoals(goals: readonly Goal[]): string {
  return goals
    .map((goal) => {
      const mark = goal.met === undefined ? 'not measured' : goal.met ? 'met' : 'MISSED';
      return `${mark.padEnd(12)}  ${goal.text}${goal.seen === '' ? '' : `: ${goal.seen}`}`;
    })
    .join('\n');
}

function judge(
  text: string,
  value: number | undefined,
  meets: (value: number) => boolean,
  show: (value: number) => string,
): Goal {
  if (value === undefined || Number.isNaN(value)) return { text, met: undefined, seen: '' };
  return { text, met: meets(value), seen: show(value) };
}

function median(figures: Measurements, metric: string): number | undefined {
  return figures.median(SUBJECT, metric);
}

function addedBy(figures: Measurements, contender: string, metric: string): number | undefined {
  return figures.medianAdded(contender, BASELINE, metric);
}

function ratio(value: number | undefined, over: number | undefined): number | undefined {
  return value === undefined || over === undefined || over <= 0 ? undefined : value / over;
}
