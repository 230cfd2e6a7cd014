// The table, the frontier and the goals, from figures whose answers are known.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { checkGoals } from './goals.ts';
import { Measurements } from './measurements.ts';
import { frontier } from './rows.ts';
import { QUICK_SCHEDULE } from './schedule.ts';
import { renderTable, valueText } from './table.ts';

/** Three rounds in which the machine gets slower: only a comparison within a round tells what a contender adds. */
function figures(): Measurements {
  const measured = new Measurements();
  const add = (name: string, metric: string, ...rounds: number[]): void =>
    rounds.forEach((value) => measured.add(name, metric, value));
  add('direct', 'plain.c1.p50Us', 10, 20, 90);
  add('portkey', 'plain.c1.p50Us', 810, 820, 890);
  add('turnpike', 'plain.c1.p50Us', 210, 220, 290);
  add('direct', 'plain.c64.rps', 40_000, 50_000, 60_000);
  add('portkey', 'plain.c64.rps', 1000, 900, 1100);
  add('turnpike', 'plain.c64.rps', 9000, 8500, 8000);
  add('direct', 'plain.c64.p99Us', 1000, 1000, 1000);
  add('portkey', 'plain.c64.p99Us', 90_000, 90_000, 90_000);
  add('turnpike', 'plain.c64.p99Us', 9000, 9000, 9000);
  add('turnpike', 'plain.c64.errors', 0, 0, 0);
  add('turnpike', 'memory.idle.postgresql', 40_000_000);
  return measured;
}

const NAMES = ['direct', 'portkey', 'turnpike'];

describe('the table', () => {
  it('shows the ratio to direct and to Portkey before the value, of medians over the rounds', () => {
    const text = renderTable(figures(), NAMES, QUICK_SCHEDULE);
    const cells = (label: string): string[] =>
      text
        .split('\n')
        .find((line) => line.startsWith(label))
        ?.slice(label.length)
        .trim()
        .split(/ {2,}/) ?? [];
    assert.deepEqual(cells('requests/s, 64 at a time'), [
      '0.020',
      '0.17',
      '8.50',
      '50000/s',
      '1000/s',
      '8500/s',
    ]);
    assert.deepEqual(cells('added latency p50, 1 at a time'), ['0.25', '–', '800 µs', '200 µs']);
    assert.deepEqual(cells('memory idle (postgresql)'), ['–', '–', '40 MB']);
  });

  it('leaves out what nobody has measured', () => {
    assert.equal(renderTable(figures(), NAMES, QUICK_SCHEDULE).includes('streams held'), false);
  });

  it('shows values in their unit', () => {
    assert.equal(valueText(2500, 'us'), '2.50 ms');
    assert.equal(valueText(-3.25, 'us'), '-3.3 µs');
    assert.equal(valueText(0.5, 'share'), '50 %');
    assert.equal(valueText(undefined, 'rps'), '–');
  });
});

describe('the frontier', () => {
  it('takes the most requests whose p99 keeps the bound, and none that failed', () => {
    const measured = figures();
    assert.equal(frontier(measured, 'turnpike', QUICK_SCHEDULE, 10), 8500);
    assert.equal(frontier(measured, 'turnpike', QUICK_SCHEDULE, 5), 0);
    assert.equal(frontier(measured, 'nginx', QUICK_SCHEDULE, 5), undefined);
    measured.add('turnpike', 'plain.c64.errors', 1);
    assert.equal(frontier(measured, 'turnpike', QUICK_SCHEDULE, 10), 0);
  });
});

describe('the goals', () => {
  it('are met, missed or not measured', () => {
    const goals = checkGoals(figures(), QUICK_SCHEDULE);
    assert.deepEqual(
      goals.slice(0, 3).map((goal) => [goal.met, goal.seen]),
      [
        [true, '8.5 ×'],
        [true, '0.25 ×'],
        [undefined, ''],
      ],
    );
    const slow = figures();
    for (let round = 0; round < 5; round += 1) slow.add('turnpike', 'plain.c64.rps', 100);
    assert.equal(checkGoals(slow, QUICK_SCHEDULE)[0]?.met, false);
  });
});
