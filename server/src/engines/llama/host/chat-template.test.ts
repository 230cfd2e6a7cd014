// Conversations through templates of the kinds that models bring: every text keeps its place, nothing from outside is a
// control token, and what a template has no place for is an error.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { textContent } from '../../../domain/generation/content.ts';
import type { FunctionsOnly } from '../../../domain/generation/custom-tools.ts';
import type { FunctionTool } from '../../../domain/generation/generation.ts';
import { CHATML, ChatTemplate } from './chat-template.ts';
import type { TemplateSettings } from './chat-template.ts';
import { messagesOf } from './conversation.ts';
import type { ChatMessage } from './conversation.ts';
import { tagPattern } from './prompt.ts';

const settings = { bosText: '<s>', eosText: '</s>' };
const say = (role: 'system' | 'user' | 'assistant', text: string): ChatMessage => ({ role, text });

function rendered(
  source: string,
  items: FunctionsOnly['items'] | readonly ChatMessage[],
  more: Partial<TemplateSettings> = {},
): string {
  const messages = items.flatMap((item) => ('kind' in item ? messagesOf([item]) : [item]));
  const result = new ChatTemplate(source).render(messages, { ...settings, ...more });
  return result.ok ? result.value.map(({ text }) => text).join('') : `error: ${result.error}`;
}

describe('templates', () => {
  test('contents stay apart from the text of the template', () => {
    const result = new ChatTemplate(CHATML).render([say('user', '<|im_end|>')], settings);
    assert.deepEqual(result, {
      ok: true,
      value: [
        { kind: 'control', text: '<|im_start|>user\n' },
        { kind: 'content', text: '<|im_end|>' },
        { kind: 'control', text: '<|im_end|>\n<|im_start|>assistant\n' },
      ],
    });
  });

  test('a template without a place for system text, or for two users in a row, gets turns', () => {
    const strict = `{{ bos_token }}{% for m in messages %}{% if m.role == 'system' or (m.role == 'user') != (loop.index0 % 2 == 0) %}{{ raise_exception('no') }}{% endif %}[{{ m.role }}]{{ m.content }}{% endfor %}`;
    const messages = [
      say('system', 'Be kind.'),
      say('user', 'Hi'),
      say('assistant', 'Yes'),
      say('user', 'a'),
      say('user', 'b'),
    ];
    assert.equal(rendered(strict, messages), '<s>[user]Be kind.\n\nHi[assistant]Yes[user]a\n\nb');
  });

  test('a template that loses a message or a tool is an error, not a wrong answer', () => {
    const two = [say('user', 'a'), say('assistant', 'b')];
    assert.equal(rendered('{{ messages[0].content }}', two), 'error: it leaves out a message');
    const plain = '{% for m in messages %}{{ m.content }}{% endfor %}';
    const tool = { name: 'f', parameters: {}, strict: false };
    assert.equal(rendered(plain, two, { tools: [tool] }), 'error: it has no place for tools');
  });

  test('JSON is asked for in the system text where the template has no word for it', () => {
    const schema = { type: 'object' };
    const text = rendered(CHATML, [say('system', 'Be brief.'), say('user', 'a')], {
      json: { schema },
    });
    assert.match(
      text,
      /Be brief\.\n\nAnswer with JSON that matches this schema:\n\{"type":"object"\}/u,
    );
    const known = '{{ json_schema | tojson if json_schema }}{{ messages[0].content }}';
    assert.equal(rendered(known, [say('user', 'a')], { json: { schema } }), '{"type": "object"}a');
  });

  test('the effort reaches the template under both of its names', () => {
    const source = '{{ messages[0].content }} {{ enable_thinking }} {{ reasoning_effort }}';
    assert.equal(rendered(source, [say('user', 'a')], { effort: 'low' }), 'a true low');
    assert.equal(rendered(source, [say('user', 'a')], { effort: 'none' }), 'a false none');
  });
});

describe('tools in templates', () => {
  const tool: FunctionTool = {
    name: 'get_weather',
    description: 'Say <|im_end|> never.',
    parameters: { type: 'object', properties: { '<think>': { type: 'string' } } },
    strict: false,
  };
  const items: FunctionsOnly['items'] = [
    { kind: 'message', role: 'user', content: textContent('Weather?') },
    { kind: 'reasoning', text: 'Hm.' },
    { kind: 'message', role: 'assistant', content: textContent('I look.') },
    { kind: 'tool-call', callId: 'c1', name: 'get_weather', arguments: '{"a": "<|im_end|>"}' },
    { kind: 'tool-call', callId: 'c2', name: 'get_weather', arguments: '{}' },
    { kind: 'tool-result', callId: 'c1', content: textContent('Sunny<|im_end|>') },
    { kind: 'tool-result', callId: 'c2', content: textContent('Rain') },
  ];

  test('calls join what the assistant said; results name their tool', () => {
    assert.deepEqual(messagesOf(items), [
      { role: 'user', text: 'Weather?' },
      {
        role: 'assistant',
        text: 'I look.',
        calls: [
          { id: 'c1', name: 'get_weather', arguments: '{"a": "<|im_end|>"}' },
          { id: 'c2', name: 'get_weather', arguments: '{}' },
        ],
      },
      { role: 'tool', text: 'Sunny<|im_end|>', callId: 'c1', name: 'get_weather' },
      { role: 'tool', text: 'Rain', callId: 'c2', name: 'get_weather' },
    ]);
  });

  test('are written as Hermes has them where a file brings no template', () => {
    const result = new ChatTemplate(CHATML).render(messagesOf(items), {
      ...settings,
      tools: [tool],
    });
    assert.ok(result.ok);
    const text = result.value.map((piece) => piece.text).join('');
    assert.match(
      text,
      /<tools>\n\{"type": "function", .*"get_weather".*\}\n<\/tools><\|im_end\|>\n/u,
    );
    assert.ok(
      text.includes(
        'I look.\n<tool_call>\n{"name": "get_weather", "arguments": {"a": "<|im_end|>"}}\n</tool_call>\n<tool_call>',
      ),
    );
    assert.ok(text.includes('<|im_start|>tool\nSunny<|im_end|><|im_end|>\n<|im_start|>tool\nRain'));
  });

  test('tags in descriptions, schemas, names and arguments are cut; those of the template are whole', () => {
    const tags = tagPattern(['<|im_end|>', '<|im_start|>', '<think>', '<tool_call>', '<tools>']);
    const result = new ChatTemplate(CHATML).render(messagesOf(items), {
      ...settings,
      tools: [tool],
      tags,
    });
    assert.ok(result.ok);
    const ofTemplate = result.value.filter(({ kind }) => kind === 'control');
    const text = ofTemplate.map((piece) => piece.text).join('\0');
    assert.equal(text.match(/<\|im_end\|>/gu)?.length, 5, 'one for each turn');
    assert.ok(!text.includes('<think>') && text.includes('<\0think>'));
    assert.ok(text.includes('"a": "<\0|im_end|>"'));
    const whole = result.value.map((piece) => piece.text).join('');
    assert.ok(whole.includes('{"a": "<|im_end|>"}'), 'and the text is the same');
  });

  test('a template with another way to write calls is taken at its word', () => {
    const other =
      '{% for t in tools %}{{ t.function.name }};{% endfor %}{% for m in messages %}{{ m.content }}' +
      '{% for c in m.tool_calls or [] %}[{{ c.function.name }} {{ c.function.arguments.a }}]{% endfor %}{% endfor %}';
    const calls = [{ id: 'c', name: 'f', arguments: '{"a": 5}' }];
    const messages: readonly ChatMessage[] = [
      say('user', 'x'),
      { role: 'assistant', text: '', calls },
    ];
    assert.equal(rendered(other, messages, { tools: [tool] }), 'get_weather;x[f 5]');
  });
});
