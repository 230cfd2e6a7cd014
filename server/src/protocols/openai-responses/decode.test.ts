// What a Responses request becomes, and how each wrong one is refused.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { textContent } from '../../domain/generation/content.ts';
import fc from 'fast-check';
import { NO_USAGE } from '../../domain/generation/usage.ts';
import { decodeResponses } from './decode.ts';
import { flatName } from './tool-names.ts';

const minimal = { model: 'm', input: 'hi' };
const f = { type: 'function', name: 'f', parameters: { type: 'object' }, strict: false };
const called = { type: 'function_call', call_id: 'c1', name: 'f', arguments: '{}' };
const answered = { type: 'function_call_output', call_id: 'c1', output: 'done' };

function decoded(body: object) {
  const result = decodeResponses({ ...minimal, ...body });
  assert.ok(result.ok, JSON.stringify(result));
  return result.value;
}

const generationOf = (body: object) => decoded(body).generation;

function refusalOf(body: unknown) {
  const result = decodeResponses(body);
  assert.ok(!result.ok, 'expected a refusal');
  return result.error;
}

describe('a Responses request', () => {
  it('is a generation with the defaults of OpenAI', () => {
    assert.deepEqual(generationOf({}), {
      items: [{ kind: 'message', role: 'user', content: textContent('hi') }],
      tools: [],
      toolChoice: { kind: 'auto' },
      parallelToolCalls: true,
      sampling: { stop: [] },
      output: { kind: 'text' },
      delivery: 'whole',
    });
  });

  it('keeps the order, ids and phases of its items', () => {
    const input = [
      { role: 'user', content: 'a' },
      {
        type: 'message',
        role: 'developer',
        content: [
          { type: 'input_text', text: 'b' },
          { type: 'input_text', text: 'c' },
        ],
      },
      {
        type: 'reasoning',
        id: 'rs_1',
        summary: [],
        content: [{ type: 'reasoning_text', text: 'hm' }],
      },
      {
        type: 'message',
        id: 'msg_1',
        role: 'assistant',
        status: 'completed',
        phase: 'commentary',
        content: [{ type: 'output_text', text: 'd', annotations: [], logprobs: [] }],
        internal_chat_message_metadata_passthrough: {},
      },
      { role: 'assistant', content: [{ type: 'refusal', refusal: 'no' }] },
      { ...called, id: 'fc_1', status: 'completed' },
      { type: 'custom_tool_call', call_id: 'c2', name: 'patch', input: 'raw "text"' },
      { ...answered, output: [{ type: 'input_text', text: 'done' }] },
      { type: 'custom_tool_call_output', call_id: 'c2', output: 'ok' },
    ];
    assert.deepEqual(generationOf({ input, instructions: 'be brief' }).items, [
      { kind: 'message', role: 'system', content: textContent('be brief') },
      { kind: 'message', role: 'user', content: textContent('a') },
      { kind: 'message', role: 'developer', content: [...textContent('b'), ...textContent('c')] },
      { kind: 'reasoning', id: 'rs_1', text: 'hm' },
      {
        kind: 'message',
        id: 'msg_1',
        role: 'assistant',
        content: textContent('d'),
        phase: 'commentary',
      },
      { kind: 'message', role: 'assistant', content: [{ kind: 'refusal', text: 'no' }] },
      { kind: 'tool-call', id: 'fc_1', callId: 'c1', name: 'f', arguments: '{}' },
      { kind: 'custom-tool-call', callId: 'c2', name: 'patch', input: 'raw "text"' },
      { kind: 'tool-result', callId: 'c1', content: textContent('done') },
      { kind: 'tool-result', callId: 'c2', content: textContent('ok') },
    ]);
  });

  it('goes on without reasoning that somebody else sealed, and says so', () => {
    const sealed = { type: 'reasoning', id: 'rs_1', summary: [], encrypted_content: 'x' };
    const summed = { type: 'reasoning', summary: [{ type: 'summary_text', text: 'so' }] };
    const { generation, ignored } = decoded({
      input: [sealed, summed, { role: 'user', content: 'a' }],
    });
    assert.deepEqual(generation.items.slice(0, 2), [
      { kind: 'reasoning', id: 'rs_1', text: '', sealed: { form: 'encrypted', data: 'x' } },
      { kind: 'reasoning', text: '', summary: ['so'] },
    ]);
    assert.deepEqual(ignored, ['input[0].encrypted_content (invalid_encrypted_content)']);
  });

  it('carries sampling, effort, format and limits', () => {
    const schema = { type: 'object', properties: {} };
    const { generation, ignored } = decoded({
      stream: true,
      stream_options: { include_obfuscation: false },
      max_output_tokens: 16,
      temperature: 0.5,
      top_p: 0.9,
      frequency_penalty: 1,
      presence_penalty: -1,
      reasoning: { effort: 'low', context: 'all_turns' },
      text: { format: { type: 'json_schema', name: 's', schema, strict: true } },
      parallel_tool_calls: false,
    });
    assert.deepEqual(generation, {
      items: [{ kind: 'message', role: 'user', content: textContent('hi') }],
      tools: [],
      toolChoice: { kind: 'auto' },
      parallelToolCalls: false,
      sampling: {
        temperature: 0.5,
        topP: 0.9,
        frequencyPenalty: 1,
        presencePenalty: -1,
        stop: [],
      },
      reasoningEffort: 'low',
      output: { kind: 'json-schema', name: 's', schema, strict: true },
      outputTokensMax: 16,
      delivery: 'stream',
    });
    assert.deepEqual(ignored, []);
  });

  it('may say what clients say without meaning much by it', () => {
    const { ignored } = decoded({
      text: {},
      include: ['reasoning.encrypted_content'],
      store: false,
      background: false,
      previous_response_id: null,
      conversation: null,
      client_metadata: { a: 1 },
      prompt_cache_key: 'k',
      service_tier: 'flex',
      user: 'u',
      metadata: Object.fromEntries(
        Array.from({ length: 16 }, (_, i) => [`k${i}`, 'v'.repeat(512)]),
      ),
      max_tool_calls: 3,
      tools: null,
      tool_choice: null,
    });
    assert.deepEqual(ignored, []);
  });

  it('names what has no effect', () => {
    const { ignored } = decoded({
      reasoning: { effort: 'max' },
      tools: [{ type: 'web_search', external_web_access: false }, f, { type: 'mcp', name: 'x' }],
    });
    assert.deepEqual(ignored, ['reasoning.effort', 'tools[0] (web_search)', 'tools[2] (mcp)']);
  });
});

describe('the tools of a request', () => {
  const tool = { name: 'f', parameters: { type: 'object' }, strict: false };

  it('come flat, from namespaces and from the conversation too', () => {
    const { generation, ignored } = decoded({
      tools: [
        f,
        {
          type: 'namespace',
          name: 'mcp__files__',
          description: 'files',
          tools: [
            { ...f, name: 'read', description: 'reads' },
            { type: 'shell', name: 'x' },
          ],
        },
      ],
      input: [
        { type: 'additional_tools', role: 'developer', tools: [{ ...f, name: 'g' }, f] },
        { role: 'user', content: 'hi' },
        { ...called, namespace: 'mcp__files__', name: 'read' },
        answered,
      ],
    });
    assert.deepEqual(generation.tools, [
      tool,
      { ...tool, name: 'mcp__files__read', description: 'reads' },
      { ...tool, name: 'g' },
    ]);
    assert.deepEqual(generation.items[1], {
      kind: 'tool-call',
      callId: 'c1',
      name: 'mcp__files__read',
      arguments: '{}',
    });
    assert.deepEqual(ignored, ['tools[1].tools[1] (shell)']);
  });

  it('in a namespace have one name for both', () => {
    assert.equal(flatName('ns', 'f'), 'ns__f');
    assert.equal(flatName('ns__', 'f'), 'ns__f');
  });

  it('may be chosen in every form', () => {
    const choose = (choice: unknown, tools: object[] = [f, { ...f, name: 'g' }]) => {
      const { toolChoice, tools: left } = generationOf({ tools, tool_choice: choice });
      return [toolChoice, left.map(({ name }) => name)];
    };
    const both = ['f', 'g'];
    const only = (name: string) => ({ type: 'function', name });
    assert.deepEqual(choose('auto'), [{ kind: 'auto' }, both]);
    assert.deepEqual(choose('none'), [{ kind: 'none' }, both]);
    assert.deepEqual(choose('required'), [{ kind: 'required' }, both]);
    assert.deepEqual(choose(only('g')), [{ kind: 'tool', name: 'g' }, both]);
    const allowed = (mode: string, ...tools: object[]) => ({ type: 'allowed_tools', mode, tools });
    assert.deepEqual(choose(allowed('auto', only('g'))), [{ kind: 'auto' }, ['g']]);
    assert.deepEqual(choose(allowed('required', only('f'))), [{ kind: 'required' }, ['f']]);
    assert.deepEqual(choose(allowed('auto', { type: 'web_search' })), [{ kind: 'none' }, []]);
    const spaced = [{ type: 'namespace', name: 'n', tools: [f] }];
    const chosen = { ...only('f'), namespace: 'n' };
    assert.deepEqual(choose(chosen, spaced), [{ kind: 'tool', name: 'n__f' }, ['n__f']]);
  });
});

describe('a Responses request is refused', () => {
  const input = (...items: unknown[]) => ({ model: 'm', input: items });
  const user = (content: unknown) => input({ role: 'user', content });
  const tools = (...list: unknown[]) => ({ ...minimal, tools: list });
  const choice = (tool_choice: unknown) => ({ ...tools(f), tool_choice });
  const wrong: readonly (readonly [string, unknown, string | undefined, RegExp?])[] = [
    ['no object', [], undefined],
    ['no model', { input: 'hi' }, 'model', /Missing required/],
    ['no input', { model: 'm' }, 'input', /Missing required/],
    ['an empty input', input(), 'input', /at least one item/],
    ['an input that is a number', { model: 'm', input: 1 }, 'input'],
    ['an item that is none', input('hi'), 'input[0]'],
    ['an item without type and role', input({ content: 'hi' }), 'input[0].type', /Missing/],
    ['an unknown item', input({ type: 'web_search_call' }), 'input[0].type', /"web_search_call"/],
    ['a type that no text can show', input({ type: nested(20_000) }), 'input[0].type', /no text/],
    ['a role of nobody', input({ role: 'tool', content: 'x' }), 'input[0].role'],
    ['a message without content', input({ role: 'user' }), 'input[0].content'],
    ['a broken image', user([{ type: 'input_image', image_url: 'data:' }]), 'input[0].content[0].image_url'],
    ['an unknown part', user([{ type: 'text', text: 'x' }]), 'input[0].content[0].type'],
    ['no image as result', input(called, { ...answered, output: [{ type: 'input_image' }] }), 'input[1].output[0].image_url'],
    ['a call without an answer', input(called), 'input[0].call_id', /No tool output found .* c1/],
    ['an answer without a call', input(answered), 'input[0].call_id', /No tool call found .* c1/],
    ['an answer before its call', input(answered, called), 'input[0].call_id'],
    ['15 tokens', { ...minimal, max_output_tokens: 15 }, 'max_output_tokens', />=16/],
    ['a hot temperature', { ...minimal, temperature: 3 }, 'temperature'],
    ['17 pairs of metadata', { ...minimal, metadata: Object.fromEntries(Array.from({ length: 17 }, (_, i) => [i, ''])) }, 'metadata', /at most 16/],
    ['a long metadata key', { ...minimal, metadata: { ['k'.repeat(65)]: '' } }, `metadata.${'k'.repeat(65)}`],
    ['a long metadata value', { ...minimal, metadata: { k: 'v'.repeat(513) } }, 'metadata.k'],
    ['a background response that nobody keeps', { ...minimal, background: true, store: false }, 'background'],
    ['a previous response and a conversation', { ...minimal, previous_response_id: 'resp_1', conversation: 'conv_1' }, 'conversation'],
    ['metadata that is no text', { ...minimal, metadata: { k: 'a\u0000' } }, 'metadata', /without NUL/],
    ['a conversation that is none', { ...minimal, conversation: 1 }, 'conversation'],
    ['a stored prompt', { ...minimal, prompt: { id: 'p' } }, 'prompt'],
    ['stream options without a stream', { ...minimal, stream_options: {} }, 'stream_options'],
    ['a schema that is none', { ...minimal, text: { format: { type: 'json_schema', name: 's' } } }, 'text.format.schema'],
    ['an unknown tier', { ...minimal, service_tier: 'warp' }, 'service_tier'],
    ['a tool without type', tools({ name: 'f' }), 'tools[0].type', /Missing/],
    ['a tool with an endless name', tools(f, { ...f, name: 'a'.repeat(300) }), 'tools[1].name'],
    ['a tool with a deep schema', tools({ ...f, parameters: nested(20_000) }), 'tools[0].parameters'],
    ['a wrong tool in a namespace', tools({ type: 'namespace', name: 'n', tools: [{ ...f, name: '' }] }), 'tools[0].tools[0].name'],
    ['a wrong tool in the conversation', input({ type: 'additional_tools', tools: [{}] }), 'input[0].tools[0].type'],
    ['two tools of one name', tools({ ...f, name: 'n__f' }, { type: 'namespace', name: 'n', tools: [f] }), 'tools[1].tools[0].name', /another tool/],
    ['a choice without tools', { ...minimal, tool_choice: 'required' }, 'tool_choice'],
    ['a choice of hosted tools alone', { ...tools({ type: 'web_search' }), tool_choice: 'required' }, 'tool_choice', /served here/],
    ['a choice of another tool', choice({ type: 'function', name: 'g' }), 'tool_choice.name', /no tool named 'g'/],
    ['a choice without a name', choice({ type: 'function' }), 'tool_choice.name', /Missing/],
    ['a choice of a hosted tool', choice({ type: 'web_search_preview' }), 'tool_choice'],
    ['a choice of nothing', choice('maybe'), 'tool_choice'],
    ['an allowance of another tool', choice({ type: 'allowed_tools', mode: 'auto', tools: [{ type: 'function', name: 'g' }] }), 'tool_choice.tools[0].name'],
    ['an allowance of nothing', choice({ type: 'allowed_tools', mode: 'required', tools: [{ type: 'mcp' }] }), 'tool_choice.tools'],
  ]; // prettier-ignore
  for (const [what, body, field, message] of wrong) {
    it(`with ${what}, naming ${field?.slice(0, 40) ?? 'the body'}`, () => {
      const refusal = refusalOf(body);
      assert.equal('field' in refusal ? refusal.field : undefined, field);
      if (message === undefined) return;
      assert.match(refusal.kind === 'invalid-request' ? refusal.message : '', message);
    });
  }
});

describe('a Responses request that goes on from another', () => {
  const next = { ...minimal, previous_response_id: 'resp_1' };
  const earlier = { items: [called], named: new Map() };

  it('has the items of that one before its own', () => {
    const output = { type: 'function_call_output', call_id: 'c1', output: 'done' };
    const result = decodeResponses({ ...next, input: [output] }, earlier);
    assert.ok(result.ok);
    const kinds = result.value.generation.items.map(({ kind }) => kind);
    assert.deepEqual(kinds, ['tool-call', 'tool-result']);
  });

  it('is refused where that one is not known, and names no path that was not sent', () => {
    assert.deepEqual(refusalOf(next), { kind: 'previous-response-not-found', id: 'resp_1' });
    const result = decodeResponses(next, earlier);
    assert.ok(!result.ok && result.error.kind === 'invalid-request');
    assert.equal(result.error.field, 'input');
  });
});

describe('whatever JSON a request is', () => {
  const anyItem = fc.record(
    {
      type: fc.constantFrom<unknown>(
        'message', 'function_call', 'function_call_output', 'custom_tool_call', 'reasoning',
        'custom_tool_call_output', 'additional_tools', 'item_reference', null, 1,
      ), // prettier-ignore
      role: fc.constantFrom<unknown>('user', 'assistant', 'x'),
      content: fc.jsonValue({ maxDepth: 3 }),
      call_id: fc.constantFrom<unknown>('a', 'b', ''),
      name: fc.jsonValue({ maxDepth: 1 }),
      output: fc.jsonValue({ maxDepth: 3 }),
      tools: fc.array(fc.jsonValue({ maxDepth: 3 }), { maxLength: 2 }),
    },
    { requiredKeys: [] },
  );

  const decode = (body: unknown): void => {
    const result = decodeResponses(body);
    if (!result.ok) return;
    const { generation, encoder } = result.value;
    const { delivery } = generation;
    encoder({ requestId: 'req_0', model: 'm', createdAtSeconds: 0, delivery }).finish({
      reason: 'stop',
      usage: NO_USAGE,
      atSeconds: 1,
    });
  };

  it('never throws', () => {
    fc.assert(
      fc.property(
        fc.jsonValue({ maxDepth: 5 }),
        fc.string(),
        fc.array(anyItem),
        (value, key, items) => {
          decode(value);
          decode({ ...minimal, [key]: value });
          decode({ ...minimal, input: value });
          decode({ ...minimal, input: [value] });
          decode({ ...minimal, input: items });
          decode({ ...minimal, tools: [value], text: value });
          decode({ ...minimal, tools: [f], tool_choice: value });
          decode({ ...minimal, reasoning: value, metadata: value });
        },
      ),
      { numRuns: 500 },
    );
  });

  it('may ask for log probabilities by either of two fields', () => {
    const asked = (fields: object): unknown => {
      const found = decodeResponses({ ...minimal, ...fields });
      return found.ok ? found.value.generation.logprobs : found.error;
    };
    assert.deepEqual(asked({ top_logprobs: 3 }), { top: 3 });
    assert.deepEqual(asked({ include: ['message.output_text.logprobs'] }), { top: 0 });
    assert.equal(asked({ top_logprobs: 0, include: [] }), undefined);
  });
});

function nested(depth: number): object {
  let schema: object = { type: 'string' };
  for (let i = 0; i < depth; i++) schema = { type: 'object', properties: { a: schema } };
  return schema;
}
