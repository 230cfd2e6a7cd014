// Custom tools carried as functions: however the model's JSON is split, the input that comes out is the text it stood for.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import fc from 'fast-check';

import { textContent } from './content.ts';
import { CustomCallReader, functionsOnly, InputReader } from './custom-tools.ts';
import type { Generation } from './generation.ts';
import type { Part } from './part.ts';

function read(pieces: readonly string[]): string {
  const reader = new InputReader();
  return pieces.map((piece) => reader.push(piece)).join('') + reader.end();
}

function split(text: string, cuts: readonly number[]): string[] {
  const ends = [...cuts.map((cut) => cut % (text.length + 1)), text.length].toSorted(
    (a, b) => a - b,
  );
  return ends.map((end, i) => text.slice(ends[i - 1] ?? 0, end));
}

/** As other writers of JSON do: every character as an escape. */
function allEscaped(text: string): string {
  const units = Array.from({ length: text.length }, (_, i) => text.charCodeAt(i));
  return units.map((unit) => `\\u${unit.toString(16).padStart(4, '0')}`).join('');
}

describe('the input of a custom tool, read from the JSON of a function', () => {
  const texts = fc.string({ unit: 'grapheme', maxLength: 40 });
  const cuts = fc.array(fc.nat(400), { maxLength: 8 });

  test('is the text itself, however it is split and escaped', () => {
    fc.assert(
      fc.property(texts, cuts, fc.boolean(), (input, at, escaped) => {
        const string = escaped ? `"${allEscaped(input)}"` : JSON.stringify(input);
        assert.equal(read(split(`\n {"input" : ${string}}`, at)), input);
      }),
    );
  });

  test('is told while it is written, and never half a character', () => {
    const reader = new InputReader();
    assert.equal(reader.push('{"input": "ls'), 'ls');
    assert.equal(reader.push(' -l\\'), ' -l');
    assert.equal(reader.push('n\\ud83d'), '\n');
    assert.equal(reader.push('\\ude00"'), '😀');
    assert.equal(reader.push('}'), '');
    assert.equal(reader.end(), '');
  });

  test('is told at the end where the arguments have another shape', () => {
    assert.equal(read(['{"why": 1, "in', 'put": "ls"}']), 'ls');
    assert.equal(read(['"ls"']), 'ls');
    assert.equal(read(['*** Begin', ' Patch']), '*** Begin Patch');
    assert.equal(read(['{"command": "ls"}']), '{"command": "ls"}');
    assert.equal(read([]), '');
  });

  test('stops where a call is cut', () => {
    assert.equal(read(['{"input": "ls \\']), 'ls ');
    assert.equal(read(['{"input": "ls \\u00']), 'ls ');
  });
});

describe('a generation with custom tools', () => {
  const generation: Generation = {
    items: [
      { kind: 'message', role: 'user', content: textContent('Go.') },
      { kind: 'custom-tool-call', callId: 'c1', name: 'exec', input: 'echo "hi"' },
      { kind: 'tool-result', callId: 'c1', content: textContent('hi') },
    ],
    tools: [
      { kind: 'custom', name: 'exec', description: 'Runs.', format: { kind: 'text' } },
      { name: 'look', parameters: { type: 'object' }, strict: false },
    ],
    toolChoice: { kind: 'auto' },
    parallelToolCalls: true,
    sampling: { stop: [] },
    output: { kind: 'text' },
    delivery: 'stream',
  };

  test('is told as functions alone', () => {
    const { items, tools } = functionsOnly(generation);
    assert.deepEqual(items[1], {
      kind: 'tool-call',
      callId: 'c1',
      name: 'exec',
      arguments: '{"input":"echo \\"hi\\""}',
    });
    const input = { type: 'object', properties: { input: { type: 'string' } } };
    const parameters = { ...input, required: ['input'], additionalProperties: false };
    assert.deepEqual(tools, [
      { name: 'exec', description: 'Runs.', parameters, strict: true },
      generation.tools[1],
    ]);
  });

  test('gets its calls back as calls of the custom tool, and others as they are', () => {
    const reader = new CustomCallReader(new Set(['exec']));
    const call = (index: number, name: string): Part[] => [
      { kind: 'tool-call-start', index, callId: `c${index}`, name },
      { kind: 'tool-call-delta', index, arguments: '{"input":' },
      { kind: 'tool-call-delta', index, arguments: '"ls"}' },
      { kind: 'tool-call-end', index },
    ];
    const look = call(1, 'look');
    assert.deepEqual(
      [...reader.read(call(0, 'exec')), ...reader.read(look)],
      [
        { kind: 'tool-call-start', index: 0, callId: 'c0', name: 'exec', tool: 'custom' },
        { kind: 'custom-input-delta', index: 0, input: 'ls' },
        { kind: 'tool-call-end', index: 0 },
        ...look,
      ],
    );
  });
});
