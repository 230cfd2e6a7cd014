// Cache breakpoints: which are taken, and how each wrong one is refused, by its path.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { decodeCount, decodeMessages } from './decode.ts';

const short = { type: 'ephemeral' };
const long = { type: 'ephemeral', ttl: '1h' };
const tool = (mark: unknown) => ({ name: 'f', input_schema: {}, cache_control: mark });
const text = (mark: unknown, words = 'x') => ({ type: 'text', text: words, cache_control: mark });
const user = (...content: readonly object[]) => ({ role: 'user', content });

function ask(more: object) {
  const body = { model: 'm', max_tokens: 64, messages: [user(text(null))], ...more };
  const counted = decodeCount(body, {});
  const asked = decodeMessages(body, {});
  assert.equal(counted.ok, asked.ok, 'a count says what a request would');
  return asked;
}

describe('cache breakpoints', () => {
  it('are taken: four of them, the longer first, at any block', () => {
    const use = { type: 'tool_use', id: 't', name: 'f', input: {}, cache_control: null };
    const inner = {
      type: 'tool_result',
      tool_use_id: 't',
      content: [text({ ...short, ttl: '5m' })],
    };
    const messages = [user(text(null)), { role: 'assistant', content: [use] }, user(inner)];
    const asked = ask({
      tools: [tool(long)],
      system: [text(long)],
      messages,
      cache_control: short,
    });
    assert.ok(asked.ok, JSON.stringify(asked));
    assert.ok(ask({ system: [text({ ...short, ttl: null, scope: 'global' })] }).ok);
    assert.ok(ask({ messages: [user(text(short))], cache_control: long }).ok);
  });

  const thinking = { type: 'thinking', thinking: 'hm', signature: 's', cache_control: short };
  const five = [1, 2, 3, 4, 5].map(() => text(short));
  const cases: readonly (readonly [string, object, string, RegExp])[] = [
    ['a kind', { system: [text({ type: 'forever' })] }, 'system[0].cache_control.type', /ephemeral/],
    ['no kind', { cache_control: {} }, 'cache_control.type', /ephemeral/],
    ['no object', { tools: [tool('yes')] }, 'tools[0].cache_control', /an object/],
    ['a time', { messages: [user(text({ ...short, ttl: '2h' }))] }, 'messages[0].content[0].cache_control.ttl', /1h/],
    ['a fifth', { messages: [user(...five)] }, 'messages[0].content[4].cache_control', /at most 4/],
    ['a fifth of the request', { messages: [user(...five.slice(1))], cache_control: short }, 'cache_control', /at most 4/],
    ['the order', { tools: [tool(short)], system: [text(long)] }, 'system[0].cache_control.ttl', /must not come after/],
    ['an empty text', { messages: [user(text(null), text(short, ''))] }, 'messages[0].content[1].cache_control', /empty/],
    ['thinking', { messages: [user(text(null)), { role: 'assistant', content: [thinking, text(null)] }, user(text(null))] }, 'messages[1].content[0].cache_control', /thinking/],
  ]; // prettier-ignore
  for (const [what, more, field, words] of cases) {
    it(`are refused for ${what}, naming ${field}`, () => {
      const asked = ask(more);
      assert.ok(!asked.ok, 'expected a refusal');
      const { error } = asked;
      assert.ok(error.kind === 'invalid-request', error.kind);
      assert.equal(error.field, field);
      assert.match(error.message, words);
    });
  }
});
