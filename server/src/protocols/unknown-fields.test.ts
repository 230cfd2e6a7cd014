// Fields that a protocol does not know: found at any depth, by their own paths, in a bounded number; and what becomes of
// them is the operator's policy.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Sealer, SEALING_SECRET_BYTES } from '../domain/sealing/sealer.ts';
import { PROTOCOLS } from './registry.ts';

const [chat] = PROTOCOLS;
const named = (name: string) => PROTOCOLS.find((protocol) => protocol.name === name);
const responses = named('openai-responses');
const messages = named('anthropic-messages');

/** Nothing here is sealed. */
const KEY = { id: 'k', secret: Buffer.alloc(SEALING_SECRET_BYTES) };
const SEALER = new Sealer({ current: KEY, keys: new Map([['k', KEY]]) }, 'org_1');
const question = { role: 'user', content: 'hi' };

function unknownIn(protocol: typeof chat | undefined, body: object): readonly string[] {
  const decoded = protocol?.decode(body, {}, undefined, SEALER);
  assert.ok(decoded?.ok === true, JSON.stringify(decoded));
  return decoded.value.unknown ?? [];
}

describe('fields that nobody knows', () => {
  it('are found in Chat Completions, at any depth', () => {
    const tool = { type: 'function', function: { name: 'f', parameters: { mood: 1 }, warp: 1 } };
    const body = {
      model: 'm',
      temprature: 1,
      messages: [
        { ...question, mood: 'good' },
        { role: 'user', content: [{ type: 'text', text: 'x', tone: 'dry' }] },
      ],
      tools: [tool],
      tool_choice: { type: 'function', function: { name: 'f' }, why: 1 },
      response_format: { type: 'json_schema', json_schema: { name: 'n', schema: { a: 1 }, x: 1 } },
      stream_options: null,
      metadata: { anything: 'goes' },
    };
    assert.deepEqual(unknownIn(chat, body), [
      'temprature',
      'messages[0].mood',
      'messages[1].content[0].tone',
      'tools[0].function.warp',
      'tool_choice.why',
      'response_format.json_schema.x',
    ]);
  });

  it('are found in Responses, but not in items, which clients replay with what hangs on them', () => {
    const body = {
      model: 'm',
      input: [{ ...question, internal: 1 }],
      nonsense: 1,
      text: { format: { type: 'text' }, tone: 'dry' },
      reasoning: { effort: 'low', depth: 9 },
      tools: [{ type: 'function', name: 'f', parameters: {}, defer: true }],
    };
    assert.deepEqual(unknownIn(responses, body), [
      'nonsense',
      'text.tone',
      'reasoning.depth',
      'tools[0].defer',
    ]);
  });

  it('are found in Messages, but not in blocks', () => {
    const block = { type: 'text', text: 'x', cache_control: { type: 'ephemeral' }, odd: 1 };
    const body = {
      model: 'm',
      max_tokens: 5,
      nonsense: 1,
      messages: [{ role: 'user', content: [block] }],
    };
    assert.deepEqual(unknownIn(messages, body), ['nonsense']);
  });

  it('are told up to a bound', () => {
    const many = Object.fromEntries(Array.from({ length: 500 }, (_, at) => [`x${at}`, at]));
    assert.equal(unknownIn(chat, { model: 'm', messages: [question], ...many }).length, 32);
    const long = 'y'.repeat(10_000);
    const [told = ''] = unknownIn(chat, { model: 'm', messages: [question], [long]: 1 });
    assert.ok(told.length <= 200);
  });
});
