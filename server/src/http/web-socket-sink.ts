// A Sink over a WebSocket: one answer among others on the same connection. Its frames are the events of the stream.

import type { Headers, Sink } from '../gateway/sink.ts';
import type { SocketFrames } from '../protocols/protocol.ts';

/** What a sink needs of the connection that it writes to. */
export interface FrameWriter {
  send(frame: string): void;
  /** Undefined when the peer keeps up; else resolves when it does, or when it is gone. */
  drained(): Promise<void> | undefined;
  terminate(): void;
}

export class WebSocketSink implements Sink {
  readonly #writer: FrameWriter;
  readonly #frames: SocketFrames;
  readonly #lane: string | undefined;
  readonly #abort = new AbortController();
  readonly signal: AbortSignal = this.#abort.signal;
  #last: string | undefined;
  #headers: () => Headers = () => ({});

  constructor(writer: FrameWriter, frames: SocketFrames, lane: string | undefined) {
    this.#writer = writer;
    this.#frames = frames;
    this.#lane = lane;
  }

  /** The event that came last, as the protocol writes it; undefined while none was sent. */
  get last(): string | undefined {
    return this.#last;
  }

  /** Ends the work behind this answer. */
  abort(reason: symbol): void {
    this.#abort.abort(reason);
  }

  answer(status: number, headers: Headers, body: string): void {
    this.#send(this.#frames.refusal({ status, headers, body }));
  }

  /** The first frame carries the headers; a ping of the connection's own keeps it open. */
  begin(headers: () => Headers): void {
    this.#headers = headers;
  }

  get opened(): boolean {
    return this.#last !== undefined;
  }

  write(text: string): Promise<void> | undefined {
    if (this.signal.aborted) return undefined;
    this.#sendAll(text);
    return this.#writer.drained();
  }

  end(text: string): void {
    this.#sendAll(text);
  }

  destroy(): void {
    this.#writer.terminate();
  }

  #sendAll(text: string): void {
    for (const event of this.#frames.events(text)) {
      const isFirst = this.#last === undefined;
      this.#last = event;
      this.#send(isFirst ? this.#frames.withHeaders(event, this.#headers()) : event);
    }
  }

  #send(frame: string): void {
    this.#writer.send(this.#lane === undefined ? frame : this.#frames.withLane(frame, this.#lane));
  }
}
