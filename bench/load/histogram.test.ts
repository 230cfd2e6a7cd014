// Percentiles of distributions that are known beforehand, from microseconds to minutes.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Histogram } from './histogram.ts';

const near = (actual: number, expected: number, what: string): void =>
  assert.ok(
    Math.abs(actual - expected) <= expected * 0.002 + 0.1,
    `${what}: ${actual}, expected about ${expected}`,
  );

describe('Histogram', () => {
  it('gives the percentiles of a known distribution, from microseconds to minutes', () => {
    for (const scale of [1, 1000, 100_000]) {
      const histogram = new Histogram();
      for (let value = 1; value <= 1000; value += 1) histogram.record(value * scale);
      const spread = histogram.spread();
      assert.equal(spread.count, 1000);
      near(spread.p50Us, 500 * scale, 'p50');
      near(spread.p90Us, 900 * scale, 'p90');
      near(spread.p99Us, 990 * scale, 'p99');
      assert.equal(spread.maxUs, 1000 * scale);
    }
  });

  it('puts one slow record in a hundred at p99 but not at p90', () => {
    const histogram = new Histogram();
    for (let index = 0; index < 98; index += 1) histogram.record(100);
    histogram.record(50_000);
    histogram.record(50_000);
    near(histogram.percentile(0.9), 100, 'p90');
    near(histogram.percentile(0.99), 50_000, 'p99');
    assert.equal(histogram.shareFrom(35_000), 0.02);
  });

  it('never shows more than the largest record, and shows 0 for none', () => {
    const histogram = new Histogram();
    assert.equal(histogram.percentile(0.5), 0);
    assert.equal(histogram.shareFrom(0), 0);
    histogram.record(1003);
    assert.equal(histogram.percentile(0.5) <= 1003, true);
    histogram.record(1e12);
    assert.equal(histogram.count, 2);
  });
});
