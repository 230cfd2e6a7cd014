// The judge must be able to say no: a judge that accepts everything makes a fine table.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { read } from './ask-raw.ts';
import { judge } from './judge.ts';

const call = { name: 'get_weather', arguments: { city: 'Oslo' } };

test('an exact answer is one of those expected, and calls no tool', () => {
  const wanted = { kind: 'exact', any: ['Hello!', 'Hi!'] } as const;
  assert.equal(judge(wanted, { text: ' Hi!\n', calls: [] }).right, true);
  assert.equal(judge(wanted, { text: 'Hi', calls: [] }).right, false);
  assert.equal(judge(wanted, { text: 'Hi!', calls: [call] }).right, false);
});

test('a call is right with the right name and all arguments; the name alone is told apart', () => {
  const wanted = { kind: 'calls', calls: [call] } as const;
  assert.deepEqual(judge(wanted, { text: '', calls: [call] }), { right: true, name: true });
  const otherCity = { name: 'get_weather', arguments: { city: 'Bern' } };
  assert.deepEqual(judge(wanted, { text: '', calls: [otherCity] }), { right: false, name: true });
  assert.deepEqual(judge(wanted, { text: '', calls: [] }), { right: false, name: false });
  assert.deepEqual(judge({ kind: 'calls', calls: [] }, { text: 'Hi', calls: [call] }), {
    right: false,
  });
});

test('JSON is compared as a value; what does not parse is wrong', () => {
  const wanted = { kind: 'json', value: { a: 1, b: [true] } } as const;
  assert.equal(judge(wanted, { text: '{"b": [true], "a": 1}', calls: [] }).right, true);
  assert.equal(judge(wanted, { text: '{"a": 1, "b": [true]', calls: [] }).right, false);
  assert.equal(judge(wanted, { text: '{"a": "1", "b": [true]}', calls: [] }).right, false);
});

test('a list has the count that was asked for, each item once and known', () => {
  const wanted = { kind: 'items', allowed: ['dog', 'cat', 'owl'], count: 2 } as const;
  for (const text of ['1. Dog\n2. Owl', '- Dog\n- Cat', 'Dog, cat.'])
    assert.equal(judge(wanted, { text, calls: [] }).right, true, text);
  for (const text of ['Dog', 'Dog, dog.', 'Dog, cat, owl.', 'Dog, moon.'])
    assert.equal(judge(wanted, { text, calls: [] }).right, false, text);
});

test('thoughts are dropped, tool calls are read, a broken call counts as a wrong one', () => {
  const written =
    '<think>\nEasy.\n</think>\n<tool_call>\n{"name": "get_weather", "arguments": {"city": "Oslo"}}\n</tool_call>';
  assert.deepEqual(read(written), { text: '', calls: [call] });
  assert.deepEqual(read('<tool_call>\n{"name": \n</tool_call>').calls, [
    { name: '', arguments: undefined },
  ]);
  assert.deepEqual(read('<think>\nHm.\n</think>\nYes.'), { text: 'Yes.', calls: [] });
});
