// One generation over one HTTP exchange. A single object is the undici handler, the listener of the abort signal and
// the iterator that the gateway reads: this is the hot path, and each layer between would cost microseconds.

import type { Dispatcher } from 'undici';

import type { Ticket } from '../../domain/admission/ticket.ts';
import type { EngineFailure } from '../../domain/generation/engine-failure.ts';
import type { Part } from '../../domain/generation/part.ts';
import { AnswerReader } from './answer-reader.ts';
import { failureOfResponse } from './failure-reader.ts';
import type { Headers } from './failure-reader.ts';
import { parseJson } from './json.ts';
import { ANSWER_BYTES_MAX, ERROR_BYTES_MAX, WAITING_BYTES_MAX } from './options.ts';
import { SseParser } from './sse-parser.ts';
import type { EventSink } from './sse-parser.ts';

/** What an exchange needs of its engine. */
export interface Host {
  /** A reason why no work may start now, or nothing: the exchange is then counted until `end`. */
  begin(ticket: Ticket): EngineFailure | undefined;
  /** The body of a large request, in slices. */
  write(ticket: Ticket): Promise<Buffer>;
  /** `written`: the body, where it was written before. */
  send(ticket: Ticket, handler: Dispatcher.DispatchHandler, written?: Buffer): void;
  end(failure: EngineFailure | undefined): void;
  failureOf(error: Error): EngineFailure;
  /** The connection was kept from an earlier exchange and closed just as we used it. */
  isStale(error: Error): boolean;
}

type Result = IteratorResult<readonly Part[], undefined>;
type Phase = 'new' | 'waiting' | 'events' | 'body' | 'error' | 'ended';

const DONE: Result = { done: true, value: undefined };
const STOPPED = new Error('The reader stopped.');
/** A closed idle connection is noticed at once; later, the server has been at work, and work is not done twice. */
const STALE_MAX_MS = 1000;

export class Exchange
  implements
    AsyncIterableIterator<readonly Part[], undefined>,
    Dispatcher.DispatchHandler,
    EventSink
{
  readonly #host: Host;
  readonly #ticket: Ticket;
  readonly #signal: AbortSignal;
  readonly #reader: AnswerReader;
  #phase: Phase = 'new';
  #written: Buffer | undefined;
  #controller: Dispatcher.DispatchController | undefined;
  #events: SseParser | undefined;
  #chunks: Buffer[] = [];
  #bytes = 0;
  #status = 0;
  #headers: Headers = {};
  #heard = false;
  #retried = false;
  #startedAtMs = 0;
  /** What the reader has not fetched yet. */
  #parts: Part[] = [];
  #waitingBytes = 0;
  #flushing = false;
  #resolve: ((result: Result) => void) | undefined;

  constructor(host: Host, ticket: Ticket, signal: AbortSignal) {
    this.#host = host;
    this.#ticket = ticket;
    this.#signal = signal;
    this.#reader = new AnswerReader(ticket);
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  next(): Promise<Result> {
    if (this.#phase === 'new') {
      if (this.#ticket.isLarge && this.#written === undefined) return this.#write();
      this.#start();
    }
    const taken = this.#take();
    if (taken) {
      this.#resume();
      return Promise.resolve(taken);
    }
    return new Promise((resolve) => {
      // Two reads at once are not the port's way of reading; the earlier one ends rather than waiting for ever.
      this.#resolve?.(DONE);
      this.#resolve = resolve;
    });
  }

  async #write(): Promise<Result> {
    this.#written = await this.#host.write(this.#ticket);
    return await this.next();
  }

  return(): Promise<Result> {
    if (this.#phase === 'new') this.#phase = 'ended';
    else if (this.#phase !== 'ended') this.#stop({ kind: 'aborted' });
    this.#parts = [];
    this.#resolve?.(DONE);
    return Promise.resolve(DONE);
  }

  /** The signal aborted. */
  handleEvent(): void {
    this.#stop({ kind: 'aborted' });
    this.flush();
  }

  #start(): void {
    const refused: EngineFailure | undefined = this.#signal.aborted
      ? { kind: 'aborted' }
      : this.#host.begin(this.#ticket);
    if (refused) {
      this.#phase = 'ended';
      this.#parts.push({ kind: 'failure', failure: refused });
      return;
    }
    this.#signal.addEventListener('abort', this, { once: true });
    this.#send();
  }

  #send(): void {
    this.#phase = 'waiting';
    this.#startedAtMs = performance.now();
    this.#host.send(this.#ticket, this, this.#written);
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    // Stopped while it waited for a connection.
    if (this.#phase === 'ended') controller.abort(STOPPED);
  }

  onResponseStarted(): void {
    this.#heard = true;
  }

  onResponseStart(
    _controller: Dispatcher.DispatchController,
    status: number,
    headers: Headers,
  ): void {
    // 1xx: the response is still to come.
    if (status < 200 || this.#phase === 'ended') return;
    this.#status = status;
    if (status >= 300) {
      this.#phase = 'error';
      this.#headers = headers;
      return;
    }
    // By what it sends, not by what was asked for: some servers can't stream, or always do.
    const type = headers['content-type'];
    const streams =
      typeof type === 'string' && /event-stream|application\/json/.test(type)
        ? type.includes('event-stream')
        : this.#ticket.generation.delivery === 'stream';
    this.#phase = streams ? 'events' : 'body';
    if (streams) this.#events = new SseParser(this, ANSWER_BYTES_MAX);
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.#phase === 'events') return this.#heardEvents(controller, chunk);
    if (this.#phase === 'ended') return;
    this.#chunks.push(chunk);
    this.#bytes += chunk.length;
    if (this.#phase === 'error' && this.#bytes > ERROR_BYTES_MAX) this.#failByStatus();
    else if (this.#bytes > ANSWER_BYTES_MAX) this.#tooLarge();
  }

  #heardEvents(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    this.#waitingBytes += chunk.length;
    if (this.#events?.push(chunk) === false) return this.#tooLarge();
    // All that one read brings is yielded together: undici calls us for each chunk of it before the next tick.
    if (!this.#flushing && this.#resolve) {
      this.#flushing = true;
      process.nextTick(flush, this);
    }
    if (this.#waitingBytes > WAITING_BYTES_MAX && this.#parts.length > 0) controller.pause();
  }

  onEvent(data: string, type: string): void {
    if (this.#phase !== 'events') return;
    if (data.startsWith('[DONE]')) return this.#finish();
    if (data.trim() === '') return;
    const json = parseJson(data);
    if (json === undefined) return this.#fail(unreadable(data));
    const failure = this.#reader.chunk(
      type === 'error' ? { error: errorIn(json) } : json,
      this.#parts,
    );
    if (failure) this.#fail(failure);
  }

  onResponseEnd(): void {
    if (this.#phase === 'events') {
      this.#events?.end();
      // The end of the body may have brought the ending.
      if (this.#isOver()) return;
      if (this.#reader.isComplete) this.#finish();
      else
        this.#fail({
          kind: 'broken',
          detail: 'Its stream ended without a finish reason and without [DONE].',
        });
    } else if (this.#phase === 'body') this.#readBody();
    else if (this.#phase === 'error') this.#failByStatus();
  }

  onResponseError(_controller: Dispatcher.DispatchController | null, error: Error): void {
    if (this.#phase === 'ended') return;
    if (this.#phase === 'events' && this.#reader.isComplete) return this.#finish();
    // The status of an error says more than how its body ended.
    if (this.#phase === 'error') return this.#failByStatus();
    const isFresh = performance.now() - this.#startedAtMs < STALE_MAX_MS;
    if (!this.#heard && !this.#retried && isFresh && this.#host.isStale(error)) {
      this.#retried = true;
      this.#controller = undefined;
      return this.#send();
    }
    this.#fail(this.#host.failureOf(error));
  }

  #failByStatus(): void {
    const body = this.#text().slice(0, ERROR_BYTES_MAX);
    this.#fail(failureOfResponse(this.#status, this.#headers, body, Date.now()));
  }

  #readBody(): void {
    const text = this.#text();
    const json = parseJson(text);
    if (json === undefined) return this.#fail(unreadable(text));
    const failure = this.#reader.whole(json, this.#parts);
    if (failure) this.#fail(failure);
    else this.#finish();
  }

  #text(): string {
    const [only] = this.#chunks;
    const text =
      this.#chunks.length === 1 && only ? only.toString() : Buffer.concat(this.#chunks).toString();
    this.#chunks = [];
    return text;
  }

  #tooLarge(): void {
    this.#fail({
      kind: 'broken',
      detail: `It sent more than ${ANSWER_BYTES_MAX} bytes without an end.`,
    });
  }

  #finish(): void {
    this.#reader.finish(this.#parts);
    const last = this.#parts.at(-1);
    this.#end(last?.kind === 'failure' ? last.failure : undefined);
    this.flush();
  }

  #fail(failure: EngineFailure): void {
    this.#stop(failure);
    this.flush();
  }

  /** Ends it from our side: the connection is closed, which every server takes as the order to stop. */
  #stop(failure: EngineFailure): void {
    if (this.#phase === 'ended') return;
    this.#reader.fail(failure, this.#parts);
    this.#end(failure);
    // Does nothing once the response has ended, so a connection that was read to its end is kept.
    this.#controller?.abort(STOPPED);
  }

  #end(failure: EngineFailure | undefined): void {
    this.#phase = 'ended';
    this.#chunks = [];
    this.#signal.removeEventListener('abort', this);
    this.#host.end(failure);
    // What follows [DONE] is read and thrown away.
    this.#resume();
  }

  #isOver(): boolean {
    return this.#phase === 'ended';
  }

  #take(): Result | undefined {
    if (this.#phase === 'events') this.#reader.running(this.#parts);
    if (this.#parts.length > 0) {
      const value = this.#parts;
      this.#parts = [];
      this.#waitingBytes = 0;
      return { done: false, value };
    }
    return this.#phase === 'ended' ? DONE : undefined;
  }

  /** Hands the reader what is there, if the reader is waiting and something is. */
  flush(): void {
    this.#flushing = false;
    if (!this.#resolve) return;
    const taken = this.#take();
    if (!taken) return;
    const resolve = this.#resolve;
    this.#resolve = undefined;
    resolve(taken);
    this.#resume();
  }

  /** Comes last: undici may hand us the next data, and even the end, before it returns. */
  #resume(): void {
    if (this.#controller?.paused) this.#controller.resume();
  }
}

function flush(exchange: Exchange): void {
  exchange.flush();
}

function unreadable(text: string): EngineFailure {
  return { kind: 'broken', detail: `It sent something that is not JSON: ${text.slice(0, 100)}` };
}

/** An `event: error` holds the error itself, or an object around it. */
function errorIn(json: unknown): unknown {
  return typeof json === 'object' && json !== null && 'error' in json ? json.error : json;
}
