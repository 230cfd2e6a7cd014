// What servers get wrong, byte for byte over a real socket, and the parts that come out all the same.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import type { Part } from '../../domain/generation/part.ts';
import { NO_USAGE } from '../../domain/generation/usage.ts';
import { delta, event, openStream, response, stream } from './raw-upstream.ts';
import { DONE, hear, TEN_AND_TWO, usageEvent, usageOf } from './replay.ts';

const STOP: Part = { kind: 'finish', reason: 'stop' };

function textOf(parts: readonly Part[]): string {
  return parts.map((part) => (part.kind === 'text-delta' ? part.text : '')).join('');
}

const hello =
  delta({ role: 'assistant', content: '' }) +
  delta({ content: 'Hel' }) +
  delta({ content: 'lo é🎉' });
const ended = delta({}, 'stop') + usageEvent(TEN_AND_TWO);
const SHAPES: [string, string[]][] = [
  ['as OpenAI sends it', [stream(hello + ended + DONE)]],
  ['without [DONE]', [stream(hello + ended)]],
  ['with a last event that has no empty line', [stream((hello + ended).trimEnd())]],
  ['with CR LF', [stream((hello + ended + DONE).replaceAll('\n', '\r\n'))]],
  [
    'with comments, ids, event and retry lines',
    [
      stream(
        `: OPENROUTER PROCESSING\n\nretry: 3\n${hello.replaceAll('data:', 'event: message\nid: 1\ndata:')}:\n\n${ended}${DONE}`,
      ),
    ],
  ],
  ['with no space after data:', [stream((hello + ended + DONE).replaceAll('data: ', 'data:'))]],
  ['ended by the connection', [openStream(hello + ended + DONE)]],
  [
    'with more after [DONE]',
    [stream(hello + ended + DONE + delta({ content: 'late' }) + 'data: {')],
  ],
  [
    'with usage: null in each chunk',
    [stream((hello + ended).replaceAll('"choices"', '"usage":null,"choices"') + DONE)],
  ],
  ['without finish_reason at [DONE]', [stream(hello + usageEvent(TEN_AND_TWO) + DONE)]],
  [
    'with usage in the finishing chunk',
    [
      stream(
        hello +
          event({ choices: [{ delta: {}, finish_reason: 'stop' }], usage: TEN_AND_TWO }) +
          DONE,
      ),
    ],
  ],
  [
    'with an empty finish_reason before the real one',
    [stream(hello + delta({}, '') + ended + DONE)],
  ],
  [
    'with content as parts',
    [stream(delta({ content: [{ type: 'text', text: 'Hello é🎉' }] }) + ended + DONE)],
  ],
  [
    'as one JSON body, to a request for a stream',
    [
      response(
        200,
        JSON.stringify({
          choices: [{ message: { role: 'assistant', content: 'Hello é🎉' }, finish_reason: 'eos' }],
          usage: TEN_AND_TWO,
        }),
      ),
    ],
  ],
];

describe('the shape of a stream', () => {
  for (const [name, pieces] of SHAPES) {
    test(name, async () => {
      const parts = await hear(pieces);
      assert.equal(textOf(parts), 'Hello é🎉');
      assert.deepEqual(usageOf(parts), [{ ...NO_USAGE, input: 10, output: 2 }, 'engine']);
      assert.deepEqual(parts.at(-1), STOP);
    });
  }
});

describe('what else a server may do', () => {
  test('in single bytes', async () => {
    const bytes = Buffer.from(stream(hello + ended + DONE));
    const parts = await hear(Array.from(bytes, (byte) => Buffer.of(byte)));
    assert.equal(textOf(parts), 'Hello é🎉');
    assert.deepEqual(parts.at(-1), STOP);
  });

  test('the connection breaks after the finish reason: the answer is complete', async () => {
    const cut = `HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ncontent-length: 9999\r\nconnection: close\r\n\r\n`;
    const parts = await hear([cut + hello + ended]);
    assert.equal(textOf(parts), 'Hello é🎉');
    assert.deepEqual(parts.at(-1), STOP);
  });

  test('as a stream, to a request for one body', async () => {
    const parts = await hear([stream(hello + ended + DONE)], 'whole');
    assert.equal(textOf(parts), 'Hello é🎉');
  });

  test('reasoning under either name comes before the text', async () => {
    for (const name of ['reasoning_content', 'reasoning']) {
      const parts = await hear([
        stream(delta({ [name]: 'hm' }) + delta({ [name]: null, content: 'Hi' }) + DONE),
      ]);
      assert.deepEqual(parts.slice(0, 2), [
        { kind: 'reasoning-delta', text: 'hm' },
        { kind: 'text-delta', text: 'Hi' },
      ]);
    }
  });

  test('which of the stop sequences ended the answer, under either name', async () => {
    const endings: readonly (readonly [object, string | undefined])[] = [
      [{ stop_reason: 'END' }, 'END'],
      [{ matched_stop: 'END' }, 'END'],
      [{ matched_stop: '<|im_end|>' }, undefined],
      [{ stop_reason: 128_001 }, undefined],
      [{ stop_reason: null }, undefined],
    ];
    for (const [more, stopSequence] of endings) {
      const last = event({ choices: [{ delta: {}, finish_reason: 'stop', ...more }] });
      const bytes = stream(hello + last + usageEvent(TEN_AND_TWO) + DONE);
      const parts = await hear([bytes], 'stream', { sampling: { stop: ['END'] } });
      const finish: Part = stopSequence === undefined ? STOP : { ...STOP, stopSequence };
      assert.deepEqual(parts.at(-1), finish);
    }
  });

  test('a refusal is one', async () => {
    const parts = await hear([
      stream(delta({ refusal: 'No.' }) + delta({}, 'content_filter') + DONE),
    ]);
    assert.deepEqual(parts[0], { kind: 'refusal-delta', text: 'No.' });
    assert.deepEqual(parts.at(-1), { kind: 'finish', reason: 'content-filter' });
  });
});
