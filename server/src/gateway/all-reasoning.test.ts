// A small cap can be used up by thinking alone. Each protocol then says so instead of an empty success, shows the thinking
// in its own count, and it is billed once.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { costOf } from '../domain/pricing/cost.ts';
import { PROTOCOLS } from '../protocols/registry.ts';
import { PLENTY, PRICE, Turnstile } from './turnstile.fixture.ts';

const CAP = 16;
const question = 'Think. [[reasoning=50]]';

type Case = {
  readonly body: object;
  /** What the whole answer must hold. */
  readonly whole: readonly RegExp[];
  /** What its stream must hold. */
  readonly stream: readonly RegExp[];
};

const CASES: { readonly [protocol: string]: Case } = {
  'openai-chat': {
    body: {
      messages: [{ role: 'user', content: question }],
      max_completion_tokens: CAP,
      stream_options: { include_usage: true },
    },
    whole: [/"finish_reason":"length"/, /"completion_tokens":16,/, /"reasoning_tokens":16/],
    stream: [/"finish_reason":"length"/, /"reasoning_tokens":16/],
  },
  'openai-responses': {
    body: { input: question, max_output_tokens: CAP, store: false },
    whole: [
      /"status":"incomplete"/,
      /"reason":"max_output_tokens"/,
      /"output_tokens":16,/,
      /"reasoning_tokens":16/,
    ],
    stream: [
      /event: response\.incomplete/,
      /"reason":"max_output_tokens"/,
      /"reasoning_tokens":16/,
    ],
  },
  'anthropic-messages': {
    body: { messages: [{ role: 'user', content: question }], max_tokens: CAP },
    whole: [/"stop_reason":"max_tokens"/, /"output_tokens":16,/, /"thinking_tokens":16/],
    stream: [/"stop_reason":"max_tokens"/, /"thinking_tokens":16/],
  },
};

describe('an answer that was all thinking', () => {
  for (const [name, { body, whole, stream }] of Object.entries(CASES)) {
    for (const streamed of [false, true]) {
      it(`says so on ${name}, ${streamed ? 'streamed' : 'whole'}`, async () => {
        const turnstile = await Turnstile.with(PLENTY);
        const protocol = PROTOCOLS.find((one) => one.name === name) ?? assert.fail(name);
        const { stream_options: options, ...rest }: { stream_options?: object } = { ...body };
        const request = {
          model: 'priced',
          ...rest,
          ...(streamed && { stream: true, ...(options && { stream_options: options }) }),
        };
        const sink = await turnstile.ask(request, { protocol });
        assert.equal(sink.status, 200, sink.text);
        for (const wanted of streamed ? stream : whole) assert.match(sink.text, wanted);
        const { usage, costNano, outcome } = turnstile.ledger.settled;
        assert.deepEqual([usage.reasoning, usage.output, outcome], [CAP, 0, 'completed']);
        assert.equal(costNano, costOf(usage, PRICE));
        turnstile.assertAtRest();
      });
    }
  }
});
