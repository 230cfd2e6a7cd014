// Proves that the engine contract can fail: each planted mistake is found, and a sound sequence passes.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import type { Part } from '../domain/generation/part.ts';
import { NO_USAGE } from '../domain/generation/usage.ts';
import type { Usage } from '../domain/generation/usage.ts';
import { violations } from './engine.contract.ts';

const text: Part = { kind: 'text-delta', text: 'Hello' };
const finish: Part = { kind: 'finish', reason: 'stop' };
const failure: Part = { kind: 'failure', failure: { kind: 'aborted' } };
const start: Part = { kind: 'tool-call-start', index: 0, callId: 'call_1', name: 'look' };
const args: Part = { kind: 'tool-call-delta', index: 0, arguments: '{}' };
const end: Part = { kind: 'tool-call-end', index: 0 };

function usage(counts: Partial<Usage>): Part {
  return { kind: 'usage', usage: { ...NO_USAGE, ...counts }, source: 'engine' };
}

describe('a sound sequence has no violations', () => {
  const sound: [string, Part[][]][] = [
    ['an answer in one piece', [[text, usage({ input: 3, output: 1 }), finish]]],
    ['an answer in pieces', [[text], [usage({ output: 1 })], [text, usage({ output: 2 }), finish]]],
    ['a tool call', [[start, args, end, usage({ output: 9 }), finish]]],
    ['a call cut short by a failure', [[start, args, usage({ output: 4 }), failure]]],
    ['a failure at once', [[failure]]],
  ];
  for (const [name, yields] of sound) {
    test(name, () => assert.deepEqual(violations(yields, 10), []));
  }
});

describe('each planted mistake is found', () => {
  const counted = usage({ output: 1 });
  const planted: [string, Part[][], RegExp][] = [
    ['nothing at all', [], /no part at all/],
    ['an empty yield', [[text, counted], [], [finish]], /yield is empty/],
    ['no ending', [[text, counted]], /0 finish or failure/],
    ['two endings', [[text, counted, finish, failure]], /2 finish or failure/],
    ['content after the ending', [[counted, finish], [text]], /last part is text-delta/],
    ['usage after the ending', [[text, finish, counted]], /last part is usage/],
    ['a finish without usage', [[finish]], /finish without any usage/],
    ['content without usage before a failure', [[text, failure]], /content without any usage/],
    ['shrinking usage', [[usage({ output: 5 }), counted, finish]], /smaller/],
    [
      'usage that moves between buckets',
      [[usage({ input: 5 }), usage({ cacheRead: 5 }), finish]],
      /smaller/,
    ],
    ['negative usage', [[usage({ output: -1 }), finish]], /not billable/],
    ['fractional usage', [[usage({ output: 1.5 }), finish]], /not billable/],
    ['usage that is no number', [[usage({ output: Number.NaN }), finish]], /not billable/],
    [
      'too many output tokens',
      [[usage({ output: 8, reasoning: 3 }), finish]],
      /where 10 were allowed/,
    ],
    [
      'an empty delta',
      [[{ kind: 'text-delta', text: '' }, counted, finish]],
      /text-delta is empty/,
    ],
    ['arguments before their call', [[args, counted, finish]], /outside its call/],
    ['arguments after the end', [[start, end, args, counted, finish]], /outside its call/],
    ['a call that stays open', [[start, counted, finish]], /open at the finish/],
    ['a call that starts twice', [[start, start, end, counted, finish]], /starts while 0 is open/],
    ['a call out of order', [[{ ...start, index: 1 }, counted, finish]], /where 0 is next/],
    [
      'arguments for a custom tool',
      [[{ ...start, tool: 'custom' }, args, end, counted, finish]],
      /custom tool gets arguments/,
    ],
    [
      'an input for a function',
      [[start, { kind: 'custom-input-delta', index: 0, input: 'x' }, end, counted, finish]],
      /function gets an input/,
    ],
    ['a call without a name', [[{ ...start, name: '' }, end, counted, finish]], /no id or no name/],
  ];
  for (const [name, yields, expected] of planted) {
    test(name, () => assert.match(violations(yields, 10).join('\n'), expected));
  }
});
