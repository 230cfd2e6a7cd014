// Tools as they are declared in older and other words, and wrongly.

import { fields, leaf, object, one, type Make } from './tool-schema-parts.ts';

/** Parsed, because an object literal with a `then` looks like a promise to the linter. */
const CONDITION: object = JSON.parse(
  '{"if": {"required": ["path"]}, "then": {"required": ["query"]}}',
);

export const ODD_TOOL_SHAPES: readonly (readonly [string, Make])[] = [
  [
    'keys that objects have already',
    (c) =>
      one(
        object(
          Object.fromEntries([
            ['__proto__', leaf(c)],
            ['constructor', { type: 'boolean' }],
            ['toString', { type: 'null' }],
          ]),
        ),
      ),
  ],
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
        ...CONDITION,
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
