// Tools as clients declare them, made up from a seed: the shapes that MCP servers, zod, pydantic, OpenAPI converters and
// agents were seen to send, right and wrong. `expected` says what must become of a request with them.

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

export const CASES = 300;

export function toolCases(seed: number, count: number = CASES): readonly ToolCase[] {
  const chance = new Chance(seed);
  return Array.from({ length: count }, (_, index) => {
    const [shape, make] = SHAPES[index % SHAPES.length] ?? SHAPES[0];
    return { shape, expected: 'served', ...make(chance, index) };
  });
}

type Made = Pick<ToolCase, 'tools'> & Partial<Pick<ToolCase, 'expected'>>;
type Make = (chance: Chance, index: number) => Made;

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

type Schema = { readonly [keyword: string]: unknown };

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

function leaf(chance: Chance): Schema {
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

function fields(chance: Chance, count: number): Record<string, Schema> {
  const made: Record<string, Schema> = {};
  for (let at = 0; at < count; at++)
    made[`${WORDS[at % WORDS.length]}${at < 9 ? '' : at}`] = leaf(chance);
  return made;
}

function object(properties: Schema, more: Schema = {}): Schema {
  const required = Object.keys(properties);
  return { type: 'object', properties, required, additionalProperties: false, ...more };
}

/** One tool with this schema. */
function one(parameters: unknown, strict = false, name = 'do_it'): Made {
  return { tools: [{ name, parameters, strict }] };
}

function nestedObjects(chance: Chance, levels: number): Schema {
  let schema: Schema = leaf(chance);
  for (let level = 0; level < levels; level++) schema = object({ [`level_${level}`]: schema });
  return schema;
}

const TREE: Schema = {
  $defs: {
    node: object({
      value: { type: 'integer', minimum: 0, maximum: 9 },
      children: { type: 'array', items: { $ref: '#/$defs/node' }, maxItems: 2 },
    }),
  },
  ...object({ root: { $ref: '#/$defs/node' } }),
};

const FIRST: readonly (readonly [string, Make])[] = [
  [
    'flat, as MCP servers have it',
    (c) => one({ type: 'object', properties: fields(c, 4), required: ['path'] }),
  ],
  ['flat and strict', (c) => one(object(fields(c, 4)), true)],
  [
    'zod with $schema',
    (c) =>
      one(
        object(fields(c, 3), { $schema: 'http://json-schema.org/draft-07/schema#' }),
        c.next() < 0.5,
      ),
  ],
  [
    'zod 4 with $schema',
    (c) =>
      one(object(fields(c, 3), { $schema: 'https://json-schema.org/draft/2020-12/schema' }), true),
  ],
  ['recursive by $defs', () => one(TREE)],
  ['recursive and strict', () => one(TREE, true)],
  [
    'recursive at the root',
    (c) =>
      one({
        ...object({ name: leaf(c) }),
        properties: { name: leaf(c), child: { $ref: '#' } },
        required: ['name'],
      }),
  ],
  [
    'recursive by each other',
    () =>
      one(
        {
          ...object({ a: { $ref: '#/$defs/a' } }),
          $defs: {
            a: object(
              { n: { type: 'boolean' } },
              { properties: { n: { type: 'boolean' }, b: { $ref: '#/$defs/b' } }, required: ['n'] },
            ),
            b: {
              type: 'object',
              properties: { a: { $ref: '#/$defs/a' } },
              additionalProperties: false,
            },
          },
        },
        true,
      ),
  ],
  ['15 levels deep', (c) => one(nestedObjects(c, 15))],
  ['up to 30 levels deep and strict', (c) => one(nestedObjects(c, 11 + c.below(20)), true)],
  ['100 levels deep', (c) => one(nestedObjects(c, 100))],
  [
    'a name of 90 characters',
    (c) =>
      one(
        object(fields(c, 2)),
        true,
        `mcp__${'a_very_long_server_name_'.repeat(3)}__find_everything`,
      ),
  ],
  [
    'a name with dots and colons',
    (c) =>
      one(
        object(fields(c, 2)),
        false,
        c.of(['github.issues/list', 'fs:read.file', 'tool name', 'wetter_übersicht', '検索']),
      ),
  ],
  [
    'oneOf told apart by const',
    () =>
      one(
        object({
          action: {
            oneOf: [
              object({ kind: { const: 'move' }, to: { type: 'string', maxLength: 5 } }),
              object({
                kind: { const: 'stay' },
                for_s: { type: 'integer', minimum: 1, maximum: 9 },
              }),
            ],
          },
        }),
        true,
      ),
  ],
  [
    'oneOf that overlaps',
    () =>
      one(
        object({
          id: {
            oneOf: [
              { type: 'string', maxLength: 5 },
              { type: 'string', format: 'uuid' },
            ],
          },
        }),
      ),
  ],
  ['anyOf at the root', (c) => one({ anyOf: [object(fields(c, 1)), object({ other: leaf(c) })] })],
  [
    'anyOf of types',
    (c) => one(object({ v: { anyOf: [leaf(c), leaf(c), { type: 'null' }] } }), true),
  ],
  [
    'allOf that adds up',
    (c) =>
      one({
        type: 'object',
        allOf: [
          { properties: { a: leaf(c) }, required: ['a'] },
          { properties: { b: leaf(c) }, required: ['b'] },
        ],
      }),
  ],
  ['an enum of 500', (c) => one(object({ zone: { enum: c.some(500, (at) => `z${at}`) } }), true)],
  [
    'definitions',
    (c) =>
      one({ ...object({ a: { $ref: '#/definitions/A' } }), definitions: { A: leaf(c) } }, true),
  ],
  [
    'definitions with odd names',
    (c) =>
      one(
        {
          ...object({ a: { $ref: '#/definitions/List%5BA~1B%5D' } }),
          definitions: { 'List[A/B]': leaf(c) },
        },
        true,
      ),
  ],
  [
    'additionalProperties by schema',
    (c) => one(object({ headers: { type: 'object', additionalProperties: leaf(c) } })),
  ],
  [
    'patternProperties',
    (c) => one(object({ vars: { type: 'object', patternProperties: { '^x-': leaf(c) } } })),
  ],
  [
    'free objects',
    () =>
      one({
        type: 'object',
        properties: { data: { type: 'object' }, any: {} },
        additionalProperties: true,
      }),
  ],
  [
    'keys of all scripts',
    (c) =>
      one(
        object({
          größe: leaf(c),
          名前: leaf(c),
          'a "quoted" key': leaf(c),
          '🙂': leaf(c),
          'with\nbreak': leaf(c),
          'x.y/z': leaf(c),
        }),
        true,
      ),
  ],
];
const SECOND: readonly (readonly [string, Make])[] = [
  [
    'keys that objects have already',
    (c) =>
      one(
        object(
          JSON.parse(
            `{"__proto__":${JSON.stringify(leaf(c))},"constructor":{"type":"boolean"},"toString":{"type":"null"}}`,
          ) as Schema,
        ),
      ),
  ], // our own text
  [
    'formats',
    (c) =>
      one(
        object(
          Object.fromEntries(
            c.some(4, (at) => [
              `f${at}`,
              {
                type: 'string',
                format: c.of([
                  'date',
                  'date-time',
                  'uuid',
                  'email',
                  'ipv4',
                  'uri',
                  'no-such-format',
                  'int64',
                ]),
              },
            ]),
          ),
        ),
      ),
  ],
  [
    'pattern',
    () =>
      one(
        object({
          code: { type: 'string', pattern: '^[A-Z]{2}\\d{4}$' },
          other: { type: 'string', pattern: '(?=x)x', maxLength: 5 },
        }),
      ),
  ],
  [
    'uniqueItems and contains',
    (c) => one(object({ tags: { type: 'array', items: leaf(c), uniqueItems: true, maxItems: 2 } })),
  ],
  [
    'bounds of draft 4',
    () =>
      one(object({ n: { type: 'integer', minimum: 0, exclusiveMinimum: true, maximum: 9 } }), true),
  ],
  [
    'nullable of OpenAPI',
    () =>
      one(
        object({
          n: { type: 'string', maxLength: 4, nullable: true },
          e: { type: 'string', enum: ['x'], nullable: true },
        }),
        true,
      ),
  ],
  ['const without type', () => one(object({ version: { const: 2 }, kind: { const: 'x' } }), true)],
  [
    'no properties',
    (c) =>
      one(
        c.of<unknown>([
          { type: 'object', properties: {} },
          { type: 'object' },
          {},
          true,
          [],
          { type: 'object', properties: [] },
          null,
          undefined,
        ]),
      ),
  ],
  [
    'no arguments and strict',
    () => one({ type: 'object', properties: {}, required: [], additionalProperties: false }, true),
  ],
  [
    'types in a list',
    () =>
      one(
        object({
          a: { type: ['string', 'null'], maxLength: 4 },
          b: { type: ['integer', 'boolean'], minimum: 0, maximum: 9 },
        }),
        true,
      ),
  ],
  [
    'types in capitals',
    (c) =>
      one({
        type: 'OBJECT',
        properties: {
          a: { type: 'STRING', maxLength: 5 },
          b: { type: 'INTEGER', minimum: c.below(5), maximum: 9 },
        },
        required: ['a', 'b'],
      }),
  ],
  [
    'types of other languages',
    (c) =>
      one({
        type: 'dict',
        properties: { a: { type: c.of(['str', 'int', 'float', 'bool', 'any', 'file', 'list']) } },
      }),
  ],
  [
    'schemas that are true',
    () =>
      one({ type: 'object', properties: { any: true, never: false, open: {} }, required: ['any'] }),
  ],
  ['no type at the root', (c) => one({ properties: fields(c, 2), required: ['path'] })],
  [
    'items in a list',
    () =>
      one(
        object({
          point: {
            type: 'array',
            items: [{ type: 'integer', minimum: 0, maximum: 9 }, { type: 'boolean' }],
            additionalItems: false,
            minItems: 2,
            maxItems: 2,
          },
        }),
        true,
      ),
  ],
  [
    'prefixItems',
    () =>
      one(
        object({
          point: {
            type: 'array',
            prefixItems: [{ type: 'boolean' }, { type: 'null' }],
            items: false,
            minItems: 2,
          },
        }),
        true,
      ),
  ],
  [
    'if, not and dependentRequired',
    (c) =>
      one({
        type: 'object',
        properties: fields(c, 3),
        if: { required: ['path'] },
        then: { required: ['query'] },
        not: { required: ['none'] },
        dependentRequired: { path: ['limit'] },
      }),
  ],
  [
    'multipleOf',
    () =>
      one(
        object({
          n: { type: 'integer', multipleOf: 5, minimum: 0, maximum: 100 },
          m: { type: 'number', multipleOf: 0.01 },
        }),
      ),
  ],
  [
    'a reference to nothing',
    (c) =>
      one(
        object({
          a: {
            $ref: c.of([
              '#/components/schemas/Pet',
              'https://example.com/schema.json',
              '#anchor',
              '#/$defs/none',
            ]),
          },
        }),
      ),
  ],
  [
    'a reference to itself',
    () => one({ ...object({ a: { $ref: '#/$defs/a' } }), $defs: { a: { $ref: '#/$defs/a' } } }),
  ],
  [
    'words in wrong places',
    () =>
      one({
        type: 'object',
        properties: {
          a: { type: 'string', required: true, minLength: '3', maxLength: 5 },
          b: { enum: [] },
          c: { type: [], items: null },
          d: 'string',
          e: { anyOf: [] },
          f: { pattern: '(', type: 'string', maxLength: 4 },
        },
        required: 'a',
        additionalProperties: 'no',
      }),
  ],
  [
    'another type at the root',
    (c) =>
      one(
        c.of<unknown>([
          { type: 'array', items: {} },
          { type: 'string' },
          { type: ['object', 'null'], properties: {} },
        ]),
      ),
  ],
  [
    'an $id of its own',
    (c) =>
      one({
        $id: 'https://x.test/s.json',
        ...object({ a: { $ref: 'https://x.test/s.json#/$defs/a' } }),
        $defs: { a: leaf(c) },
      }),
  ],
  [
    'long descriptions and examples',
    (c) =>
      one(
        object({
          a: {
            ...leaf(c),
            description: 'Words. '.repeat(60),
            examples: [1, 'two', null],
            deprecated: true,
            'x-order': 1,
          },
        }),
        true,
      ),
  ],
  [
    'lists of lists of objects',
    (c) =>
      one(
        object({
          rows: {
            type: 'array',
            maxItems: 2,
            items: { type: 'array', maxItems: 2, items: object(fields(c, 2)) },
          },
        }),
        true,
      ),
  ],
  ['90 optional fields', (c) => one({ type: 'object', properties: fields(c, 90) })],
  [
    'a schema too large for a grammar',
    () =>
      one({
        ...object({ a: { $ref: '#/$defs/d0' } }),
        $defs: Object.fromEntries(
          Array.from({ length: 30 }, (_, at) => {
            const next = { $ref: `#/$defs/d${Math.min(at + 1, 29)}` };
            return [`d${at}`, at === 29 ? { maxLength: 3 } : { anyOf: [next, next], minLength: 1 }];
          }),
        ),
      }),
  ],
  [
    'a schema that nothing satisfies',
    () => one({ type: 'object', properties: { a: false }, required: ['a'] }),
  ],
  [
    '20 tools',
    (c) => ({
      tools: c.some(20, (at) => ({
        name: `tool_${at}`,
        parameters: object(fields(c, 2)),
        strict: at % 2 === 0,
      })),
    }),
  ],
  [
    '200 tools',
    (c, index) => ({
      tools: c.some(index < 100 ? 200 : 8, (at) => ({
        name: `t${at}`,
        parameters: { type: 'object', properties: { a: leaf(c) } },
        strict: false,
      })),
    }),
  ],
  [
    'one odd tool among others',
    (c) => ({
      tools: [
        { name: 'right', parameters: object(fields(c, 2)), strict: true },
        {
          name: 'odd',
          parameters: { type: 'object', properties: { a: { type: 'what' }, b: { $ref: '#/no' } } },
          strict: false,
        },
      ],
    }),
  ],
  [
    'two tools of one name',
    (c) => ({
      expected: 'refused',
      tools: c.some(2, () => ({ name: 'same', parameters: object(fields(c, 1)), strict: false })),
    }),
  ],
  [
    'strict and not a schema',
    () => ({ ...one(object({ a: { type: 'what' } }), true, 'wrong'), expected: 'refused' }),
  ],
  [
    'strict and beyond any grammar',
    () => ({
      ...one(object({ a: { not: { type: 'string' } } }), true, 'wrong'),
      expected: 'refused',
    }),
  ],
  [
    'not even an object',
    (c) => ({ ...one(c.of<unknown>(['{}', 7, [1], false]), false, 'wrong'), expected: 'refused' }),
  ],
];

const SHAPES = [...FIRST, ...SECOND] as unknown as readonly [
  readonly [string, Make],
  ...(readonly [string, Make])[],
]; // there are some
