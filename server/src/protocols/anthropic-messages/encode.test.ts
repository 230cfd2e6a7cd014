// Answers on the wire: the order of events, every key that clients need, and one answer however the parts are split.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { FinishReason, Part } from '../../domain/generation/part.ts';
import { NO_USAGE } from '../../domain/generation/usage.ts';
import { messagesEncoder } from './encode.ts';
import type { MessagesFacts } from './message.ts';

const facts: MessagesFacts = {
  requestId: 'req_0123',
  model: 'turnpike "mini"',
  createdAtSeconds: 1_700_000_000,
  thinking: 'text',
  delivery: 'stream',
};
const usage = {
  ...NO_USAGE,
  input: 3,
  cacheRead: 4,
  cacheWrite5m: 1,
  cacheWrite1h: 2,
  output: 5,
  reasoning: 6,
};
const count: Part = { kind: 'usage', usage: { ...NO_USAGE, input: 3 }, source: 'engine' };
const text = (said: string): Part => ({ kind: 'text-delta', text: said });
const thought = (said: string): Part => ({ kind: 'reasoning-delta', text: said });
const call = (index: number, ...pieces: readonly string[]): readonly Part[] => [
  { kind: 'tool-call-start', index, callId: `c${index}`, name: 'weather' },
  ...pieces.map((json): Part => ({ kind: 'tool-call-delta', index, arguments: json })),
  { kind: 'tool-call-end', index },
];

type Block = {
  type: string;
  text?: string;
  thinking?: string;
  signature?: string;
  json?: string;
  input?: unknown;
};
/** JSON of any shape; the assertions look at it. */
type Event = ReturnType<typeof JSON.parse>;

/** Every event, with its `event:` line checked against its type. */
function eventsOf(stream: string): readonly Event[] {
  assert.ok(stream === '' || stream.endsWith('\n\n'), 'events are whole');
  return stream
    .split('\n\n')
    .filter((one) => one !== '')
    .map((one) => {
      const [, name, data] = /^event: (\w+)\ndata: (.*)$/.exec(one) ?? [];
      const event: Event = JSON.parse(data ?? '');
      assert.equal(event['type'], name);
      return event;
    });
}

type Read = { readonly blocks: readonly Block[]; readonly start: Event; readonly delta: Event };

/** Reads a stream as strictly as the strictest client; what it says in the end. */
function read(stream: string): Read {
  const events = eventsOf(stream).filter(({ type }) => type !== 'ping');
  const [start, ...rest] = events;
  assert.equal(start?.['type'], 'message_start');
  assert.equal(rest.pop()?.['type'], 'message_stop');
  const delta = rest.pop();
  assert.equal(delta?.['type'], 'message_delta');
  const blocks: Block[] = [];
  let open: Block | undefined;
  for (const event of rest) {
    if (event['type'] === 'content_block_start') {
      assert.equal(open, undefined, 'blocks are never interleaved');
      assert.equal(event['index'], blocks.length, 'indices have no gaps');
      open = { ...event['content_block'] } as Block; // asserted to be one by what follows
      blocks.push(open);
      continue;
    }
    assert.ok(open, 'a delta has its block');
    assert.equal(event['index'], blocks.length - 1);
    if (event['type'] === 'content_block_stop') open = undefined;
    else add(open, event['delta']);
  }
  assert.equal(open, undefined, 'every block ends');
  return { blocks, start, delta };
}

function add(block: Block, delta: Event): void {
  switch (delta['type']) {
    case 'text_delta':
      block.text += delta['text'];
      break;
    case 'thinking_delta':
      block.thinking += delta['thinking'];
      break;
    case 'signature_delta':
      block.signature = delta['signature'];
      break;
    case 'input_json_delta':
      block.json = (block.json ?? '') + delta['partial_json'];
      break;
    default:
      assert.fail(`a delta of the type ${delta['type']}`);
  }
}

function streamOf(
  batches: readonly (readonly Part[])[],
  reason: FinishReason = 'stop',
  more: Partial<MessagesFacts> = {},
): string {
  const encoder = messagesEncoder({ ...facts, ...more });
  const said = batches.map((batch) => encoder.parts(batch)).join('');
  return said + encoder.finish({ reason, usage, atSeconds: 1_700_000_001 });
}

function wholeOf(
  parts: readonly Part[],
  reason: FinishReason = 'stop',
  more: Partial<MessagesFacts> = {},
  stopSequence?: string,
): Event {
  const encoder = messagesEncoder({ ...facts, delivery: 'whole', ...more });
  assert.equal(encoder.parts(parts), '');
  const message: Event = JSON.parse(
    encoder.finish({
      reason,
      usage,
      atSeconds: 1_700_000_001,
      ...(stopSequence !== undefined && { stopSequence }),
    }),
  );
  return message;
}

const usageOnTheWire = {
  input_tokens: 3,
  cache_creation_input_tokens: 3,
  cache_read_input_tokens: 4,
  output_tokens: 11,
  output_tokens_details: { thinking_tokens: 6 },
  server_tool_use: null,
};
const wholeUsageOnTheWire = {
  ...usageOnTheWire,
  cache_creation: { ephemeral_5m_input_tokens: 1, ephemeral_1h_input_tokens: 2 },
  inference_geo: null,
  service_tier: 'standard',
  speed: null,
};
/** `printf 'tp1\nhm' | openssl dgst -sha256 -binary | basenc --base64url`, without its padding. */
const SIGNATURE_OF_HM = 'tp1.LkZ86DlmDixVxG2c-aapdYhbqD_v8lBW1i8UnDV_mDo';

describe('a streamed message', () => {
  it('has its events in the order of the original', () => {
    const stream = streamOf([
      [thought('hm'), count],
      [text('a "b"\n')],
      call(0, '{"city":', '"Lisbon"}'),
    ]);
    assert.deepEqual(
      eventsOf(stream).map(({ type, index, delta }) => [type, index ?? delta?.stop_reason]),
      [
        ['message_start', undefined],
        ['content_block_start', 0],
        ['ping', undefined],
        ['content_block_delta', 0],
        ['content_block_delta', 0],
        ['content_block_stop', 0],
        ['content_block_start', 1],
        ['content_block_delta', 1],
        ['content_block_stop', 1],
        ['content_block_start', 2],
        ['content_block_delta', 2],
        ['content_block_delta', 2],
        ['content_block_delta', 2],
        ['content_block_stop', 2],
        ['message_delta', 'end_turn'],
        ['message_stop', undefined],
      ],
    );
    const { blocks, start, delta } = read(stream);
    assert.deepEqual(blocks, [
      { type: 'thinking', thinking: 'hm', signature: blocks[0]?.signature },
      { type: 'text', text: 'a "b"\n', citations: null },
      {
        type: 'tool_use',
        id: 'c0',
        name: 'weather',
        input: {},
        caller: { type: 'direct' },
        json: '{"city":"Lisbon"}',
      },
    ]);
    assert.deepEqual(start['message'], {
      id: 'msg_0123',
      type: 'message',
      role: 'assistant',
      model: 'turnpike "mini"',
      content: [],
      container: null,
      diagnostics: null,
      stop_details: null,
      stop_reason: null,
      stop_sequence: null,
      usage: {
        ...wholeUsageOnTheWire,
        cache_creation_input_tokens: 0,
        cache_read_input_tokens: 0,
        cache_creation: { ephemeral_5m_input_tokens: 0, ephemeral_1h_input_tokens: 0 },
        output_tokens: 1,
        output_tokens_details: { thinking_tokens: 0 },
      },
    });
    assert.deepEqual(delta, {
      type: 'message_delta',
      delta: { container: null, stop_details: null, stop_reason: 'end_turn', stop_sequence: null },
      usage: usageOnTheWire,
    });
  });

  it('is not begun before the engine says something', () => {
    const encoder = messagesEncoder(facts);
    const failure: Part = { kind: 'failure', failure: { kind: 'overloaded' } };
    assert.equal(encoder.parts([count, failure]), '');
    assert.equal(messagesEncoder(facts).parts([]), '');
  });

  it('that says nothing is a message all the same', () => {
    const { blocks, start } = read(streamOf([]));
    assert.deepEqual(blocks, []);
    assert.equal(start['message'].usage.input_tokens, 3);
  });

  it('breaks with an error event that names the request', () => {
    const encoder = messagesEncoder(facts);
    const [event] = eventsOf(encoder.fail({ kind: 'overloaded', retryAfterMs: 1 }));
    assert.equal(event?.['error'].type, 'overloaded_error');
    assert.equal(event['request_id'], 'req_0123');
  });

  it('keeps a silent connection open with pings', () => {
    assert.deepEqual(eventsOf(messagesEncoder(facts).heartbeat), [{ type: 'ping' }]);
  });

  it('of any parts, split anywhere, says what the whole message says', () => {
    const piece = fc.string({ minLength: 1, maxLength: 5, unit: 'binary' });
    const said = fc.oneof(
      piece.map((one) => [text(one)]),
      piece.map((one) => [thought(one)]),
      piece.map((one): readonly Part[] => [{ kind: 'refusal-delta', text: one }]),
      fc.array(piece, { maxLength: 3 }).map((json) => call(0, ...json)),
      fc.constant([count]),
    );
    const anyAnswer = fc.record({
      parts: fc.array(said, { maxLength: 12 }).map((list) => list.flat()),
      cuts: fc.array(fc.nat(12), { maxLength: 12 }),
      thinking: fc.constantFrom('text' as const, 'omitted' as const, 'hidden' as const),
      reason: fc.constantFrom<FinishReason>('stop', 'length', 'tool-calls', 'content-filter'),
    });
    fc.assert(
      fc.property(anyAnswer, ({ parts, cuts, thinking, reason }) => {
        const edges = [0, ...cuts.toSorted((a, b) => a - b), parts.length];
        const batches = edges.map((from, at) => parts.slice(from, edges[at + 1] ?? from));
        const { blocks, delta } = read(streamOf(batches, reason, { thinking }));
        const message = wholeOf(parts, reason, { thinking });
        const withInput = blocks.map(({ json, ...block }) =>
          block.type === 'tool_use' ? { ...block, input: inputOf(json ?? '') } : block,
        );
        assert.deepEqual(withInput, message['content']);
        assert.equal(delta['delta'].stop_reason, message['stop_reason']);
        assert.deepEqual(delta['delta'].stop_details, message['stop_details']);
      }),
      { numRuns: 500 },
    );
  });

  /** What a lenient client makes of the pieces of an input. */
  function inputOf(json: string): unknown {
    if (json.trim() === '') return {};
    try {
      const input: unknown = JSON.parse(json);
      if (typeof input === 'object' && input !== null && !Array.isArray(input)) return input;
    } catch {
      // No JSON.
    }
    return { INVALID_JSON: json };
  }
});

describe('a whole message', () => {
  it('has every key, null or not', () => {
    const message = wholeOf([
      thought('h'),
      thought('m'),
      text('Hello'),
      ...call(0),
      ...call(1, '{"a":1}'),
    ]);
    assert.deepEqual(message, {
      id: 'msg_0123',
      type: 'message',
      role: 'assistant',
      model: 'turnpike "mini"',
      content: [
        { type: 'thinking', thinking: 'hm', signature: SIGNATURE_OF_HM },
        { type: 'text', text: 'Hello', citations: null },
        { type: 'tool_use', id: 'c0', name: 'weather', input: {}, caller: { type: 'direct' } },
        {
          type: 'tool_use',
          id: 'c1',
          name: 'weather',
          input: { a: 1 },
          caller: { type: 'direct' },
        },
      ],
      container: null,
      diagnostics: null,
      stop_details: null,
      stop_reason: 'end_turn',
      stop_sequence: null,
      usage: wholeUsageOnTheWire,
    });
  });

  it('says why it ended', () => {
    const why = (reason: FinishReason, stopSequence?: string, parts: readonly Part[] = []) => {
      const message = wholeOf(parts, reason, {}, stopSequence);
      return [message['stop_reason'], message['stop_sequence'], message['stop_details']];
    };
    assert.deepEqual(why('stop'), ['end_turn', null, null]);
    assert.deepEqual(why('stop', 'END'), ['stop_sequence', 'END', null]);
    assert.deepEqual(why('length', 'END'), ['max_tokens', null, null]);
    assert.deepEqual(why('tool-calls'), ['tool_use', null, null]);
    const refusal = { type: 'refusal', category: null };
    assert.deepEqual(why('content-filter'), ['refusal', null, { ...refusal, explanation: null }]);
    const no: readonly Part[] = [{ kind: 'refusal-delta', text: 'No.' }];
    assert.deepEqual(why('stop', undefined, no), [
      'refusal',
      null,
      { ...refusal, explanation: 'No.' },
    ]);
  });

  it('shows thinking as it was asked for', () => {
    const types = (thinking: MessagesFacts['thinking']) =>
      wholeOf([thought('hm'), text('x')], 'stop', { thinking })['content'].map(
        (block: Block) => block.thinking ?? block.type,
      );
    assert.deepEqual(types('text'), ['hm', 'text']);
    assert.deepEqual(types('omitted'), ['', 'text']);
    assert.deepEqual(types('hidden'), ['text']);
  });

  it('never makes arguments of what is none', () => {
    for (const json of ['{"a":', '[1]', '"x"', 'null']) {
      const [block] = wholeOf(call(0, json), 'length')['content'];
      assert.deepEqual(block.input, { INVALID_JSON: json });
    }
  });
});
