// About a day of tries, further and further apart.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { retryAfterMs } from './retry.ts';

function waits(chance: number): readonly number[] {
  const all: number[] = [];
  for (let tries = 1; ; tries++) {
    const wait = retryAfterMs(tries, chance);
    if (wait === undefined) return all;
    all.push(wait);
  }
}

test('the tries of a delivery take about a day, whatever chance says', () => {
  const hours = [0, 0.5, 1].map(
    (chance) => waits(chance).reduce((sum, ms) => sum + ms) / 3_600_000,
  );
  for (const taken of hours) assert.ok(taken > 19 && taken < 31, `${taken} hours`);
  assert.equal(waits(0.5)[0], 5_000);
});

test('no wait is shorter than the one before, and none longer than five hours', () => {
  const all = waits(0.5);
  assert.deepEqual(
    all,
    all.toSorted((a, b) => a - b),
  );
  assert.ok(Math.max(...waits(1)) <= 5 * 3_600_000);
});
