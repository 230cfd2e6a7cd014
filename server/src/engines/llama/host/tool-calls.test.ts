// Tool calls from the model's tokens to parts: the reader of tags by itself, and grammars that begin and end in the middle
// of an answer. Which token is a tag is the test's choice there, so that it does not depend on what a model has learnt.

import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';

import fc from 'fast-check';
import type { Token } from 'node-llama-cpp';

import type { Generation } from '../../../domain/generation/generation.ts';
import type { Part } from '../../../domain/generation/part.ts';
import { testTicket, violations } from '../../../ports/engine.contract.ts';
import { writeEndlessModel } from '../endless-model.fixture.ts';
import { loadModel } from './load-model.ts';
import type { LoadedModel } from './load-model.ts';
import { run } from './runner.ts';
import { ToolCallSplit } from './tool-call-split.ts';
import type { Said } from './tool-call-split.ts';

const NAMES = new Set(['f', 'say "hi"']);

function read(pieces: readonly string[]): string {
  const split = new ToolCallSplit(NAMES);
  const said = [...pieces.flatMap((piece) => split.push(piece)), ...split.end()];
  return said.map(shown).join('');
}

function shown(said: Said): string {
  if (said.kind === 'call-start') return `[${said.name} `;
  return said.kind === 'call-end' ? ']' : said.text;
}

describe('the reader of tool calls', () => {
  const cases: readonly [string, string, string][] = [
    ['a call', '<tool_call>\n{"name": "f", "arguments": {"a": 1}}\n</tool_call>', '[f {"a": 1}]'],
    [
      'text before it, and white space that belongs to neither',
      'Well.\n\n<tool_call>{"name":"f","arguments":{}}</tool_call>\n',
      'Well.[f {}]',
    ],
    [
      'two calls',
      '<tool_call>\n{"name": "f", "arguments": {}}\n</tool_call>\n<tool_call>\n{"name": "say \\"hi\\"", "arguments": {"x": [{}]}}\n</tool_call>',
      '[f {}][say "hi" {"x": [{}]}]',
    ],
    [
      'braces and tags inside of strings',
      '<tool_call>{"name": "f", "arguments": {"a": "}\\"</tool_call>{"}}</tool_call>',
      '[f {"a": "}\\"</tool_call>{"}]',
    ],
    ['a tag in the middle of a line', 'Write <tool_call> first.', 'Write <tool_call> first.'],
    [
      'a tool that was not offered',
      '<tool_call>{"name": "g", "arguments": {}}</tool_call>',
      '<tool_call>{"name": "g", "arguments": {}}</tool_call>',
    ],
    ['no call at all', '<tool_call>hm</tool_call> ok', '<tool_call>hm</tool_call> ok'],
    ['a call cut early', '<tool_call>\n{"na', '<tool_call>\n{"na'],
    ['a call cut late', '<tool_call>\n{"name": "f", "arguments": {"a', '[f {"a]'],
    ['no closing tag', '<tool_call>{"name": "f", "arguments": {}}\nDone.', '[f {}]}\nDone.'],
    ['almost a tag', 'a\n<tool_cal', 'a\n<tool_cal'],
  ];
  for (const [name, text, expected] of cases) {
    test(name, () => {
      assert.equal(read([text]), expected);
      for (let size = 1; size < text.length; size += 1) {
        assert.equal(read(text.match(new RegExp(`[^]{1,${size}}`, 'gu')) ?? []), expected);
      }
    });
  }

  test('text without tags is never changed', () => {
    const letters = fc.constantFrom('<', 'tool_call', '>', ' ', '\n', 'a', '{', '"');
    fc.assert(
      fc.property(fc.array(letters), (pieces) => {
        const whole = pieces.join('');
        if (!/(^|\n)\s*<tool_call>/u.test(whole)) assert.equal(read(pieces), whole);
      }),
    );
  });
});

/** The token after so many others stands for the tag, whichever it is; those of `own` stay what they are. */
class TagAfter extends Map<Token, string> {
  readonly #tag: string;
  #left: number;

  constructor(own: ReadonlyMap<Token, string>, tag: string, tokens: number) {
    super(own);
    this.#tag = tag;
    this.#left = tokens;
  }

  override get(token: Token): string | undefined {
    this.#left -= 1;
    return this.#left === -1 ? this.#tag : super.get(token);
  }
}

describe('grammars in the middle of an answer', () => {
  let folder: string;
  let loaded: LoadedModel;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'turnpike-tool-calls-'));
    const modelPath = join(folder, 'endless.gguf');
    await writeEndlessModel(modelPath);
    const settings = { slots: 1, fewerSlotsAllowed: false, threads: 1, gpu: false } as const;
    const result = await loadModel({ modelPath, contextTokens: 512, ...settings }, () => undefined);
    assert.ok(result.ok);
    loaded = result.value;
  });
  after(async () => {
    await loaded.model.dispose();
    await rm(folder, { recursive: true, force: true });
  });

  async function generate(
    wish: Partial<Generation>,
    spelled: ReadonlyMap<Token, string>,
  ): Promise<readonly Part[]> {
    const common = { delivery: 'stream', engineModel: 'test', prompt: 'Hello!' } as const;
    const generation = { sampling: { stop: [], temperature: 2 }, ...wish };
    const ticket = testTicket({ ...common, outputTokensMax: 200, generation });
    const yields: (readonly Part[])[] = [];
    await run(
      { ...loaded, spelled },
      {
        id: 1,
        generation: ticket.generation,
        outputTokensMax: 200,
        signal: new AbortController().signal,
        emit: (parts) => void yields.push(parts),
      },
    );
    assert.deepEqual(violations(yields, 200), []);
    return yields.flat();
  }

  const parameters = {
    type: 'object',
    properties: { on: { type: 'boolean' }, level: { enum: [1, 2] } },
    required: ['on', 'level'],
  };
  const tools = [{ name: 'set_light', parameters, strict: true }];
  const textOf = (parts: readonly Part[], kind: Part['kind']): string =>
    parts.map((part) => (part.kind !== kind ? '' : 'text' in part ? part.text : '')).join('');

  for (const tag of ['<tool_call>', '\n<tool_call>\n {"x']) {
    for (const tokens of [0, 6]) {
      test(`a call that begins after ${tokens} tokens, as ${JSON.stringify(tag)}, is valid`, async () => {
        const wish = { tools, parallelToolCalls: false };
        // Without tags of its own: a hot model may say one before.
        const parts = await generate(wish, new TagAfter(new Map(), tag, tokens));
        const call = parts
          .map((part) => (part.kind === 'tool-call-delta' ? part.arguments : ''))
          .join('');
        assert.match(call, /^\{"on": (true|false), "level": [12]\}$/u);
        assert.ok(
          parts.some((part) => part.kind === 'tool-call-start' && part.name === 'set_light'),
        );
        assert.deepEqual(parts.at(-1), { kind: 'finish', reason: 'tool-calls' });
        assert.ok(!textOf(parts, 'text-delta').includes('tool_call'));
      });
    }
  }

  test('where more calls are allowed, the model is free again after one', async () => {
    const parts = await generate({ tools }, new TagAfter(loaded.spelled, '<tool_call>', 0));
    const end = parts.findIndex(({ kind }) => kind === 'tool-call-end');
    assert.ok(end > 0);
    // Whatever it says then, text or another call: only with more calls forbidden would it be over.
    const later = parts.slice(end).map(({ kind }) => kind);
    assert.ok(later.includes('text-delta') || later.includes('tool-call-start'), String(later));
  });

  test('what is forced begins where the thinking ends', async () => {
    const schema = { type: 'array', items: { type: 'boolean' }, minItems: 2, maxItems: 2 };
    const output = { kind: 'json-schema', name: 'pair', schema, strict: true } as const;
    for (const tag of ['</think>', '</think>\n\nand', '</think>']) {
      const wish = { output, reasoningEffort: 'low' } as const;
      const parts = await generate(wish, new TagAfter(new Map(), tag, 5));
      assert.match(textOf(parts, 'text-delta'), /^\[(true|false), (true|false)\]$/u);
      assert.notEqual(textOf(parts, 'reasoning-delta'), '');
      const usage = parts.findLast((part) => part.kind === 'usage')?.usage;
      assert.equal(usage?.reasoning, 6);
    }
    // The tag that the engine itself puts before a forced call must be seen.
    const callTags = new Map([...loaded.spelled].filter(([, tag]) => tag.includes('tool_call')));
    const called = await generate(
      {
        tools,
        toolChoice: { kind: 'required' },
        parallelToolCalls: false,
        reasoningEffort: 'high',
      },
      new TagAfter(callTags, '</think>', 5),
    );
    assert.deepEqual(called.at(-1), { kind: 'finish', reason: 'tool-calls' });
    assert.equal(textOf(called, 'text-delta'), '');
    assert.notEqual(textOf(called, 'reasoning-delta'), '');
  });
});
