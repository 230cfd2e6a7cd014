// Whatever a server reports, in whatever order, what we give on is billable and only ever grows.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import * as fc from 'fast-check';

import type { Part } from '../../domain/generation/part.ts';
import { inputTokens, NO_USAGE, outputTokens } from '../../domain/generation/usage.ts';
import { violations } from '../../ports/engine.contract.ts';
import { UsageMeter } from './usage-meter.ts';

const nonsense = fc.oneof(
  fc.nat(200),
  fc.double(),
  fc.constantFrom(null, undefined, '', '12', 'many', -1, 1e300, {}, []),
);
const report = fc.record(
  {
    prompt_tokens: nonsense,
    completion_tokens: nonsense,
    prompt_tokens_details: fc.oneof(
      nonsense,
      fc.record({
        cached_tokens: nonsense,
        cache_write_tokens: nonsense,
        image_tokens: nonsense,
        audio_tokens: nonsense,
      }),
    ),
    completion_tokens_details: fc.oneof(
      nonsense,
      fc.record({ reasoning_tokens: nonsense, image_tokens: nonsense, audio_tokens: nonsense }),
    ),
  },
  { requiredKeys: [] },
);
const step = fc.oneof(
  fc.constant('text' as const),
  fc.constant('reasoning' as const),
  fc.constant('running' as const),
  report,
);

test('any reports in any order give usage that keeps the contract', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 30 }), fc.nat(300), (steps, outputTokensMax) => {
      const meter = new UsageMeter(outputTokensMax);
      const parts: Part[] = [];
      for (const each of steps) {
        if (each === 'text') meter.countText();
        else if (each === 'reasoning') meter.countReasoning();
        else if (each !== 'running') meter.report(each);
        else parts.push(...[meter.running()].filter((part) => part !== undefined));
      }
      parts.push(meter.final(), { kind: 'finish', reason: 'stop' });
      assert.deepEqual(violations([parts], outputTokensMax), []);
    }),
    { numRuns: 2000 },
  );
});

test('each kind of token that a server tells apart has its own bucket, and none is in two', () => {
  const meter = new UsageMeter(1_000);
  meter.report({
    prompt_tokens: 100,
    completion_tokens: 50,
    prompt_tokens_details: {
      cached_tokens: 10,
      cache_write_tokens: 20,
      image_tokens: 5,
      audio_tokens: 7,
      text_tokens: 88,
    },
    completion_tokens_details: { reasoning_tokens: 11, audio_tokens: 13, image_tokens: 2 },
  });
  assert.deepEqual(meter.final().usage, {
    ...NO_USAGE,
    input: 58,
    cacheRead: 10,
    cacheWrite5m: 20,
    imageInput: 5,
    audioInput: 7,
    output: 24,
    reasoning: 11,
    imageOutput: 2,
    audioOutput: 13,
  });
  const overlapping = new UsageMeter(1_000);
  const details = { cached_tokens: 90, image_tokens: 30, audio_tokens: 30 };
  overlapping.report({ prompt_tokens: 100, completion_tokens: 1, prompt_tokens_details: details });
  assert.deepEqual(overlapping.final().usage, {
    ...NO_USAGE,
    cacheRead: 90,
    imageInput: 10,
    output: 1,
  });
});

test('sound running totals end in exactly the totals that were reported', () => {
  const growth = fc.record({ prompt: fc.nat(50), completion: fc.nat(50), text: fc.boolean() });
  fc.assert(
    fc.property(
      fc.array(growth, { minLength: 1, maxLength: 20 }),
      fc.nat(100),
      fc.nat(100),
      (steps, cached, thought) => {
        const meter = new UsageMeter(1_000_000);
        let [prompt, completion] = [1, 1];
        for (const { text, ...more } of steps) {
          prompt += more.prompt;
          completion += more.completion;
          if (text) meter.countText();
          else meter.countReasoning();
          meter.report({ prompt_tokens: prompt, completion_tokens: completion });
          meter.running();
        }
        meter.report({
          prompt_tokens: prompt,
          completion_tokens: completion,
          prompt_tokens_details: { cached_tokens: cached },
          completion_tokens_details: { reasoning_tokens: thought },
        });
        const { usage } = meter.final();
        assert.equal(inputTokens(usage), prompt);
        assert.equal(outputTokens(usage), completion);
        assert.equal(
          usage.cacheRead,
          Math.min(cached, prompt),
          'the cached share was held back until it was known',
        );
      },
    ),
  );
});
