// Usage as servers report it, over a real socket, and what is billed for it.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { NO_USAGE } from '../../domain/generation/usage.ts';
import type { Usage } from '../../domain/generation/usage.ts';
import { delta, event, openStream, stream } from './raw-upstream.ts';
import { DONE, hear, OUTPUT_TOKENS_MAX, TEN_AND_TWO, usageEvent, usageOf } from './replay.ts';

/** What becomes of this usage at the end of two pieces of text. */
async function counted(usage: unknown): Promise<[Usage, string] | undefined> {
  const text = delta({ content: 'a' }) + delta({ content: 'b' }) + delta({}, 'stop');
  return usageOf(await hear([stream(text + usageEvent(usage) + DONE)]));
}

async function given(usage: object): Promise<Usage | undefined> {
  return (await counted(usage))?.[0];
}

/** A piece of text that carries a running total. */
function total(completion: number): string {
  return event({
    choices: [{ delta: { content: 'x' } }],
    usage: { prompt_tokens: 10, completion_tokens: completion },
  });
}

describe('usage at the end', () => {
  test('cached and reasoning tokens are taken out of the totals', async () => {
    const usage = {
      prompt_tokens: 100,
      completion_tokens: 30,
      prompt_tokens_details: { cached_tokens: 64 },
      completion_tokens_details: { reasoning_tokens: 20 },
    };
    assert.deepEqual(await counted(usage), [
      { ...NO_USAGE, input: 36, cacheRead: 64, output: 10, reasoning: 20 },
      'engine',
    ]);
  });

  test('nonsense becomes something valid', async () => {
    assert.deepEqual(await given({ prompt_tokens: 3.9, completion_tokens: '7' }), {
      ...NO_USAGE,
      input: 3,
      output: 7,
    });
    assert.deepEqual(await given({ prompt_tokens: -4, completion_tokens: 5 }), {
      ...NO_USAGE,
      output: 5,
    });
    assert.deepEqual(
      await given({
        prompt_tokens: 5,
        completion_tokens: 1e300,
        prompt_tokens_details: { cached_tokens: 9 },
      }),
      { ...NO_USAGE, cacheRead: 5, output: OUTPUT_TOKENS_MAX },
    );
    assert.deepEqual(
      await given({
        prompt_tokens: {},
        completion_tokens: 2,
        completion_tokens_details: { reasoning_tokens: 9 },
      }),
      { ...NO_USAGE, reasoning: 2 },
    );
  });

  test('none at all, or none of the output: the pieces are counted', async () => {
    for (const usage of [null, [], 'many', { prompt_tokens: null }, { completion_tokens: -5 }]) {
      assert.deepEqual(await counted(usage), [{ ...NO_USAGE, output: 2 }, 'counted']);
    }
  });
});

test('I20 what can not be true is doubted, not silently mended', async () => {
  const doubtsOf = async (usage: unknown): Promise<readonly string[] | undefined> => {
    const text = delta({ content: 'a' }) + delta({}, 'stop');
    const parts = await hear([stream(text + usageEvent(usage) + DONE)]);
    return parts.findLast((part) => part.kind === 'usage')?.doubts;
  };
  for (const tokens of [-4, 3.9, 'many', {}, 1e300]) {
    const prompt = await doubtsOf({ prompt_tokens: tokens, completion_tokens: 5 });
    assert.ok(prompt?.includes('impossible'), JSON.stringify(tokens));
    const details = { prompt_tokens_details: { cached_tokens: tokens } };
    const cached = await doubtsOf({ prompt_tokens: 7, completion_tokens: 5, ...details });
    assert.deepEqual(cached, ['impossible'], JSON.stringify(tokens));
  }
  assert.deepEqual(await doubtsOf({ completion_tokens: 5 }), ['absent'], 'no answer has no prompt');
  assert.deepEqual(await doubtsOf({ prompt_tokens: '7', completion_tokens: 5 }), undefined);
  const shrinking = await hear([
    stream(total(5) + total(3) + delta({}, 'stop') + usageEvent(TEN_AND_TWO) + DONE),
  ]);
  const last = shrinking.findLast((part) => part.kind === 'usage');
  assert.deepEqual(last?.doubts, ['shrinking']);
});

describe('usage while a stream runs', () => {
  test('a running total that shrinks is ignored', async () => {
    const parts = await hear([stream(total(1))]);
    assert.deepEqual(usageOf(parts)?.[0].output, 1);
    const shrinking = await hear([
      stream(total(5) + total(9) + total(3) + delta({}, 'stop') + usageEvent(TEN_AND_TWO) + DONE),
    ]);
    assert.deepEqual(usageOf(shrinking), [{ ...NO_USAGE, input: 10, output: 9 }, 'engine']);
  });

  test('a cached share that is only known at the end is still told apart', async () => {
    const running = event({
      choices: [{ delta: { content: 'x' } }],
      usage: { prompt_tokens: 10, completion_tokens: 1 },
    });
    const final = usageEvent({
      prompt_tokens: 10,
      completion_tokens: 1,
      prompt_tokens_details: { cached_tokens: 8 },
    });
    const head = 'HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n';
    const parts = await hear([head, running, final, DONE]);
    assert.deepEqual(usageOf(parts), [
      { ...NO_USAGE, input: 2, cacheRead: 8, output: 1 },
      'engine',
    ]);
  });

  test("llama-server's timings count a stream that has no usage yet", async () => {
    const chunk = event({
      choices: [{ delta: { content: 'x' } }],
      timings: { cache_n: 6, prompt_n: 4, predicted_n: 3 },
    });
    const parts = await hear([openStream(chunk)]);
    assert.deepEqual(usageOf(parts), [
      { ...NO_USAGE, input: 4, cacheRead: 6, output: 3 },
      'engine',
    ]);
    assert.equal(parts.at(-1)?.kind, 'failure');
  });
});
