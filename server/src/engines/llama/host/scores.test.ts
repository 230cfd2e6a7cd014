// Log probabilities go with the text of their tokens, and the draw keeps to top-k, top-p and the temperature.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import type { Token } from 'node-llama-cpp';

import { scoredToken } from '../../../domain/generation/logprobs.ts';
import type { Sampling } from '../../../domain/generation/generation.ts';
import { ScoreQueue } from './score-queue.ts';
import { Scores } from './scores.ts';
import { bytesOfToken } from './token-bytes.ts';

// Tokens are places in a vocabulary; the brand is the library's.
const token = (place: number): Token => place as Token;
const vocabulary = { tokens: ['a', 'b', 'c', 'd'], types: [1, 1, 1, 1], isByteLevel: true };
const distribution = new Map([0.5, 0.25, 0.15, 0.1].map((share, place) => [token(place), share]));

function drawnFrom(sampling: Partial<Sampling>, draws: number): Map<Token, number> {
  const start = { vocabulary, top: 0, isConstrained: false };
  const scores = new Scores({ ...start, sampling: { stop: [], seed: 7, ...sampling } });
  const seen = new Map<Token, number>();
  for (let i = 0; i < draws; i += 1) {
    const drawn = scores.draw(token(0), distribution);
    seen.set(drawn, (seen.get(drawn) ?? 0) + 1);
  }
  return seen;
}

describe('the draw', () => {
  test('follows the distribution, and is the same for the same seed', () => {
    const seen = drawnFrom({ temperature: 1, topP: 1 }, 4_000);
    for (const [one, share] of distribution) {
      assert.ok(Math.abs((seen.get(one) ?? 0) / 4_000 - share) < 0.03, `${one}`);
    }
    assert.deepEqual(drawnFrom({ temperature: 1, topP: 1 }, 4_000), seen);
  });

  test('keeps to the likeliest that make up top-p, to top-k, and to the temperature', () => {
    const seen = drawnFrom({ temperature: 1, topP: 0.7 }, 500);
    assert.deepEqual(new Set(seen.keys()), new Set([0, 1]));
    assert.deepEqual([...drawnFrom({ temperature: 1, topK: 1 }, 50).keys()], [token(0)]);
    const cold = drawnFrom({ temperature: 0.2, topP: 1 }, 1_000).get(token(0)) ?? 0;
    assert.ok(cold > 940, `${cold}`);
    assert.deepEqual([...drawnFrom({ temperature: 0 }, 50).keys()], [token(0)]);
  });
});

describe('the score of a token', () => {
  test('is its probability, with the likeliest beside it', () => {
    const start = { vocabulary, top: 2, sampling: { stop: [] } };
    const scores = new Scores({ ...start, isConstrained: false });
    assert.deepEqual(scores.of(token(2), distribution), {
      token: 'c',
      bytes: [99],
      logprob: Math.log(0.15),
      top: [
        { token: 'a', bytes: [97], logprob: Math.log(0.5) },
        { token: 'b', bytes: [98], logprob: Math.log(0.25) },
      ],
    });
    assert.equal(scores.of(token(3), new Map([[token(0), 1]])).logprob, -9_999);
  });

  test('has the temperature of a constrained draw taken out again', () => {
    const temperature = 0.5;
    const squares = [...distribution].map(([one, share]) => [one, share ** 2] as const);
    const sum = squares.reduce((total, [, share]) => total + share, 0);
    const cold = new Map(squares.map(([one, share]) => [one, share / sum]));
    const start = { vocabulary, top: 0, isConstrained: true };
    const scores = new Scores({ ...start, sampling: { stop: [], temperature } });
    for (const [one, share] of distribution) {
      assert.ok(Math.abs(scores.of(one, cold).logprob - Math.log(share)) < 1e-9);
    }
  });
});

test('bytes of tokens, in both ways of writing them', () => {
  const byteLevel = {
    tokens: ['Ġhi', 'âĤ', '¬', '<|end|>'],
    types: [1, 1, 1, 3],
    isByteLevel: true,
  };
  assert.equal(bytesOfToken(byteLevel, 0).toString(), ' hi');
  assert.equal(Buffer.concat([1, 2].map((at) => bytesOfToken(byteLevel, at))).toString(), '€');
  assert.equal(bytesOfToken(byteLevel, 3).toString(), '<|end|>');
  const pieces = { tokens: ['▁hi', '<0xE2>'], types: [1, 6], isByteLevel: false };
  assert.equal(bytesOfToken(pieces, 0).toString(), ' hi');
  assert.deepEqual([...bytesOfToken(pieces, 1)], [0xe2]);
  assert.equal(scoredToken(Buffer.from([0xe2, 0x82]), -1).token, '\\xe2\\x82');
});

test('scores wait for the whole text of their token', () => {
  const queue = new ScoreQueue();
  const score = (text: string) => ({ ...scoredToken(Buffer.from(text), -1), top: [] });
  const taken = (characters: number): string[] =>
    queue.take(characters).map((taking) => taking.token);
  queue.put(score('Hel'), 3);
  assert.deepEqual(taken(2), []);
  queue.put(score('lo'), 2);
  assert.deepEqual(taken(1), ['Hel']);
  assert.deepEqual(taken(2), ['lo']);
  queue.put(score('half'), 0);
  queue.put(score('whole'), 1);
  assert.deepEqual(taken(1), ['half', 'whole']);
  queue.put(score('thought'), 4);
  queue.drop();
  assert.deepEqual(taken(4), []);
});
