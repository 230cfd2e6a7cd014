// Schemas become grammars that llama.cpp reads, and whatever a model says under one of them is valid against its schema:
// checked with Ajv, on random schemas, with tokens chosen almost by chance.

import assert from 'node:assert/strict';
import { isIPv4 } from 'node:net';
import { after, before, describe, test } from 'node:test';

import { Ajv2020 } from 'ajv/dist/2020.js';
import fc from 'fast-check';

import { GrammarRules } from './grammar-rules.ts';
import { GrammarSampler } from './grammar-sampler.fixture.ts';
import { jsonGrammar } from './json-grammar.ts';
import type { SchemaProblem } from './json-grammar.ts';

const RUNS = Number(process.env['TURNPIKE_TEST_RUNS'] ?? 60);
const BOUNDS = { stringCharactersMax: 12, arrayItemsMax: 3 };

function compile(schema: unknown, strict = true): string | SchemaProblem {
  const rules = new GrammarRules();
  const rule = jsonGrammar(schema, rules, { bounds: BOUNDS, strict });
  return rule.ok ? rules.text(rule.value.rule) : rule.error;
}

/** What the formats promise, by other means than a grammar. */
const fullFormats = {
  date: (text: string) => isDay(text),
  'date-time': (text: string) => isDay(text.slice(0, 10)) && !Number.isNaN(Date.parse(text)),
  time: (text: string) => !Number.isNaN(Date.parse(`2000-01-01T${text}`)),
  uuid: /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/iu,
  ipv4: (text: string) => isIPv4(text),
  email: /^[^\s@]+@[^\s@.]+(\.[^\s@.]+)+$/u,
};

/** A day that the calendar has: others are moved into the next month when they are read. */
function isDay(text: string): boolean {
  const day = new Date(`${text}T00:00:00Z`);
  return !Number.isNaN(day.getTime()) && day.toISOString().startsWith(text);
}

const word = fc.oneof(
  fc.string({ unit: 'grapheme', minLength: 1, maxLength: 6 }),
  fc.constantFrom('name', 'a"b', 'back\\slash', 'new\nline', 'é', '💡'),
);
/** Values whose keys are nobody's methods: Ajv calls a value's own `toString` and `valueOf` when it compares. */
function json(maxDepth: number): fc.Arbitrary<unknown> {
  return fc
    .jsonValue({ maxDepth })
    .filter(
      (value) => !/"(?:toString|valueOf|constructor|__proto__)"/u.test(JSON.stringify(value)),
    );
}
const lengths = fc
  .tuple(fc.nat(6), fc.nat(6))
  .map(([a, b]): [number, number] => [Math.min(a, b), Math.max(a, b)]);
const bounds = fc
  .tuple(fc.integer({ min: -5000, max: 5000 }), fc.integer({ min: 1, max: 3000 }))
  .map(([low, size]): [number, number] => [low, low + size]);
const plain = fc.oneof(
  fc.constantFrom(
    { type: 'boolean' },
    { type: 'null' },
    { type: 'integer' },
    { type: 'number' },
    { type: ['integer', 'null'] },
    { type: 'string' },
    {},
    { type: 'object' },
    { type: 'object', additionalProperties: { type: 'boolean' } },
  ),
  fc.constantFrom('date', 'date-time', 'time', 'uuid', 'ipv4', 'email').map((format) => ({
    type: 'string',
    format,
  })),
  lengths.map(([minLength, maxLength]) => ({ type: 'string', minLength, maxLength })),
  bounds.map(([minimum, maximum]) => ({ type: 'integer', minimum, maximum })),
  bounds.map(([exclusiveMinimum, maximum]) => ({ type: 'number', exclusiveMinimum, maximum })),
  fc.array(json(1), { minLength: 1, maxLength: 4 }).map((values) => ({
    enum: values,
  })),
  json(2).map((value) => ({ const: value })),
);

type Json = { readonly [key: string]: unknown };
const anySchema: fc.Arbitrary<Json> = fc.letrec<{ any: Json }>((tied) => ({
  any: fc.oneof(
    { maxDepth: 3, depthSize: 'small' },
    plain,
    fc
      .tuple(
        fc.dictionary(word, fc.tuple(tied('any'), fc.boolean()), { maxKeys: 4 }),
        fc.constantFrom({}, { additionalProperties: false }),
      )
      .map(([fields, rest]) => ({
        type: 'object',
        properties: Object.fromEntries(Object.entries(fields).map(([k, [s]]) => [k, s])),
        required: Object.entries(fields).flatMap(([k, [, must]]) => (must ? [k] : [])),
        ...rest,
      })),
    fc
      .tuple(tied('any'), lengths)
      .map(([items, [minItems, maxItems]]) => ({ type: 'array', items, minItems, maxItems })),
    fc
      .array(tied('any'), { minLength: 1, maxLength: 3 })
      .map((prefixItems) => ({ type: 'array', prefixItems })),
    fc.array(tied('any'), { minLength: 1, maxLength: 3 }).map((anyOf): Json => ({ anyOf })),
    tied('any').map((schema) => ({ allOf: [schema] })),
  ),
})).any;

describe('grammars from JSON Schema', () => {
  let sampler: GrammarSampler;
  const ajv = new Ajv2020({ strict: false });
  for (const [name, format] of Object.entries(fullFormats)) ajv.addFormat(name, format);

  before(async () => (sampler = await GrammarSampler.load()));
  after(() => sampler[Symbol.asyncDispose]());
  const sample: GrammarSampler['sample'] = (...how) => sampler.sample(...how);

  test('whatever is said under the grammar of a random schema is valid against it', async (t) => {
    let [ended, all] = [0, 0];
    await fc.assert(
      fc.asyncProperty(anySchema, fc.nat(1_000_000), async (schema, seed) => {
        const grammar = compile(schema);
        if (typeof grammar !== 'string') {
          // Only where a required key can have no value at all.
          assert.equal(grammar.detail, 'no value can satisfy it');
          return;
        }
        const text = await sample(grammar, seed);
        all += 1;
        if (text === undefined) return;
        ended += 1;
        const value: unknown = JSON.parse(text);
        assert.ok(
          ajv.validate(schema, value),
          `${JSON.stringify(schema)} / ${text} / ${ajv.errorsText()}`,
        );
      }),
      { numRuns: RUNS },
    );
    t.diagnostic(`${ended} of ${all} came to an end`);
    assert.ok(ended > all / 2);
  });

  test('references, recursion and choices that exclude each other', async () => {
    const node = { $ref: '#/$defs/node' };
    const cases = [
      {
        $defs: {
          node: { type: 'object', properties: { next: { anyOf: [node, { type: 'null' }] } } },
        },
        ...node,
      },
      { type: 'object', properties: { child: { $ref: '#' }, on: { type: 'boolean' } } },
      {
        oneOf: ['circle', 'square'].map((kind) => ({
          type: 'object',
          properties: { kind: { const: kind }, size: { type: 'integer', minimum: 1 } },
          required: ['kind', 'size'],
        })),
      },
      {
        type: 'object',
        properties: { a: { type: 'integer' }, b: { type: 'integer' } },
        anyOf: [{ required: ['a'] }, { required: ['b'] }],
      },
      { type: 'array', items: { type: 'boolean' }, minItems: 70, maxItems: 75 },
      { type: 'string', minLength: 130, maxLength: 140 },
    ];
    for (const [seed, schema] of cases.entries()) {
      const grammar = compile(schema);
      assert.ok(typeof grammar === 'string', JSON.stringify(grammar));
      const text = await sample(grammar, seed, 480);
      if (text !== undefined) assert.ok(ajv.validate(schema, JSON.parse(text)), text);
    }
  });

  test('the grammar of a long string has a few rules, and llama.cpp reads those of the largest schemas', async () => {
    const many = Object.fromEntries(
      Array.from({ length: 300 }, (_, i) => [`key ${i}`, { type: ['string', 'null'] }]),
    );
    const schemas = [
      { type: 'string', maxLength: 50_000 },
      { type: 'array', items: {}, minItems: 1000, maxItems: 65_000 },
      { type: 'object', properties: many, additionalProperties: false },
    ];
    for (const schema of schemas) {
      const grammar = compile(schema);
      assert.ok(typeof grammar === 'string', JSON.stringify(grammar));
      assert.ok(await sampler.state(grammar));
    }
  });
});

describe('schemas that no grammar keeps', () => {
  const city = (schema: unknown): unknown => ({ type: 'object', properties: { city: schema } });
  const problem = (schema: unknown, strict = true): SchemaProblem | undefined => {
    const made = compile(schema, strict);
    return typeof made === 'string' ? undefined : made;
  };

  test('are refused with the place and the keyword, when strict; else the keyword is left out', () => {
    const schemas: readonly [unknown, string][] = [
      [city({ type: 'string', pattern: '^a' }), '#/properties/city/pattern'],
      [city({ type: 'integer', multipleOf: 5 }), '#/properties/city/multipleOf'],
      [city({ type: 'array', uniqueItems: true }), '#/properties/city/uniqueItems'],
      [{ oneOf: [{ type: 'integer' }, { type: 'number' }] }, '#/oneOf/1'],
      [{ not: { type: 'string' } }, '#/not'],
      [{ type: 'number', minimum: 0.2, maximum: 0.8 }, '#/minimum'],
    ];
    for (const [schema, path] of schemas) {
      assert.deepEqual([problem(schema)?.kind, problem(schema)?.path], ['unsupported', path]);
      assert.equal(problem(schema, false), undefined);
    }
  });

  test('that are too deep are refused when strict, and left open there when not', () => {
    let deep: unknown = { type: 'string' };
    for (let i = 0; i < 100; i += 1) deep = { type: 'array', items: deep };
    const refused = problem(deep, true);
    assert.deepEqual([refused?.kind, refused?.path], ['unsupported', `#${'/items'.repeat(65)}`]);
    assert.equal(problem(deep, false), undefined);
  });

  test('that are no schemas, or can hold for no value, are named at any strictness', () => {
    const endless = { $defs: { a: { $ref: '#/$defs/b' }, b: { $ref: '#/$defs/a' } } };
    const schemas: readonly [unknown, string][] = [
      [city(7), '#/properties/city'],
      [city({ type: 'text' }), '#/properties/city/type'],
      [city({ $ref: '#/$defs/none' }), '#/properties/city/$ref'],
      [{ ...endless, $ref: '#/$defs/a' }, '#/$defs/b/$ref'],
      [{ type: 'object', properties: { a: false }, required: ['a'] }, '#'],
      [{ type: 'string', minLength: 5, maxLength: 4 }, '#'],
      [{ type: 'string', minLength: 'x' }, '#/minLength'],
      [{ enum: [] }, '#'],
      [{ enum: Array.from({ length: 50_000 }, (_, i) => `value ${i}`), type: 'string' }, '#'],
    ];
    for (const [schema, path] of schemas) {
      for (const strict of [true, false]) {
        const found = problem(schema, strict);
        assert.ok(found && found.kind !== 'unsupported', JSON.stringify(schema).slice(0, 80));
        assert.equal(found.path.slice(0, path.length), path);
      }
    }
  });

  test('that multiply when they are put together end in a refusal, and soon', () => {
    const name = (i: number): string => `#/$defs/d${i}`;
    const $defs = Object.fromEntries(
      Array.from({ length: 60 }, (_, i) => {
        const next = { $ref: name(i + 1) };
        return [`d${i}`, { anyOf: [next, next], minLength: 1 }];
      }),
    );
    const startedMs = performance.now();
    const found = problem({ $defs: { ...$defs, d60: { maxLength: 3 } }, $ref: name(0) });
    assert.equal(found?.kind, 'too-large');
    assert.ok(performance.now() - startedMs < 2_000);
  });

  test('whatever is thrown at it, it answers', () => {
    const keyword = fc.constantFrom(
      'type',
      '$ref',
      'allOf',
      'anyOf',
      'items',
      'enum',
      'required',
      'properties',
      'minLength',
      'maximum',
      'additionalProperties',
      'prefixItems',
    );
    const anything = fc.oneof(fc.jsonValue({ maxDepth: 3 }), fc.constantFrom('#', 'object', true));
    fc.assert(
      fc.property(fc.dictionary(keyword, anything), fc.boolean(), (schema, strict) => {
        assert.ok(compile(schema, strict));
      }),
      { numRuns: 500 },
    );
  });
});
