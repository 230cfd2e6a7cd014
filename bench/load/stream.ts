// One streamed request and everything that is measured on it.

import { statusOf } from '../wire/http-reader.ts';
import { monotonicUs, readFrame } from '../wire/token-frame.ts';
import { Connection, type ConnectionEvents } from './connection.ts';
import { Histogram } from './histogram.ts';
import { DELAYED_ACK_US, STALL_MS, type StreamsReport } from './plan.ts';

const ERROR_TEXT_MAX = 300;

/** What all streams of a plan add up to. */
export class StreamTally {
  open = false;
  streams = 0;
  tokens = 0;
  tokensLost = 0;
  errors = 0;
  firstError: string | null = null;
  stalls = 0;
  stutters = 0;
  readonly stutterMs: number;
  readonly ttft = new Histogram();
  readonly gap = new Histogram();
  readonly lag = new Histogram();

  constructor(stutterMs: number) {
    this.stutterMs = stutterMs;
  }

  fail(reason: string): void {
    this.errors += 1;
    this.firstError ??= reason.slice(0, ERROR_TEXT_MAX);
  }

  /** A gap counts whenever it happens; only the percentiles are bound to the window. */
  recordGap(ms: number): void {
    if (ms > STALL_MS) this.stalls += 1;
    if (ms > this.stutterMs) this.stutters += 1;
    if (this.open) this.gap.record(ms * 1000);
  }

  report(): StreamsReport {
    return {
      streams: this.streams,
      tokens: this.tokens,
      tokensLost: this.tokensLost,
      ttft: this.ttft.spread(),
      gap: this.gap.spread(),
      lag: this.lag.spread(),
      lagDelayedShare: this.lag.shareFrom(DELAYED_ACK_US),
      errors: this.errors,
      firstError: this.firstError,
    };
  }
}

export type StreamOptions = {
  readonly port: number;
  readonly bytes: Buffer;
  readonly tokensExpected: number;
  /** Called after each read that brought tokens, with their number so far. */
  readonly onTokens?: (stream: StreamClient, tokens: number) => void;
  /** Called once when the stream has ended, well or not; returns true to send the request again. */
  readonly onEnd: (stream: StreamClient) => boolean;
};

export class StreamClient implements ConnectionEvents {
  readonly #options: StreamOptions;
  readonly #tally: StreamTally;
  readonly #connection: Connection;
  #sentMs = 0;
  #lastMs = 0;
  #status = 0;
  #tokens = 0;
  #finished = false;
  #done = false;
  #text = '';
  #ended = false;

  constructor(options: StreamOptions, tally: StreamTally) {
    this.#options = options;
    this.#tally = tally;
    this.#connection = new Connection(options.port, this);
    this.#send();
  }

  get ended(): boolean {
    return this.#ended;
  }

  /** How long this stream has said nothing. */
  silentMs(nowMs: number): number {
    return nowMs - Math.max(this.#lastMs, this.#sentMs);
  }

  /** Leaves without waiting for the end. */
  leave(): void {
    this.#ended = true;
    this.#connection.close();
  }

  onHead(head: string): void {
    this.#status = statusOf(head);
    this.#text = '';
  }

  onBody(bytes: Buffer): void {
    this.#text += bytes.toString('latin1');
    if (this.#status !== 200) return;
    let start = 0;
    let tokens = 0;
    for (let end = this.#text.indexOf('\n\n'); end >= 0; end = this.#text.indexOf('\n\n', start)) {
      tokens += this.#event(this.#text.slice(start, end));
      start = end + 2;
    }
    if (start > 0) this.#text = this.#text.slice(start);
    if (tokens > 0) this.#arrived(tokens);
  }

  onEnd(): void {
    if (this.#ended) return;
    const reason = this.#defect();
    if (reason !== undefined) this.#tally.fail(reason);
    this.#tally.tokensLost += Math.max(0, this.#options.tokensExpected - this.#tokens);
    this.#tally.streams += 1;
    if (this.#options.onEnd(this)) this.#send();
    else this.leave();
  }

  onBroken(reason: string): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#tally.fail(reason);
    this.#tally.tokensLost += Math.max(0, this.#options.tokensExpected - this.#tokens);
    this.#options.onEnd(this);
  }

  #send(): void {
    this.#tokens = 0;
    this.#finished = false;
    this.#done = false;
    this.#text = '';
    this.#sentMs = performance.now();
    this.#connection.write(this.#options.bytes);
  }

  #event(event: string): number {
    const frame = readFrame(event);
    if (frame.done) this.#done = true;
    if (frame.finished) this.#finished = true;
    if (frame.error) this.#tally.fail(event);
    const first = this.#tokens === 0;
    if (frame.tokens > 0 && !first && this.#tally.open) {
      this.#tally.lag.record(Math.max(0, monotonicUs() - frame.stampUs));
    }
    return frame.tokens;
  }

  #arrived(tokens: number): void {
    const now = performance.now();
    if (this.#tokens > 0) this.#tally.recordGap(now - this.#lastMs);
    else if (this.#tally.open) this.#tally.ttft.record((now - this.#sentMs) * 1000);
    this.#lastMs = now;
    this.#tokens += tokens;
    if (this.#tally.open) this.#tally.tokens += tokens;
    this.#options.onTokens?.(this, this.#tokens);
  }

  #defect(): string | undefined {
    if (this.#status !== 200) return `HTTP ${this.#status}: ${this.#text}`;
    if (!this.#finished) return 'A stream ended without a finish reason.';
    if (!this.#done) return 'A stream ended without [DONE].';
    return undefined;
  }
}
