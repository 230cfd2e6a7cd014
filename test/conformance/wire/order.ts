// In which order events may come, protocol by protocol, as the real servers' recorded streams have them. What clients
// build on: identities that never change, indices without gaps, everything that was opened is closed, nothing after the end.

import assert from 'node:assert/strict';
import { jsonOf, type Recording } from './recording.ts';

type Json = { readonly [key: string]: unknown };

// `as` because each of them is JSON off the wire, and what it must hold is what the assertions say.
const object = (value: unknown): Json => value as Json;
// `as` for the same reason.
const list = (value: unknown): Json[] => value as Json[];

export function assertChatOrder(recording: Recording): void {
  const { events } = recording;
  assert.equal(events.at(-1)?.data, '[DONE]', 'the last word');
  assert.ok(
    events.every(({ event }) => event === undefined),
    'no event: lines',
  );
  const chunks = jsonOf(recording).map(object);
  const identity = (chunk: Json): unknown[] =>
    ['id', 'created', 'model', 'object', 'service_tier', 'system_fingerprint'].map(
      (key) => chunk[key],
    );
  for (const chunk of chunks) assert.deepEqual(identity(chunk), identity(object(chunks[0])));
  assert.deepEqual(deltaOf(chunks[0]), { role: 'assistant', content: '', refusal: null });
  const usage = chunks.at(-1);
  assert.deepEqual(usage?.['choices'], [], 'usage has a chunk of its own, the last one');
  assert.ok(usage?.['usage']);
  assert.ok(chunks.slice(0, -1).every((chunk) => chunk['usage'] === null));
  const reasons = chunks.slice(0, -1).map((chunk) => list(chunk['choices'])[0]?.['finish_reason']);
  assert.ok(
    reasons.slice(0, -1).every((reason) => reason === null),
    'one finish_reason, in the last chunk of the choice',
  );
  assert.equal(typeof reasons.at(-1), 'string');
  assertChatCalls(chunks);
}

function deltaOf(chunk: Json | undefined): Json | undefined {
  const [choice] = list(chunk?.['choices'] ?? []);
  return choice === undefined ? undefined : object(choice['delta']);
}

/** The first piece of a call names it; the ones after that have its arguments only. */
function assertChatCalls(chunks: readonly Json[]): void {
  const begun = new Set<unknown>();
  for (const call of chunks.flatMap((chunk) => list(deltaOf(chunk)?.['tool_calls'] ?? []))) {
    const { index } = call;
    if (begun.has(index)) assert.deepEqual(Object.keys(call).toSorted(), ['function', 'index']);
    else {
      assert.equal(index, begun.size, 'calls are numbered from 0');
      assert.equal(call['type'], 'function');
      assert.ok(String(call['id']).length > 0 && String(object(call['function'])['name']) !== '');
      assert.equal(object(call['function'])['arguments'], '');
      begun.add(index);
    }
  }
}

export function assertMessagesOrder(recording: Recording): void {
  const events = jsonOf(recording).map(object);
  for (const [at, { event }] of recording.events.entries()) {
    assert.equal(event, events[at]?.['type'], 'every event has its name in its event: line');
  }
  const spoken = events.filter(({ type }) => type !== 'ping');
  assert.equal(spoken[0]?.['type'], 'message_start');
  const message = object(spoken[0]['message']);
  assert.deepEqual([message['content'], message['stop_reason']], [[], null]);
  assert.ok(Number(object(message['usage'])['input_tokens']) >= 0);
  assert.deepEqual(
    spoken.slice(-2).map(({ type }) => type),
    ['message_delta', 'message_stop'],
  );
  let open: unknown;
  let blocks = 0;
  for (const { type, index } of spoken.slice(1, -2)) {
    if (type === 'content_block_start') {
      assert.equal(open, undefined, 'one block at a time');
      assert.equal(index, blocks, 'blocks are numbered from 0');
      open = index;
      blocks += 1;
    } else {
      assert.equal(index, open, `${String(type)} outside its block`);
      if (type === 'content_block_stop') open = undefined;
      else assert.equal(type, 'content_block_delta');
    }
  }
  assert.equal(open, undefined, 'the last block is closed');
}

export function assertResponsesOrder(recording: Recording, broken: boolean): void {
  assert.equal(recording.events.at(-1)?.data, '[DONE]', 'the last word');
  const events = jsonOf(recording).map(object);
  for (const [at, event] of events.entries()) {
    assert.equal(event['sequence_number'], at, 'numbered without gaps');
    assert.equal(recording.events[at]?.event, event['type'], 'named in its event: line');
  }
  assert.deepEqual(
    events.slice(0, 2).map(({ type }) => type),
    ['response.created', 'response.in_progress'],
  );
  const last = events.at(-1);
  if (broken) {
    assert.deepEqual([events.at(-2)?.['type'], last?.['type']], ['error', 'response.failed']);
  } else assert.match(String(last?.['type']), /^response\.(?:completed|incomplete)$/);
  const ids = events.flatMap(({ response }) => (response ? [object(response)['id']] : []));
  assert.equal(new Set(ids).size, 1, 'one response, one id');
  assertItems(events, broken);
}

function assertItems(events: readonly Json[], broken: boolean): void {
  const open = new Map<unknown, unknown>();
  let items = 0;
  const done: Json[] = [];
  for (const { type, item, output_index: index, item_id: id } of events) {
    if (type === 'response.output_item.added') {
      assert.equal(index, items, 'items are numbered from 0');
      items += 1;
      open.set(index, object(item)['id']);
    } else if (type === 'response.output_item.done') {
      assert.equal(object(item)['id'], open.get(index), 'an item keeps its id');
      open.delete(index);
      done.push(object(item));
    } else if (id !== undefined) {
      assert.equal(id, open.get(index), `${String(type)} outside its item`);
    }
  }
  if (broken) return;
  assert.equal(open.size, 0, 'every item is done before the response is');
  const { output } = object(events.at(-1)?.['response']);
  assert.deepEqual(output, done, 'the finished response holds what was streamed');
}
