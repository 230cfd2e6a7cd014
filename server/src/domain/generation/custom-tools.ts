// Custom tools take free text where functions take JSON. An engine that knows functions alone carries one as a function
// with a single string, `input`; the reader below turns what the model writes for that back into the text itself.

import type {
  CustomTool,
  CustomToolCall,
  FunctionTool,
  Generation,
  Item,
  ToolCall,
} from './generation.ts';
import type { Part } from './part.ts';

/** A function, or what carries a custom tool: the grammar is that of its one string. */
export type CarriedTool = FunctionTool & {
  readonly inputGrammar?: Extract<CustomTool['format'], { readonly kind: 'grammar' }>;
};

/** A generation that an engine without custom tools can read. */
export type FunctionsOnly = Omit<Generation, 'items' | 'tools'> & {
  readonly items: readonly Exclude<Item, CustomToolCall>[];
  readonly tools: readonly CarriedTool[];
};

export function functionsOnly(generation: Generation): FunctionsOnly {
  return {
    ...generation,
    items: generation.items.map((item) =>
      item.kind === 'custom-tool-call' ? callAsFunction(item) : item,
    ),
    tools: generation.tools.map((tool) => (tool.kind === 'custom' ? asFunction(tool) : tool)),
  };
}

export function asFunction({ name, description, format }: CustomTool): CarriedTool {
  const told = [description, grammarNote(format)].filter((text) => text !== undefined);
  return {
    name,
    ...(told.length > 0 && { description: told.join('\n\n') }),
    parameters: {
      type: 'object',
      properties: { input: { type: 'string' } },
      required: ['input'],
      additionalProperties: false,
    },
    strict: true,
    ...(format.kind === 'grammar' && { inputGrammar: format }),
  };
}

/** What the model can read of a grammar, whether or not something holds it to it. */
function grammarNote(format: CustomTool['format']): string | undefined {
  if (format.kind === 'text') return undefined;
  return `The input must be a sentence of this ${format.syntax} grammar:\n${format.definition}`;
}

export function callAsFunction({ id, callId, name, input }: CustomToolCall): ToolCall {
  return {
    kind: 'tool-call',
    ...(id !== undefined && { id }),
    callId,
    name,
    arguments: JSON.stringify({ input }),
  };
}

export function customToolNames({ tools }: Generation): ReadonlySet<string> {
  return new Set(tools.filter(({ kind }) => kind === 'custom').map(({ name }) => name));
}

/** Turns calls of the named functions into calls of custom tools, as they stream; all else passes as it is. */
export class CustomCallReader {
  readonly #names: ReadonlySet<string>;
  readonly #inputs = new Map<number, InputReader>();

  constructor(names: ReadonlySet<string>) {
    this.#names = names;
  }

  read(parts: readonly Part[]): readonly Part[] {
    if (this.#names.size === 0) return parts;
    return parts.flatMap((part) => this.#one(part));
  }

  #one(part: Part): readonly Part[] {
    if (part.kind === 'tool-call-start' && !part.tool && this.#names.has(part.name)) {
      this.#inputs.set(part.index, new InputReader());
      return [{ ...part, tool: 'custom' }];
    }
    const isOfCall = part.kind === 'tool-call-delta' || part.kind === 'tool-call-end';
    const reader = isOfCall ? this.#inputs.get(part.index) : undefined;
    if (!isOfCall || reader === undefined) return [part];
    const { index } = part;
    const ends = part.kind === 'tool-call-end';
    const input = ends ? reader.end() : reader.push(part.arguments);
    const said: readonly Part[] =
      input === '' ? [] : [{ kind: 'custom-input-delta', index, input }];
    return ends ? [...said, part] : said;
  }
}

const HEAD = /^\s*\{\s*"input"\s*:\s*"/u;
/** What may still become the head. */
const HEAD_BEGUN = /^\s*(?:\{\s*(?:"(?:i(?:n(?:p(?:u(?:t(?:"\s*(?::\s*)?)?)?)?)?)?)?)?)?$/u;
const ESCAPES: ReadonlyMap<string, string> = new Map([
  ['b', '\b'],
  ['f', '\f'],
  ['n', '\n'],
  ['r', '\r'],
  ['t', '\t'],
]);

/** Reads the one string of `{"input": "…"}` while it is written. Arguments of any other shape are told at their end. */
export class InputReader {
  #state: 'head' | 'string' | 'over' | 'other' = 'head';
  #held = '';

  push(json: string): string {
    this.#held += json;
    if (this.#state === 'head') this.#readHead();
    if (this.#state === 'over') this.#held = '';
    return this.#state === 'string' ? this.#readString() : '';
  }

  /** What is left: of a call that was cut in an escape nothing, of another shape all that was written. */
  end(): string {
    const held = this.#held;
    this.#held = '';
    return this.#state === 'other' || this.#state === 'head' ? inputIn(held) : '';
  }

  #readHead(): void {
    const head = HEAD.exec(this.#held);
    if (head) {
      this.#state = 'string';
      this.#held = this.#held.slice(head[0].length);
    } else if (!HEAD_BEGUN.test(this.#held)) this.#state = 'other';
  }

  #readString(): string {
    let text = '';
    let at = 0;
    while (at < this.#held.length) {
      const character = this.#held.charAt(at);
      if (character === '"') {
        this.#state = 'over';
        this.#held = '';
        return text;
      }
      const read = character === '\\' ? escapeAt(this.#held, at) : { text: character, length: 1 };
      if (read === undefined) break;
      text += read.text;
      at += read.length;
    }
    this.#held = this.#held.slice(at);
    return text;
  }
}

/** Undefined while it is not whole; both halves of a character outside the first plane belong together. */
function escapeAt(
  json: string,
  at: number,
): { readonly text: string; readonly length: number } | undefined {
  const letter = json.charAt(at + 1);
  if (letter === '') return undefined;
  if (letter !== 'u') return { text: ESCAPES.get(letter) ?? letter, length: 2 };
  const unit = unitAt(json, at);
  if (unit === undefined) return undefined;
  const text = String.fromCharCode(unit);
  if (unit < 0xd800 || unit > 0xdbff) return { text, length: 6 };
  const next = json.slice(at + 6, at + 8);
  if (!'\\u'.startsWith(next)) return { text, length: 6 };
  const low = unitAt(json, at + 6);
  return low === undefined ? undefined : { text: text + String.fromCharCode(low), length: 12 };
}

function unitAt(json: string, at: number): number | undefined {
  const hex = json.slice(at + 2, at + 6);
  return /^[0-9a-f]{4}$/iu.test(hex) ? Number.parseInt(hex, 16) : undefined;
}

/** A model that is not held to the shape may write its input elsewhere in the object, or no object at all. */
function inputIn(json: string): string {
  try {
    const value: unknown = JSON.parse(json);
    if (typeof value === 'string') return value;
    if (typeof value === 'object' && value !== null && 'input' in value) {
      if (typeof value.input === 'string') return value.input;
    }
  } catch {
    // No JSON: what was written is the input.
  }
  return json;
}
