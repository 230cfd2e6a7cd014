// 300 requests with tools as clients really declare them, on every protocol: none fails that could be served, what was
// changed is told, arguments made under a grammar are valid by the schema that the client sent, and a refusal names tool
// and path in the client's own words.

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';

import { Ajv } from 'ajv';
import { Ajv2020 } from 'ajv/dist/2020.js';

import { toolCases } from './tool-cases.ts';
import type { CaseTool, ToolCase } from './tool-schema-parts.ts';
import { SCRIPTED_CONFIG, Turnpike } from './turnpike.ts';

const SEED = Number(process.env['TURNPIKE_TEST_SEED'] ?? 4);
const MODEL_PATH = fileURLToPath(
  new URL('../../models/turnpike-mini/turnpike-mini.gguf', import.meta.url),
);
const [scriptedModel] = SCRIPTED_CONFIG.models;
const CONFIG = {
  engines: [
    ...SCRIPTED_CONFIG.engines,
    // Room for 200 tools in a prompt.
    { kind: 'llama', name: 'llama', model: MODEL_PATH, contextTokens: 24_576, slots: 4 },
  ],
  models: [
    scriptedModel,
    { ...scriptedModel, id: 'mini', engine: 'llama', contextTokensMax: 24_576 },
  ],
};
/** Each shape once or twice; TURNPIKE_TEST_RUNS=300 has every one generate. */
const GENERATED = Number(process.env['TURNPIKE_TEST_RUNS'] ?? 100);
/** The small model reads a prompt of 200 tools in ten seconds; with all 300 it does. */
const TOOLS_READ_MAX = GENERATED < 300 ? 40 : 200;
const AT_ONCE = 6;
const TOKENS_MAX = 64;

type Wire = {
  readonly path: string;
  readonly toolField: string;
  request(model: string, tools: readonly CaseTool[], forced: string | undefined): object;
  /** Of the first call: its name and its arguments; undefined where there is none or it was cut. */
  call(body: never): { readonly name: string; readonly arguments: unknown } | undefined;
};

type ChatBody = {
  readonly choices: readonly [
    {
      readonly finish_reason: string;
      readonly message: {
        readonly tool_calls?: readonly {
          readonly function: { readonly name: string; readonly arguments: string };
        }[];
      };
    },
  ];
};
type ResponsesBody = {
  readonly status: string;
  readonly output: readonly {
    readonly type: string;
    readonly name: string;
    readonly arguments: string;
  }[];
};
type MessagesBody = {
  readonly stop_reason: string;
  readonly content: readonly {
    readonly type: string;
    readonly name: string;
    readonly input: unknown;
  }[];
};

const WIRES: readonly Wire[] = [
  {
    path: '/chat/completions',
    toolField: 'function.parameters',
    request: (model, tools, forced) => ({
      model,
      messages: [{ role: 'user', content: 'Do it. [[tokens=2]]' }],
      max_completion_tokens: TOKENS_MAX,
      parallel_tool_calls: false,
      tools: tools.map(({ name, parameters, strict }) => ({
        type: 'function',
        function: { name, parameters, strict },
      })),
      ...(forced !== undefined && {
        tool_choice: { type: 'function', function: { name: forced } },
      }),
    }),
    call: ({ choices: [{ finish_reason: reason, message }] }: ChatBody) => {
      const call = reason === 'tool_calls' ? message.tool_calls?.[0]?.function : undefined;
      return call && { name: call.name, arguments: parsed(call.arguments) };
    },
  },
  {
    path: '/responses',
    toolField: 'parameters',
    request: (model, tools, forced) => ({
      model,
      input: 'Do it. [[tokens=2]]',
      max_output_tokens: TOKENS_MAX,
      parallel_tool_calls: false,
      tools: tools.map((tool) => ({ type: 'function', ...tool })),
      ...(forced !== undefined && { tool_choice: { type: 'function', name: forced } }),
    }),
    call: ({ status, output }: ResponsesBody) => {
      const call = output.find(({ type }) => type === 'function_call');
      if (status !== 'completed' || call === undefined) return undefined;
      return { name: call.name, arguments: parsed(call.arguments) };
    },
  },
  {
    path: '/messages',
    toolField: 'input_schema',
    request: (model, tools, forced) => ({
      model,
      messages: [{ role: 'user', content: 'Do it. [[tokens=2]]' }],
      max_tokens: TOKENS_MAX,
      tools: tools.map(({ name, parameters, strict }) => ({
        name,
        // Anthropic's clients always send one.
        input_schema: parameters ?? {},
        strict,
      })),
      tool_choice:
        forced === undefined
          ? { type: 'auto', disable_parallel_tool_use: true }
          : { type: 'tool', name: forced, disable_parallel_tool_use: true },
    }),
    call: ({ stop_reason: reason, content }: MessagesBody) => {
      const call = content.find(({ type }) => type === 'tool_use');
      if (reason !== 'tool_use' || call === undefined) return undefined;
      return { name: call.name, arguments: call.input };
    },
  },
];

function parsed(text: string): unknown {
  return JSON.parse(text);
}

const options = { strict: false, logger: false, validateFormats: false } as const;

/** By the client's own schema, in its own draft; undefined: no checker reads it. */
function isValid(parameters: unknown, given: unknown): boolean | undefined {
  const isOld = JSON.stringify(parameters).includes('"additionalItems"');
  const ajv = isOld ? new Ajv(options) : new Ajv2020(options);
  // Its own $schema would be looked for in the wrong draft.
  const { $schema: _, ...schema } = parameters as { $schema?: string }; // strict ones and told ones are objects
  try {
    return ajv.validate(schema, given);
  } catch {
    return undefined;
  }
}

describe('tools as clients declare them', () => {
  const cases = toolCases(SEED);
  let turnpike: Turnpike;
  before(async () => (turnpike = await Turnpike.start({ config: CONFIG })));
  after(() => turnpike[Symbol.asyncDispose]());

  async function ask(wire: Wire, body: object): Promise<Response> {
    return await fetch(`${turnpike.baseUrl}${wire.path}`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${turnpike.firstKey}`,
        'content-type': 'application/json',
      },
      body: JSON.stringify(body),
    });
  }

  /** A few at a time. */
  async function forEach(work: readonly (() => Promise<void>)[]): Promise<void> {
    const left = work.values();
    await Promise.all(
      Array.from({ length: AT_ONCE }, async () => {
        for (const next of left) await next();
      }),
    );
  }

  function assertRefused(wire: Wire, one: ToolCase, status: number, text: string): void {
    assert.equal(status, 400, `${one.shape}: ${text}`);
    const name = one.tools.at(-1)?.name ?? '';
    const isRoot = one.shape === 'not even an object';
    if (!isRoot) assert.ok(text.includes(`'${name}'`), text);
    const field = one.shape === 'two tools of one name' ? 'name' : wire.toolField;
    assert.match(
      text,
      new RegExp(`tools\\[\\d\\]\\.(function\\.)?${field.replace('function.', '')}`),
      text,
    );
  }

  it('are served on every protocol by an engine that takes them as they come', async () => {
    const work = cases.flatMap((one) =>
      WIRES.map((wire) => async () => {
        const response = await ask(wire, wire.request('scripted', one.tools, undefined));
        const text = await response.text();
        if (one.expected === 'served' || one.shape === 'strict and beyond any grammar') {
          assert.equal(response.status, 200, `${one.shape} at ${wire.path}: ${text}`);
        } else assertRefused(wire, one, response.status, text);
      }),
    );
    await forEach(work);
  });

  it('give valid arguments where a grammar makes them', async () => {
    let [checked, cut] = [0, 0];
    // The checker itself stumbles over these keys.
    const unchecked = 'keys that objects have already';
    const work = cases.slice(0, GENERATED).map((one, index) => async () => {
      const wire = WIRES[index % WIRES.length] ?? assert.fail();
      const tools = one.tools.slice(0, TOOLS_READ_MAX);
      const tool = tools[index % tools.length] ?? assert.fail();
      const response = await ask(wire, wire.request('mini', tools, tool.name));
      const text = await response.text();
      if (one.expected === 'refused') return assertRefused(wire, one, response.status, text);
      assert.equal(response.status, 200, `${one.shape} at ${wire.path}: ${text}`);
      const call = wire.call(JSON.parse(text) as never); // the shape is the wire's own
      if (call === undefined) return void cut++;
      assert.equal(call.name, tool.name, 'by the name that the client knows');
      const told = response.headers.get('turnpike-repaired') ?? '';
      if (told.includes('left out') || told.includes('not enforced') || told.includes('open')) {
        assert.ok(!tool.strict || one.tools.length > 1, `${one.shape}: ${told}`);
        if (one.tools.length === 1) return;
      }
      const valid =
        one.shape === unchecked ||
        tool.parameters == null ||
        isValid(tool.parameters, call.arguments);
      if (valid === undefined) return assert.ok(!tool.strict || one.shape.includes('draft 4'));
      assert.ok(
        valid,
        `${one.shape}: ${JSON.stringify(call.arguments)} by ${JSON.stringify(tool.parameters).slice(0, 500)}`,
      );
      checked++;
    });
    await forEach(work);
    assert.ok(checked > work.length / 3, `${checked} checked, ${cut} cut`);
  });
});
