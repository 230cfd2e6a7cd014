// What an engine refuses by the hub's names reads in each protocol's own: the field, the tool, the path within its schema.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Generation } from '../domain/generation/generation.ts';
import { Sealer, SEALING_SECRET_BYTES } from '../domain/sealing/sealer.ts';
import { PROTOCOLS } from './registry.ts';
import { wireField } from './wire-fields.ts';

const schema = { type: 'object', properties: {} };
const f = { name: 'f', parameters: schema };
const g = { name: 'g', parameters: schema };
const question = { role: 'user', content: 'hi' };

/** The same two tools, as each protocol declares them; Responses in a namespace too. */
const BODIES: { readonly [protocol: string]: object } = {
  'openai-chat': {
    model: 'm',
    messages: [question],
    tools: [f, g].map((one) => ({ type: 'function', function: one })),
  },
  'openai-responses': {
    model: 'm',
    input: [question],
    tools: [
      { type: 'function', ...f },
      { type: 'web_search' },
      { type: 'namespace', name: 'n', tools: [{ type: 'function', ...g }] },
    ],
  },
  'anthropic-messages': {
    model: 'm',
    max_tokens: 8,
    messages: [question],
    tools: [f, g].map(({ name, parameters }) => ({ name, input_schema: parameters })),
  },
};

/** Nothing here is sealed. */
const KEY = { id: 'k', secret: Buffer.alloc(SEALING_SECRET_BYTES) };
const NO_SEALER = new Sealer({ current: KEY, keys: new Map([['k', KEY]]) }, 'org_1');

const EXPECTED: readonly (readonly [string, ...string[]])[] = [
  ['items[3].content[0]', 'messages', 'input', 'messages'],
  ['output', 'response_format', 'text.format', 'output_config.format'],
  [
    'output.schema.properties.a',
    'response_format.json_schema.schema.properties.a',
    'text.format.schema.properties.a',
    'output_config.format.schema.properties.a',
  ],
  [
    'tools[0].parameters.properties.a.pattern',
    'tools[0].function.parameters.properties.a.pattern',
    'tools[0].parameters.properties.a.pattern',
    'tools[0].input_schema.properties.a.pattern',
  ],
  ['tools[1].name', 'tools[1].function.name', 'tools[2].tools[0].name', 'tools[1].name'],
  ['sampling.temperature', 'temperature', 'temperature', 'temperature'],
  ['outputTokensMax', 'max_completion_tokens', 'max_output_tokens', 'max_tokens'],
  ['model', 'model', 'model', 'model'],
];

describe('the fields of the hub', () => {
  for (const [at, name] of Object.keys(BODIES).entries()) {
    const protocol = PROTOCOLS.find((one) => one.name === name) ?? PROTOCOLS[0];
    it(`have the names of ${name}`, () => {
      const decoded = protocol.decode(BODIES[name], {}, undefined, NO_SEALER);
      assert.ok(decoded.ok, JSON.stringify(decoded));
      const { generation, toolPlaces } = decoded.value;
      for (const [hub, ...wires] of EXPECTED) {
        assert.equal(wireField(hub, protocol.fields, generation, toolPlaces), wires[at], hub);
      }
    });
  }

  it('of the older functions of Chat Completions stand in functions', () => {
    const [chat] = PROTOCOLS;
    const decoded = chat.decode({ model: 'm', messages: [question], functions: [f] }, {});
    assert.ok(decoded.ok);
    const { generation, toolPlaces } = decoded.value;
    const field = wireField('tools[0].parameters.type', chat.fields, generation, toolPlaces);
    assert.equal(field, 'functions[0].parameters.type');
  });

  it('keep every word that no table knows', () => {
    const none: Pick<Generation, 'tools'> = { tools: [] };
    for (const { fields } of PROTOCOLS) {
      assert.equal(wireField('outputs.x', fields, none), 'outputs.x');
      assert.equal(wireField('tools[7]', fields, none), 'tools[7]');
    }
  });
});
