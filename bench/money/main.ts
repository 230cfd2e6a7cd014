// `npm run bench -- --money`: what money costs, part by part, each beside its goal. Rates are those of this machine at this
// minute; processor time and ratios say more.

import { gather } from '../gather.ts';
import { type Line, renderLines } from '../lines.ts';
import { busyWarning, loadNow, machine } from '../machine.ts';
import type { Options } from '../options.ts';
import { plainScenario } from '../scenarios/plain.ts';
import { warmup } from '../scenarios/warmup.ts';
import { applierRate, type Shape } from './applier-rate.ts';
import { inForce } from './in-force.ts';
import { type Lab, openLab, organisations } from './lab.ts';
import { logRate, plainRate } from './log-rate.ts';
import { keysOf, requestMoney } from './request-money.ts';

const REQUEST_CPU_US_MAX = 10;
const LOG_PER_SECOND_MIN = 20_000;
const LOG_P50_MS_MAX = 1;
const APPLIED_PER_SECOND_MIN = 10_000;
const LEASES_OVER_DIRECT_MIN = 2;
const IN_FORCE_MS_MAX = 1_000;
/** Twice as many groups of 256 as this fit into a settlement log of which PostgreSQL has taken nothing. */
const REQUEST_TURNS = 100;
const AT_ONCE = 64;
const TIMES = 5;

const SHAPES: readonly (readonly [string, Shape])[] = [
  ['spread over 200 organisations', { organisations: 200, budgets: 0 }],
  ['on one hot organisation', { organisations: 1, budgets: 0 }],
  ['on one, with budgets of organisation, project and key', { organisations: 1, budgets: 3 }],
];

type Say = (line: string) => void;

export async function benchMoney(options: Options, say: Say): Promise<void> {
  const loadBefore = loadNow();
  const lines: Line[] = [];
  {
    await using lab = await openLab();
    say('money of a request, in memory');
    lines.push(await requestLine(lab, options.quick));
    say('the settlement log');
    lines.push(...(await logLines(lab, options.quick)));
    for (const [name, shape] of SHAPES) {
      say(`the applier, ${name}`);
      lines.push(await applierLine(lab, name, shape, options.quick));
    }
    say('what is in force in another gateway');
    for (const [what, ms] of await inForce(lab, TIMES)) {
      const seen = `${ms.toFixed(0)} ms`;
      lines.push({
        what: `${what} is in force in another gateway, the longest of ${TIMES}`,
        seen,
        met: ms <= IN_FORCE_MS_MAX,
      });
    }
  }
  lines.push(...(await wholeLines(options, say)));
  const conditions = `${machine()}; load ${loadBefore} before, ${loadNow()} after`;
  process.stdout.write(
    `\n${renderLines(lines)}\n\n${conditions}\n${busyWarning(loadBefore) ?? ''}\n`,
  );
}

async function requestLine(lab: Lab, quick: boolean): Promise<Line> {
  await using store = await lab.open('request');
  const customers = await keysOf(store, await organisations(store, 20));
  const us = await requestMoney(store, customers, quick ? 50 : REQUEST_TURNS);
  return {
    what: 'authenticate, admit, hold, price, settle and record, in memory: CPU per request',
    seen: `${us.toFixed(1)} µs`,
    met: us <= REQUEST_CPU_US_MAX,
  };
}

async function logLines({ directory }: Lab, quick: boolean): Promise<Line[]> {
  const forMs = quick ? 1_000 : 3_000;
  const before = plainRate(directory, forMs / 2);
  const lines: Line[] = [];
  for (const inFlight of [1, 32, 128]) {
    const { perSecond, p50Ms, p99Ms, cpuUs } = await logRate(directory, inFlight, forMs);
    const isGoal = inFlight === 32;
    const met = perSecond >= LOG_PER_SECOND_MIN && p50Ms <= LOG_P50_MS_MAX;
    lines.push({
      what: `settlement log, ${inFlight} in flight: durable records/s`,
      seen: `${rate(perSecond)}, p50 ${p50Ms.toFixed(2)} ms, p99 ${p99Ms.toFixed(1)} ms, ${cpuUs.toFixed(1)} µs CPU each; ${(perSecond / before).toFixed(1)} × one append and fdatasync at a time (${rate(before)}/s)`,
      ...(isGoal && { met }),
    });
  }
  return lines;
}

async function applierLine(lab: Lab, name: string, shape: Shape, quick: boolean): Promise<Line> {
  const { perSecond, gatewayCpuUs, postgresCpuUs } = await applierRate(
    lab,
    shape,
    quick ? 20_000 : 60_000,
  );
  return {
    what: `settles/s into PostgreSQL, ${name}`,
    seen: `${rate(perSecond)}; CPU of each ${gatewayCpuUs.toFixed(1)} µs in the gateway, ${postgresCpuUs.toFixed(1)} µs in PostgreSQL`,
    met: perSecond >= APPLIED_PER_SECOND_MIN,
  };
}

/** Whole requests through whole servers, with leases and without, in turns. */
async function wholeLines(options: Options, say: Say): Promise<Line[]> {
  await using scope = new AsyncDisposableStack();
  const names = ['turnpike', 'turnpike-direct'] as const;
  const plain = { ...options.schedule.plain, connections: [AT_ONCE] };
  const schedule = { ...options.schedule, plain };
  const { run, absences } = await gather({ ...options, schedule, contenders: names }, scope, say);
  if (absences.length > 0) throw new Error(absences.map(({ reason }) => reason).join(' '));
  await warmup(run);
  await plainScenario(run);
  const figure = (name: string, metric: string) =>
    run.measurements.median(name, `plain.c${AT_ONCE}.${metric}`) ?? Number.NaN;
  const [leases, direct] = names.map((name) => figure(name, 'rps'));
  const over = (leases ?? Number.NaN) / (direct ?? Number.NaN);
  return [
    {
      what: `whole requests/s, ${AT_ONCE} at a time, with leases over without`,
      seen: `${over.toFixed(2)} × (${rate(leases ?? Number.NaN)} over ${rate(direct ?? Number.NaN)})`,
      met: over >= LEASES_OVER_DIRECT_MIN,
    },
    ...names.map((name) => {
      const parts = run.measurements.metrics(name, `plain.c${AT_ONCE}.cpuUs.`);
      const each = parts.map((metric) => {
        const part = metric.slice(metric.lastIndexOf('.') + 1);
        return `${(run.measurements.median(name, metric) ?? Number.NaN).toFixed(0)} µs ${part}`;
      });
      return { what: `… CPU per request, ${name}`, seen: each.join(', ') };
    }),
  ];
}

function rate(perSecond: number): string {
  return Math.round(perSecond).toLocaleString('en');
}
