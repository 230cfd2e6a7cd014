// Calls of custom tools, calls beyond the most that are wanted, and reasoning that is sealed or not shown at all.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { FinishReason, Part } from '../../domain/generation/part.ts';
import { NO_USAGE } from '../../domain/generation/usage.ts';
import { Sealer } from '../../domain/sealing/sealer.ts';
import { decodeResponses } from './decode.ts';
import { readStream } from './stream-order.fixture.ts';

const KEY = { id: 'key', secret: Buffer.alloc(32, 7) };
const sealer = new Sealer({ current: KEY, keys: new Map([[KEY.id, KEY]]) }, 'org_1');
const FACTS = { requestId: 'req_0', model: 'm', createdAtSeconds: 0, delivery: 'stream' } as const;

type Asked = {
  readonly fields?: object;
  readonly reasoning?: 'sealed';
  readonly reason?: FinishReason;
};

function stream(parts: readonly Part[], { fields, reasoning, reason = 'stop' }: Asked = {}) {
  const body = { model: 'm', input: 'hi', stream: true, ...fields };
  const decoded = decodeResponses(body, undefined, sealer);
  assert.ok(decoded.ok, JSON.stringify(decoded));
  const encoder = decoded.value.encoder({ ...FACTS, ...(reasoning && { reasoning }) });
  const said = encoder.parts(parts);
  return readStream(said + encoder.finish({ reason, usage: NO_USAGE, atSeconds: 1 }));
}

const text = (said: string): Part => ({ kind: 'text-delta', text: said });
const thought = (said: string): Part => ({ kind: 'reasoning-delta', text: said });
const call = (index: number, name: string, json: string): Part[] => [
  { kind: 'tool-call-start', index, callId: `call_${index}`, name },
  { kind: 'tool-call-delta', index, arguments: json },
  { kind: 'tool-call-end', index },
];
const customCall = (index: number, name: string, ...inputs: readonly string[]): Part[] => [
  { kind: 'tool-call-start', index, callId: `call_${index}`, name, tool: 'custom' },
  ...inputs.map((input): Part => ({ kind: 'custom-input-delta', index, input })),
  { kind: 'tool-call-end', index },
];

describe('a custom tool', () => {
  it('is called with text, under its own name and with its own events', () => {
    const tools = [
      { type: 'namespace', name: 'functions', tools: [{ type: 'custom', name: 'exec' }] },
    ];
    const parts = customCall(0, 'functions__exec', 'ls "a"\n', 'pwd');
    const { events, response } = stream(parts, { reason: 'tool-calls', fields: { tools } });
    const [item] = response.output;
    assert.deepEqual(
      [item?.type, item?.['namespace'], item?.['name'], item?.['input'], item?.['arguments']],
      ['custom_tool_call', 'functions', 'exec', 'ls "a"\npwd', undefined],
    );
    assert.match(item?.id ?? '', /^ctc_/);
    const kinds = events.map(({ type }) => type).filter((type) => type.includes('custom'));
    assert.deepEqual(kinds, [
      'response.custom_tool_call_input.delta',
      'response.custom_tool_call_input.delta',
      'response.custom_tool_call_input.done',
    ]);
    assert.equal(stream(customCall(0, 'f')).response.output[0]?.['input'], '', 'of nothing');
  });

  it('and all others are left out beyond max_tool_calls', () => {
    const parts = [...call(0, 'f', '{"a":1}'), ...customCall(1, 'g', 'x'), ...call(2, 'h', '{}')];
    const names = (most: number) => {
      const { response } = stream(parts, { fields: { max_tool_calls: most } });
      return response.output.map(({ name }) => name);
    };
    assert.deepEqual([names(1), names(2), names(3)], [['f'], ['f', 'g'], ['f', 'g', 'h']]);
  });
});

describe('reasoning that is not shown', () => {
  const parts = [thought('secret '), thought('thoughts'), text('a')];
  const answer = (include: readonly string[], reasoning?: 'sealed') =>
    stream(parts, { fields: { include }, ...(reasoning && { reasoning }) }).response;

  it('can be kept sealed by its client, beside what is shown', () => {
    const [item] = answer(['reasoning.encrypted_content']).output;
    assert.equal(item?.content?.[0]?.text, 'secret thoughts');
    assert.equal(sealer.open('reasoning', String(item['encrypted_content'])), 'secret thoughts');
  });

  it('is kept with the answer all the same, so that the model has it when it is gone on from', () => {
    const decoded = decodeResponses({ model: 'm', input: 'hi' }, undefined, sealer);
    assert.ok(decoded.ok);
    const encoder = decoded.value.encoder({ ...FACTS, delivery: 'whole', reasoning: 'sealed' });
    encoder.parts(parts);
    const ending = { reason: 'stop', usage: NO_USAGE, atSeconds: 1 } as const;
    const record = encoder.record?.(ending).output ?? '';
    assert.match(record, /"encrypted_content":"tp1\.key\./);
    assert.doesNotMatch(record, /secret/);
    assert.doesNotMatch(encoder.finish(ending), /encrypted_content/);
    const earlier = { items: JSON.parse(record), named: new Map() };
    const next = decodeResponses(
      { model: 'm', input: 'b', previous_response_id: 'r' },
      earlier,
      sealer,
    );
    const thoughts = next.ok
      ? next.value.generation.items.filter(({ kind }) => kind === 'reasoning')
      : [];
    assert.deepEqual(
      thoughts.map((item) => 'text' in item && item.text),
      ['secret thoughts'],
    );
  });

  it('leaves an item without a word of it', () => {
    const response = answer([], 'sealed');
    assert.deepEqual(response.output[0]?.content, []);
    assert.ok(!JSON.stringify(response).includes('secret'));
    const [kept] = answer(['reasoning.encrypted_content'], 'sealed').output;
    assert.deepEqual(kept?.content, []);
    assert.equal(sealer.open('reasoning', String(kept?.['encrypted_content'])), 'secret thoughts');
  });
});
