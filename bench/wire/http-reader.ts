// An incremental HTTP/1.1 message reader for both ends of the benchmark.
//
// The upstream and the load generator share two cores with the gateway they measure, so they must cost far less than
// it does: this reader looks only at what framing needs and never builds a header map.

/** What a reader tells its owner. Body bytes are valid only during the call: the next read may overwrite them. */
export type MessageSink = {
  onHead(head: string): void;
  onBody(bytes: Buffer): void;
  onEnd(): void;
};

const HEAD_BYTES_MAX = 64 * 1024;
const CHUNK_LINE_BYTES_MAX = 256;
const NOTHING = Buffer.alloc(0);

type State = 'head' | 'length' | 'chunk-size' | 'chunk-data' | 'chunk-end' | 'trailer';

export class HttpReader {
  readonly #sink: MessageSink;
  #state: State = 'head';
  #remaining = 0;
  #carry: Buffer = NOTHING;

  constructor(sink: MessageSink) {
    this.#sink = sink;
  }

  /** True between two messages, when a closed connection loses nothing. */
  get idle(): boolean {
    return this.#state === 'head' && this.#carry.length === 0;
  }

  /** Takes the next bytes of the connection; throws when they are not HTTP/1.1 as both ends here speak it. */
  push(bytes: Buffer): void {
    const data = this.#carry.length === 0 ? bytes : Buffer.concat([this.#carry, bytes]);
    this.#carry = NOTHING;
    let at = 0;
    while (at < data.length) {
      const next = this.#step(data, at);
      if (next === undefined) {
        this.#carry = Buffer.from(data.subarray(at));
        return;
      }
      at = next;
    }
  }

  /** Consumes one piece from `at`; returns where the next begins, or undefined when the piece is not complete yet. */
  #step(data: Buffer, at: number): number | undefined {
    switch (this.#state) {
      case 'head':
        return this.#head(data, at);
      case 'length':
      case 'chunk-data':
        return this.#body(data, at);
      case 'chunk-size':
        return this.#chunkSize(data, at);
      case 'chunk-end':
        if (data.length - at < 2) return undefined;
        this.#state = 'chunk-size';
        return at + 2;
      case 'trailer':
        return this.#trailer(data, at);
    }
  }

  #head(data: Buffer, at: number): number | undefined {
    const end = data.indexOf('\r\n\r\n', at, 'latin1');
    if (end < 0) {
      if (data.length - at > HEAD_BYTES_MAX)
        throw new Error('The message head is larger than 64 KiB.');
      return undefined;
    }
    const head = data.toString('latin1', at, end + 2);
    this.#sink.onHead(head);
    this.#remaining = contentLength(head);
    if (isChunked(head)) this.#state = 'chunk-size';
    else if (this.#remaining > 0) this.#state = 'length';
    else this.#sink.onEnd();
    return end + 4;
  }

  #body(data: Buffer, at: number): number {
    const end = Math.min(data.length, at + this.#remaining);
    this.#remaining -= end - at;
    this.#sink.onBody(data.subarray(at, end));
    if (this.#remaining === 0) {
      const whole = this.#state === 'length';
      this.#state = whole ? 'head' : 'chunk-end';
      if (whole) this.#sink.onEnd();
    }
    return end;
  }

  #chunkSize(data: Buffer, at: number): number | undefined {
    const end = lineEnd(data, at);
    if (end === undefined) return undefined;
    const size = Number.parseInt(data.toString('latin1', at, end), 16);
    if (!Number.isSafeInteger(size) || size < 0)
      throw new Error('A chunk size is not a hexadecimal number.');
    this.#remaining = size;
    this.#state = size === 0 ? 'trailer' : 'chunk-data';
    return end + 2;
  }

  #trailer(data: Buffer, at: number): number | undefined {
    const end = lineEnd(data, at);
    if (end === undefined) return undefined;
    if (end === at) {
      this.#state = 'head';
      this.#sink.onEnd();
    }
    return end + 2;
  }
}

/** The status code of a response head, or 0 when there is none. */
export function statusOf(head: string): number {
  return Number.parseInt(head.slice(9, 12), 10) || 0;
}

function contentLength(head: string): number {
  const found = /\r\ncontent-length: *(\d{1,15})\r\n/i.exec(head);
  return found === null ? 0 : Number(found[1]);
}

function isChunked(head: string): boolean {
  return /\r\ntransfer-encoding: *chunked\r\n/i.test(head);
}

function lineEnd(data: Buffer, at: number): number | undefined {
  const end = data.indexOf('\r\n', at, 'latin1');
  if (end >= 0) return end;
  if (data.length - at > CHUNK_LINE_BYTES_MAX)
    throw new Error('A chunk line is longer than 256 bytes.');
  return undefined;
}
