// What every stream of this protocol must be, whatever it says: the order of OpenAI's recorded streams as assertions of
// our own. Reads the text as it goes over the wire.

import assert from 'node:assert/strict';
import { z } from 'zod';

const part = z.looseObject({
  type: z.string(),
  text: z.string().optional(),
  refusal: z.string().optional(),
});

const item = z.looseObject({
  id: z.string(),
  type: z.enum(['message', 'reasoning', 'function_call', 'custom_tool_call']),
  status: z.enum(['in_progress', 'completed', 'incomplete']),
  content: z.array(part).optional(),
  name: z.string().optional(),
  namespace: z.string().optional(),
  arguments: z.string().optional(),
  input: z.string().optional(),
});

export const responseBody = z.looseObject({
  id: z.string(),
  status: z.string(),
  output: z.array(item),
  usage: z.unknown(),
  completed_at: z.number().nullable(),
  error: z.object({ code: z.string(), message: z.string() }).nullable(),
});

const streamEvent = z.looseObject({
  type: z.string(),
  sequence_number: z.int(),
  output_index: z.int().default(-1),
  item_id: z.string().optional(),
  content_index: z.int().optional(),
  item: item.optional(),
  part: part.optional(),
  delta: z.string().optional(),
  text: z.string().optional(),
  refusal: z.string().optional(),
  arguments: z.string().optional(),
  input: z.string().optional(),
  name: z.string().optional(),
  response: responseBody.optional(),
});

export type ResponseBody = z.infer<typeof responseBody>;
type Item = z.infer<typeof item>;
type ContentPart = z.infer<typeof part>;
type StreamEvent = z.infer<typeof streamEvent>;

type Open = {
  readonly item: Item;
  readonly parts: ContentPart[];
  partOpen: boolean;
  said: string;
  callDone: boolean;
};

type Stream = { readonly events: readonly StreamEvent[]; readonly response: ResponseBody };

/** The events, after all of them were found in order, and the response as it ended. */
export function readStream(text: string): Stream {
  const frames = text.split('\n\n');
  assert.equal(frames.pop(), '', 'every event ends with an empty line');
  assert.equal(frames.pop(), 'data: [DONE]', 'the end is said');
  const events = frames.map((frame, index) => {
    const [, type, data = ''] = /^event: (\S+)\ndata: (\{.*\})$/.exec(frame) ?? [];
    const event = streamEvent.parse(JSON.parse(data));
    assert.equal(event.type, type, 'the name of the event is its type');
    assert.equal(event.sequence_number, index, 'numbers have no gaps');
    return event;
  });
  return { events, response: assertOrder(events) };
}

function assertOrder(events: readonly StreamEvent[]): ResponseBody {
  const rest = [...events];
  const last = rest.pop();
  assert.ok(last?.response !== undefined, 'the last event has the response');
  const beginning =
    events[1]?.type === 'response.queued'
      ? ([
          ['created', 'queued'],
          ['queued', 'queued'],
          ['in_progress', 'in_progress'],
        ] as const)
      : ([
          ['created', 'in_progress'],
          ['in_progress', 'in_progress'],
        ] as const);
  for (const [type, status] of beginning) {
    const event = rest.shift();
    assert.equal(event?.type, `response.${type}`);
    assert.deepEqual(event.response, {
      ...event.response,
      id: last.response.id,
      status,
      output: [],
      usage: null,
      completed_at: null,
    });
  }
  const failed = last.type === 'response.failed';
  if (failed) assert.equal(rest.pop()?.type, 'error');
  assert.equal(last.type, `response.${last.response.status}`);
  const items = new Items();
  for (const event of rest) items.take(event);
  if (failed) return last.response;
  assert.equal(items.open.size, 0, 'every item is done');
  assert.deepEqual(last.response.output, items.done, 'the end repeats the items');
  return last.response;
}

class Items {
  readonly open = new Map<number, Open>();
  readonly done: Item[] = [];
  #added = 0;

  take(event: StreamEvent): void {
    if (event.type === 'response.output_item.added') return this.#add(event);
    const open = this.open.get(event.output_index);
    assert.ok(open !== undefined, `${event.type} speaks of an item that is not open`);
    if (event.type === 'response.output_item.done') return this.#close(event, open);
    assert.equal(event.item_id, open.item.id);
    if (event.content_index !== undefined && event.type !== 'response.content_part.added') {
      assert.equal(event.content_index, open.parts.length - 1);
      assert.ok(open.partOpen, 'a content part is open');
    }
    this.#inside(event, open);
  }

  #add({ output_index: index, item: added }: StreamEvent): void {
    assert.ok(added !== undefined);
    assert.equal(index, this.#added++, 'items are numbered as they come');
    assert.equal(added.status, 'in_progress');
    if (added.type === 'function_call') assert.equal(added.arguments, '');
    else if (added.type === 'custom_tool_call') assert.equal(added.input, '');
    else assert.deepEqual(added.content, []);
    this.open.set(index, { item: added, parts: [], partOpen: false, said: '', callDone: false });
  }

  #inside(event: StreamEvent, open: Open): void {
    const current = open.parts.at(-1)?.type;
    switch (event.type) {
      case 'response.content_part.added':
        assert.ok(!open.partOpen, 'the part before is done');
        assert.equal(event.content_index, open.parts.length);
        assert.ok(event.part !== undefined);
        assert.equal(event.part.text ?? event.part.refusal, '');
        Object.assign(open, { partOpen: true, said: '' });
        open.parts.push(event.part);
        break;
      case 'response.output_text.delta':
      case 'response.reasoning_text.delta':
      case 'response.refusal.delta':
        assert.equal(event.type, `response.${current}.delta`);
        if (current === 'output_text') assert.deepEqual(event['logprobs'], []);
        open.said += event.delta ?? '';
        break;
      case 'response.output_text.done':
      case 'response.reasoning_text.done':
      case 'response.refusal.done':
        assert.equal(event.type, `response.${current}.done`);
        assert.equal(event.text ?? event.refusal, open.said);
        break;
      case 'response.content_part.done':
        assert.ok(event.part !== undefined);
        assert.equal(event.part.text ?? event.part.refusal, open.said);
        open.parts[open.parts.length - 1] = event.part;
        open.partOpen = false;
        break;
      case 'response.function_call_arguments.delta':
        assert.equal(open.item.type, 'function_call');
        open.said += event.delta ?? '';
        break;
      case 'response.function_call_arguments.done':
        assert.equal(event.arguments, open.said);
        assert.equal(event.name, open.item.name);
        open.callDone = true;
        break;
      case 'response.custom_tool_call_input.delta':
        assert.equal(open.item.type, 'custom_tool_call');
        open.said += event.delta ?? '';
        break;
      case 'response.custom_tool_call_input.done':
        assert.equal(event.input, open.said);
        open.callDone = true;
        break;
      default:
        assert.fail(`an event that is not known: ${event.type}`);
    }
  }

  #close({ output_index: index, item: done }: StreamEvent, open: Open): void {
    assert.ok(done !== undefined);
    this.open.delete(index);
    this.done[index] = done;
    for (const field of ['id', 'type', 'call_id', 'name', 'namespace', 'role']) {
      assert.equal(done[field], open.item[field], field);
    }
    assert.notEqual(done.status, 'in_progress');
    if (done.type === 'function_call' || done.type === 'custom_tool_call') {
      assert.ok(open.callDone);
      assert.equal(done.arguments ?? done.input, open.said);
    } else {
      assert.ok(!open.partOpen, 'the last part is done');
      assert.deepEqual(done.content, open.parts);
    }
  }
}
