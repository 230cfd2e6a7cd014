// Tools in all their forms, the choice among them, and calls of earlier turns, as a Generation.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { textContent } from '../../domain/generation/content.ts';
import type { Generation } from '../../domain/generation/generation.ts';
import { decodeChat } from './decode.ts';

const messages = [{ role: 'user', content: 'hi' }];
const look = { type: 'function', function: { name: 'look' } };
const exec = { type: 'custom', custom: { name: 'exec' } };
const patch = {
  type: 'custom',
  custom: {
    name: 'patch',
    description: 'Patches.',
    format: { type: 'grammar', grammar: { syntax: 'lark', definition: 'start: "a"' } },
  },
};
const tools = [look, exec, patch];

function generationOf(fields: object): Generation {
  const decoded = decodeChat({ model: 'm', messages, ...fields });
  assert.ok(decoded.ok, JSON.stringify(decoded));
  return decoded.value.generation;
}

function refusalOf(fields: object): unknown {
  const decoded = decodeChat({ model: 'm', messages, ...fields });
  assert.ok(!decoded.ok && decoded.error.kind === 'invalid-request');
  return [decoded.error.field, decoded.error.message];
}

describe('tools', () => {
  it('are functions and custom tools', () => {
    const parameters = { type: 'object', properties: {} };
    assert.deepEqual(generationOf({ tools }).tools, [
      { name: 'look', parameters, strict: false },
      { kind: 'custom', name: 'exec', format: { kind: 'text' } },
      {
        kind: 'custom',
        name: 'patch',
        description: 'Patches.',
        format: { kind: 'grammar', syntax: 'lark', definition: 'start: "a"' },
      },
    ]);
  });

  it('may be chosen by name, each by its own kind', () => {
    const chosen = (tool_choice: unknown): unknown =>
      generationOf({ tools, tool_choice }).toolChoice;
    assert.deepEqual(chosen(look), { kind: 'tool', name: 'look' });
    assert.deepEqual(chosen(exec), { kind: 'tool', name: 'exec' });
    assert.deepEqual(chosen('none'), { kind: 'none' });
    assert.deepEqual(
      refusalOf({ tools, tool_choice: { type: 'custom', custom: { name: 'look' } } }),
      ['tool_choice.custom.name', "There is no custom tool named 'look' in 'tools'."],
    );
  });

  it('may be narrowed to those that are allowed', () => {
    const choice = (mode: string, named: readonly object[]): object => ({
      tools,
      tool_choice: { type: 'allowed_tools', allowed_tools: { mode, tools: named } },
    });
    const { tools: left, toolChoice } = generationOf(choice('required', [exec, look]));
    assert.deepEqual(
      left.map(({ name }) => name),
      ['look', 'exec'],
    );
    assert.deepEqual(toolChoice, { kind: 'required' });
    assert.deepEqual(
      refusalOf(choice('auto', [look, { type: 'function', function: { name: 'fly' } }])),
      [
        'tool_choice.allowed_tools.tools[1].function.name',
        "There is no tool named 'fly' in 'tools'.",
      ],
    );
  });

  it('were called in earlier turns', () => {
    const call = { id: 'c1', type: 'custom', custom: { name: 'exec', input: 'ls' } };
    const { items } = generationOf({
      messages: [
        { role: 'assistant', content: null, tool_calls: [call] },
        { role: 'tool', tool_call_id: 'c1', content: 'a.txt' },
      ],
    });
    assert.deepEqual(items, [
      { kind: 'custom-tool-call', callId: 'c1', name: 'exec', input: 'ls' },
      { kind: 'tool-result', callId: 'c1', content: textContent('a.txt') },
    ]);
  });
});

describe("the older 'functions'", () => {
  const functions = [{ name: 'look', description: 'Looks.' }];

  it('are tools of which one may be called', () => {
    const generation = generationOf({ functions, function_call: { name: 'look' } });
    const parameters = { type: 'object', properties: {} };
    assert.deepEqual(generation.tools, [
      { name: 'look', description: 'Looks.', parameters, strict: false },
    ]);
    assert.deepEqual(generation.toolChoice, { kind: 'tool', name: 'look' });
    assert.equal(generation.parallelToolCalls, false);
    assert.deepEqual(generationOf({ functions, function_call: 'none' }).toolChoice, {
      kind: 'none',
    });
  });

  it('were called and answered without ids', () => {
    const call = {
      role: 'assistant',
      content: null,
      function_call: { name: 'look', arguments: '{}' },
    };
    const answer = (content: string): object => ({ role: 'function', name: 'look', content });
    const { items } = generationOf({
      functions,
      messages: [call, answer('one'), call, answer('two')],
    });
    assert.deepEqual(items, [
      { kind: 'tool-call', callId: 'call_message_0', name: 'look', arguments: '{}' },
      { kind: 'tool-result', callId: 'call_message_0', content: textContent('one') },
      { kind: 'tool-call', callId: 'call_message_2', name: 'look', arguments: '{}' },
      { kind: 'tool-result', callId: 'call_message_2', content: textContent('two') },
    ]);
    assert.deepEqual(refusalOf({ functions, messages: [answer('one')] }), [
      'messages[0].name',
      "'messages[0].name' answers no function call of an assistant message before it.",
    ]);
  });

  it('are refused beside tools, and a choice among none of them', () => {
    const both = refusalOf({ functions, tools });
    assert.deepEqual(both, ['functions', "Send 'tools' or 'functions', not both."]);
    assert.deepEqual(refusalOf({ function_call: 'auto' }), [
      'function_call',
      "'function_call' needs 'functions'.",
    ]);
    assert.deepEqual(refusalOf({ functions, function_call: { name: 'fly' } }), [
      'function_call.name',
      "There is no function named 'fly' in 'functions'.",
    ]);
  });
});
