// JSON of a large value, written in slices, so that nobody else has to wait for all of it. What is written is what
// `JSON.stringify` writes of plain data.

import { setImmediate as nextTurn } from 'node:timers/promises';

/** Between two pauses: some 2 ms at their slowest, which is a text of nothing but escapes. */
const SLICE_CHARACTERS = 128 * 1024;
const SLICE_VALUES = 8_192;

export async function jsonText(value: unknown): Promise<string> {
  let text = '';
  for (const slice of jsonSlices(value)) {
    text += slice;
    await nextTurn();
  }
  return text;
}

export async function jsonByteLength(value: unknown): Promise<number> {
  let bytes = 0;
  for (const slice of jsonSlices(value)) {
    bytes += Buffer.byteLength(slice);
    await nextTurn();
  }
  return bytes;
}

export async function jsonBytes(value: unknown): Promise<Buffer> {
  const slices: Buffer[] = [];
  for (const slice of jsonSlices(value)) {
    slices.push(Buffer.from(slice));
    await nextTurn();
  }
  return await joined(slices);
}

/** As `Buffer.concat`. */
export async function joined(pieces: readonly Buffer[]): Promise<Buffer> {
  let bytes = 0;
  for (const piece of pieces) bytes += piece.length;
  const whole = Buffer.allocUnsafeSlow(bytes);
  let [at, paused] = [0, 0];
  for (const piece of pieces) {
    piece.copy(whole, at);
    at += piece.length;
    if (at - paused < SLICE_COPIED_BYTES) continue;
    paused = at;
    await nextTurn();
  }
  return whole;
}

const SLICE_COPIED_BYTES = 2 * 1024 * 1024;

/** `value` is data: no functions, no dates, nothing that refers to itself. */
export function* jsonSlices(value: unknown): Generator<string, void> {
  const writing = new Writing();
  yield* writing.value(value);
  if (writing.text !== '') yield writing.take();
}

class Writing {
  text = '';
  #values = 0;

  take(): string {
    const { text } = this;
    this.text = '';
    this.#values = 0;
    return text;
  }

  *value(value: unknown): Generator<string, void> {
    if (typeof value === 'string') yield* this.#string(value);
    else if (typeof value !== 'object' || value === null) this.text += JSON.stringify(value);
    else if (Array.isArray(value)) yield* this.#list(value);
    else yield* this.#object(value);
    this.#values++;
    if (this.text.length >= SLICE_CHARACTERS || this.#values >= SLICE_VALUES) yield this.take();
  }

  *#list(list: readonly unknown[]): Generator<string, void> {
    let before = '[';
    for (const item of list) {
      this.text += before;
      yield* this.value(item ?? null);
      before = ',';
    }
    this.text += before === '[' ? '[]' : ']';
  }

  *#object(object: object): Generator<string, void> {
    let before = '{';
    for (const [name, value] of Object.entries(object)) {
      if (value === undefined) continue;
      this.text += `${before}${JSON.stringify(name)}:`;
      yield* this.value(value);
      before = ',';
    }
    this.text += before === '{' ? '{}' : '}';
  }

  *#string(text: string): Generator<string, void> {
    if (text.length <= SLICE_CHARACTERS) {
      this.text += JSON.stringify(text);
      return;
    }
    this.text += '"';
    for (let from = 0; from < text.length;) {
      const to = from + SLICE_CHARACTERS;
      // Both halves of a character outside the first plane belong together.
      const end = isHighHalf(text.charCodeAt(to - 1)) ? to - 1 : to;
      this.text += JSON.stringify(text.slice(from, end)).slice(1, -1);
      from = end;
      yield this.take();
    }
    this.text += '"';
  }
}

function isHighHalf(code: number): boolean {
  return code >= 0xd800 && code <= 0xdbff;
}
