// What a Chat Completions request becomes, and how each wrong one is refused.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { textContent } from '../../domain/generation/content.ts';
import fc from 'fast-check';
import { NO_USAGE } from '../../domain/generation/usage.ts';
import { decodeChat } from './decode.ts';

const minimal = { model: 'm', messages: [{ role: 'user', content: 'hi' }] };

function refusalOf(body: unknown) {
  const decoded = decodeChat(body);
  assert.ok(!decoded.ok, 'expected a refusal');
  return decoded.error;
}

function fieldOf(body: unknown): string | undefined {
  const refusal = refusalOf(body);
  return 'field' in refusal ? refusal.field : undefined;
}

describe('a Chat Completions request', () => {
  it('becomes a Generation', () => {
    const decoded = decodeChat({
      ...minimal,
      messages: [
        { role: 'system', content: 'be brief' },
        {
          role: 'user',
          content: [
            { type: 'text', text: 'a' },
            { type: 'text', text: 'b' },
          ],
        },
        {
          role: 'assistant',
          content: null,
          tool_calls: [{ id: 'c1', type: 'function', function: { name: 'f', arguments: '{}' } }],
        },
        { role: 'tool', tool_call_id: 'c1', content: 'done' },
      ],
      stream: true,
      stream_options: { include_usage: true },
      max_completion_tokens: 7,
      temperature: 0.5,
      stop: 'END',
      seed: 3,
    });
    assert.ok(decoded.ok);
    const encoder = decoded.value.encoder({
      requestId: 'req_0',
      model: 'm',
      createdAtSeconds: 0,
      delivery: 'stream',
    });
    const last = encoder.finish({ reason: 'stop', usage: NO_USAGE, atSeconds: 1 });
    assert.ok(last.includes('"prompt_tokens":0'), 'with usage');
    assert.deepEqual(decoded.value.generation, {
      items: [
        { kind: 'message', role: 'system', content: textContent('be brief') },
        { kind: 'message', role: 'user', content: [...textContent('a'), ...textContent('b')] },
        { kind: 'tool-call', callId: 'c1', name: 'f', arguments: '{}' },
        { kind: 'tool-result', callId: 'c1', content: textContent('done') },
      ],
      tools: [],
      toolChoice: { kind: 'auto' },
      parallelToolCalls: true,
      sampling: { temperature: 0.5, seed: 3, stop: ['END'] },
      output: { kind: 'text' },
      outputTokensMax: 7,
      delivery: 'stream',
    });
  });

  it('may ask for several choices, log probabilities and biases', () => {
    const decoded = decodeChat({
      ...minimal,
      n: 2,
      logprobs: true,
      top_logprobs: 4,
      logit_bias: { 7: -100 },
      reasoning_effort: 'xhigh',
    });
    assert.ok(decoded.ok);
    const { choices, logprobs, sampling, reasoningEffort } = decoded.value.generation;
    assert.deepEqual([choices, logprobs, reasoningEffort], [2, { top: 4 }, 'high']);
    assert.deepEqual(sampling.logitBias, [{ token: 7, bias: -100 }]);
    assert.deepEqual(decoded.value.ignored, ['reasoning_effort']);
  });

  it('has what it asks for in vain named', () => {
    const ignoredIn = (fields: object): unknown => {
      const decoded = decodeChat({ ...minimal, ...fields });
      return decoded.ok ? decoded.value.ignored : decoded.error;
    };
    assert.deepEqual(
      ignoredIn({
        prediction: { type: 'content', content: 'hi' },
        web_search_options: {},
        verbosity: 'low',
        service_tier: 'scale',
      }),
      ['prediction', 'web_search_options', 'verbosity', 'service_tier'],
    );
    const silent = { verbosity: 'medium', service_tier: 'auto', modalities: ['text'], user: 'u' };
    const cache = { prompt_cache_key: 'k', prompt_cache_retention: '24h', safety_identifier: 's' };
    assert.deepEqual(ignoredIn({ ...silent, ...cache, metadata: { a: 'b' } }), []);
  });

  it('takes an empty list of stop sequences as none', () => {
    const decoded = decodeChat({ ...minimal, stop: [] });
    assert.ok(decoded.ok);
    assert.deepEqual(decoded.value.generation.sampling.stop, []);
  });

  it('may leave every optional field null, as SDKs send them', () => {
    const nulls = { stream: null, temperature: null, stop: null, tools: null, max_tokens: null };
    assert.ok(decodeChat({ ...minimal, ...nulls, n: 1, logprobs: false, store: false }).ok);
  });

  const wrong: readonly (readonly [string, unknown, string | undefined])[] = [
    ['nothing at all', undefined, undefined],
    ['a list', [], undefined],
    ['no model', { messages: minimal.messages }, 'model'],
    ['a model that is no string', { ...minimal, model: 7 }, 'model'],
    ['no messages', { model: 'm' }, 'messages'],
    ['empty messages', { model: 'm', messages: [] }, 'messages'],
    [
      'an unknown role',
      { model: 'm', messages: [{ role: 'boss', content: '' }] },
      'messages[0].role',
    ],
    [
      'content of a wrong type',
      { model: 'm', messages: [{ role: 'user', content: 7 }] },
      'messages[0].content',
    ],
    [
      'a content part of an unknown type',
      { model: 'm', messages: [{ role: 'user', content: [{ type: 'smell' }] }] },
      'messages[0].content[0].type',
    ],
    [
      'audio',
      { model: 'm', messages: [{ role: 'user', content: [{ type: 'input_audio' }] }] },
      'messages[0].content[0]',
    ],
    ['a temperature above 2', { ...minimal, temperature: 2.1 }, 'temperature'],
    ['a number too large to be exact', { ...minimal, max_tokens: 1e300 }, 'max_tokens'],
    ['no tokens', { ...minimal, max_completion_tokens: 0 }, 'max_completion_tokens'],
    ['half a token', { ...minimal, max_completion_tokens: 1.5 }, 'max_completion_tokens'],
    ['both token limits', { ...minimal, max_tokens: 1, max_completion_tokens: 1 }, 'max_tokens'],
    ['nine choices', { ...minimal, n: 9 }, 'n'],
    ['top_logprobs without logprobs', { ...minimal, top_logprobs: 2 }, 'top_logprobs'],
    ['21 alternatives', { ...minimal, logprobs: true, top_logprobs: 21 }, 'top_logprobs'],
    ['a bias of what is no token', { ...minimal, logit_bias: { hi: 1 } }, 'logit_bias.hi'],
    ['a bias above 100', { ...minimal, logit_bias: { 5: 101 } }, 'logit_bias.5'],
    ['audio wanted', { ...minimal, modalities: ['text', 'audio'] }, 'modalities'],
    ['a voice', { ...minimal, audio: { voice: 'alloy', format: 'wav' } }, 'audio'],
    ['stream options without a stream', { ...minimal, stream_options: {} }, 'stream_options'],
    ['five stop sequences', { ...minimal, stop: ['1', '2', '3', '4', '5'] }, 'stop'],
    ['a tool choice without tools', { ...minimal, tool_choice: 'required' }, 'tool_choice'],
    [
      'an answer to no call',
      { model: 'm', messages: [{ role: 'tool', tool_call_id: 'x', content: '' }] },
      'messages[0].tool_call_id',
    ],
    [
      'a call without an answer',
      {
        model: 'm',
        messages: [
          {
            role: 'assistant',
            tool_calls: [{ id: 'c', type: 'function', function: { name: 'f', arguments: '' } }],
          },
          { role: 'user', content: 'well?' },
        ],
      },
      'messages[1]',
    ],
    [
      'a schema deeper than any parser should go',
      {
        ...minimal,
        tools: [{ type: 'function', function: { name: 'f', parameters: nested(20_000) } }],
      },
      'tools[0].function.parameters',
    ],
  ];
  for (const [what, body, field] of wrong) {
    it(`is refused with ${what}, naming ${field ?? 'the body'}`, () => {
      assert.equal(fieldOf(body), field);
    });
  }

  it('never throws, whatever JSON it is', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 5 }), fc.string(), (value, key) => {
        decodeChat(value);
        decodeChat({ ...minimal, [key]: value });
        decodeChat({ ...minimal, messages: value });
        decodeChat({ ...minimal, messages: [value] });
        decodeChat({ ...minimal, messages: [{ role: 'user', content: value }] });
        decodeChat({ ...minimal, tools: [value], response_format: value });
      }),
      { numRuns: 500 },
    );
  });
});

function nested(depth: number): object {
  let schema: object = { type: 'string' };
  for (let i = 0; i < depth; i++) schema = { type: 'object', properties: { a: schema } };
  return schema;
}
