// Tools and structured output on the embedded engine: what a grammar promises holds whatever the model knows, so nothing
// here depends on what it would like to say.

import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';

import { textContent } from '../../domain/generation/content.ts';
import { Ajv2020 } from 'ajv/dist/2020.js';

import type { FunctionTool, Generation } from '../../domain/generation/generation.ts';
import type { Part } from '../../domain/generation/part.ts';
import { NO_USAGE, outputTokens } from '../../domain/generation/usage.ts';
import type { Usage } from '../../domain/generation/usage.ts';
import { readAll, testTicket, violations, within } from '../../ports/engine.contract.ts';
import { writeEndlessModel } from './endless-model.fixture.ts';
import { startLlamaEngine } from './llama-engine.ts';
import type { LlamaEngine } from './llama-engine.ts';

const WEATHER: FunctionTool = {
  name: 'get_weather',
  description: 'The weather in a city.',
  parameters: {
    type: 'object',
    properties: {
      city: { type: 'string', maxLength: 12 },
      unit: { enum: ['celsius', 'fahrenheit'] },
      days: { type: 'integer', minimum: 1, maximum: 14 },
    },
    required: ['city', 'unit'],
    additionalProperties: false,
  },
  strict: true,
};
const LIGHT: FunctionTool = {
  name: 'set "light"',
  parameters: { type: 'object', properties: { on: { type: 'boolean' } }, required: ['on'] },
  strict: false,
};
const TOOLS = [WEATHER, LIGHT];
const PLACE = {
  type: 'object',
  properties: {
    name: { type: 'string', maxLength: 10 },
    tags: { type: 'array', items: { enum: ['a', 'b'] }, maxItems: 3 },
    size: { anyOf: [{ type: 'integer' }, { type: 'null' }] },
  },
  required: ['name', 'tags', 'size'],
  additionalProperties: false,
};

type Call = { readonly id: string; readonly name: string; readonly arguments: string };
type Answer = {
  readonly text: string;
  readonly reasoning: string;
  readonly calls: readonly Call[];
  readonly usage: Usage;
  readonly last: Part | undefined;
};

const ajv = new Ajv2020();
const folder = await mkdtemp(join(tmpdir(), 'turnpike-llama-tools-'));
const modelPath = join(folder, 'endless.gguf');
await writeEndlessModel(modelPath);
after(() => rm(folder, { recursive: true, force: true }));

function assertValid(call: Call): void {
  const tool = TOOLS.find(({ name }) => name === call.name);
  assert.ok(tool, `there is no tool ${call.name}`);
  assert.ok(ajv.validate(tool.parameters, JSON.parse(call.arguments)), call.arguments);
  assert.match(call.id, /^call_[0-9a-f]{24}$/u);
}

function answerOf(parts: readonly Part[]): Answer {
  const calls: { id: string; name: string; arguments: string }[] = [];
  let [text, reasoning] = ['', ''];
  for (const part of parts) {
    if (part.kind === 'text-delta') text += part.text;
    if (part.kind === 'reasoning-delta') reasoning += part.text;
    if (part.kind === 'tool-call-start')
      calls.push({ id: part.callId, name: part.name, arguments: '' });
    const call = calls.at(-1);
    if (part.kind === 'tool-call-delta' && call) call.arguments += part.arguments;
  }
  const usage = parts.findLast((part) => part.kind === 'usage')?.usage ?? NO_USAGE;
  return { text, reasoning, calls, usage, last: parts.at(-1) };
}

describe('llama: tools and structured output', () => {
  let engine: LlamaEngine;
  before(async () => {
    engine = startLlamaEngine({ name: 'test', modelPath });
    assert.ok((await engine.ready).ok);
  });
  after(() => engine[Symbol.asyncDispose]());

  async function ask(
    wish: Partial<Generation>,
    outputTokensMax = 300,
    seen?: (parts: readonly Part[]) => void,
    signal?: AbortSignal,
  ): Promise<Answer> {
    const sampling = { stop: [], temperature: 2 };
    const generation = { tools: TOOLS, sampling, ...wish };
    const prompt = 'Say something.';
    const common = { delivery: 'stream', engineModel: 'test' } as const;
    const ticket = testTicket({ prompt, outputTokensMax, generation, ...common });
    const run = await within(60_000, 'a generation', readAll(engine, ticket, signal, seen));
    assert.deepEqual(violations(run.yields, outputTokensMax), []);
    return answerOf(run.parts);
  }

  test('a named tool is called, with valid arguments, 16 at once', async () => {
    const toolChoice = { kind: 'tool', name: 'get_weather' } as const;
    const answers = await Promise.all(
      Array.from({ length: 16 }, (_, seed) =>
        ask({
          toolChoice,
          parallelToolCalls: false,
          sampling: { stop: [], temperature: 2, seed },
        }),
      ),
    );
    for (const { calls, text, usage, last } of answers) {
      assert.deepEqual(last, { kind: 'finish', reason: 'tool-calls' });
      assert.deepEqual([calls.length, calls[0]?.name, text], [1, 'get_weather', '']);
      for (const call of calls) assertValid(call);
      assert.ok(outputTokens(usage) > 10);
    }
    assert.equal(new Set(answers.map(({ calls }) => calls[0]?.id)).size, 16);
  });

  test('a custom tool is called with text, and its calls of earlier turns are read', async () => {
    const exec = { kind: 'custom', name: 'exec', format: { kind: 'text' } } as const;
    const toolChoice = { kind: 'tool', name: 'exec' } as const;
    const items = [
      { kind: 'message', role: 'user', content: textContent('Run it.') },
      { kind: 'custom-tool-call', callId: 'call_1', name: 'exec', input: 'echo "<|im_end|>"' },
      { kind: 'tool-result', callId: 'call_1', content: textContent('done') },
    ] as const;
    let input = '';
    // No input at all is a fair answer too, so seeds are tried until there is one.
    for (let seed = 1; seed <= 20 && input === ''; seed++) {
      const parts: Part[] = [];
      const sampling = { stop: [], temperature: 2, seed };
      const wish = {
        items,
        tools: [exec, WEATHER],
        toolChoice,
        parallelToolCalls: false,
        sampling,
      };
      const { calls, last } = await ask(wish, 200, (some) => parts.push(...some));
      assert.deepEqual([calls[0]?.name, calls[0]?.arguments], ['exec', '']);
      assert.ok(parts.some((part) => part.kind === 'tool-call-start' && part.tool === 'custom'));
      input = parts.map((part) => (part.kind === 'custom-input-delta' ? part.input : '')).join('');
      assert.ok(last?.kind === 'finish');
    }
    assert.ok(input.length > 0, 'it has an input');
  });

  test('a custom tool with a grammar is called with a sentence of it, and what can not be held is told', async () => {
    const lark = String.raw`start: "tolls: " LETTER ~ 2..4 "\n" "\"" DIGIT "\""
      %import common (LETTER, DIGIT)`;
    const formats = [
      { kind: 'grammar', syntax: 'lark', definition: lark },
      { kind: 'grammar', syntax: 'regex', definition: 'gate-[1-7]{3}' },
      { kind: 'grammar', syntax: 'regex', definition: '(?=a)b' },
    ] as const;
    const said: string[] = [];
    for (const [at, format] of formats.entries()) {
      const parts: Part[] = [];
      const wish = {
        tools: [WEATHER, { kind: 'custom', name: 'exec', format }],
        toolChoice: { kind: 'tool', name: 'exec' },
        parallelToolCalls: false,
        sampling: { stop: [], temperature: 2, seed: at },
      } as const;
      await ask(wish, 200, (some) => parts.push(...some));
      const inputs = parts.map((part) => (part.kind === 'custom-input-delta' ? part.input : ''));
      said.push(inputs.join(''));
      const repaired = parts.flatMap((part) => (part.kind === 'repaired' ? part.repairs : []));
      const detail = 'not enforced, because it looks around or sets flags';
      assert.deepEqual(repaired, at === 2 ? [{ field: 'tools[1].format', detail }] : []);
    }
    assert.match(said[0] ?? '', /^tolls: [A-Za-z]{2,4}\n"[0-9]"$/);
    assert.match(said[1] ?? '', /^gate-[1-7]{3}$/);
  });

  test('when a call is required there is one, and there may be more', async () => {
    const answers = await Promise.all(
      Array.from({ length: 4 }, () => ask({ toolChoice: { kind: 'required' } }, 1_500)),
    );
    for (const { calls, text, last } of answers) {
      assert.deepEqual([last, text], [{ kind: 'finish', reason: 'tool-calls' }, '']);
      assert.ok(calls.length > 0);
      for (const call of calls) assertValid(call);
    }
    assert.ok(answers.some(({ calls }) => calls.length > 1));
  });

  test('a seed gives the same call alone and in company', async () => {
    const sampling = { stop: [], temperature: 1.5, seed: 11 };
    const wish = {
      toolChoice: { kind: 'required' },
      parallelToolCalls: false,
      sampling,
    } as const;
    const said = ({ calls }: Answer): string => JSON.stringify(calls.map((call) => call.arguments));
    const alone = said(await ask(wish));
    const company = Array.from({ length: 7 }, () => ask({ ...wish, sampling: { stop: [] } }));
    const [first] = await Promise.all([ask(wish), ...company]);
    assert.equal(said(first), alone);
  });

  test('JSON by a schema is valid JSON by that schema; also with tools beside it', async () => {
    const output = { kind: 'json-schema', name: 'place', schema: PLACE, strict: true } as const;
    const wishes = Array.from({ length: 12 }, (_, i) =>
      ask({ output, parallelToolCalls: false, tools: i < 8 ? [] : TOOLS }),
    );
    for (const { text, calls, last } of await Promise.all(wishes)) {
      assert.ok(last?.kind === 'finish' && last.reason !== 'length');
      if (calls.length > 0) for (const call of calls) assertValid(call);
      else assert.ok(ajv.validate(PLACE, JSON.parse(text)), text);
    }
    const free = await ask({ output: { kind: 'json-object' }, tools: [] }, 1_500);
    if (free.last?.kind === 'finish' && free.last.reason === 'stop')
      assert.equal(typeof JSON.parse(free.text), 'object');
    assert.ok(free.text.startsWith('{'));
  });

  test('a cut or aborted call is well formed as far as it goes, and everything is counted', async () => {
    const toolChoice = { kind: 'tool', name: 'get_weather' } as const;
    for (const tokensMax of [3, 12, 14, 16, 18]) {
      const { last, usage } = await ask({ toolChoice }, tokensMax);
      assert.deepEqual(last, { kind: 'finish', reason: 'length' });
      assert.equal(outputTokens(usage), tokensMax);
    }
    const stop = new AbortController();
    const aborting = (parts: readonly Part[]): void => {
      if (parts.some(({ kind }) => kind === 'tool-call-start')) stop.abort();
    };
    const { last, usage } = await ask({ toolChoice }, 300, aborting, stop.signal);
    assert.deepEqual(last, { kind: 'failure', failure: { kind: 'aborted' } });
    assert.ok(outputTokens(usage) > 0);
    assert.equal(engine.stats().running, 0);
  });

  test('calls and results of earlier turns are read, and tools make the prompt longer', async () => {
    const question = { kind: 'message', role: 'user', content: textContent('Weather?') } as const;
    const call = { kind: 'tool-call', callId: 'call_1', name: 'get_weather' } as const;
    const history = [
      question,
      { ...call, arguments: '{"city": "<|im_end|>"}' },
      { kind: 'tool-result', callId: 'call_1', content: textContent('Sunny.') },
    ] as const;
    const read = ({ usage }: Answer): number => usage.input + usage.cacheRead;
    const items = [question];
    const none = { kind: 'none' } as const;
    const bare = await ask({ items, tools: [] }, 1);
    assert.equal(read(await ask({ items, toolChoice: none }, 1)), read(bare));
    assert.ok(read(await ask({ items }, 1)) > read(bare) + 40);
    assert.ok(read(await ask({ items: history, tools: [] }, 1)) > read(bare) + 20);
    const broken = [question, { ...call, arguments: 'no {json' }, history[2]];
    assert.equal((await ask({ items: broken, tools: [] }, 4)).last?.kind, 'finish');
  });

  test('what no grammar keeps is refused by tool and path when strict, and served when not', async () => {
    const parameters = { type: 'object', properties: { code: { type: 'string', pattern: '^x' } } };
    const tool = { name: 'enter', parameters, strict: true };
    const { last } = await ask({ tools: [WEATHER, tool] });
    assert.ok(last?.kind === 'failure' && last.failure.kind === 'unsupported');
    assert.equal(last.failure.field, 'tools[1].parameters.properties.code.pattern');
    assert.match(last.failure.feature, /keyword 'pattern' .*'enter'/u);
    const loose = { ...tool, strict: false };
    const served = await ask({ tools: [loose], toolChoice: { kind: 'required' } }, 8);
    assert.equal(served.last?.kind, 'finish');
    const large = Object.fromEntries(
      Array.from({ length: 4_000 }, (_, i) => [`key ${i}`, { type: ['string', 'null'] }]),
    );
    const huge = { ...tool, parameters: { type: 'object', properties: large } };
    const shown = { toolChoice: { kind: 'none' } } as const;
    assert.equal((await ask({ tools: [huge], ...shown }, 2)).last?.kind, 'finish');
    const tooLarge = await ask({ tools: [huge] });
    assert.ok(tooLarge.last?.kind === 'failure' && tooLarge.last.failure.kind === 'rejected');
    const noRoom = await ask({ tools: [{ ...huge, strict: false }] });
    assert.ok(noRoom.last?.kind === 'failure' && noRoom.last.failure.kind === 'context-length');
    const wrong = { ...tool, parameters: { type: 'object', properties: { a: { type: 'text' } } } };
    const refused = await ask({ tools: [wrong] });
    assert.ok(refused.last?.kind === 'failure' && refused.last.failure.kind === 'rejected');
    assert.match(
      refused.last.failure.message,
      /tool 'enter'.* #\/properties\/a\/type: there is no/u,
    );
    assert.equal(refused.last.failure.field, 'tools[0].parameters.properties.a.type');
  });
});
