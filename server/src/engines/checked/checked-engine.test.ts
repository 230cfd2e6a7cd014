// An engine without any grammar still gives JSON, JSON of a schema and strict arguments, or says honestly that it can't.

import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';

import type { Ticket } from '../../domain/admission/ticket.ts';
import { everythingBut, type Capabilities } from '../../domain/generation/capabilities.ts';
import type { Generation, OutputFormat, Tool } from '../../domain/generation/generation.ts';
import type { Part } from '../../domain/generation/part.ts';
import { outputTokens, type Usage } from '../../domain/generation/usage.ts';
import type { Engine } from '../../ports/engine.ts';
import { describeEngine, readAll, testTicket, violations } from '../../ports/engine.contract.ts';
import { ScriptedEngine } from '../scripted/scripted-engine.ts';
import { CheckedEngine } from './checked-engine.ts';
import { SchemaChecker } from './schema-checker.ts';

const NO_GRAMMAR = everythingBut('jsonObject', 'jsonSchema', 'strictTools');
const CITY = {
  type: 'object',
  properties: { city: { type: 'string' } },
  required: ['city'],
  additionalProperties: false,
};
const city = (strict = true): OutputFormat => ({
  kind: 'json-schema',
  name: 'city',
  schema: CITY,
  strict,
});
const TOOL: Tool = { name: 'look', parameters: CITY, strict: true };

/** Remembers what it was asked. */
class Watched extends ScriptedEngine {
  readonly asked: Ticket[] = [];

  override generate(ticket: Ticket, signal: AbortSignal) {
    this.asked.push(ticket);
    return super.generate(ticket, signal);
  }
}

const checker = new SchemaChecker();
after(() => checker[Symbol.asyncDispose]());

async function ask(
  prompt: string,
  generation: Partial<Generation>,
  outputTokensMax = 100,
  can: Capabilities = NO_GRAMMAR,
) {
  const inner = new Watched();
  const engine = new CheckedEngine(inner, can, checker);
  const delivery = generation.delivery ?? 'stream';
  const wish = { prompt, delivery, outputTokensMax, engineModel: 'scripted', generation };
  const run = await readAll(engine, testTicket(wish));
  assert.deepEqual(violations(run.yields, outputTokensMax), []);
  const { parts } = run;
  const text = parts.map((part) => (part.kind === 'text-delta' ? part.text : '')).join('');
  const calls = parts.map((part) => (part.kind === 'tool-call-delta' ? part.arguments : ''));
  const usage = parts.findLast((part) => part.kind === 'usage')?.usage;
  return { inner, parts, text, arguments: calls.join(''), usage, last: parts.at(-1) };
}

function textsIn(ticket: Ticket | undefined): string {
  return JSON.stringify(ticket?.generation.items);
}

const STOP: Part = { kind: 'finish', reason: 'stop' };

for (const delivery of ['whole', 'stream'] as const) {
  describe(`JSON without a grammar, ${delivery}`, () => {
    test('the model is told the schema, and what is right goes out', async () => {
      const answer = await ask('[[echo]] {"city":"Lisbon"}', { output: city(), delivery });
      assert.deepEqual([answer.text, answer.last], ['{"city":"Lisbon"}', STOP]);
      const [asked, again] = answer.inner.asked;
      assert.equal(again, undefined);
      assert.match(textsIn(asked), /"role":"system".*JSON Schema.*additionalProperties/);
      assert.deepEqual(asked?.generation.output, { kind: 'text' });
    });

    test('a fence is taken off', async () => {
      const answer = await ask('[[echo]]```json\n{"city":"Lisbon"}\n```', {
        output: city(),
        delivery,
      });
      assert.deepEqual([answer.text, answer.last], ['{"city":"Lisbon"}', STOP]);
    });

    test('what is wrong is told, and the second answer counts; both are billed', async () => {
      const prompt = '[[echo reasoning=2]] {"town": 1}[[then]][[echo]] {"city":"Lisbon"}';
      const answer = await ask(prompt, { output: city(), delivery });
      assert.deepEqual([answer.text, answer.last], ['{"city":"Lisbon"}', STOP]);
      const [first, second] = answer.inner.asked;
      assert.ok(first !== undefined && second !== undefined);
      assert.match(textsIn(second), /"role":"assistant".*town.*required property 'city'/);
      const { input, output, reasoning } = answer.usage as Usage; // violations() saw one
      assert.deepEqual([output, reasoning], [3, 2]);
      assert.ok(input > 2 * 10, 'the input of both');
      assert.equal(second.outputTokensMax, first.outputTokensMax - 4);
      assert.equal(second.heldNano, first.heldNano);
    });

    test('what is wrong again fails, and nothing of it goes out', async () => {
      const answer = await ask('[[echo]] no JSON', { output: { kind: 'json-object' }, delivery });
      assert.equal(answer.text, '');
      assert.ok(answer.last?.kind === 'failure');
      assert.equal(answer.last.failure.kind, 'invalid-output');
      assert.equal(answer.inner.asked.length, 2);
    });

    test('a schema that is no promise lets JSON through, and never what is none', async () => {
      const loose = await ask('[[echo]] {"town":1}', { output: city(false), delivery });
      assert.deepEqual([loose.text, loose.last], ['{"town":1}', STOP]);
      const wrong = await ask('[[echo]] no JSON', { output: city(false), delivery });
      assert.equal(wrong.last?.kind, 'failure');
    });

    test('a list is no JSON object', async () => {
      const output = { kind: 'json-object' } as const;
      const answer = await ask('[[echo]] [1][[then]][[echo]] {"a":[1]}', { output, delivery });
      assert.equal(answer.text, '{"a":[1]}');
    });
  });

  describe(`strict tools without a grammar, ${delivery}`, () => {
    test('arguments that keep the schema go out', async () => {
      const answer = await ask('[[tool=look:{"city":"Lisbon"}]]', { tools: [TOOL], delivery });
      assert.equal(answer.arguments, '{"city":"Lisbon"}');
      assert.deepEqual(answer.last, { kind: 'finish', reason: 'tool-calls' });
      assert.equal(answer.inner.asked.length, 1);
    });

    test('others are told to the model as an error of the tool', async () => {
      const prompt = '[[tool=look:{"city":1}]][[then]][[tool=look:{"city":"Lisbon"}]]';
      const answer = await ask(prompt, { tools: [TOOL], delivery });
      assert.equal(answer.arguments, '{"city":"Lisbon"}');
      assert.match(textsIn(answer.inner.asked[1]), /at \/city: must be string/);
      assert.equal(answer.parts.filter(({ kind }) => kind === 'tool-call-start').length, 1);
    });

    test('wrong twice fails', async () => {
      const answer = await ask('[[tool=look:{}]][[then]][[tool=look:{}]]', {
        tools: [TOOL],
        delivery,
      });
      assert.equal(answer.arguments, '');
      assert.equal(answer.last?.kind === 'failure' && answer.last.failure.kind, 'invalid-output');
    });

    test('one wrong call among right ones holds back all of them', async () => {
      const prompt = '[[tool=look:{"city":"a"}]][[tool=look:{}]][[then]][[echo]]never mind';
      const answer = await ask(prompt, { tools: [TOOL], delivery });
      assert.deepEqual([answer.arguments, answer.text], ['', 'never mind']);
    });
  });
}

for (const delivery of ['whole', 'stream'] as const) {
  describe(`a call that is demanded, ${delivery}`, () => {
    const choose = { tools: [TOOL], delivery, toolChoice: { kind: 'required' } } as const;
    const right = '[[tool=look:{"city":"Lisbon"}]]';

    test('is still demanded of the second try', async () => {
      const answer = await ask('[[tool=look:{}]][[then]][[echo]]never mind', choose);
      assert.deepEqual([answer.text, answer.arguments], ['', '']);
      assert.ok(answer.last?.kind === 'failure' && answer.last.failure.kind === 'invalid-output');
      assert.match(answer.last.failure.problem, /one of the tools/);
    });

    test('is asked for again where there is only text, and none of the text goes out', async () => {
      const answer = await ask(`[[echo]]never mind[[then]]${right}`, choose);
      assert.deepEqual([answer.text, answer.arguments], ['', '{"city":"Lisbon"}']);
      assert.match(textsIn(answer.inner.asked[1]), /never mind.*must call one of the tools/);
    });

    test('is the one that was named', async () => {
      const loose: Tool = { name: 'other', parameters: { type: 'object' }, strict: false };
      const named = {
        ...choose,
        tools: [TOOL, loose],
        toolChoice: { kind: 'tool', name: 'look' },
      } as const;
      const answer = await ask(`[[tool=other:{}]][[then]]${right}`, named);
      assert.equal(answer.arguments, '{"city":"Lisbon"}');
      const names = answer.parts.map((part) => part.kind === 'tool-call-start' && part.name);
      assert.deepEqual(names.filter(Boolean), ['look']);
      assert.match(textsIn(answer.inner.asked[1]), /must call the tool look/);
      const twice = await ask('[[tool=other:{}]][[then]][[tool=other:{}]]', named);
      assert.equal(twice.last?.kind === 'failure' && twice.last.failure.kind, 'invalid-output');
    });
  });

  describe(`JSON that the engine promises, ${delivery}`, () => {
    const promised: Capabilities = {
      ...everythingBut(),
      jsonObject: 'promised',
      jsonSchema: 'promised',
    };
    const asked = (prompt: string, output: OutputFormat) =>
      ask(prompt, { output, delivery }, 100, promised);

    test('is asked of it in its own way, and what is right goes out', async () => {
      const answer = await asked('[[echo]] {"city":"Lisbon"}', city());
      assert.deepEqual([answer.text, answer.last], ['{"city":"Lisbon"}', STOP]);
      const [only] = answer.inner.asked;
      assert.deepEqual(only?.generation.output, city());
      assert.doesNotMatch(textsIn(only), /JSON Schema/);
    });

    test('is told in words too the second time', async () => {
      const answer = await asked('[[echo]] nope[[then]][[echo]] {"city":"Lisbon"}', city());
      assert.deepEqual([answer.text, answer.last], ['{"city":"Lisbon"}', STOP]);
      const again = answer.inner.asked[1];
      assert.deepEqual(again?.generation.output, city());
      assert.match(textsIn(again), /JSON Schema.*nope.*not the JSON/);
    });

    test('fails where the promise was not kept', async () => {
      for (const output of [city(), { kind: 'json-object' } as const]) {
        const answer = await asked('[[echo]] nope', output);
        assert.equal(answer.text, '');
        assert.equal(answer.last?.kind === 'failure' && answer.last.failure.kind, 'invalid-output');
      }
    });

    test('without strict goes straight through', async () => {
      const answer = await asked('[[echo]] nope', city(false));
      assert.deepEqual([answer.text, answer.last, answer.inner.asked.length], ['nope', STOP, 1]);
    });
  });
}

describe('what is not checked', () => {
  test('goes straight through: text, and tools without strict', async () => {
    const loose = { ...TOOL, strict: false };
    const answer = await ask('[[tool=look:{}]]', { tools: [loose] });
    assert.equal(answer.arguments, '{}');
    assert.equal((await ask('[[tokens=2]]', {})).text, 'The toll ');
  });

  test('an answer that was cut says so, and is not asked for again', async () => {
    const answer = await ask('[[echo]] {"city": "Lis bon"}', { output: city() }, 2);
    assert.deepEqual(answer.last, { kind: 'finish', reason: 'length' });
    assert.equal(answer.inner.asked.length, 1);
  });

  test('the second try has only the tokens that are left', async () => {
    const answer = await ask('[[echo]] no JSON here', { output: city() }, 3);
    assert.equal(answer.inner.asked.length, 1, 'there are none');
    assert.equal(answer.last?.kind, 'failure');
    const cut = await ask('[[echo]] no JSON here', { output: city() }, 4);
    assert.deepEqual(cut.last, { kind: 'finish', reason: 'length' });
    assert.equal(outputTokens(cut.usage as Usage), 4); // violations() saw one
  });

  test('an engine that counts nothing is counted by its pieces, both times', async () => {
    const prompt = '[[echo no-usage]] a b c[[then]][[echo no-usage]] {"city":"a"}';
    const answer = await ask(prompt, { output: city() });
    assert.deepEqual([answer.usage?.output, answer.last], [4, STOP]);
  });
});

describe('schemas that can do harm', () => {
  test('one that can not be compiled is refused by its field, before the model is asked', async () => {
    const schema = { type: 'strnig' };
    const output: OutputFormat = { kind: 'json-schema', name: 'n', schema, strict: true };
    const answer = await ask('hi', { output });
    assert.ok(answer.last?.kind === 'failure' && answer.last.failure.kind === 'rejected');
    assert.equal(answer.last.failure.field, 'output.schema');
    assert.equal(answer.inner.asked.length, 0);
  });

  test('a pattern that runs for ever ends its thread, and the next check has a new one', async () => {
    await using hasty = new SchemaChecker(1000);
    const schema = JSON.stringify({ type: 'string', pattern: '^(a+)+$' });
    assert.deepEqual(await hasty.check({ schema, said: '"aaa"' }), { kind: 'valid' });
    const said = JSON.stringify(`${'a'.repeat(40)}b`);
    const [slow, next] = await Promise.all([
      hasty.check({ schema, said }),
      hasty.check({ schema, said: '"aaa"' }),
    ]);
    assert.deepEqual([slow.kind, next.kind], ['too-slow', 'valid']);
  });

  test('two schemas with one $id, and older dialects, are no trouble', async () => {
    for (const type of ['string', 'number']) {
      const schema = JSON.stringify({
        $id: 'https://example.test/x',
        $schema: 'http://json-schema.org/draft-07/schema#',
        type,
      });
      const said = type === 'string' ? '"a"' : '1';
      assert.deepEqual(await checker.check({ schema, said }), { kind: 'valid' });
    }
  });
});

/** Asks for JSON whatever the ticket says, so that the whole suite runs on the path that checks. */
function alwaysJson(engine: CheckedEngine): Engine {
  const json = (generation: Generation): Generation => ({
    ...generation,
    output: { kind: 'json-object' },
  });
  return {
    name: engine.name,
    state: () => engine.state(),
    generate: (ticket, signal) =>
      engine.generate(ticket.asking(json(ticket.generation), ticket.outputTokensMax), signal),
    countTokens: async ({ engineModel, generation }, signal) => {
      const question = { engineModel, generation: json(generation) };
      return (await engine.countTokens?.(question, signal)) ?? assert.fail('it counts');
    },
    [Symbol.asyncDispose]: () => engine[Symbol.asyncDispose](),
  };
}

describeEngine('checked', async () => {
  const inner = new ScriptedEngine();
  return {
    engine: alwaysJson(new CheckedEngine(inner, NO_GRAMMAR, checker)),
    engineModel: 'scripted',
    prompts: {
      short: '[[echo reasoning=2]] {"a": 1}',
      long: '[[reasoning=5000 rate=500]]',
      slowToStart: '[[delay=5000]]',
    },
    failures: [
      { prompt: '[[fail=429]]', kind: 'overloaded' },
      { prompt: '[[fail=500]]', kind: 'broken' },
      { prompt: '[[fail=400]]', kind: 'rejected' },
      { prompt: '[[cut-after=3]]', kind: 'unreachable' },
      { prompt: '[[echo]] nothing[[then]][[cut-after=0]]', kind: 'unreachable' },
      { prompt: '[[echo]] nothing', kind: 'invalid-output' },
    ],
    liveGenerations: () => inner.counts().live,
    dispose: async () => undefined,
  };
});
