// The price of a turn, against sums done by hand.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { moneyOf } from '@turnpike/contract/money.ts';
import type { Price } from '@turnpike/contract/models.ts';

import { priceOf, tokensOf } from './turn-price.ts';

function priceList(input: bigint, cacheRead: bigint, output: bigint, reasoning: bigint): Price {
  const write = moneyOf(input);
  return {
    version: 1,
    perMillionTokens: {
      input: write,
      cacheRead: moneyOf(cacheRead),
      cacheWrite5m: write,
      cacheWrite1h: write,
      imageInput: write,
      audioInput: write,
      output: moneyOf(output),
      reasoning: moneyOf(reasoning),
      imageOutput: moneyOf(output),
      audioOutput: moneyOf(output),
    },
    perMillionCalls: { toolCalls: moneyOf(0n), request: moneyOf(0n) },
  };
}

test('cached input and reasoning are priced once, each at its own price', () => {
  const tokens = tokensOf({
    prompt_tokens: 1000,
    prompt_tokens_details: { cached_tokens: 400 },
    completion_tokens: 100,
    completion_tokens_details: { reasoning_tokens: 30 },
    total_tokens: 1100,
  });
  assert.deepEqual(tokens, { input: 600, cacheRead: 400, output: 70, reasoning: 30 });
  const price = priceList(100_000_000n, 10_000_000n, 400_000_000n, 800_000_000n);
  assert.equal(priceOf(tokens, price).nano, String(60_000 + 4_000 + 28_000 + 24_000));
});

test('rounds half up, once a turn', () => {
  const one = { input: 1, cacheRead: 0, output: 0, reasoning: 0 };
  assert.equal(priceOf(one, priceList(499_999n, 0n, 0n, 0n)).nano, '0');
  assert.equal(priceOf(one, priceList(500_000n, 0n, 0n, 0n)).nano, '1');
  const two = { ...one, output: 1 };
  assert.equal(priceOf(two, priceList(500_000n, 0n, 500_000n, 0n)).nano, '1', 'not 1 + 1');
});
