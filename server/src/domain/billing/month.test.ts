// When a month can be billed.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type GatewaySeen, monthBefore, monthBounds, stateOfMonth } from './month.ts';

const HOUR_MS = 3_600_000;
const { fromMs, toMs } = monthBounds('2026-10');

function stateAt(nowMs: number, gateways: readonly GatewaySeen[], openHolds = 0) {
  return stateOfMonth({ month: '2026-10', nowMs, graceMs: 6 * HOUR_MS, gateways, openHolds }).kind;
}

test('a month is one of UTC, also over the turn of a year', () => {
  assert.equal(new Date(fromMs).toISOString(), '2026-10-01T00:00:00.000Z');
  assert.equal(new Date(toMs).toISOString(), '2026-11-01T00:00:00.000Z');
  assert.equal(monthBefore(toMs), '2026-10');
  assert.equal(monthBefore(toMs - 1), '2026-09');
  assert.equal(monthBefore(Date.UTC(2027, 0, 31)), '2026-12');
});

test('it is billed after its grace, when every gateway of it was heard since or has left properly', () => {
  const running = { id: 'a', heardAtMs: toMs + 5 * HOUR_MS, left: false };
  const gone = { id: 'b', heardAtMs: fromMs + HOUR_MS, left: true };
  const old = { id: 'c', heardAtMs: fromMs - HOUR_MS, left: false };
  assert.equal(stateAt(toMs + 6 * HOUR_MS - 1, [running]), 'not-over');
  assert.equal(stateAt(toMs + 6 * HOUR_MS, [running, gone, old]), 'complete');
});

test('a gateway that fell silent may have a log somewhere: it is waited for, and not for ever', () => {
  const silent = { id: 'd', heardAtMs: toMs + HOUR_MS / 2, left: false };
  assert.equal(stateAt(toMs + 7 * HOUR_MS, [silent]), 'unsettled');
  assert.equal(stateAt(toMs + 72 * HOUR_MS, [silent]), 'complete');
});

test('a request of the month that has not ended is waited for', () => {
  assert.equal(stateAt(toMs + 7 * HOUR_MS, [], 1), 'unsettled');
  assert.equal(stateAt(toMs + 72 * HOUR_MS, [], 1), 'complete');
});
