// What an upstream is asked, field by field: absent stays absent.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { textContent } from '../../domain/generation/content.ts';
import type { Generation, Item } from '../../domain/generation/generation.ts';
import { readAll, testTicket } from '../../ports/engine.contract.ts';
import { messagesOf } from './messages.ts';
import { OpenAiCompatibleEngine } from './openai-compatible-engine.ts';
import type { OpenAiCompatibleOptions } from './options.ts';
import { requestBody } from './request-body.ts';

const UPSTREAM = { name: 'upstream', baseUrl: 'http://localhost/v1' } as const;

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
  return JSON.parse(requestBody(ticket, { ...UPSTREAM, ...options }));
}

const INPUT = {
  type: 'object',
  properties: { input: { type: 'string' } },
  required: ['input'],
  additionalProperties: false,
};
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

  test('a raw prompt, where the log probabilities are a number', () => {
    assert.deepEqual(bodyOf({ items: [], rawPrompts: ['Once'], logprobs: { top: 2 } }), {
      model: 'm',
      prompt: 'Once',
      max_tokens: 50,
      stream: false,
      logprobs: 2,
    });
  });

  test('log probabilities and biases', () => {
    const logitBias = [
      { token: 7, bias: -100 },
      { token: 8, bias: 2.5 },
    ];
    assert.deepEqual(bodyOf({ logprobs: { top: 3 }, sampling: { stop: [], logitBias } }), {
      ...plain,
      logprobs: true,
      top_logprobs: 3,
      logit_bias: { 7: -100, 8: 2.5 },
    });
  });

  test('custom tools, as functions with one string or as they are', () => {
    const wish: Partial<Generation> = {
      items: [{ kind: 'custom-tool-call', callId: 'c', name: 'exec', input: 'ls "a"' }],
      tools: [{ kind: 'custom', name: 'exec', format: { kind: 'text' } }],
      toolChoice: { kind: 'tool', name: 'exec' },
    };
    const described = { name: 'exec', parameters: INPUT, strict: true };
    const args = '{"input":"ls \\"a\\""}';
    const called = { id: 'c', type: 'function', function: { name: 'exec', arguments: args } };
    assert.deepEqual(bodyOf(wish), {
      ...plain,
      messages: [{ role: 'assistant', content: '', tool_calls: [called] }],
      tools: [{ type: 'function', function: described }],
      tool_choice: { type: 'function', function: { name: 'exec' } },
    });
    const custom = { type: 'custom', custom: { name: 'exec' } };
    const asIs = { id: 'c', type: 'custom', custom: { name: 'exec', input: 'ls "a"' } };
    assert.deepEqual(bodyOf(wish, { customTools: true }), {
      ...plain,
      messages: [{ role: 'assistant', content: '', tool_calls: [asIs] }],
      tools: [custom],
      tool_choice: custom,
    });
    const format = { kind: 'grammar', syntax: 'regex', definition: 'a+' } as const;
    const tools = [{ kind: 'custom', name: 'exec', format }] as const;
    const grammar = { type: 'grammar', grammar: { syntax: 'regex', definition: 'a+' } };
    assert.deepEqual(bodyOf({ tools }, { customTools: true }), {
      ...plain,
      tools: [{ type: 'custom', custom: { name: 'exec', format: grammar } }],
      tool_choice: 'auto',
    });
  });
});

const ITEMS: Item[] = [
  { kind: 'message', role: 'developer', content: textContent('Be brief.') },
  { kind: 'message', role: 'user', content: textContent('Look twice.') },
  { kind: 'reasoning', text: 'I should look.' },
  { kind: 'message', role: 'assistant', content: textContent('Looking.') },
  { kind: 'tool-call', callId: 'a', name: 'look', arguments: '{"at":1}' },
  { kind: 'tool-call', callId: 'b', name: 'look', arguments: '{"at":2}' },
  { kind: 'tool-result', callId: 'a', content: textContent('one') },
  { kind: 'tool-result', callId: 'b', content: textContent('two') },
  { kind: 'tool-call', callId: 'c', name: 'look', arguments: '{}' },
  { kind: 'tool-result', callId: 'c', content: textContent('three') },
  { kind: 'message', role: 'assistant', content: textContent('One.') },
  { kind: 'message', role: 'assistant', content: textContent('Two.') },
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

  test('sends images and documents in the form of Chat Completions, those of tools after the tools', () => {
    const inline = (mediaType: string) => ({ kind: 'inline', mediaType, base64: 'AAAA' }) as const;
    const photo = { kind: 'image', source: inline('image/png'), detail: 'low' } as const;
    const page = { kind: 'document', source: inline('application/pdf'), name: 'a.pdf' } as const;
    const notes = { kind: 'document', source: { kind: 'text', text: 'Hm.' }, name: 'n' } as const;
    const far = { kind: 'image', source: { kind: 'url', url: 'https://x.test/a.png' } } as const;
    const shown: Item[] = [
      { kind: 'message', role: 'user', content: [...textContent('See'), photo, notes, page] },
      { kind: 'tool-call', callId: 'a', name: 'look', arguments: '{}' },
      { kind: 'tool-call', callId: 'b', name: 'look', arguments: '{}' },
      { kind: 'tool-result', callId: 'a', content: [far], isError: true },
      { kind: 'tool-result', callId: 'b', content: textContent('two') },
      { kind: 'reasoning', text: '', sealed: { form: 'redacted', data: 'x' } },
      { kind: 'message', role: 'assistant', content: [{ kind: 'refusal', text: 'No.' }] },
    ];
    assert.deepEqual(messagesOf(shown, { ...UPSTREAM, reasoningField: 'reasoning' }), [
      {
        role: 'user',
        content: [
          { type: 'text', text: 'See' },
          { type: 'image_url', image_url: { url: 'data:image/png;base64,AAAA', detail: 'low' } },
          { type: 'text', text: '\n<document name="n">\nHm.\n</document>\n' },
          {
            type: 'file',
            file: { filename: 'a.pdf', file_data: 'data:application/pdf;base64,AAAA' },
          },
        ],
      },
      { role: 'assistant', content: '', tool_calls: [call('a', '{}'), call('b', '{}')] },
      { role: 'tool', content: 'Error:', tool_call_id: 'a' },
      { role: 'tool', content: 'two', tool_call_id: 'b' },
      {
        role: 'user',
        content: [
          { type: 'text', text: 'Returned by the tool call a:' },
          { type: 'image_url', image_url: { url: 'https://x.test/a.png' } },
        ],
      },
      { role: 'assistant', content: 'No.' },
    ]);
  });

  test('a document that has only an address is refused by its field', async () => {
    await using engine = new OpenAiCompatibleEngine({ name: 'far', baseUrl: 'http://127.0.0.1:9' });
    const source = { kind: 'url', url: 'https://x.test/a.pdf' } as const;
    const far = { kind: 'document', source, field: 'input[0].content[0].file_url' } as const;
    const items: Item[] = [{ kind: 'message', role: 'user', content: [far] }];
    const wish = { prompt: '', delivery: 'whole', outputTokensMax: 5, engineModel: 'm' } as const;
    const { parts } = await readAll(engine, testTicket({ ...wish, generation: { items } }));
    assert.deepEqual(
      parts.map((part) => part.kind === 'failure' && part.failure),
      [
        {
          kind: 'unsupported',
          feature: 'fetching a document from a URL; send the data itself',
          field: 'input[0].content[0].file_url',
        },
      ],
    );
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
