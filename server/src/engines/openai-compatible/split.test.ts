// Wherever the network cuts an answer into pieces, it is the same answer: random answers over a real socket, cut at random
// bytes, in the middle of a character, a JSON string or a line end.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';

import type { Part } from '../../domain/generation/part.ts';
import { delta, stream } from './raw-upstream.ts';
import { DONE, hear, usageEvent } from './replay.ts';

const RUNS = 40;
const CUTS_MAX = 12;

const words = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 20 });
const call = fc.record({
  name: fc.constantFrom('look', 'find'),
  arguments: fc.array(words, { maxLength: 3 }),
});
const answer = fc
  .record({
    thoughts: fc.array(words, { maxLength: 3 }),
    texts: fc.array(words, { maxLength: 4 }),
    calls: fc.array(call, { maxLength: 3 }),
    lineEnd: fc.constantFrom('\n', '\r\n'),
  })
  .map(({ thoughts, texts, calls, lineEnd }) => {
    const events = [
      ...thoughts.map((text) => delta({ reasoning_content: text })),
      ...texts.map((text) => delta({ content: text })),
      ...calls.flatMap((one, index) => [
        delta({
          tool_calls: [{ index, id: `c${index}`, function: { name: one.name, arguments: '' } }],
        }),
        ...one.arguments.map((text) =>
          delta({ tool_calls: [{ index, function: { arguments: text } }] }),
        ),
      ]),
      delta({}, calls.length > 0 ? 'tool_calls' : 'stop'),
      usageEvent({ prompt_tokens: 9, completion_tokens: 50, total_tokens: 59 }),
      DONE,
    ];
    return Buffer.from(stream(events.join('').replaceAll('\n', lineEnd)));
  });

function cut(bytes: Buffer, at: readonly number[]): Buffer[] {
  const places = [...new Set(at.map((place) => place % bytes.length))].toSorted((a, b) => a - b);
  const pieces = [0, ...places].map((from, index) => bytes.subarray(from, places[index]));
  return pieces.filter((piece) => piece.length > 0);
}

/** When a count comes depends on what was read together; what it comes to does not. */
function said(parts: readonly Part[]): readonly Part[] {
  const usage = parts.findLast((part) => part.kind === 'usage');
  return [...parts.filter(({ kind }) => kind !== 'usage'), ...(usage ? [usage] : [])];
}

test('any split of an answer gives the same parts', async () => {
  const cuts = fc.array(fc.nat(), { minLength: 1, maxLength: CUTS_MAX });
  const property = fc.asyncProperty(answer, cuts, async (bytes, at) => {
    assert.deepEqual(said(await hear(cut(bytes, at))), said(await hear([bytes])));
  });
  await fc.assert(property, { numRuns: RUNS });
});
