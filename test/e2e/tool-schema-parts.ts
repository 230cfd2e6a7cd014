// What made-up tool declarations are made of: chance with a seed, and schemas of the usual kinds.

export type CaseTool = {
  readonly name: string;
  readonly parameters: unknown;
  readonly strict: boolean;
};

export type ToolCase = {
  readonly shape: string;
  readonly tools: readonly CaseTool[];
  readonly expected: 'served' | 'refused';
};

export type Made = Pick<ToolCase, 'tools'> & Partial<Pick<ToolCase, 'expected'>>;
export type Make = (chance: Chance, index: number) => Made;

/** Mulberry32: the same numbers everywhere for a seed. */
export class Chance {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  }

  below(most: number): number {
    return Math.floor(this.next() * most);
  }

  of<T>(choices: readonly [T, ...T[]]): T {
    return choices[this.below(choices.length)] ?? choices[0];
  }

  some<T>(count: number, make: (at: number) => T): T[] {
    return Array.from({ length: count }, (_, at) => make(at));
  }
}

export type Schema = { readonly [keyword: string]: unknown };

const WORDS = [
  'path',
  'query',
  'limit',
  'user_id',
  'cursor',
  'labels',
  'body',
  'since',
  'repo',
] as const;

export function leaf(chance: Chance): Schema {
  return chance.of<Schema>([
    { type: 'string', maxLength: 8 },
    { type: 'string', maxLength: 6, description: 'A text.' },
    { type: 'integer', minimum: 0, maximum: 99 },
    { type: 'number', minimum: -1, maximum: 1 },
    { type: 'boolean' },
    { enum: ['a', 'b', 'c'] },
    { type: 'array', items: { type: 'integer', minimum: 0, maximum: 9 }, maxItems: 2 },
    { anyOf: [{ type: 'string', maxLength: 4 }, { type: 'null' }] },
    { type: 'string', enum: ['open', 'closed'], default: 'open' },
  ]);
}

export function fields(chance: Chance, count: number): Record<string, Schema> {
  const made: Record<string, Schema> = {};
  for (let at = 0; at < count; at++)
    made[`${WORDS[at % WORDS.length]}${at < 9 ? '' : at}`] = leaf(chance);
  return made;
}

export function object(properties: Schema, more: Schema = {}): Schema {
  const required = Object.keys(properties);
  return { type: 'object', properties, required, additionalProperties: false, ...more };
}

/** One tool with this schema. */
export function one(parameters: unknown, strict = false, name = 'do_it'): Made {
  return { tools: [{ name, parameters, strict }] };
}

export function nestedObjects(chance: Chance, levels: number): Schema {
  let schema: Schema = leaf(chance);
  for (let level = 0; level < levels; level++) schema = object({ [`level_${level}`]: schema });
  return schema;
}
