// JSON from a client or from the store, whatever its size: parsed in slices, so that one large body holds up nobody else's tokens, and with
// bounds on how deep and how manifold it may be, because all that comes later walks it. Within them
// it takes what the language's own parser takes.

import { isUtf8 } from 'node:buffer';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { err, ok, type Result } from './result.ts';

/** What goes to the language's own parser at once: 2 ms at its slowest. */
export const AT_ONCE_BYTES_MAX = 256 * 1024;
/** Between two pauses: values of about 200 ns each, or bytes of texts. 3 ms on a quiet core. */
const SLICE_VALUES = 8_192;
const SLICE_BYTES = 512 * 1024;
/** Of one text at once: one that is nothing but escapes takes 5 ms. */
const PIECE_BYTES = 128 * 1024;

export type JsonBounds = {
  readonly depthMax: number;
  readonly valuesMax: number;
  readonly objectsMax: number;
};

const NO_BOUNDS: JsonBounds = {
  depthMax: Number.POSITIVE_INFINITY,
  valuesMax: Number.POSITIVE_INFINITY,
  objectsMax: Number.POSITIVE_INFINITY,
};

/** Of a text that we wrote ourselves. */
export async function parseOwnJson(text: string): Promise<unknown> {
  // Most are short: those cost no copy.
  if (text.length <= AT_ONCE_BYTES_MAX / 2) return JSON.parse(text);
  const read = await parseJsonText(Buffer.from(text), NO_BOUNDS);
  if (!read.ok) throw new Error(`Our own JSON can't be read: ${read.error}.`);
  return read.value;
}

/** The reason is the end of a sentence: `it is nested deeper than 512 levels`. */
export async function parseJsonText(
  bytes: Buffer,
  bounds: JsonBounds,
  atOnceBytesMax: number = AT_ONCE_BYTES_MAX,
): Promise<Result<unknown, string>> {
  if (bytes.length <= atOnceBytesMax) {
    if (!isUtf8(bytes)) return err(NO_UTF8);
    const problem = tooLarge(bytes, bounds);
    return problem === undefined ? parsed(bytes.toString('utf8')) : err(problem);
  }
  await nextTurn();
  if (!(await isUtf8InSlices(bytes))) return err(NO_UTF8);
  const reading = new Reading(bytes, bounds).steps();
  try {
    for (let step = reading.next(); ; step = reading.next()) {
      if (step.done === true) return ok(step.value);
      await nextTurn();
    }
  } catch (error) {
    if (error instanceof JsonProblem) return err(error.message);
    throw error;
  }
}

/** A character ends where the next one begins. */
async function isUtf8InSlices(bytes: Buffer): Promise<boolean> {
  for (let from = 0; from < bytes.length;) {
    let to = Math.min(from + SLICE_CHECKED_BYTES, bytes.length);
    for (let back = 0; back < 3 && ((bytes[to] ?? 0) & 0xc0) === 0x80; back++) to--;
    if (!isUtf8(bytes.subarray(from, to))) return false;
    from = to;
    await nextTurn();
  }
  return true;
}

/** 3 ms of characters of many bytes. */
const SLICE_CHECKED_BYTES = 4 * 1024 * 1024;

const NO_UTF8 = 'it is not valid UTF-8';

function tooDeep({ depthMax }: JsonBounds): string {
  return `it is nested deeper than ${depthMax} levels`;
}

function tooMany({ valuesMax, objectsMax }: JsonBounds): string {
  return `it has more than ${valuesMax} values or ${objectsMax} objects`;
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const COLON = 0x3a;
const OPEN_LIST = 0x5b;
const CLOSE_LIST = 0x5d;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;
const LETTER_U = 0x75;

/** A small body is only counted through: its texts are passed over in one leap each. */
function tooLarge(bytes: Buffer, bounds: JsonBounds): string | undefined {
  let [depth, objects] = [0, 0];
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at];
    if (byte === QUOTE) {
      at = closingQuote(bytes, at + 1);
      // Whatever is wrong with it, the parser says it.
      if (at === -1) return undefined;
    } else if (byte === OPEN_OBJECT || byte === OPEN_LIST) {
      depth++;
      if (byte === OPEN_OBJECT) objects++;
      if (depth > bounds.depthMax) return tooDeep(bounds);
    } else if (byte === CLOSE_OBJECT || byte === CLOSE_LIST) depth--;
  }
  return objects > bounds.objectsMax ? tooMany(bounds) : undefined;
}

/** Of the text whose first character stands at `from`; −1: there is none. */
function closingQuote(bytes: Buffer, from: number): number {
  for (let at = bytes.indexOf(QUOTE, from); at !== -1; at = bytes.indexOf(QUOTE, at + 1)) {
    let backslashes = 0;
    while (at - backslashes > from && bytes[at - 1 - backslashes] === BACKSLASH) backslashes++;
    if (backslashes % 2 === 0) return at;
  }
  return -1;
}

function parsed(text: string): Result<unknown, string> {
  try {
    const value: unknown = JSON.parse(text);
    return ok(value);
  } catch (error) {
    const detail = error instanceof SyntaxError ? error.message : 'it is unreadable';
    return err(detail.slice(0, 200));
  }
}

class JsonProblem extends Error {}

type Fields = { [name: string]: unknown };
type Frame =
  | { readonly kind: 'list'; readonly items: unknown[] }
  | { readonly kind: 'object'; readonly fields: Fields; key: string };

class Reading {
  readonly #bytes: Buffer;
  readonly #bounds: JsonBounds;
  readonly #frames: Frame[] = [];
  #at = 0;
  #values = 0;
  #objects = 0;

  constructor(bytes: Buffer, bounds: JsonBounds) {
    this.#bytes = bytes;
    this.#bounds = bounds;
  }

  /** Pauses at each yield; returns the value. */
  *steps(): Generator<undefined, unknown, undefined> {
    for (let paused = 0; ;) {
      this.#values++;
      if (this.#values > this.#bounds.valuesMax) throw new JsonProblem(tooMany(this.#bounds));
      if (this.#values % SLICE_VALUES === 0 || this.#at - paused > SLICE_BYTES) {
        paused = this.#at;
        yield;
      }
      const byte = this.#next();
      let value: unknown;
      if (byte === OPEN_OBJECT || byte === OPEN_LIST) {
        if (!this.#open(byte)) continue;
        value = this.#close();
      } else if (byte === QUOTE) value = yield* this.#text();
      else value = this.#word();
      for (; this.#add(value); value = this.#close());
      if (this.#frames.length === 0) return value;
    }
  }

  /** The next byte that is no white space; it is not taken. */
  #next(): number | undefined {
    for (;;) {
      const byte = this.#bytes[this.#at];
      if (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09) return byte;
      this.#at++;
    }
  }

  /** True when it is closed again at once. */
  #open(byte: number): boolean {
    this.#at++;
    if (this.#frames.length >= this.#bounds.depthMax) throw new JsonProblem(tooDeep(this.#bounds));
    if (byte === OPEN_LIST) {
      this.#frames.push({ kind: 'list', items: [] });
      if (this.#next() !== CLOSE_LIST) return false;
    } else {
      this.#objects++;
      if (this.#objects > this.#bounds.objectsMax) throw new JsonProblem(tooMany(this.#bounds));
      this.#frames.push({ kind: 'object', fields: {}, key: '' });
      if (this.#next() !== CLOSE_OBJECT) {
        this.#key();
        return false;
      }
    }
    this.#at++;
    return true;
  }

  #close(): unknown {
    const frame = this.#frames.pop();
    return frame?.kind === 'list' ? frame.items : frame?.fields;
  }

  /** Puts a value where it belongs; true when that closes what it belongs to. */
  #add(value: unknown): boolean {
    const frame = this.#frames.at(-1);
    if (frame === undefined) {
      if (this.#next() !== undefined) this.#fail();
      return false;
    }
    if (frame.kind === 'list') frame.items.push(value);
    else setField(frame.fields, frame.key, value);
    const byte = this.#next();
    this.#at++;
    if (byte === COMMA) {
      if (frame.kind === 'object') this.#key();
      return false;
    }
    if (byte !== (frame.kind === 'list' ? CLOSE_LIST : CLOSE_OBJECT)) this.#fail(this.#at - 1);
    return true;
  }

  #key(): void {
    if (this.#next() !== QUOTE) this.#fail();
    this.#at++;
    const { length, isLast } = this.#piece();
    const frame = this.#frames.at(-1);
    if (!isLast) throw new JsonProblem(`a key has more than ${PIECE_BYTES} bytes`);
    if (frame?.kind === 'object') {
      const text = this.#bytes.toString('utf8', this.#at, this.#at + length);
      frame.key = String(this.#parse(`"${text}"`));
    }
    this.#at += length + 1;
    if (this.#next() !== COLON) this.#fail();
    this.#at++;
  }

  /** In pieces, none of which ends within a character or an escape. */
  *#text(): Generator<undefined, string, undefined> {
    let text = '';
    this.#at++;
    for (;;) {
      const { length, isLast } = this.#piece();
      text += String(this.#parse(`"${this.#bytes.toString('utf8', this.#at, this.#at + length)}"`));
      this.#at += length;
      if (isLast) {
        this.#at++;
        return text;
      }
      yield;
    }
  }

  /** How much of a text comes next, and whether its closing quote does after that. */
  #piece(): { readonly length: number; readonly isLast: boolean } {
    const piece = this.#bytes.subarray(this.#at, this.#at + PIECE_BYTES);
    let quote = piece.indexOf(QUOTE);
    let escape = piece.indexOf(BACKSLASH);
    for (;;) {
      if (quote !== -1 && (escape === -1 || quote < escape)) return { length: quote, isLast: true };
      if (escape === -1) break;
      const after = escape + (piece[escape + 1] === LETTER_U ? 6 : 2);
      if (after > piece.length) {
        if (escape === 0) this.#fail();
        return { length: escape, isLast: false };
      }
      escape = piece.indexOf(BACKSLASH, after);
      if (quote !== -1 && quote < after) quote = piece.indexOf(QUOTE, after);
    }
    if (piece.length < PIECE_BYTES) this.#fail(this.#bytes.length);
    let length = piece.length;
    // Not within a character of UTF-8.
    while (((this.#bytes[this.#at + length] ?? 0) & 0xc0) === 0x80) length--;
    return { length, isLast: false };
  }

  /** A number, true, false or null. */
  #word(): unknown {
    const from = this.#at;
    let to = from;
    for (let byte = this.#bytes[to]; isOfWord(byte); byte = this.#bytes[to]) to++;
    if (to === from || to - from > WORD_BYTES_MAX) this.#fail();
    const word = this.#parse(this.#bytes.toString('latin1', from, to));
    this.#at = to;
    return word;
  }

  #parse(text: string): unknown {
    try {
      const value: unknown = JSON.parse(text);
      return value;
    } catch {
      return this.#fail();
    }
  }

  #fail(at = this.#at): never {
    throw new JsonProblem(
      at >= this.#bytes.length ? 'Unexpected end of JSON input' : `Unexpected token at byte ${at}`,
    );
  }
}

/** Numbers have no bound in JSON; nobody writes one this long. */
const WORD_BYTES_MAX = 4_096;

/** Digits, letters, signs and points. */
function isOfWord(byte: number | undefined): byte is number {
  if (byte === undefined) return false;
  return (
    (byte >= 0x61 && byte <= 0x7a) ||
    (byte >= 0x2b && byte <= 0x39 && byte !== COMMA) ||
    byte === 0x45
  );
}

/** Not by assignment alone: a key may be called `__proto__`. */
function setField(fields: Fields, key: string, value: unknown): void {
  if (key !== '__proto__') fields[key] = value;
  else {
    Object.defineProperty(fields, key, {
      value,
      writable: true,
      enumerable: true,
      configurable: true,
    });
  }
}
