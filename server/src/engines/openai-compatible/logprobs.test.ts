// Log probabilities as servers send them, over a real socket.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import type { Part } from '../../domain/generation/part.ts';
import { event, response, stream } from './raw-upstream.ts';
import { DONE, hear } from './replay.ts';

const WISH = { logprobs: { top: 1 } };
const hi = { token: 'hi', logprob: -0.25, bytes: [104, 105] };
const HEARD = [{ ...hi, top: [{ ...hi, bytes: [104, 105] }] }];

function logprobsOf(parts: readonly Part[]): unknown {
  return parts.flatMap((part) => (part.kind === 'text-delta' ? (part.logprobs ?? []) : []));
}

function chunk(content: string, logprobs: unknown, finish: string | null = null): string {
  return event({ choices: [{ index: 0, delta: { content }, logprobs, finish_reason: finish }] });
}

describe('log probabilities of an upstream', () => {
  const { bytes: _, ...noBytes } = hi;

  test('go with the text they came with, or with the next', async () => {
    const content = [{ ...hi, top_logprobs: [hi] }];
    const early = chunk('', { content }) + chunk('hi', null) + chunk('', null, 'stop') + DONE;
    const usual = chunk('hi', { content }) + chunk('', null, 'stop') + DONE;
    for (const body of [early, usual]) {
      assert.deepEqual(logprobsOf(await hear([stream(body)], 'stream', WISH)), HEARD);
    }
    const whole = { message: { content: 'hi' }, logprobs: { content }, finish_reason: 'stop' };
    const answer = response(200, JSON.stringify({ choices: [whole] }));
    assert.deepEqual(logprobsOf(await hear([answer], 'whole', WISH)), HEARD);
  });

  test("may lack the bytes; what can't be read is left out, and the answer stays", async () => {
    const odd = [{ ...noBytes, top_logprobs: [noBytes, { token: 7 }] }, 'x', { token: 'y' }, null];
    for (const [content, heard] of [
      [odd, HEARD],
      ['none', []],
      [undefined, []],
    ] as const) {
      const body = chunk('hi', { content }) + chunk('', null, 'stop') + DONE;
      const parts = await hear([stream(body)], 'stream', WISH);
      assert.deepEqual(logprobsOf(parts), heard);
      assert.deepEqual(parts.at(-1), { kind: 'finish', reason: 'stop' });
    }
  });

  test('of a raw prompt stand in lists side by side', async () => {
    const lists = { tokens: ['hi'], token_logprobs: [-0.25], top_logprobs: [{ hi: -0.25 }] };
    const choice = { index: 0, text: 'hi', logprobs: lists, finish_reason: 'stop' };
    const answer = response(200, JSON.stringify({ choices: [choice] }));
    const wish = { ...WISH, items: [], rawPrompts: ['Say'] };
    assert.deepEqual(logprobsOf(await hear([answer], 'whole', wish)), HEARD);
    const parts = await hear([stream(event({ choices: [choice] }) + DONE)], 'stream', wish);
    assert.deepEqual(logprobsOf(parts), HEARD);
    assert.deepEqual(parts.at(-1), { kind: 'finish', reason: 'stop' });
  });

  test('that nobody asked for are not told', async () => {
    const body = chunk('hi', { content: [hi] }) + chunk('', null, 'stop') + DONE;
    assert.deepEqual(logprobsOf(await hear([stream(body)])), []);
  });
});
