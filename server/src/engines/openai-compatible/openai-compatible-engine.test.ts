// The adapter keeps the engine contract over real sockets, and copes with every fault of the scripted server.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import type { Part } from '../../domain/generation/part.ts';
import {
  describeEngine,
  readAll,
  testTicket,
  violations,
  within,
} from '../../ports/engine.contract.ts';
import { startScriptedServer } from '../scripted/scripted-server.ts';
import type { ScriptedServer } from '../scripted/scripted-server.ts';
import { OpenAiCompatibleEngine } from './openai-compatible-engine.ts';

for (const runningUsage of [undefined, 'continuous-usage-stats'] as const) {
  describeEngine(`openai-compatible, running usage: ${runningUsage ?? 'none'}`, async () => {
    const server = await startScriptedServer({ apiKey: 'sk-upstream', tokenizer: 'vllm' });
    const engine = new OpenAiCompatibleEngine({
      name: 'upstream',
      baseUrl: server.baseUrl,
      apiKey: 'sk-upstream',
      tokenizer: 'vllm',
      ...(runningUsage && { runningUsage }),
    });
    return {
      engine,
      engineModel: 'scripted',
      prompts: {
        short: 'Hello [[tokens=10 reasoning=2]]',
        long: '[[tokens=5000 rate=500]]',
        slowToStart: '[[delay=5000]]',
      },
      failures: [
        { prompt: '[[fail=429]]', kind: 'overloaded' },
        { prompt: '[[fail=503]]', kind: 'overloaded' },
        { prompt: '[[fail=500]]', kind: 'broken' },
        { prompt: '[[fail=401]]', kind: 'broken' },
        { prompt: '[[fail=400]]', kind: 'rejected' },
        { prompt: '[[fail=422]]', kind: 'rejected' },
        { prompt: '[[fail=context]]', kind: 'context-length' },
        { prompt: '[[cut-after=3]]', kind: 'unreachable' },
        { prompt: '[[cut-after=0]]', kind: 'unreachable' },
        { prompt: '[[error-after=3]]', kind: 'broken' },
      ],
      liveGenerations: () => server.counts().live,
      dispose: () => server[Symbol.asyncDispose](),
    };
  });
}

test('a raw prompt goes to the address for those, whole and streamed', async () => {
  await using server = await startScriptedServer();
  await using engine = new OpenAiCompatibleEngine({ name: 'up', baseUrl: server.baseUrl });
  for (const delivery of ['whole', 'stream'] as const) {
    const generation = { items: [], rawPrompts: ['[[tokens=3]]'] };
    const common = { prompt: '', outputTokensMax: 9, engineModel: 'm', delivery, generation };
    const { yields, parts } = await readAll(engine, testTicket(common));
    assert.deepEqual(violations(yields, 9), []);
    const said = parts.map((part) => (part.kind === 'text-delta' ? part.text : ''));
    assert.equal(said.join(''), 'The toll is ');
  }
  assert.deepEqual(server.requests[0], {
    model: 'm',
    prompt: '[[tokens=3]]',
    max_tokens: 9,
    stream: false,
  });
});

describe('scripted faults over a real socket', () => {
  const ask = async (prompt: string, runningUsage = false): Promise<readonly Part[]> => {
    const engine = runningUsage ? running : plain;
    const ticket = testTicket({
      prompt,
      delivery: 'stream',
      outputTokensMax: 100,
      engineModel: 'scripted',
    });
    const run = await within(5000, 'the answer', readAll(engine, ticket));
    assert.deepEqual(violations(run.yields, 100), [], prompt);
    return run.parts;
  };
  let server: ScriptedServer;
  let plain: OpenAiCompatibleEngine;
  let running: OpenAiCompatibleEngine;

  before(async () => {
    server = await startScriptedServer();
    const { baseUrl } = server;
    plain = new OpenAiCompatibleEngine({ name: 'plain', baseUrl });
    running = new OpenAiCompatibleEngine({
      name: 'running',
      baseUrl,
      runningUsage: 'continuous-usage-stats',
    });
  });
  after(async () => {
    await plain[Symbol.asyncDispose]();
    await running[Symbol.asyncDispose]();
    await server[Symbol.asyncDispose]();
  });

  const rows: [string, number, string][] = [
    ['no-usage', 8, 'counted'],
    ['wrong-usage=shrinking', 8, 'engine'],
    ['wrong-usage=negative', 8, 'counted'],
    ['wrong-usage=huge', 100, 'engine'],
  ];
  for (const [marker, output, source] of rows) {
    test(`${marker} becomes billable usage`, async () => {
      const usage = (await ask(`[[${marker}]]`)).findLast((part) => part.kind === 'usage');
      assert.deepEqual([usage?.usage.output, usage?.source], [output, source]);
    });
  }

  test('a cut stream is counted by the engine where it reports while it runs, and by us where not', async () => {
    const cut = '[[tokens=50 cut-after=20]]';
    const counted = (await ask(cut)).findLast((part) => part.kind === 'usage');
    assert.deepEqual([counted?.usage.output, counted?.source], [20, 'counted']);
    const reported = (await ask(`one two ${cut}`, true)).findLast((part) => part.kind === 'usage');
    assert.deepEqual(
      [reported?.usage.output, reported?.usage.input, reported?.source],
      [20, 4, 'engine'],
    );
  });

  test('a fault with times and id relents', async () => {
    const kinds: (string | undefined)[] = [];
    for (let i = 0; i < 3; i += 1)
      kinds.push((await ask('[[fail=429]] [[times=2 id=a]]')).at(-1)?.kind);
    assert.deepEqual(kinds, ['failure', 'failure', 'finish']);
  });

  test('reasoning and tool calls', async () => {
    const parts = await ask('[[reasoning=3]] [[tool=look:{"at":[[1]]}]]');
    const args = parts
      .map((part) => (part.kind === 'tool-call-delta' ? part.arguments : ''))
      .join('');
    assert.equal(args, '{"at":[[1]]}');
    assert.equal(parts.findLast((part) => part.kind === 'usage')?.usage.reasoning, 3);
    assert.deepEqual(parts.at(-1), { kind: 'finish', reason: 'tool-calls' });
  });
});
