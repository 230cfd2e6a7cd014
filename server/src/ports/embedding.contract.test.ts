// The checker of the embedding contract finds each planted mistake.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { embeddingViolations } from './embedding.contract.ts';

const inputs = ['a', 'b'];
const unit = Float32Array.of(0.6, 0.8);
const zero = Float32Array.of(0, 0);

test('what keeps the contract is let through', () => {
  assert.deepEqual(embeddingViolations({ inputs }, { vectors: [unit, zero], inputTokens: 2 }), []);
});

const planted: [string, readonly Float32Array[], number, RegExp][] = [
  ['a vector too few', [unit], 2, /1 vectors for 2/],
  ['no tokens', [unit, unit], 0, /counts 0 tokens/],
  ['half a token', [unit, unit], 1.5, /counts 1.5 tokens/],
  ['two lengths', [unit, Float32Array.of(1)], 2, /2, 1 long/],
  ['no numbers', [Float32Array.of(), Float32Array.of()], 2, /0 long/],
  ['a vector that is not of length 1', [unit, Float32Array.of(3, 4)], 2, /1 has the length 5/],
  ['a number that is none', [unit, Float32Array.of(Number.NaN, 1)], 2, /has the length NaN/],
];
for (const [what, vectors, inputTokens, expected] of planted) {
  test(`${what} is found`, () => {
    const found = embeddingViolations({ inputs }, { vectors, inputTokens });
    assert.match(found.join('\n'), expected);
  });
}
