// Between tokens and text: characters, thinking, stops and templates, each by itself, with the shipped model's tokeniser.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';

import fc from 'fast-check';
import { getLlama } from 'node-llama-cpp';
import type { Llama, LlamaModel, Token } from 'node-llama-cpp';

import { SHIPPED_MODEL } from '../endless-model.fixture.ts';
import { tagPattern, withoutTags } from './prompt.ts';
import { ReasoningSplit } from './reasoning-split.ts';
import { StopHold } from './stop-hold.ts';
import { Utf8Hold } from './utf8-hold.ts';

describe('characters', () => {
  let llama: Llama;
  let model: LlamaModel;
  before(async () => {
    llama = await getLlama({ gpu: false, build: 'never', skipDownload: true, maxThreads: 1 });
    model = await llama.loadModel({ modelPath: fileURLToPath(SHIPPED_MODEL), vocabOnly: true });
  });
  after(() => llama.dispose());

  const streamed = (tokens: readonly Token[]): string[] => {
    const hold = new Utf8Hold(model, new Map(), []);
    return [...tokens.map((token) => hold.push(token)), hold.end()];
  };

  test('no character is ever cut, and none is lost', () => {
    for (const text of ['Héllo wörld', '日本語のテキスト', '👩‍👩‍👧 🎉🎉 é\u0301', 'plain', ' \n\t']) {
      const pieces = streamed(model.tokenize(text, false));
      assert.equal(pieces.join(''), text);
      assert.ok(pieces.every((piece) => !piece.includes('\uFFFD')));
    }
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 40 }), (any) => {
        // U+FFFD itself can't be told from bytes that are no character, and is dropped at the end of an answer.
        const text = any.replaceAll('\uFFFD', '');
        assert.equal(streamed(model.tokenize(text, false)).join(''), text);
      }),
      { numRuns: 200 },
    );
  });

  test('an answer that ends within a character ends before it', () => {
    const tokens = model.tokenize('ok 🎉', false);
    assert.equal(streamed(tokens.slice(0, -1)).join(''), 'ok ');
  });

  test('bytes that are no character do not hold up what follows', () => {
    const half = model.tokenize('🎉', false).slice(0, 1);
    const pieces = streamed([
      ...half,
      ...half,
      ...half,
      ...half,
      ...half,
      ...model.tokenize('fine 🎉', false),
    ]);
    assert.ok(pieces.join('').endsWith('fine 🎉'));
  });
});

describe('stop strings', () => {
  test('however the text is cut, the answer ends before the stop string that is complete first', () => {
    const letters = fc.string({ unit: fc.constantFrom('a', 'b', '\n'), maxLength: 30 });
    const stops = fc.array(
      fc.string({ unit: fc.constantFrom('a', 'b', '\n'), minLength: 1, maxLength: 4 }),
      { maxLength: 3 },
    );
    fc.assert(
      fc.property(fc.array(letters), stops, (pieces, words) => {
        const whole = pieces.join('');
        assert.equal(through(new StopHold(words), pieces), oneByOne(whole, words));
      }),
    );
  });

  /** A character at a time, without any cleverness: the first moment at which the text ends with a stop string. */
  function oneByOne(whole: string, words: readonly string[]): string {
    for (let end = 1; end <= whole.length; end += 1) {
      const ending = words.filter((word) => whole.slice(0, end).endsWith(word));
      const longest = Math.max(0, ...ending.map((word) => word.length));
      if (longest > 0) return whole.slice(0, end - longest);
    }
    return whole;
  }

  function through(hold: StopHold, pieces: readonly string[]): string {
    let out = '';
    for (const piece of pieces) {
      const { text, stop } = hold.push(piece);
      out += text;
      if (stop !== undefined) return out;
    }
    return out + hold.end();
  }
});

describe('thinking', () => {
  const split = (pieces: readonly string[], opened = false): [string, string] => {
    const reader = new ReasoningSplit(opened);
    const parts = [...pieces.map((piece) => reader.push(piece)), reader.end()];
    return [parts.map((p) => p.reasoning).join(''), parts.map((p) => p.text).join('')];
  };

  test('is told from the answer, however it is cut', () => {
    const text = '\n<think>\n1 + 1 is < 3</think>\n\nIt is 2, says <think>.';
    for (let size = 1; size <= text.length; size += 1) {
      const pieces = text.match(new RegExp(`[^]{1,${size}}`, 'gu')) ?? [];
      assert.deepEqual(
        split(pieces).map((s) => s.trim()),
        ['1 + 1 is < 3', 'It is 2, says <think>.'],
      );
    }
  });

  test('that the prompt opened, that never ends, or that never was', () => {
    assert.deepEqual(split(['hm</thi', 'nk>yes'], true), ['hm', 'yes']);
    assert.deepEqual(split(['<think>hm</th']), ['hm</th', '']);
    assert.deepEqual(split(['<thi', 's is none']), ['', '<this is none']);
    assert.deepEqual(split(['<thin']), ['', '<thin']);
  });
});

describe('tags', () => {
  test('tags that tokenisers see in plain text are cut', () => {
    const tags = tagPattern(['<think>', '</think>', ' ', 'word']);
    assert.deepEqual(withoutTags('a<think>b</think>', tags), ['a<', 'think>b<', '/think>']);
    assert.deepEqual(withoutTags('plain', undefined), ['plain']);
  });
});
