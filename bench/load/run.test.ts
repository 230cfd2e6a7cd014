// The load generator counts what the upstream counts, and reports the defects of a server that has some.

import assert from 'node:assert/strict';
import { createServer, type AddressInfo } from 'node:net';
import { describe, it } from 'node:test';
import { startUpstream } from '../upstream/server.ts';
import { tokenText } from '../wire/token-frame.ts';
import type { Mark, Target } from './plan.ts';
import { runPlain } from './plain.ts';
import { runAbandon, runHeld, runStreams } from './streams.ts';

const target = (port: number, path = '/v1/chat/completions'): Target => ({
  port,
  path,
  headers: {},
  model: 'bench-model',
});
const plain = { kind: 'plain', warmupMs: 50, durationMs: 200, splitRequest: false } as const;
const ignore = (): void => undefined;

describe('the load generator against the upstream', () => {
  it('counts plain requests as the upstream does, and opens and closes its window once', async (t) => {
    const upstream = await startUpstream(0);
    t.after(() => upstream.close());
    const marks: Mark[] = [];
    const requests: number[] = [];
    const report = await runPlain(
      { ...plain, target: target(upstream.port), connections: 4 },
      (mark) => {
        marks.push(mark);
        requests.push(upstream.counts.requests);
      },
    );
    const served = (requests[1] ?? 0) - (requests[0] ?? 0);
    assert.deepEqual(marks, ['window-open', 'window-closed']);
    assert.equal(report.errors, 0);
    assert.equal(upstream.counts.connections, 4);
    assert.ok(
      Math.abs(report.requests - served) <= 4,
      `${report.requests} counted, ${served} served`,
    );
    assert.ok(report.requests > 100);
  });

  it('measures the latency that the upstream was told to have', async (t) => {
    const upstream = await startUpstream(0);
    t.after(() => upstream.close());
    upstream.setScript({ firstTokenMs: 20 });
    const report = await runPlain(
      { ...plain, durationMs: 400, target: target(upstream.port), connections: 2 },
      ignore,
    );
    assert.ok(
      report.latency.p50Us >= 19_900 && report.latency.p50Us < 60_000,
      `${report.latency.p50Us} µs`,
    );
    assert.equal(report.latency.count, report.requests);
  });

  it('reports what a server refuses', async (t) => {
    const upstream = await startUpstream(0);
    t.after(() => upstream.close());
    const report = await runPlain(
      { ...plain, target: target(upstream.port, '/nowhere'), connections: 1 },
      ignore,
    );
    assert.equal(report.requests, 0);
    assert.ok(report.errors > 0);
    assert.match(report.firstError ?? '', /^HTTP 404: .*scripted upstream/);
  });

  it('reports a server that is not there', async () => {
    const report = await runPlain({ ...plain, target: target(1), connections: 1 }, ignore);
    assert.match(report.firstError ?? '', /ECONNREFUSED/);
  });
});

describe('the load generator with streams', () => {
  it('measures first tokens, gaps and the way of each token', async (t) => {
    const upstream = await startUpstream(0);
    t.after(() => upstream.close());
    upstream.setScript({ firstTokenMs: 30, tokens: 5, tokensPerSecond: 100 });
    const plan = {
      kind: 'streams',
      target: target(upstream.port),
      connections: 2,
      tokensExpected: 5,
    } as const;
    const report = await runStreams({ ...plan, warmupMs: 0, durationMs: 500 }, ignore);
    assert.equal(report.errors, 0);
    assert.equal(report.tokensLost, 0);
    assert.ok(report.streams >= 4 && Math.abs(upstream.counts.finished - report.streams) <= 2);
    assert.ok(
      report.ttft.p50Us >= 29_900 && report.ttft.p50Us < 80_000,
      `first token ${report.ttft.p50Us} µs`,
    );
    assert.ok(report.gap.p50Us > 7000 && report.gap.p50Us < 20_000, `gap ${report.gap.p50Us} µs`);
    assert.ok(report.lag.p50Us < 10_000, `way ${report.lag.p50Us} µs`);
  });

  it('holds streams to their end and counts every token', async (t) => {
    const upstream = await startUpstream(0);
    t.after(() => upstream.close());
    upstream.setScript({ tokens: 60, tokensPerSecond: 100 });
    const plan = {
      kind: 'held',
      target: target(upstream.port),
      streams: 20,
      rampMs: 100,
      holdMs: 500,
    } as const;
    const report = await runHeld({ ...plan, tokensPerSecond: 100 }, ignore);
    assert.equal(report.errors, 0);
    assert.equal(report.streams, 20);
    assert.equal(report.tokensLost, 0);
    assert.equal(report.stalls, 0);
    assert.equal(upstream.counts.finished, 20);
    assert.ok(
      report.windowTokens > 700 && report.windowTokens <= 1200,
      `${report.windowTokens} tokens`,
    );
  });

  it('leaves after some tokens, which the upstream sees', async (t) => {
    const upstream = await startUpstream(0);
    t.after(() => upstream.close());
    upstream.setScript({ tokens: 1000, tokensPerSecond: 200 });
    const report = await runAbandon({
      kind: 'abandon',
      target: target(upstream.port),
      streams: 5,
      leaveAfterTokens: 3,
    });
    assert.equal(report.abandoned, 5);
    for (let tries = 0; tries < 100 && upstream.counts.live > 0; tries += 1) {
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    assert.equal(upstream.counts.aborted, 5);
  });
});

describe('the load generator against a server with defects', () => {
  it('sees lost tokens, a missing end and a stalled stream', async (t) => {
    const port = await defective(t, [
      `data: {"choices":[{"delta":{"content":"${tokenText(1)}"}}]}\n\n`,
      `data: {"choices":[{"delta":{"content":"${tokenText(2)}"}}]}\n\n`,
    ]);
    const plan = {
      kind: 'held',
      target: target(port),
      streams: 1,
      rampMs: 10,
      holdMs: 30,
    } as const;
    const report = await runHeld({ ...plan, tokensPerSecond: 100 }, ignore);
    assert.equal(report.tokensLost, 2);
    assert.equal(report.stalls, 1);
    assert.equal(report.stutters, 1);
    assert.match(report.firstError ?? '', /without a finish reason/);
  });
});

/** Sends the events 1.2 s apart and ends the body without [DONE]. */
async function defective(
  t: { after(step: () => void): void },
  events: readonly string[],
): Promise<number> {
  const server = createServer((socket) => {
    socket.once('data', () => {
      const length = events.join('').length;
      socket.write(`HTTP/1.1 200 OK\r\ncontent-length: ${length}\r\n\r\n`);
      for (const [index, event] of events.entries())
        setTimeout(() => socket.write(event), index * 1200);
    });
    socket.on('error', () => socket.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => server.close());
  // `as` because a TCP server that listens has an address object.
  return (server.address() as AddressInfo).port;
}
