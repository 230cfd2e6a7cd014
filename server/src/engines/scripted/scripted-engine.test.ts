// The scripted engine keeps the engine contract, and each marker does what README.md says.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { textContent } from '../../domain/generation/content.ts';
import type { Item } from '../../domain/generation/generation.ts';
import type { Part } from '../../domain/generation/part.ts';
import { describeEngine, readAll, testTicket, violations } from '../../ports/engine.contract.ts';
import { afterResults, countWords, pieces, readScript } from './script.ts';
import { ScriptedEngine } from './scripted-engine.ts';

describeEngine('scripted', async () => {
  const engine = new ScriptedEngine();
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
      { prompt: '[[fail=400]]', kind: 'rejected' },
      { prompt: '[[fail=context]]', kind: 'context-length' },
      { prompt: '[[cut-after=3]]', kind: 'unreachable' },
      { prompt: '[[error-after=3]]', kind: 'broken' },
    ],
    liveGenerations: () => engine.counts().live,
    dispose: async () => undefined,
  };
});

const WISH = {
  prompt: '',
  delivery: 'whole',
  outputTokensMax: 100,
  engineModel: 'scripted',
} as const;

async function say(
  engine: ScriptedEngine,
  prompt: string,
  outputTokensMax = 100,
  delivery: 'whole' | 'stream' = 'stream',
): Promise<readonly Part[]> {
  const ticket = testTicket({ prompt, delivery, outputTokensMax, engineModel: 'scripted' });
  return (await readAll(engine, ticket)).parts;
}

function textOf(parts: readonly Part[]): string {
  return parts.map((part) => (part.kind === 'text-delta' ? part.text : '')).join('');
}

describe('markers', () => {
  const engine = new ScriptedEngine();

  test('one message scripts one answer after the other', async () => {
    const prompt = 'x [[tool=f:{}]] [[then]] [[echo]] second [[then]] [[echo]] third';
    const asked: Item = { kind: 'message', role: 'user', content: textContent(prompt) };
    const called: readonly Item[] = [
      { kind: 'tool-call', callId: 'c', name: 'f', arguments: '{}' },
      { kind: 'tool-result', callId: 'c', content: textContent('ok') },
    ];
    const said: Item = { kind: 'message', role: 'assistant', content: textContent('second') };
    const again: Item = { kind: 'message', role: 'user', content: textContent('and?') };
    const answers = [[asked], [asked, ...called], [asked, ...called, said, again]].map((items) =>
      readAll(engine, testTicket({ ...WISH, generation: { items } })),
    );
    const [first, second, third] = await Promise.all(answers);
    assert.ok(first?.parts.some(({ kind }) => kind === 'tool-call-start'));
    assert.deepEqual(
      [textOf(second?.parts ?? []), textOf(third?.parts ?? [])],
      ['second', 'third'],
    );
  });

  test('tokens and the limit of the ticket decide the length', async () => {
    const parts = await say(engine, '[[tokens=3]]');
    assert.equal(textOf(parts), 'The toll is ');
    assert.deepEqual(parts.at(-1), { kind: 'finish', reason: 'stop' });
    assert.deepEqual((await say(engine, '[[tokens=3]]', 3)).at(-1), {
      kind: 'finish',
      reason: 'stop',
    });
    assert.deepEqual((await say(engine, '[[tokens=3]]', 2)).at(-1), {
      kind: 'finish',
      reason: 'length',
    });
  });

  test('a rate paces the tokens', async () => {
    const startedAtMs = performance.now();
    await say(engine, '[[tokens=21 rate=100]]', 100, 'whole');
    assert.ok(performance.now() - startedAtMs > 190);
  });

  test('echo says the prompt without its markers', async () => {
    assert.equal(textOf(await say(engine, 'One  two\nthree [[echo]]')), 'One  two\nthree');
  });

  test('a tool call carries its JSON, brackets and all', async () => {
    const json = '{"matrix":[[1,2],[3,[4]]]}';
    const parts = await say(engine, `[[tool=look:${json}]] [[reasoning=1]]`);
    const given = parts
      .map((part) => (part.kind === 'tool-call-delta' ? part.arguments : ''))
      .join('');
    assert.equal(given, json);
    assert.deepEqual(parts.at(-1), { kind: 'finish', reason: 'tool-calls' });
  });

  test('several calls stand side by side, each ended before the next', async () => {
    const parts = await say(engine, '[[tool=a:{"x":1}]] [[tool=b:{}]]');
    const steps = parts
      .filter((part) => part.kind.startsWith('tool-call'))
      .map((part) =>
        'index' in part ? `${part.kind.slice('tool-call-'.length)} ${part.index}` : '',
      );
    assert.deepEqual(steps, ['start 0', 'delta 0', 'end 0', 'start 1', 'delta 1', 'end 1']);
  });

  test('words are what a regular expression would find', () => {
    for (const text of ['', ' a  b\n', 'a\u00a0b\u2003c\ufeffd', '北京 é\u2028x', 'a\u0001b\tc']) {
      assert.equal(
        countWords(text),
        Math.max(1, text.match(/\S+/g)?.length ?? 0),
        JSON.stringify(text),
      );
    }
  });

  test('once a call has its result the answer is text', () => {
    const script = readScript('[[tool=a:{}]] [[echo]]');
    assert.equal(afterResults(script, []).tools.length, 1);
    assert.equal([...pieces(afterResults(script, ['sunny today']))].length, 2);
    assert.equal([...pieces(afterResults(readScript('[[tool=a:{}]]'), ['x']))].length, 8);
  });

  test('a stop sequence is named in the finish', async () => {
    assert.deepEqual((await say(engine, '[[stopped-by=END]]')).at(-1), {
      kind: 'finish',
      reason: 'stop',
      stopSequence: 'END',
    });
  });

  test('a count is that of the words', async () => {
    const generation = testTicket({
      prompt: 'one two three',
      delivery: 'whole',
      outputTokensMax: 1,
      engineModel: 'scripted',
    }).generation;
    const question = { engineModel: 'scripted', generation };
    assert.deepEqual(await engine.countTokens(question), { ok: true, value: 3 });
  });

  test('finish sets the reason', async () => {
    const parts = await say(engine, '[[finish=content-filter]]');
    assert.deepEqual(parts.at(-1), { kind: 'finish', reason: 'content-filter' });
  });

  test('a fault with times and id relents, for each id on its own', async () => {
    const kinds = [];
    for (const id of ['a', 'a', 'b', 'a', 'b', 'b']) {
      kinds.push((await say(engine, `[[fail=500]] [[times=2 id=${id}]]`)).at(-1)?.kind);
    }
    assert.deepEqual(kinds, ['failure', 'failure', 'failure', 'finish', 'failure', 'finish']);
  });

  for (const marker of [
    'no-usage',
    'wrong-usage=shrinking',
    'wrong-usage=negative',
    'wrong-usage=huge',
  ]) {
    test(`${marker} breaks the contract on purpose`, async () => {
      assert.notDeepEqual(violations([await say(engine, `[[${marker}]]`)], 100), []);
    });
  }
});
