// Finds tool calls in what a model says: <tool_call>{"name": …, "arguments": {…}}</tool_call>, at the start of a line or
// opened by the model's own token for it. What begins like a call and is none is given back as text.

import { overlap } from './stop-hold.ts';

export const TOOL_CALL_OPEN = '<tool_call>';
export const TOOL_CALL_CLOSE = '</tool_call>';

export type Said =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'call-start'; readonly name: string }
  | { readonly kind: 'call-arguments'; readonly text: string }
  | { readonly kind: 'call-end' };

/** Up to the arguments' first brace. */
const HEAD = /^\s*\{\s*"name"\s*:\s*("(?:[^"\\]|\\.)*")\s*,\s*"arguments"\s*:\s*(?=\{)/u;
/** Longer than any tool's name; what has no arguments by then is no call. */
const HEAD_CHARACTERS_MAX = 2_048;

export class ToolCallSplit {
  readonly #names: ReadonlySet<string>;
  #state: 'text' | 'head' | 'arguments' | 'tail' = 'text';
  #held = '';
  #hasSpoken = false;
  #calls = 0;
  #closed = 0;
  #opened = 0;
  #depth = 0;
  #inString = false;
  #escaped = false;

  constructor(names: ReadonlySet<string>) {
    this.#names = names;
  }

  /** Calls that were begun, with a name that is known. */
  get calls(): number {
    return this.#calls;
  }

  /** Tags, of calls or of what only looks like one. */
  get opened(): number {
    return this.#opened;
  }

  /** Calls that came to their closing tag. */
  get closed(): number {
    return this.#closed;
  }

  /** While an opened call has said nothing yet: what came after its tag in the same piece. */
  get head(): string | undefined {
    return this.#state === 'head' ? this.#held : undefined;
  }

  /** What came after the tag was never said. */
  forgetHead(): void {
    if (this.#state === 'head') this.#held = '';
  }

  /** `byToken`: `text` ends with the opening tag, and the model used its own token for that. */
  push(text: string, byToken = false): readonly Said[] {
    const said: Said[] = [];
    this.#held += text;
    while (this.#step(said, byToken));
    return said;
  }

  /** Nothing more comes. */
  end(): readonly Said[] {
    const held = this.#held;
    this.#held = '';
    switch (this.#state) {
      case 'text':
        return held === '' || (this.#calls > 0 && held.trim() === '') ? [] : [say(held)];
      case 'head':
        return [say(TOOL_CALL_OPEN + held)];
      case 'arguments':
        return [{ kind: 'call-end' }];
      case 'tail':
        return [];
    }
  }

  /** True when there may be more to read in what is held. */
  #step(said: Said[], byToken: boolean): boolean {
    switch (this.#state) {
      case 'text':
        return this.#readText(said, byToken);
      case 'head':
        return this.#readHead(said);
      case 'arguments':
        return this.#readArguments(said);
      case 'tail':
        return this.#readTail();
    }
  }

  #readText(said: Said[], byToken: boolean): boolean {
    const all = this.#held;
    const tag =
      byToken && all.endsWith(TOOL_CALL_OPEN)
        ? all.length - TOOL_CALL_OPEN.length
        : this.#tagAt(all);
    if (tag === undefined) {
      // White space is held as well: before a call it belongs to the call, and to no text.
      const certain = all.slice(0, all.length - overlap(all, TOOL_CALL_OPEN)).trimEnd();
      this.#speak(certain, said);
      this.#held = all.slice(certain.length);
      return false;
    }
    this.#speak(all.slice(0, tag).trimEnd(), said);
    this.#held = all.slice(tag + TOOL_CALL_OPEN.length);
    this.#state = 'head';
    this.#opened += 1;
    return true;
  }

  /** Only white space before it on its line: what was said before is not held any more. */
  #tagAt(text: string): number | undefined {
    for (
      let at = text.indexOf(TOOL_CALL_OPEN);
      at >= 0;
      at = text.indexOf(TOOL_CALL_OPEN, at + 1)
    ) {
      const line = text.slice(text.lastIndexOf('\n', at) + 1, at);
      const isNewLine = text.slice(0, at).includes('\n') || !this.#hasSpoken;
      if (isNewLine && line.trim() === '') return at;
    }
    return undefined;
  }

  #readHead(said: Said[]): boolean {
    const head = HEAD.exec(this.#held);
    if (head) {
      const name = parseJson(head[1] ?? '');
      if (typeof name !== 'string' || !this.#names.has(name)) return this.#giveBack(said);
      this.#calls += 1;
      this.#held = this.#held.slice(head[0].length);
      [this.#depth, this.#inString, this.#escaped] = [0, false, false];
      said.push({ kind: 'call-start', name });
      this.#state = 'arguments';
      return true;
    }
    const isNone = this.#held.length > HEAD_CHARACTERS_MAX || this.#held.includes(TOOL_CALL_CLOSE);
    return isNone && this.#giveBack(said);
  }

  #giveBack(said: Said[]): boolean {
    this.#speak(TOOL_CALL_OPEN, said);
    this.#state = 'text';
    return true;
  }

  #readArguments(said: Said[]): boolean {
    const length = this.#argumentsLength();
    const text = this.#held.slice(0, length);
    if (text !== '') said.push({ kind: 'call-arguments', text });
    this.#held = this.#held.slice(text.length);
    if (length === undefined) return false;
    said.push({ kind: 'call-end' });
    this.#state = 'tail';
    return true;
  }

  /** Up to the brace that closes the arguments; undefined: it is not there yet. */
  #argumentsLength(): number | undefined {
    for (let at = 0; at < this.#held.length; at += 1) {
      const character = this.#held[at];
      if (this.#escaped) this.#escaped = false;
      else if (this.#inString && character === '\\') this.#escaped = true;
      else if (character === '"') this.#inString = !this.#inString;
      else if (this.#inString) continue;
      else if (character === '{' || character === '[') this.#depth += 1;
      else if (character === '}' || character === ']') this.#depth -= 1;
      if (this.#depth === 0) return at + 1;
    }
    return undefined;
  }

  #readTail(): boolean {
    const tail = /^\s*\}\s*<\/tool_call>/u.exec(this.#held);
    if (tail) {
      this.#held = this.#held.slice(tail[0].length);
      this.#closed += 1;
      this.#state = 'text';
      return true;
    }
    const rest = this.#held.replaceAll(/\s/gu, '');
    if (`}${TOOL_CALL_CLOSE}`.startsWith(rest)) return false;
    // The call itself was whole; what follows is no end of one, and so is text.
    this.#state = 'text';
    return true;
  }

  #speak(text: string, said: Said[]): void {
    if (text === '') return;
    this.#hasSpoken = true;
    said.push(say(text));
  }
}

function say(text: string): Said {
  return { kind: 'text', text };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
