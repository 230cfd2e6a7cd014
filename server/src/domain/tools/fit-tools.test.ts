// What becomes of odd names and schemas, tool by tool.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { Generation, JsonSchema, Tool } from '../generation/generation.ts';
import { fitTools, withClientNames, type Fitted } from './fit-tools.ts';
import { engineToolName, isPlainName } from './tool-names.ts';

const BARE: Generation = {
  items: [{ kind: 'message', role: 'user', content: [{ kind: 'text', text: 'hi' }] }],
  tools: [],
  toolChoice: { kind: 'auto' },
  parallelToolCalls: true,
  sampling: { stop: [] },
  output: { kind: 'text' },
  delivery: 'whole',
};

function tool(parameters: JsonSchema, more: { name?: string; strict?: boolean } = {}): Tool {
  return { name: 'f', parameters, strict: false, ...more };
}

function fitted(more: Partial<Generation>): Fitted {
  const result = fitTools({ ...BARE, ...more });
  assert.ok(result.ok, JSON.stringify(result));
  return result.value;
}

/** The schema of the only tool, after its repair, and what was told. */
function repaired(parameters: JsonSchema, strict = false): readonly [unknown, readonly string[]] {
  const { generation, repairs } = fitted({ tools: [tool(parameters, { strict })] });
  const [only] = generation.tools;
  assert.ok(only !== undefined && 'parameters' in only);
  return [only.parameters, repairs.map(({ field, detail }) => `${field}: ${detail}`)];
}

const object = (properties: JsonSchema): JsonSchema => ({ type: 'object', properties });

describe('the names of tools', () => {
  const long = `mcp__${'server_'.repeat(12)}__list`;

  it('are plain for the engine, the same every time, and never two alike', () => {
    assert.equal(engineToolName('get_weather-2'), 'get_weather-2');
    const names = [long, `${long}2`, 'a.b', 'a:b', 'a b', '', 'über', 'ü'.repeat(90), '🙂'];
    const engines = names.map((name) => engineToolName(name));
    for (const name of engines) assert.ok(isPlainName(name), name);
    assert.equal(new Set(engines).size, names.length);
    assert.deepEqual(
      engines,
      names.map((name) => engineToolName(name)),
    );
    assert.match(engineToolName('a.b'), /^a_b_[0-9a-f]{8}$/);
  });

  it('are mapped in tools, in the choice and in replayed calls, and back in the answer', () => {
    const call = { kind: 'tool-call', callId: 'c', name: long, arguments: '{}' } as const;
    const { generation, clientNames, repairs } = fitted({
      items: [...BARE.items, call],
      tools: [tool({ type: 'object' }, { name: long }), tool({ type: 'object' })],
      toolChoice: { kind: 'tool', name: long },
    });
    const name = engineToolName(long);
    assert.deepEqual(
      generation.tools.map((one) => one.name),
      [name, 'f'],
    );
    assert.deepEqual(generation.items[1], { ...call, name });
    assert.deepEqual(generation.toolChoice, { kind: 'tool', name });
    assert.deepEqual(repairs, [
      { field: 'tools[0].name', detail: `the model knows it as ${name}` },
    ]);
    const start = { kind: 'tool-call-start', index: 0, callId: 'c' } as const;
    const other = { ...start, name: 'f' };
    const answered = withClientNames([{ ...start, name }, other], clientNames);
    assert.deepEqual(answered, [{ ...start, name: long }, other]);
  });

  it('that two tools share are refused by name', () => {
    const result = fitTools({ ...BARE, tools: [tool({}), tool({})] });
    assert.ok(!result.ok);
    assert.deepEqual(result.error, {
      field: 'tools[1].name',
      whose: "the tool 'f'",
      detail: 'another tool has this name already',
    });
  });
});

describe('a schema', () => {
  it('that is right is the very same object', () => {
    const parameters = {
      $schema: 'https://json-schema.org/draft/2020-12/schema',
      ...object({
        a: { type: ['string', 'null'], pattern: '^[\\w-]+$' },
        b: { $ref: '#/$defs/b%7E1c' },
        c: { oneOf: [true, { const: 1 }], 'x-order': 3 },
      }),
      $defs: { 'b/c': { enum: [1] } },
    };
    const given = [tool(parameters)];
    const { generation, repairs } = fitted({ tools: given });
    assert.equal(generation.tools[0], given[0]);
    assert.deepEqual(repairs, []);
    assert.equal(fitted({}).generation.items, BARE.items);
  });

  it('in older or other words is written anew, strict or not, and told', () => {
    const cases: readonly (readonly [JsonSchema, JsonSchema, RegExp])[] = [
      [
        { minimum: 0, exclusiveMinimum: true },
        { exclusiveMinimum: 0 },
        /exclusiveMinimum: true is/,
      ],
      [{ maximum: 9, exclusiveMaximum: false }, { maximum: 9 }, /exclusiveMaximum/],
      [{ type: 'string', nullable: true }, { type: ['string', 'null'] }, /nullable/],
      [
        { type: 'string', nullable: true, enum: ['x'] },
        { type: ['string', 'null'], enum: ['x'] },
        /nullable/,
      ],
      [{ type: 'STRING' }, { type: 'string' }, /type: "STRING"/],
      [{ type: ['int', 'none'] }, { type: ['integer', 'null'] }, /type/],
      [
        { type: 'object', properties: [] },
        { type: 'object', properties: {} },
        /properties: an empty list/,
      ],
      [{ items: [{}], additionalItems: false }, { prefixItems: [{}], items: false }, /items/],
    ];
    for (const [before, after, told] of cases) {
      for (const strict of [true, false]) {
        const [schema, repairs] = repaired(object({ a: before }), strict);
        assert.deepEqual(schema, object({ a: after }));
        assert.equal(repairs.length, 1, repairs.join());
        assert.match(repairs[0] ?? '', told);
        assert.ok(repairs[0]?.startsWith('tools[0].parameters.properties.a.'));
      }
    }
  });

  it('loses what can mean nothing, each by its path; with strict that is refused', () => {
    const cases: readonly (readonly [unknown, unknown, string])[] = [
      [{ type: 'what' }, {}, 'a.type'],
      [{ type: 'string', required: true }, { type: 'string' }, 'a.required'],
      [{ minLength: '3', maxLength: 5 }, { maxLength: 5 }, 'a.minLength'],
      [{ enum: [] }, {}, 'a.enum'],
      [{ pattern: '(' }, {}, 'a.pattern'],
      [{ $ref: '#/components/schemas/Pet' }, {}, 'a.$ref'],
      [{ $ref: 'https://example.com/x.json' }, {}, 'a.$ref'],
      [{ anyOf: [{ type: 'string' }, 7] }, { anyOf: [{ type: 'string' }, {}] }, 'a.anyOf[1]'],
      ['string', {}, 'a'],
    ];
    for (const [before, after, path] of cases) {
      const [schema, repairs] = repaired(object({ a: before }));
      assert.deepEqual(schema, object({ a: after }));
      assert.ok(
        repairs[0]?.startsWith(`tools[0].parameters.properties.${path}: left out, because`),
      );
      const strict = tool(object({ a: before }), { name: 'mine', strict: true });
      const refused = fitTools({ ...BARE, tools: [tool(object({})), strict] });
      assert.ok(!refused.ok);
      assert.equal(refused.error.field, `tools[1].parameters.properties.${path}`);
      assert.match(refused.error.whose, /'mine'/);
    }
  });

  it('is an object at its root', () => {
    assert.deepEqual(repaired({}), [{ type: 'object' }, []]);
    assert.deepEqual(repaired({ type: ['object', 'null'] }), [{ type: 'object' }, []]);
    const anyOf = { anyOf: [{ type: 'object' }] };
    assert.deepEqual(repaired(anyOf), [anyOf, []]);
    const [schema, repairs] = repaired({ type: 'array', items: {} });
    assert.deepEqual(schema, { type: 'object' });
    assert.equal(repairs.length, 1);
  });

  it('without end is left open where it gets too deep', () => {
    let deep: JsonSchema = { type: 'string' };
    for (let level = 0; level < 200; level++) deep = object({ a: deep });
    const [schema, repairs] = repaired(deep);
    assert.ok(JSON.stringify(schema).length < 3_000);
    assert.match(repairs.join(), /deeper than 64 levels/);
  });

  it('of the output is repaired in the same way', () => {
    const output = { kind: 'json-schema', name: 'n', schema: { type: 'STRING' } } as const;
    const { generation, repairs } = fitted({ output: { ...output, strict: true } });
    assert.deepEqual(generation.output, { ...output, schema: { type: 'string' }, strict: true });
    assert.equal(repairs[0]?.field, 'output.schema.type');
    const wrong = { ...output, schema: { type: 'what' }, strict: true };
    const refused = fitTools({ ...BARE, output: wrong });
    assert.ok(!refused.ok && refused.error.field === 'output.schema.type');
  });

  it('that is odd changes nothing for its neighbours', () => {
    const right = tool(object({ a: { type: 'string' } }), { name: 'right', strict: true });
    const { generation } = fitted({ tools: [tool({ type: 'what' }), right] });
    assert.equal(generation.tools[1], right);
  });

  it('whatever it is, is repaired or refused, once and for all', () => {
    const words =
      'type $ref allOf items enum required properties nullable $id minLength exclusiveMinimum minimum pattern $defs __proto__ not';
    const keyword = fc.constantFrom(...words.split(' '));
    const value = fc.oneof(fc.constantFrom('object', 'string', '#', '#/$defs/a'), fc.jsonValue());
    const schema = fc.letrec((tie) => ({
      any: fc.oneof(
        { depthSize: 'small' },
        value,
        tie('schema'),
        fc.array(tie('schema'), { maxLength: 2 }),
      ),
      schema: fc.dictionary(fc.oneof(keyword, fc.string()), tie('any'), { maxKeys: 5 }),
    })).schema;
    fc.assert(
      fc.property(schema, fc.boolean(), (given, strict) => {
        const parameters = given as JsonSchema; // the arbitrary makes objects
        const first = fitTools({ ...BARE, tools: [tool(parameters, { strict })] });
        if (!first.ok) return strict;
        const again = fitTools(first.value.generation);
        assert.ok(again.ok);
        assert.deepEqual(again.value.repairs, [], 'what is repaired needs no repair');
        return true;
      }),
      { numRuns: 1_000 },
    );
  });
});
