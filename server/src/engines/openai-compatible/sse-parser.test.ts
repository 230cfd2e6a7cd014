// The events are those of the standard, however the bytes are split and whichever line ends are used.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import * as fc from 'fast-check';

import { SseParser } from './sse-parser.ts';

type Event = { readonly type: string; readonly data: string };

function parse(chunks: readonly Buffer[], bytesMax = 1_000_000): Event[] {
  const events: Event[] = [];
  const parser = new SseParser({ onEvent: (data, type) => events.push({ type, data }) }, bytesMax);
  for (const chunk of chunks) parser.push(chunk);
  parser.end();
  return events;
}

function split(bytes: Buffer, cuts: readonly number[]): Buffer[] {
  const at = cuts.map((cut) => cut % (bytes.length + 1)).toSorted((a, b) => a - b);
  return [0, ...at].map((from, i) => bytes.subarray(from, at[i] ?? bytes.length));
}

const line = fc.string({ unit: 'binary' }).map((text) => text.replace(/[\r\n]/g, ''));
// Not mixed with a lone CR: before an LF it would be half of one line end.
const lineEnd = fc.constantFrom('\n', '\r\n');
const anEvent = fc.record({
  type: line,
  // An event without data is no event.
  data: fc.array(line, { minLength: 1, maxLength: 4 }),
  comment: fc.option(line),
});
const cuts = fc.array(fc.nat(), { maxLength: 40 });

describe('server-sent events', () => {
  test('any split of the bytes and mixed line ends give the same events', () => {
    fc.assert(
      fc.property(
        fc.array(anEvent, { maxLength: 6 }),
        fc.infiniteStream(lineEnd),
        cuts,
        (events, ends, where) => {
          const end = (): string => String(ends.next().value);
          let text = '';
          for (const { type, data, comment } of events) {
            if (comment !== null) text += `:${comment}${end()}id: 7${end()}`;
            if (type !== '') text += `event: ${type}${end()}`;
            for (const each of data) text += `data: ${each}${end()}`;
            text += end();
          }
          const expected = events.map(({ type, data }) => ({
            type: wellFormed(type),
            data: wellFormed(data.join('\n')),
          }));
          assert.deepEqual(parse(split(Buffer.from(text), where)), expected);
        },
      ),
      { numRuns: 500 },
    );
  });

  for (const ending of ['\n', '\r\n', '\r']) {
    test(`with ${JSON.stringify(ending)} throughout, for any split`, () => {
      fc.assert(
        fc.property(fc.array(anEvent, { maxLength: 6 }), cuts, (events, where) => {
          const lines = events.flatMap(({ type, data, comment }) => [
            ...(comment === null ? [] : [`:${comment}`, 'retry: 3']),
            ...(type === '' ? [] : [`event: ${type}`]),
            ...data.map((each) => `data: ${each}`),
            '',
          ]);
          const text = lines.map((each) => each + ending).join('');
          const expected = events.map(({ type, data }) => ({
            type: wellFormed(type),
            data: wellFormed(data.join('\n')),
          }));
          assert.deepEqual(parse(split(Buffer.from(text), where)), expected);
        }),
        { numRuns: 300 },
      );
    });
  }
});

describe('what is no event', () => {
  test('garbage never throws, and is the same for any split', () => {
    const piece = fc.constantFrom(
      'data',
      ':',
      ' ',
      'data: x',
      'event: e',
      '\n',
      '\r',
      '\n\n',
      '\ufeff',
      '\u00e9',
      'error: {}',
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 30 }), cuts, (pieces, where) => {
        const bytes = Buffer.from(pieces.join(''));
        assert.deepEqual(parse(split(bytes, where)), parse([bytes]));
      }),
      { numRuns: 1000 },
    );
  });

  test('a byte order mark, no space after the colon, and a missing last empty line', () => {
    assert.deepEqual(parse([Buffer.from('\ufeffdata:a\n\ndata:  b')]), [
      { type: '', data: 'a' },
      { type: '', data: ' b' },
    ]);
  });

  test("llama-server's old error line is an event of the type error", () => {
    assert.deepEqual(parse([Buffer.from('error: {"code":500}\n\n')]), [
      { type: 'error', data: '{"code":500}' },
    ]);
  });

  test('an event over the limit is refused, in one line or in many', () => {
    for (const text of ['data: aaaaaaaaaaaaaaaa', 'data: aa\n'.repeat(20)]) {
      const parser = new SseParser({ onEvent: () => undefined }, 16);
      assert.equal(
        text.split('').every((char) => parser.push(Buffer.from(char))),
        false,
      );
    }
  });
});

/** Lone surrogates don't survive UTF-8. */
function wellFormed(text: string): string {
  return text.toWellFormed();
}
