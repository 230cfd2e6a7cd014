// A Sink over a socket. Knows when the client is gone, when it is slow, and when a silent stream needs a sign of life.

import type { IncomingMessage, ServerResponse } from 'node:http';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Headers, Sink } from '../gateway/sink.ts';
import type { Member } from '../lib/crowd.ts';
import { HEARTBEAT_MS, WRITE_STALL_MS } from '../limits.ts';

const CLIENT_LEFT = Symbol('client left');

/** A refused body that is still arriving is read away for this long before the answer goes out all the same. */
const LINGER_MS = 1_000;

const LONG_CHARACTERS = 256 * 1024;

/** Both halves of a character outside the first plane stay together. */
function* slicesOf(text: string): Generator<string, void> {
  for (let from = 0; from < text.length;) {
    let to = from + LONG_CHARACTERS;
    if (/[\uD800-\uDBFF]/.test(text.charAt(to - 1))) to--;
    yield text.slice(from, to);
    from = to;
  }
}

export class SocketSink implements Sink, Member {
  /** Among those that run. */
  place = -1;
  readonly #request: IncomingMessage;
  readonly #response: ServerResponse;
  readonly #abort = new AbortController();
  readonly signal: AbortSignal = this.#abort.signal;
  #streamHeaders: () => Headers = () => ({});
  #heartbeat: NodeJS.Timeout | undefined;
  /** Of an event that is written in slices: nothing may stand between them. */
  #isInside = false;

  constructor(request: IncomingMessage, response: ServerResponse) {
    this.#request = request;
    this.#response = response;
    response.once('close', () => {
      clearInterval(this.#heartbeat);
      // After its end an answer is settled, and whether the last bytes arrived changes nothing.
      if (!response.writableEnded) this.#abort.abort(CLIENT_LEFT);
    });
  }

  /** Ends the work behind this answer from our side. */
  abort(reason: symbol): void {
    this.#abort.abort(reason);
  }

  answer(status: number, headers: Headers, body: string): void {
    if (this.#request.complete) this.#send(status, headers, body);
    else this.#whenRead(() => this.#send(status, { ...headers, connection: 'close' }, body));
  }

  #send(status: number, headers: Headers, body: string): void {
    clearInterval(this.#heartbeat);
    if (this.#response.headersSent || this.#response.destroyed) return;
    // Text is read once to be counted and once to be written; of a long one that is felt by others.
    const told = body.length > LONG_CHARACTERS ? Buffer.from(body) : body;
    this.#response.writeHead(status, { ...headers, 'content-length': Buffer.byteLength(told) });
    this.#response.end(told);
  }

  /**
   * For a refusal that needs no body: the rest of it is read away first, because closing a connection on unread bytes
   * resets it, and the client would lose the answer.
   */
  #whenRead(send: () => void): void {
    const lingered = setTimeout(send, LINGER_MS);
    this.#request.once('close', () => {
      clearTimeout(lingered);
      send();
    });
    this.#request.resume();
  }

  begin(headers: () => Headers, heartbeat: string): void {
    this.#streamHeaders = headers;
    this.#heartbeat = setInterval(() => {
      if (!this.#response.writableNeedDrain && !this.#isInside) this.#put(heartbeat);
    }, HEARTBEAT_MS);
  }

  get opened(): boolean {
    return this.#response.headersSent;
  }

  write(text: string): Promise<void> | undefined {
    if (this.signal.aborted || this.#response.destroyed) return undefined;
    this.#heartbeat?.refresh();
    if (text.length > LONG_CHARACTERS) return this.#putLong(text);
    return this.#put(text) ? undefined : this.#drained();
  }

  /** An event can be as long as what it repeats of its request. */
  async #putLong(text: string): Promise<void> {
    this.#isInside = true;
    for (const slice of slicesOf(text)) {
      if (this.#response.destroyed) return;
      if (!this.#put(slice)) await this.#drained();
      await nextTurn();
    }
    this.#isInside = false;
  }

  /** False when the client is behind. */
  #put(text: string): boolean {
    if (!this.#response.headersSent) this.#open();
    return this.#response.write(text);
  }

  #open(): void {
    this.#response.writeHead(200, {
      ...this.#streamHeaders(),
      'cache-control': 'no-cache',
      // nginx would collect the stream before it passes it on.
      'x-accel-buffering': 'no',
    });
  }

  /** Resolves when the client has read on, or is gone; one that reads nothing for too long is made to be gone. */
  #drained(): Promise<void> {
    return new Promise((resolve) => {
      const stalled = setTimeout(() => this.destroy(), WRITE_STALL_MS);
      const done = (): void => {
        clearTimeout(stalled);
        this.#response.off('drain', done);
        this.#response.off('close', done);
        resolve();
      };
      this.#response.once('drain', done);
      this.#response.once('close', done);
    });
  }

  end(text: string): void {
    clearInterval(this.#heartbeat);
    if (this.#response.destroyed) return;
    if (!this.#response.headersSent) this.#open();
    if (text.length <= LONG_CHARACTERS) this.#response.end(text);
    // Nothing comes after it, so nobody has to wait for it; it never rejects.
    else void this.#putLong(text).then(() => this.#response.end());
  }

  destroy(): void {
    clearInterval(this.#heartbeat);
    this.#response.destroy();
  }
}
