// The plans that stream: a closed loop, many held at once, and clients that leave early.

import { setTimeout as sleep } from 'node:timers/promises';
import {
  REPLY_MS_MAX,
  STUTTER_PACES,
  type AbandonPlan,
  type AbandonReport,
  type HeldPlan,
  type HeldReport,
  type Mark,
  type StreamsPlan,
  type StreamsReport,
} from './plan.ts';
import { requestBytes } from './request.ts';
import { StreamClient, StreamTally } from './stream.ts';

/** Streams one after another on each connection. */
export async function runStreams(
  plan: StreamsPlan,
  onMark: (mark: Mark) => void,
): Promise<StreamsReport> {
  const tally = new StreamTally(Number.POSITIVE_INFINITY);
  const options = {
    port: plan.target.port,
    bytes: requestBytes(plan.target, true),
    tokensExpected: plan.tokensExpected,
    onEnd: () => true,
  };
  const clients = Array.from({ length: plan.connections }, () => new StreamClient(options, tally));
  await sleep(plan.warmupMs);
  onMark('window-open');
  tally.open = true;
  await sleep(plan.durationMs);
  tally.open = false;
  onMark('window-closed');
  for (const client of clients) {
    if (client.silentMs(performance.now()) > REPLY_MS_MAX)
      tally.fail('A stream was silent for too long.');
    client.leave();
  }
  return tally.report();
}

/** All streams at once; the window is the time in which every one of them should be running. */
export async function runHeld(plan: HeldPlan, onMark: (mark: Mark) => void): Promise<HeldReport> {
  const tally = new StreamTally((STUTTER_PACES * 1000) / plan.tokensPerSecond);
  const tokensExpected = Math.floor(((plan.rampMs + plan.holdMs) * plan.tokensPerSecond) / 1000);
  const clients = new Set<StreamClient>();
  const options = {
    port: plan.target.port,
    bytes: requestBytes(plan.target, true),
    tokensExpected,
    onEnd: (client: StreamClient) => !clients.delete(client),
  };
  await ramp(plan, () => clients.add(new StreamClient(options, tally)));
  onMark('window-open');
  const startMs = performance.now();
  tally.open = true;
  await sleep(plan.holdMs);
  tally.open = false;
  const windowSeconds = (performance.now() - startMs) / 1000;
  onMark('window-closed');
  await drain(clients, tally, plan.rampMs + REPLY_MS_MAX / 3);
  return {
    ...tally.report(),
    windowTokens: tally.tokens,
    windowSeconds,
    stalls: tally.stalls,
    stutters: tally.stutters,
  };
}

/** Opens streams evenly over the ramp, a few in each step. */
async function ramp(plan: HeldPlan, open: () => void): Promise<void> {
  const startMs = performance.now();
  let opened = 0;
  while (opened < plan.streams) {
    const due = Math.min(
      plan.streams,
      Math.ceil(((performance.now() - startMs) * plan.streams) / plan.rampMs),
    );
    for (; opened < due; opened += 1) open();
    await sleep(5);
  }
}

/** Waits for the streams' own ends; those that do not come in time are lost. */
async function drain(
  clients: Set<StreamClient>,
  tally: StreamTally,
  limitMs: number,
): Promise<void> {
  const endMs = performance.now() + limitMs;
  while (clients.size > 0 && performance.now() < endMs) await sleep(20);
  for (const client of clients) {
    tally.fail('A stream did not end in time.');
    client.leave();
  }
}

/** Every client reads some tokens and leaves. */
export async function runAbandon(plan: AbandonPlan): Promise<AbandonReport> {
  const tally = new StreamTally(Number.POSITIVE_INFINITY);
  let abandoned = 0;
  const options = {
    port: plan.target.port,
    bytes: requestBytes(plan.target, true),
    tokensExpected: 0,
    onTokens: (client: StreamClient, tokens: number) => {
      if (client.ended || tokens < plan.leaveAfterTokens) return;
      client.leave();
      abandoned += 1;
    },
    onEnd: () => false,
  };
  const clients = Array.from({ length: plan.streams }, () => new StreamClient(options, tally));
  const endMs = performance.now() + REPLY_MS_MAX;
  while (clients.some((client) => !client.ended) && performance.now() < endMs) await sleep(5);
  for (const client of clients) client.leave();
  return { abandoned, errors: tally.errors, firstError: tally.firstError };
}
