// An incremental parser of server-sent events (WHATWG HTML § 9.2.6) over bytes. However the bytes are split, the
// events are the same: only whole lines are decoded, and a line end is never inside a UTF-8 sequence.

export interface EventSink {
  /** `type` is '' unless the event has an `event` line, or is llama-server's old `error:` line. */
  onEvent(data: string, type: string): void;
}

const LF = 10;
const CR = 13;
const BYTE_ORDER_MARK = 0xfeff;

export class SseParser {
  readonly #sink: EventSink;
  readonly #bytesMax: number;
  /** The line that has no end yet. */
  #rest: Buffer[] = [];
  #restBytes = 0;
  #afterCr = false;
  #started = false;
  #data: string | undefined;
  #type = '';

  constructor(sink: EventSink, bytesMax: number) {
    this.#sink = sink;
    this.#bytesMax = bytesMax;
  }

  /** False when one event is larger than allowed: the stream can't be read on. */
  push(chunk: Buffer): boolean {
    if (chunk.length === 0) return true;
    // The second half of a CR LF that was split between two reads.
    const from = this.#afterCr && chunk[0] === LF ? 1 : 0;
    this.#afterCr = false;
    const end = Math.max(chunk.lastIndexOf(LF), chunk.lastIndexOf(CR)) + 1;
    if (end <= from) return this.#keep(chunk.subarray(from));
    this.#afterCr = end === chunk.length && chunk[end - 1] === CR;
    if (this.#restBytes === 0) this.#lines(chunk.toString('utf8', from, end));
    else {
      this.#rest.push(chunk.subarray(from, end));
      const lines = Buffer.concat(this.#rest).toString();
      this.#rest = [];
      this.#restBytes = 0;
      this.#lines(lines);
    }
    return this.#keep(chunk.subarray(end));
  }

  /** Lenient: an event that the end of the stream cut off from its empty line counts. */
  end(): void {
    this.push(Buffer.from('\n'));
    this.#dispatch();
  }

  #keep(rest: Buffer): boolean {
    if (rest.length > 0) this.#rest.push(rest);
    this.#restBytes += rest.length;
    return this.#restBytes + (this.#data?.length ?? 0) <= this.#bytesMax;
  }

  #lines(whole: string): void {
    let text = whole.includes('\r') ? whole.replace(/\r\n?/g, '\n') : whole;
    if (!this.#started) {
      this.#started = true;
      if (text.charCodeAt(0) === BYTE_ORDER_MARK) text = text.slice(1);
    }
    let at = 0;
    for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n', at)) {
      if (end === at) this.#dispatch();
      else this.#line(text, at, end);
      at = end + 1;
    }
  }

  #line(text: string, at: number, end: number): void {
    if (text.startsWith('data:', at)) return this.#append(valueOf(text, at + 5, end));
    const line = text.slice(at, end);
    if (line.startsWith('event:')) this.#type = valueOf(line, 6, line.length);
    else if (line.startsWith('error:')) {
      this.#type = 'error';
      this.#append(valueOf(line, 6, line.length));
    } else if (line === 'data') this.#append('');
    else if (line === 'event') this.#type = '';
    // Comments, ids, retry times and unknown fields say nothing that we need.
  }

  #append(value: string): void {
    this.#data = this.#data === undefined ? value : `${this.#data}\n${value}`;
  }

  #dispatch(): void {
    const data = this.#data;
    const type = this.#type;
    this.#data = undefined;
    this.#type = '';
    if (data !== undefined) this.#sink.onEvent(data, type);
  }
}

/** One space after the colon belongs to the syntax. */
function valueOf(text: string, from: number, end: number): string {
  return text.slice(text.charCodeAt(from) === 32 ? from + 1 : from, end);
}
