// What an upstream is asked, field by field: absent stays absent.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import type { Generation, Item } from '../../domain/generation/generation.ts';
import { testTicket } from '../../ports/engine.contract.ts';
import type { OpenAiCompatibleOptions } from './options.ts';
import { requestBody } from './request-body.ts';

function bodyOf(
  generation: Partial<Generation>,
  options: Partial<OpenAiCompatibleOptions> = {},
): unknown {
  const ticket = testTicket({
    prompt: 'Hi',
    delivery: generation.delivery ?? 'whole',
    outputTokensMax: 50,
    engineModel: 'm',
    generation,
  });
  return JSON.parse(
    requestBody(ticket, { name: 'upstream', baseUrl: 'http://localhost/v1', ...options }),
  );
}

const plain = {
  model: 'm',
  messages: [{ role: 'user', content: 'Hi' }],
  max_tokens: 50,
  stream: false,
};

describe('the request to an upstream', () => {
  test('says nothing that was not asked for', () => assert.deepEqual(bodyOf({}), plain));

  test('asks for a stream with its usage', () => {
    const stream = { ...plain, stream: true, stream_options: { include_usage: true } };
    assert.deepEqual(bodyOf({ delivery: 'stream' }), stream);
    assert.deepEqual(bodyOf({ delivery: 'stream' }, { runningUsage: 'continuous-usage-stats' }), {
      ...stream,
      stream_options: { include_usage: true, continuous_usage_stats: true },
    });
    assert.deepEqual(bodyOf({ delivery: 'stream' }, { runningUsage: 'timings-per-token' }), {
      ...stream,
      timings_per_token: true,
    });
  });

  test('limits the output to the smaller of what the client and the ticket allow, under either name', () => {
    assert.deepEqual(bodyOf({ outputTokensMax: 7 }), { ...plain, max_tokens: 7 });
    assert.deepEqual(bodyOf({ outputTokensMax: 70 }), plain);
    const { model, messages, stream } = plain;
    assert.deepEqual(bodyOf({}, { outputLimitField: 'max_completion_tokens' }), {
      model,
      messages,
      stream,
      max_completion_tokens: 50,
    });
  });
});

describe('what the client asked for', () => {
  test('carries sampling, effort and the output format', () => {
    const schema = { type: 'object' };
    const body = bodyOf({
      sampling: {
        temperature: 0,
        topP: 0.5,
        topK: 40,
        frequencyPenalty: 1,
        presencePenalty: -1,
        seed: 7,
        stop: ['\n'],
      },
      reasoningEffort: 'low',
      output: { kind: 'json-schema', name: 'thing', schema, strict: true },
    });
    assert.deepEqual(body, {
      ...plain,
      temperature: 0,
      top_p: 0.5,
      top_k: 40,
      frequency_penalty: 1,
      presence_penalty: -1,
      seed: 7,
      stop: ['\n'],
      reasoning_effort: 'low',
      response_format: {
        type: 'json_schema',
        json_schema: { name: 'thing', schema, strict: true },
      },
    });
    assert.deepEqual(bodyOf({ output: { kind: 'json-object' } }), {
      ...plain,
      response_format: { type: 'json_object' },
    });
  });

  test('carries tools and the choice among them', () => {
    const tools = [
      { name: 'look', description: 'Looks.', parameters: { type: 'object' }, strict: true },
    ];
    const wire = [
      {
        type: 'function',
        function: {
          name: 'look',
          description: 'Looks.',
          parameters: { type: 'object' },
          strict: true,
        },
      },
    ];
    assert.deepEqual(
      bodyOf({ tools, toolChoice: { kind: 'tool', name: 'look' }, parallelToolCalls: false }),
      {
        ...plain,
        tools: wire,
        tool_choice: { type: 'function', function: { name: 'look' } },
        parallel_tool_calls: false,
      },
    );
    assert.deepEqual(bodyOf({ tools, toolChoice: { kind: 'required' } }), {
      ...plain,
      tools: wire,
      tool_choice: 'required',
    });
  });
});

const ITEMS: Item[] = [
  { kind: 'message', role: 'developer', text: 'Be brief.' },
  { kind: 'message', role: 'user', text: 'Look twice.' },
  { kind: 'reasoning', text: 'I should look.' },
  { kind: 'message', role: 'assistant', text: 'Looking.' },
  { kind: 'tool-call', callId: 'a', name: 'look', arguments: '{"at":1}' },
  { kind: 'tool-call', callId: 'b', name: 'look', arguments: '{"at":2}' },
  { kind: 'tool-result', callId: 'a', text: 'one' },
  { kind: 'tool-result', callId: 'b', text: 'two' },
  { kind: 'tool-call', callId: 'c', name: 'look', arguments: '{}' },
  { kind: 'tool-result', callId: 'c', text: 'three' },
  { kind: 'message', role: 'assistant', text: 'One.' },
  { kind: 'message', role: 'assistant', text: 'Two.' },
];
const call = (id: string, args: string): object => ({
  id,
  type: 'function',
  function: { name: 'look', arguments: args },
});

describe('the conversation', () => {
  test('folds a turn of the assistant into one message', () => {
    assert.deepEqual(bodyOf({ items: ITEMS }), {
      ...plain,
      messages: [
        { role: 'system', content: 'Be brief.' },
        { role: 'user', content: 'Look twice.' },
        {
          role: 'assistant',
          content: 'Looking.',
          tool_calls: [call('a', '{"at":1}'), call('b', '{"at":2}')],
        },
        { role: 'tool', content: 'one', tool_call_id: 'a' },
        { role: 'tool', content: 'two', tool_call_id: 'b' },
        { role: 'assistant', content: '', tool_calls: [call('c', '{}')] },
        { role: 'tool', content: 'three', tool_call_id: 'c' },
        { role: 'assistant', content: 'One.' },
        { role: 'assistant', content: 'Two.' },
      ],
    });
  });

  test('sends the developer role and earlier reasoning where the server knows them', () => {
    assert.deepEqual(
      bodyOf({ items: ITEMS.slice(0, 4) }, { developerRole: true, reasoningField: 'reasoning' }),
      {
        ...plain,
        messages: [
          { role: 'developer', content: 'Be brief.' },
          { role: 'user', content: 'Look twice.' },
          { role: 'assistant', content: 'Looking.', reasoning: 'I should look.' },
        ],
      },
    );
  });
});
