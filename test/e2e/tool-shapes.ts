// Tools as they are declared rightly: what MCP servers, zod, pydantic and agents send.

import {
  fields,
  leaf,
  nestedObjects,
  object,
  one,
  type Make,
  type Schema,
} from './tool-schema-parts.ts';

const TREE: Schema = {
  $defs: {
    node: object({
      value: { type: 'integer', minimum: 0, maximum: 9 },
      children: { type: 'array', items: { $ref: '#/$defs/node' }, maxItems: 2 },
    }),
  },
  ...object({ root: { $ref: '#/$defs/node' } }),
};

export const TOOL_SHAPES: readonly (readonly [string, Make])[] = [
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
