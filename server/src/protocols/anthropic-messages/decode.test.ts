// What a Messages request becomes, and how each wrong one is refused.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { textContent } from '../../domain/generation/content.ts';
import fc from 'fast-check';
import { NO_USAGE } from '../../domain/generation/usage.ts';
import { decodeCount, decodeMessages } from './decode.ts';

const OLD = { 'anthropic-version': '2023-06-01' };
const NEW = { 'anthropic-version': '2026-10-21' };
const minimal = { model: 'm', max_tokens: 64, messages: [{ role: 'user', content: 'hi' }] };
const tools = [
  { name: 'weather', description: 'Tells it.', input_schema: { type: 'object' }, strict: true },
  { type: 'custom', name: 'time', input_schema: {}, defer_loading: true, cache_control: null },
];

function decoded(more: object, headers: object = NEW) {
  const result = decodeMessages({ ...minimal, ...more }, { ...headers });
  assert.ok(result.ok, JSON.stringify(result));
  return result.value;
}

/** What of the thinking the answer shows. */
function thinkingShown(request: ReturnType<typeof decoded>): string {
  const encoder = request.encoder({
    requestId: 'req_0',
    model: 'm',
    createdAtSeconds: 0,
    delivery: 'whole',
  });
  encoder.parts([{ kind: 'reasoning-delta', text: 'hm' }]);
  const answer = encoder.finish({ reason: 'stop', usage: NO_USAGE, atSeconds: 1 });
  if (!answer.includes('"type":"thinking"')) return 'hidden';
  return answer.includes('"hm"') ? 'text' : 'omitted';
}

function refusalOf(more: object, headers: object = NEW) {
  const result = decodeMessages({ ...minimal, ...more }, { ...headers });
  assert.ok(!result.ok, 'expected a refusal');
  return result.error;
}

function fieldOf(more: object, headers: object = NEW): string | undefined {
  const refusal = refusalOf(more, headers);
  return 'field' in refusal ? refusal.field : undefined;
}

describe('a Messages request', () => {
  it('becomes a Generation', () => {
    const request = decoded(
      {
        system: [
          { type: 'text', text: 'be brief', cache_control: { type: 'ephemeral' } },
          { type: 'text', text: 'be kind' },
        ],
        stream: true,
        stop_sequences: ['END'],
        temperature: 0.5,
        top_p: 0.9,
        top_k: 5,
        tools,
        metadata: { user_id: '{"a":1}' },
      },
      OLD,
    );
    assert.equal(request.model, 'm');
    assert.equal(thinkingShown(request), 'hidden');
    assert.deepEqual(request.generation, {
      items: [
        { kind: 'message', role: 'system', content: textContent('be brief\n\nbe kind') },
        { kind: 'message', role: 'user', content: textContent('hi') },
      ],
      tools: [
        { name: 'weather', description: 'Tells it.', parameters: { type: 'object' }, strict: true },
        { name: 'time', parameters: {}, strict: false },
      ],
      toolChoice: { kind: 'auto' },
      parallelToolCalls: true,
      sampling: { temperature: 0.5, topP: 0.9, topK: 5, stop: ['END'] },
      output: { kind: 'text' },
      outputTokensMax: 64,
      delivery: 'stream',
    });
  });

  it('carries every choice among tools', () => {
    const choices: readonly (readonly [object, object, boolean])[] = [
      [{ type: 'auto' }, { kind: 'auto' }, true],
      [{ type: 'any', disable_parallel_tool_use: true }, { kind: 'required' }, false],
      [{ type: 'tool', name: 'time' }, { kind: 'tool', name: 'time' }, true],
      [{ type: 'none' }, { kind: 'none' }, true],
    ];
    for (const [tool_choice, toolChoice, parallel] of choices) {
      const { generation } = decoded({ tools, tool_choice });
      assert.deepEqual(generation.toolChoice, toolChoice);
      assert.equal(generation.parallelToolCalls, parallel);
    }
  });

  it('turns thinking and effort into the effort of the model, and knows what to show', () => {
    const cases: readonly (readonly [object, string | undefined, string])[] = [
      [{}, undefined, 'hidden'],
      [{ thinking: { type: 'disabled' }, output_config: { effort: 'max' } }, 'none', 'hidden'],
      [{ thinking: { type: 'adaptive', display: 'omitted' } }, undefined, 'omitted'],
      [{ thinking: { type: 'between_tools' } }, undefined, 'text'],
      [{ thinking: { type: 'enabled', budget_tokens: 2_048 } }, 'low', 'text'],
      [{ thinking: { type: 'enabled', budget_tokens: 10_000 } }, 'medium', 'text'],
      [{ thinking: { type: 'enabled', budget_tokens: 32_000, display: null } }, 'high', 'text'],
      [{ output_config: { effort: 'xhigh' } }, 'high', 'hidden'],
      [{ thinking: { type: 'adaptive' }, output_config: { effort: 'low' } }, 'low', 'text'],
    ];
    for (const [more, effort, shown] of cases) {
      const request = decoded(more);
      assert.equal(request.generation.reasoningEffort, effort, JSON.stringify(more));
      assert.equal(thinkingShown(request), shown, JSON.stringify(more));
    }
  });

  it('carries a format of the output under its new and its old name', () => {
    const format = { type: 'json_schema', schema: { type: 'object' } };
    const output = {
      kind: 'json-schema',
      name: 'output',
      schema: { type: 'object' },
      strict: true,
    };
    assert.deepEqual(decoded({ output_config: { format } }).generation.output, output);
    assert.deepEqual(decoded({ output_format: format }).generation.output, output);
  });

  it('accepts what agents send and what changes nothing', () => {
    decoded(
      {
        cache_control: { type: 'ephemeral', ttl: '1h' },
        context_management: { edits: [{ type: 'clear_thinking_20251015', keep: 'all' }] },
        mcp_servers: [],
        container: null,
        service_tier: 'auto',
        inference_geo: 'eu',
        speed: 'standard',
        tools: null,
        stream: null,
      },
      { 'anthropic-beta': 'claude-code-20250219,no-such-beta-2030-01-01' },
    );
  });

  it('names what was asked for and is not done', () => {
    const body = {
      ...minimal,
      context_management: { edits: [{ type: 'clear_tool_uses_20250919' }] },
      fallbacks: [],
      inference_geo: 'eu',
    };
    const result = decodeMessages(body, {});
    assert.ok(result.ok);
    assert.deepEqual(result.value.ignored, ['context_management', 'inference_geo']);
  });

  it('leaves out the header that Claude Code writes for Anthropic alone', () => {
    const header = { type: 'text', text: 'x-anthropic-billing-header: cch=1;' };
    const rules = { type: 'text', text: 'Be brief.' };
    const items = decoded({ system: [header, rules] }).generation.items;
    assert.deepEqual(items, decoded({ system: [rules] }).generation.items);
  });

  it('counts the same body without max_tokens', () => {
    const { max_tokens: _, ...question } = { ...minimal, tools };
    const counted = decodeCount(question, NEW);
    assert.ok(counted.ok);
    const { generation } = decoded({ tools });
    assert.deepEqual(counted.value.generation.items, generation.items);
    assert.deepEqual(counted.value.generation.tools, generation.tools);
  });
});

describe('a wrong Messages request', () => {
  it('is refused by the field that is wrong', () => {
    const cases: readonly (readonly [object, string])[] = [
      [{ max_tokens: undefined }, 'max_tokens'],
      [{ max_tokens: 0 }, 'max_tokens'],
      [{ messages: [] }, 'messages'],
      [{ messages: [{ role: 'developer', content: 'x' }] }, 'messages[0].role'],
      [{ messages: [{ role: 'user', content: 5 }] }, 'messages[0].content'],
      [
        { messages: [{ role: 'user', content: [{ type: 'text' }] }] },
        'messages[0].content[0].text',
      ],
      [{ stop_sequences: ['  '] }, 'stop_sequences[0]'],
      [{ thinking: { type: 'enabled', budget_tokens: 10 } }, 'thinking.budget_tokens'],
      [{ tool_choice: { type: 'any' } }, 'tool_choice'],
      [{ tools, tool_choice: { type: 'tool', name: 'none' } }, 'tool_choice.name'],
      [{ tools: [{ name: '', input_schema: {} }] }, 'tools[0].name'],
      [{ tools: [{ name: 'a' }] }, 'tools[0].input_schema'],
    ];
    for (const [more, field] of cases) assert.equal(fieldOf(more), field, JSON.stringify(more));
  });

  it('at 2026-10-21 has no sampling, not even the default, and no citations of the user', () => {
    for (const field of ['temperature', 'top_p', 'top_k']) {
      assert.equal(fieldOf({ [field]: 1 }), field);
      decoded({ [field]: 1 }, OLD);
      decoded({ [field]: 1 }, {});
    }
    const cited = [{ type: 'text', text: 'x', citations: [{}] }];
    const messages = [{ role: 'user', content: cited }];
    assert.equal(fieldOf({ messages }), 'messages[0].content[0].citations');
    decoded({ messages }, OLD);
  });

  it('of another version is refused', () => {
    assert.equal(fieldOf({}, { 'anthropic-version': '2022-01-01' }), 'anthropic-version');
  });

  it('asks for what is not served: refused by name', () => {
    const image = { type: 'image', source: { type: 'file', file_id: 'file_1' } };
    const use = {
      role: 'assistant',
      content: [{ type: 'tool_use', id: 't1', name: 'f', input: {} }],
    };
    const result = { type: 'tool_result', tool_use_id: 't1', content: [image] };
    const cases: readonly (readonly [object, string, RegExp])[] = [
      [
        { messages: [{ role: 'user', content: [image] }] },
        'messages[0].content[0].source',
        /uploaded/,
      ],
      [
        { messages: [minimal.messages[0], use, { role: 'user', content: [result] }] },
        'messages[2].content[0].content[0].source',
        /uploaded/,
      ],
      [{ mcp_servers: [{ url: 'http://x' }] }, 'mcp_servers', /MCP/],
      [{ container: 'c' }, 'container', /container/],
      [{ speed: 'fast' }, 'speed', /fast/],
    ];
    for (const [more, field, feature] of cases) {
      const refusal = refusalOf(more);
      assert.equal(refusal.kind, 'unsupported-feature', JSON.stringify(refusal));
      assert.equal(fieldOf(more), field);
      assert.match('feature' in refusal ? refusal.feature : '', feature);
    }
  });

  it('never throws, whatever JSON it is', () => {
    const anyBlock = fc.oneof(
      fc.jsonValue({ maxDepth: 3 }),
      fc.record(
        {
          type: fc.constantFrom('text', 'thinking', 'tool_use', 'tool_result', 'image', 'x'),
          text: fc.jsonValue({ maxDepth: 1 }),
          id: fc.constantFrom('a', 'b', 1),
          tool_use_id: fc.constantFrom('a', 'b'),
          name: fc.string(),
          input: fc.jsonValue({ maxDepth: 3 }),
          content: fc.jsonValue({ maxDepth: 3 }),
        },
        { requiredKeys: ['type'] },
      ),
    );
    const anyMessage = fc.record({
      role: fc.constantFrom('user', 'assistant', 'system', 'tool'),
      content: fc.oneof(fc.string(), fc.array(anyBlock, { maxLength: 4 })),
    });
    const anyField = fc.constantFrom(
      'model', 'max_tokens', 'system', 'tools', 'tool_choice', 'thinking', 'output_config',
      'stop_sequences', 'stream', 'temperature', 'metadata', 'container', 'speed', 'x',
    ); // prettier-ignore
    fc.assert(
      fc.property(
        fc.oneof(fc.array(anyMessage, { maxLength: 5 }), fc.jsonValue()),
        fc.dictionary(anyField, fc.jsonValue({ maxDepth: 4 }), { maxKeys: 3 }),
        fc.constantFrom<object>(OLD, NEW, {}, { 'anthropic-version': ['a', 'b'] }),
        (messages, more, headers) => {
          for (const body of [{ ...minimal, messages, ...more }, more, messages]) {
            for (const decode of [decodeMessages, decodeCount]) {
              const result = decode(body, { ...headers });
              if (!result.ok) assert.match(result.error.kind, /^(invalid-request|unsupported-)/);
            }
          }
        },
      ),
      { numRuns: 500 },
    );
  });

  it('nested without end is refused, not a crash', () => {
    const deep: unknown = JSON.parse(`${'{"a":'.repeat(50_000)}1${'}'.repeat(50_000)}`);
    const use = { type: 'tool_use', id: 'a', name: 'f', input: deep };
    const messages = [{ role: 'assistant', content: [use] }];
    assert.equal(fieldOf({ messages }), 'messages[0].content[0].input');
    assert.equal(fieldOf({ tools: [{ name: 'f', input_schema: deep }] }), 'tools[0].input_schema');
  });
});
