// How messages become items: what belongs together is put together, and every call gets its answer.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { textContent } from '../../domain/generation/content.ts';
import { decodeMessages } from './decode.ts';

function decode(messages: readonly object[]) {
  return decodeMessages({ model: 'm', max_tokens: 64, messages }, {});
}

function itemsOf(...messages: readonly object[]): readonly object[] {
  const decoded = decode(messages);
  assert.ok(decoded.ok, JSON.stringify(decoded));
  return decoded.value.generation.items;
}

function refusalOf(...messages: readonly object[]) {
  const decoded = decode(messages);
  assert.ok(!decoded.ok, 'expected a refusal');
  assert.equal(decoded.error.kind, 'invalid-request');
  return decoded.error;
}

const user = (...content: readonly object[]) => ({ role: 'user', content });
const assistant = (...content: readonly object[]) => ({ role: 'assistant', content });
const text = (said: string) => ({ type: 'text', text: said });
const use = (id: string, input: object = {}) => ({ type: 'tool_use', id, name: 'f', input });
const result = (id: string, content?: unknown, more: object = {}) => ({
  type: 'tool_result',
  tool_use_id: id,
  content,
  ...more,
});
const message = (role: string, said: string) => ({
  kind: 'message',
  role,
  content: textContent(said),
});
const call = (callId: string, json: string) => ({
  kind: 'tool-call',
  callId,
  name: 'f',
  arguments: json,
});
const answer = (callId: string, said: string) => ({
  kind: 'tool-result',
  callId,
  content: textContent(said),
});

describe('messages', () => {
  it('of one role in a row are one turn; blocks are pieces of one text', () => {
    assert.deepEqual(
      itemsOf(
        user(text('a'), text('b')),
        { role: 'user', content: 'c' },
        assistant(text('d')),
        assistant(text('e')),
        { role: 'user', content: 'f' },
      ),
      [
        { ...message('user', 'a'), content: [...textContent('a'), ...textContent('b\n\nc')] },
        message('assistant', 'd\n\ne'),
        message('user', 'f'),
      ],
    );
  });

  it('a tool loop keeps thinking, text, calls and results, the results first', () => {
    const signed = { form: 'signature', data: 'of another server' };
    const thinking = { type: 'thinking', thinking: 'hm', signature: 'of another server' };
    assert.deepEqual(
      itemsOf(
        user(text('weather?')),
        assistant(
          thinking,
          { type: 'redacted_thinking', data: 'xyz' },
          text('I look.'),
          use('t1', { city: 'Lisbon' }),
          use('t2'),
        ),
        user(text('go on'), result('t1', 'sunny'), result('t2', [text('no'), text('ne')])),
        { role: 'system', content: 'Be quick.' },
        user(text('!')),
      ),
      [
        message('user', 'weather?'),
        { kind: 'reasoning', text: 'hm', sealed: signed },
        { kind: 'reasoning', text: '', sealed: { form: 'redacted', data: 'xyz' } },
        message('assistant', 'I look.'),
        call('t1', '{"city":"Lisbon"}'),
        call('t2', '{}'),
        answer('t1', 'sunny'),
        { ...answer('t2', ''), content: [...textContent('no'), ...textContent('ne')] },
        message('user', 'go on'),
        message('system', 'Be quick.'),
        message('user', '!'),
      ],
    );
  });

  it('a tool that failed is marked', () => {
    const failed = (content?: string) =>
      itemsOf(assistant(use('t')), user(result('t', content, { is_error: true }))).at(-1);
    assert.deepEqual(failed('no such city'), { ...answer('t', 'no such city'), isError: true });
    assert.deepEqual(failed(), { ...answer('t', ''), isError: true });
  });

  it('what was empty when we said it may come back empty', () => {
    assert.deepEqual(
      itemsOf(user(text('a')), assistant(), { role: 'assistant', content: '' }, user(text('b'))),
      [message('user', 'a'), message('user', 'b')],
    );
  });

  it('results may be spread over the messages of the turn', () => {
    assert.deepEqual(
      itemsOf(assistant(use('a'), use('b')), user(result('a', '1')), user(result('b', '2'))).slice(
        2,
      ),
      [answer('a', '1'), answer('b', '2')],
    );
  });
});

describe('a conversation that does not fit together', () => {
  it('a result of no call', () => {
    const refusal = refusalOf(user(text('a')), assistant(text('b')), user(result('t9', 'x')));
    assert.equal(refusal.field, 'messages[2].content[0].tool_use_id');
    assert.match(refusal.message, /'t9'/);
    const twice = refusalOf(assistant(use('t')), user(result('t', 'x'), result('t', 'x')));
    assert.equal(twice.field, 'messages[1].content[1].tool_use_id');
  });

  it('a call without a result', () => {
    const later = refusalOf(assistant(use('t')), user(text('a')), assistant(text('b')), user());
    assert.equal(later.field, 'messages[2]');
    const last = refusalOf(
      user(text('a')),
      assistant(use('t1'), use('t2')),
      user(result('t1', '')),
    );
    assert.equal(last.field, 'messages[3]');
    assert.match(last.message, /missing: t2\.$/);
  });

  it('an answer that is begun for the model', () => {
    const refusal = refusalOf(user(text('a')), assistant(text('{')));
    assert.equal(refusal.field, 'messages[1]');
    assert.match(refusal.message, /prefill/);
  });
});
