// Where a conversation may be cut.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { textContent } from './content.ts';
import { cutsOf } from './drop-oldest.ts';
import type { Item, Role } from './generation.ts';

const says = (role: Role, text: string): Item => ({
  kind: 'message',
  role,
  content: textContent(text),
});
const call = (callId: string): Item => ({ kind: 'tool-call', callId, name: 'f', arguments: '{}' });
const result = (callId: string): Item => ({
  kind: 'tool-result',
  callId,
  content: textContent('r'),
});

describe('a conversation that may be cut', () => {
  const rules = says('system', 'rules');
  const note = says('developer', 'note');
  const thought: Item = { kind: 'reasoning', text: 'hm' };
  const calls = [call('1'), call('2'), result('1'), result('2')];

  it('loses its oldest turns first, and keeps its instructions', () => {
    const [a, b, z] = [says('user', 'a'), says('user', 'b'), says('user', 'z')];
    const answer = says('assistant', 'c');
    assert.deepEqual(cutsOf([rules, a, thought, ...calls, note, answer, b, answer, z]), [
      [rules, note, b, answer, z],
      [rules, note, z],
    ]);
  });

  it('loses the oldest steps of a long turn, never a call without its result', () => {
    const [a, z] = [says('user', 'a'), says('user', 'z')];
    const last = [thought, call('3'), result('3')];
    assert.deepEqual(cutsOf([rules, a, z, ...calls, ...last]), [
      [rules, z, ...calls, ...last],
      [rules, z, ...last],
    ]);
  });

  it('is left whole where there is nothing that may go', () => {
    assert.deepEqual(cutsOf([rules, says('user', 'a')]), []);
    assert.deepEqual(cutsOf([]), []);
    assert.deepEqual(cutsOf(calls), []);
  });
});
