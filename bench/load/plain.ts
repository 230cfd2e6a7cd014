// Plain requests in a closed loop on N keep-alive connections.

import { setTimeout as sleep } from 'node:timers/promises';
import { statusOf } from '../wire/http-reader.ts';
import { Connection, type ConnectionEvents } from './connection.ts';
import { Histogram } from './histogram.ts';
import {
  DELAYED_ACK_US,
  REPLY_MS_MAX,
  type Mark,
  type PlainPlan,
  type PlainReport,
} from './plan.ts';
import { requestBytes, requestPieces } from './request.ts';

const ERROR_TEXT_MAX = 300;
const RECONNECT_MS = 20;

/** Runs the plan; `onMark` is told when the measured window opens and closes. */
export async function runPlain(
  plan: PlainPlan,
  onMark: (mark: Mark) => void,
): Promise<PlainReport> {
  const tally = new Tally();
  const bytes = requestBytes(plan.target, false);
  const pieces = plan.splitRequest ? requestPieces(bytes) : undefined;
  const loops = Array.from(
    { length: plan.connections },
    () => new Loop(plan.target.port, bytes, pieces, tally),
  );
  await sleep(plan.warmupMs);
  onMark('window-open');
  const startMs = performance.now();
  tally.open = true;
  await sleep(plan.durationMs);
  tally.open = false;
  const endMs = performance.now();
  onMark('window-closed');
  for (const loop of loops) loop.stop(endMs, tally);
  return {
    requests: tally.latency.count,
    seconds: (endMs - startMs) / 1000,
    latency: tally.latency.spread(),
    delayedShare: tally.latency.shareFrom(DELAYED_ACK_US),
    errors: tally.errors,
    firstError: tally.firstError,
  };
}

class Tally {
  open = false;
  errors = 0;
  firstError: string | null = null;
  readonly latency = new Histogram();

  fail(reason: string): void {
    this.errors += 1;
    this.firstError ??= reason.slice(0, ERROR_TEXT_MAX);
  }
}

class Loop implements ConnectionEvents {
  readonly #port: number;
  readonly #bytes: Buffer;
  readonly #pieces: readonly Buffer[] | undefined;
  readonly #tally: Tally;
  #connection: Connection;
  #sentMs = 0;
  #status = 0;
  #text = '';
  #stopped = false;

  constructor(port: number, bytes: Buffer, pieces: readonly Buffer[] | undefined, tally: Tally) {
    this.#port = port;
    this.#bytes = bytes;
    this.#pieces = pieces;
    this.#tally = tally;
    this.#connection = new Connection(port, this);
    this.#send();
  }

  onHead(head: string): void {
    this.#status = statusOf(head);
    this.#text = '';
  }

  onBody(bytes: Buffer): void {
    if (this.#status !== 200 && this.#text.length < ERROR_TEXT_MAX) this.#text += bytes.toString();
  }

  onEnd(): void {
    if (this.#stopped) return;
    if (this.#status !== 200) this.#tally.fail(`HTTP ${this.#status}: ${this.#text}`);
    else if (this.#tally.open)
      this.#tally.latency.record((performance.now() - this.#sentMs) * 1000);
    this.#send();
  }

  onBroken(reason: string): void {
    if (this.#stopped) return;
    this.#tally.fail(reason);
    // A pause, so that a contender that is down is not hammered with thousands of connections a second.
    setTimeout(() => {
      if (this.#stopped) return;
      this.#connection = new Connection(this.#port, this);
      this.#send();
    }, RECONNECT_MS);
  }

  /** Ends the loop; a request that has waited too long for its reply is an error, not an unfinished one. */
  stop(nowMs: number, tally: Tally): void {
    this.#stopped = true;
    this.#connection.close();
    if (nowMs - this.#sentMs > REPLY_MS_MAX) tally.fail('A reply did not come in time.');
  }

  #send(): void {
    this.#sentMs = performance.now();
    if (this.#pieces === undefined) this.#connection.write(this.#bytes);
    else this.#connection.writePieces(this.#pieces);
  }
}
