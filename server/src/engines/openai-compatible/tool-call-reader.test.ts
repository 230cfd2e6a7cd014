// Tool calls as servers send them, over a real socket: the calls that come out are the same.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import type { Generation } from '../../domain/generation/generation.ts';
import type { Part } from '../../domain/generation/part.ts';
import { delta, response, stream } from './raw-upstream.ts';
import { DONE, hear } from './replay.ts';

function callsOf(parts: readonly Part[]): { id: string; name: string; args: string }[] {
  const calls: { id: string; name: string; args: string }[] = [];
  for (const part of parts) {
    if (part.kind === 'tool-call-start') calls.push({ id: part.callId, name: part.name, args: '' });
    const open = part.kind === 'tool-call-delta' ? calls[part.index] : undefined;
    if (open && part.kind === 'tool-call-delta') open.args += part.arguments;
  }
  return calls;
}

/** One tool call as a chunk says it. */
function call(fields: object, args?: unknown, name?: string): object {
  const called = {
    ...(name !== undefined && { name }),
    ...(args !== undefined && { arguments: args }),
  };
  return { ...fields, function: called };
}

function chunks(...calls: object[]): string {
  return calls.map((each) => delta({ tool_calls: [each] })).join('');
}

const ENDED = delta({}, 'tool_calls') + DONE;
const TWO = [
  { id: 'a', name: 'one', args: '{"x":1}' },
  { id: 'b', name: 'two', args: '{}' },
];
const WAYS: [string, string][] = [
  [
    'in pieces, the id once',
    chunks(
      call({ index: 0, id: 'a' }, '', 'one'),
      call({ index: 0 }, '{"x"'),
      call({ index: 0 }, ':1}'),
      call({ index: 1, id: 'b' }, '', 'two'),
      call({ index: 1 }, '{}'),
    ),
  ],
  [
    'whole, one a chunk',
    chunks(call({ index: 0, id: 'a' }, '{"x":1}', 'one'), call({ index: 1, id: 'b' }, '{}', 'two')),
  ],
  [
    'whole, both in one chunk, without index',
    delta({
      tool_calls: [call({ id: 'a' }, '{"x":1}', 'one'), call({ id: 'b' }, '{}', 'two')],
    }),
  ],
  [
    'in pieces without index',
    chunks(
      call({ id: 'a' }, undefined, 'one'),
      call({}, '{"x":1}'),
      call({ id: 'b' }, undefined, 'two'),
      call({}, '{}'),
    ),
  ],
  [
    'always index 0',
    chunks(call({ index: 0, id: 'a' }, '{"x":1}', 'one'), call({ index: 0, id: 'b' }, '{}', 'two')),
  ],
  [
    'a fresh id in each piece',
    chunks(
      call({ index: 0, id: 'a' }, '', 'one'),
      call({ index: 0, id: 'zz' }, '{"x":1}'),
      call({ index: 1, id: 'b' }, '{}', 'two'),
    ),
  ],
  [
    'id and name in every piece',
    chunks(
      call({ index: 0, id: 'a' }, '{"x"', 'one'),
      call({ index: 0, id: 'a' }, ':1}', 'one'),
      call({ index: 1, id: 'b' }, '{}', 'two'),
    ),
  ],
  [
    'the name after the id',
    chunks(
      call({ index: 0, id: 'a' }),
      call({ index: 0 }, '{"x":1}'),
      call({ index: 0 }, '', 'one'),
      call({ index: 1, id: 'b' }, '{}', 'two'),
    ),
  ],
  [
    'arguments as an object',
    chunks(call({ index: 0, id: 'a' }, { x: 1 }, 'one'), call({ index: 1, id: 'b' }, {}, 'two')),
  ],
];

describe('tool calls', () => {
  for (const [name, body] of WAYS) {
    test(name, async () => {
      const parts = await hear([stream(body + ENDED)]);
      assert.deepEqual(callsOf(parts), TWO);
      assert.deepEqual(parts.at(-1), { kind: 'finish', reason: 'tool-calls' });
    });
  }

  const EXEC: Partial<Generation> = {
    tools: [{ kind: 'custom', name: 'exec', format: { kind: 'text' } }],
  };
  const EXECUTED = [
    { kind: 'tool-call-start', index: 0, callId: 'a', name: 'exec', tool: 'custom' },
    { kind: 'custom-input-delta', index: 0, input: 'ls "' },
    { kind: 'custom-input-delta', index: 0, input: 'x"' },
    { kind: 'tool-call-end', index: 0 },
  ];

  test('of a custom tool, made as calls of a function', async () => {
    const body = chunks(
      call({ index: 0, id: 'a' }, '{"input":"ls \\"', 'exec'),
      call({ index: 0 }, 'x\\""}'),
    );
    const parts = await hear([stream(body + ENDED)], 'stream', EXEC);
    assert.deepEqual(
      parts.filter(({ kind }) => /call|input/.test(kind)),
      EXECUTED,
    );
  });

  test('of a custom tool, made as such', async () => {
    const body = chunks(
      { index: 0, id: 'a', type: 'custom', custom: { name: 'exec', input: 'ls "' } },
      { index: 0, custom: { input: 'x"' } },
    );
    const parts = await hear([stream(body + ENDED)], 'stream', EXEC);
    assert.deepEqual(
      parts.filter(({ kind }) => /call|input/.test(kind)),
      EXECUTED,
    );
  });

  test('beyond the first are left out where one was asked for', async () => {
    const [, body = ''] = WAYS[0] ?? [];
    const parts = await hear([stream(body + ENDED)], 'stream', { parallelToolCalls: false });
    assert.deepEqual(callsOf(parts), TWO.slice(0, 1));
    assert.deepEqual(parts.at(-1), { kind: 'finish', reason: 'tool-calls' });
  });

  test('without an id, one is made', async () => {
    const [made] = callsOf(await hear([stream(chunks(call({ index: 0 }, '{}', 'one')) + ENDED)]));
    assert.match(made?.id ?? '', /^call_req_test_\d+_0$/);
  });

  test('with the finish reason stop, it is tool calls all the same', async () => {
    const body = {
      choices: [
        {
          message: { content: null, tool_calls: [call({ id: 'a' }, '{}', 'one')] },
          finish_reason: 'stop',
        },
      ],
    };
    const parts = await hear([response(200, JSON.stringify(body))], 'whole');
    assert.deepEqual(parts.at(-1), { kind: 'finish', reason: 'tool-calls' });
  });

  test('a call that never gets a name, or that goes on after the next began, is the engine being broken', async () => {
    for (const body of [
      chunks(call({ index: 0, id: 'a' }, '{}')),
      chunks(
        call({ index: 0, id: 'a' }, '', 'one'),
        call({ index: 1, id: 'b' }, '', 'two'),
        call({ index: 0 }, '{}'),
      ),
    ]) {
      const last = (await hear([stream(body + ENDED)])).at(-1);
      assert.equal(last?.kind === 'failure' && last.failure.kind, 'broken');
    }
  });
});
