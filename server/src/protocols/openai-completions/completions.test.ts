// Legacy completions: what a request becomes, how each wrong one is refused, and the answer on the wire.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';

import type { Part } from '../../domain/generation/part.ts';
import { NO_USAGE } from '../../domain/generation/usage.ts';
import type { Encoder } from '../protocol.ts';
import { decodeCompletions } from './decode.ts';

const minimal = { model: 'm', prompt: 'Once' };
const usage = { ...NO_USAGE, input: 2, output: 3 };
const ending = { reason: 'length', usage, atSeconds: 1 } as const;
const facts = { requestId: 'req_0123', model: 'public', createdAtSeconds: 7 };
const told = {
  prompt_tokens: 2,
  completion_tokens: 3,
  total_tokens: 5,
  prompt_tokens_details: { cached_tokens: 0, audio_tokens: 0 },
  completion_tokens_details: {
    reasoning_tokens: 0,
    audio_tokens: 0,
    accepted_prediction_tokens: 0,
    rejected_prediction_tokens: 0,
  },
};

function encoderOf(fields: object, delivery: 'whole' | 'stream'): Encoder {
  const decoded = decodeCompletions({ ...minimal, ...fields, stream: delivery === 'stream' });
  assert.ok(decoded.ok, JSON.stringify(decoded));
  return decoded.value.encoder({ ...facts, delivery });
}

function objectOf(choices: readonly object[], more: object = {}): object {
  const head = { id: 'cmpl-0123', object: 'text_completion', created: 7, model: 'public' };
  return { ...head, choices, ...more };
}

function events(text: string): unknown[] {
  const lines = text.split('\n\n').filter((line) => line !== '');
  return lines.map((line) => {
    const data = line.slice('data: '.length);
    return data === '[DONE]' ? data : (JSON.parse(data) as unknown); // compared as a whole below
  });
}

describe('a legacy completion', () => {
  it('goes on with one text or several, each for its share of the choices', () => {
    const decoded = decodeCompletions({
      ...minimal,
      prompt: ['a', 'b'],
      n: 2,
      logprobs: 3,
      seed: 1,
    });
    assert.ok(decoded.ok);
    assert.deepEqual(decoded.value.generation, {
      items: [],
      rawPrompts: ['a', 'b'],
      tools: [],
      toolChoice: { kind: 'none' },
      parallelToolCalls: true,
      sampling: { seed: 1, stop: [] },
      output: { kind: 'text' },
      outputTokensMax: 16,
      choices: 4,
      logprobs: { top: 3 },
      delivery: 'whole',
    });
  });

  it('goes on with the numbers of tokens, in one list or in several', () => {
    for (const [prompt, rawPrompts] of [
      [[1, 2], [[1, 2]]],
      [
        [[1], [2, 3]],
        [[1], [2, 3]],
      ],
      [
        ['a', [0]],
        ['a', [0]],
      ],
    ]) {
      const decoded = decodeCompletions({ ...minimal, prompt });
      assert.deepEqual(decoded.ok && decoded.value.generation.rawPrompts, rawPrompts);
    }
  });

  it('has the fields that nobody knows named', () => {
    const stream = { stream: true, stream_options: { include_usage: true, warp: 1 } };
    const decoded = decodeCompletions({ ...minimal, ...stream, messages: [] });
    assert.deepEqual(decoded.ok && decoded.value.unknown, ['stream_options.warp', 'messages']);
  });

  const wrong: readonly (readonly [string, unknown, string | undefined])[] = [
    ['nothing at all', undefined, undefined],
    ['no prompt', { model: 'm' }, 'prompt'],
    ['an empty prompt', { ...minimal, prompt: '' }, 'prompt'],
    ['no prompts', { ...minimal, prompt: [] }, 'prompt'],
    ['an empty one among prompts', { ...minimal, prompt: ['a', ''] }, 'prompt[1]'],
    ['half a token', { ...minimal, prompt: [1, 2.5] }, 'prompt'],
    ['a token below zero', { ...minimal, prompt: [[1], [-2]] }, 'prompt[1]'],
    ['a text among tokens', { ...minimal, prompt: [1, 'a'] }, 'prompt'],
    ['an empty list among lists', { ...minimal, prompt: [[1], []] }, 'prompt[1]'],
    ['token numbers to repeat', { ...minimal, prompt: [1], echo: true }, 'echo'],
    ['nine prompts', { ...minimal, prompt: Array.from({ length: 9 }, () => 'a') }, 'prompt'],
    ['too many choices', { ...minimal, prompt: ['a', 'b', 'c'], n: 3 }, 'n'],
    ['a suffix', { ...minimal, suffix: 'end' }, 'suffix'],
    ['more draws than choices', { ...minimal, best_of: 3 }, 'best_of'],
    ['scores of the prompt', { ...minimal, echo: true, logprobs: 0 }, 'echo'],
    ['six alternatives', { ...minimal, logprobs: 6 }, 'logprobs'],
    ['stream options without a stream', { ...minimal, stream_options: {} }, 'stream_options'],
  ];
  for (const [what, body, field] of wrong) {
    it(`is refused with ${what}, naming ${field ?? 'the body'}`, () => {
      const decoded = decodeCompletions(body);
      assert.ok(!decoded.ok, 'expected a refusal');
      assert.equal('field' in decoded.error ? decoded.error.field : undefined, field);
    });
  }

  it('never throws, whatever JSON it is', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 4 }), fc.string(), (value, key) => {
        decodeCompletions(value);
        decodeCompletions({ ...minimal, [key]: value });
        decodeCompletions({ ...minimal, prompt: value });
      }),
    );
  });

  const said: readonly Part[] = [
    { kind: 'text-delta', text: ' upon' },
    { kind: 'text-delta', text: ' more', choice: 1 },
    { kind: 'finish', reason: 'stop', choice: 1 },
    { kind: 'finish', reason: 'length' },
  ];

  it('is one body, with the prompt before it where that was asked for', () => {
    const encoder = encoderOf({ n: 2, echo: true }, 'whole');
    assert.equal(encoder.parts(said), '');
    const choices = [
      { text: 'Once upon', index: 0, logprobs: null, finish_reason: 'length' },
      { text: 'Once more', index: 1, logprobs: null, finish_reason: 'stop' },
    ];
    assert.deepEqual(JSON.parse(encoder.finish(ending)), objectOf(choices, { usage: told }));
  });

  it('is a stream of texts, each choice with an end, and the usage where it was asked for', () => {
    const encoder = encoderOf({ n: 2, stream_options: { include_usage: true } }, 'stream');
    const text = encoder.parts(said) + encoder.finish(ending);
    const choice = (index: number, piece: string, reason: string | null): object =>
      objectOf([{ text: piece, index, logprobs: null, finish_reason: reason }], { usage: null });
    assert.deepEqual(events(text), [
      choice(0, ' upon', null),
      choice(1, ' more', null),
      choice(0, '', 'length'),
      choice(1, '', 'stop'),
      objectOf([], { usage: told }),
      '[DONE]',
    ]);
    const broken = encoder.fail({ kind: 'internal' });
    assert.match(broken, /^data: \{"error":/);
    assert.ok(!broken.includes('[DONE]'));
  });

  it('has its log probabilities in lists side by side', () => {
    const token = (text: string) => ({ token: text, bytes: [], logprob: -1 });
    const encoder = encoderOf({ logprobs: 1 }, 'whole');
    const logprobs = [' up', 'on'].map((text) => ({ ...token(text), top: [token('x')] }));
    encoder.parts([{ kind: 'text-delta', text: ' upon', logprobs }]);
    const scores = {
      tokens: [' up', 'on'],
      token_logprobs: [-1, -1],
      top_logprobs: [{ x: -1 }, { x: -1 }],
      text_offset: [0, 3],
    };
    const choice = { text: ' upon', index: 0, logprobs: scores, finish_reason: 'length' };
    assert.deepEqual(JSON.parse(encoder.finish(ending)), objectOf([choice], { usage: told }));
  });
});
