// Answers on the wire: the order of a stream, the Response object, and that both are the same however the parts were cut.
// That real clients read them is proved in test/e2e.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { FinishReason, Part } from '../../domain/generation/part.ts';
import { NO_USAGE } from '../../domain/generation/usage.ts';
import type { Encoder } from '../protocol.ts';
import { decodeResponses } from './decode.ts';
import { readStream, responseBody, type ResponseBody } from './stream-order.fixture.ts';

const usage = { ...NO_USAGE, input: 3, cacheRead: 4, cacheWrite5m: 2, output: 5, reasoning: 6 };
const BEGUN_SECONDS = 1_700_000_000;
const ENDED_SECONDS = 1_700_000_002;

function encoderOf(delivery: 'whole' | 'stream', more: object = {}): Encoder {
  const body = { model: 'm', input: 'hi', stream: delivery === 'stream', ...more };
  const decoded = decodeResponses(body);
  assert.ok(decoded.ok, JSON.stringify(decoded));
  return decoded.value.encoder({
    requestId: 'req_0123',
    model: 'turnpike "mini"',
    createdAtSeconds: BEGUN_SECONDS,
    delivery,
  });
}

function stream(parts: readonly Part[], reason: FinishReason = 'stop', more: object = {}) {
  const encoder = encoderOf('stream', more);
  const text = parts.map((part) => encoder.parts([part])).join('');
  return readStream(text + encoder.finish({ reason, usage, atSeconds: ENDED_SECONDS }));
}

function whole(
  parts: readonly Part[],
  reason: FinishReason = 'stop',
  more: object = {},
): ResponseBody {
  const encoder = encoderOf('whole', more);
  assert.equal(encoder.parts(parts), '');
  return responseBody.parse(
    JSON.parse(encoder.finish({ reason, usage, atSeconds: ENDED_SECONDS })),
  );
}

const text = (said: string): Part => ({ kind: 'text-delta', text: said });
const thought = (said: string): Part => ({ kind: 'reasoning-delta', text: said });
const refused = (said: string): Part => ({ kind: 'refusal-delta', text: said });
const call = (index: number, name: string, ...json: readonly string[]): Part[] => [
  { kind: 'tool-call-start', index, callId: `call_${index}`, name },
  ...json.map((piece): Part => ({ kind: 'tool-call-delta', index, arguments: piece })),
  { kind: 'tool-call-end', index },
];

const customCall = (index: number, name: string, ...inputs: readonly string[]): Part[] => [
  { kind: 'tool-call-start', index, callId: `call_${index}`, name, tool: 'custom' },
  ...inputs.map((input): Part => ({ kind: 'custom-input-delta', index, input })),
  { kind: 'tool-call-end', index },
];

describe('a streamed Response', () => {
  it('has the events of an answer in their order, each pair closed', () => {
    const { events, response } = stream([thought('hm'), text('a "b"\n'), text('c')]);
    assert.deepEqual(
      events.map(({ type }) => type),
      [
        'response.created',
        'response.in_progress',
        'response.output_item.added',
        'response.content_part.added',
        'response.reasoning_text.delta',
        'response.reasoning_text.done',
        'response.content_part.done',
        'response.output_item.done',
        'response.output_item.added',
        'response.content_part.added',
        'response.output_text.delta',
        'response.output_text.delta',
        'response.output_text.done',
        'response.content_part.done',
        'response.output_item.done',
        'response.completed',
      ],
    );
    assert.deepEqual(response.output, [
      {
        id: 'rs_01230000',
        type: 'reasoning',
        status: 'completed',
        summary: [],
        content: [{ type: 'reasoning_text', text: 'hm' }],
      },
      {
        id: 'msg_01230001',
        type: 'message',
        status: 'completed',
        role: 'assistant',
        content: [{ type: 'output_text', annotations: [], logprobs: [], text: 'a "b"\nc' }],
      },
    ]);
  });

  it('has log probabilities with its text, where they were asked for', () => {
    const token = { token: 'a', bytes: [97], logprob: -0.5 };
    const scored: Part = { kind: 'text-delta', text: 'a', logprobs: [{ ...token, top: [token] }] };
    const more = { top_logprobs: 1 };
    const told = [{ ...token, top_logprobs: [token] }];
    const content = [{ type: 'output_text', annotations: [], logprobs: told, text: 'a' }];
    assert.deepEqual(whole([scored], 'stop', more).output[0]?.content, content);
    const encoder = encoderOf('stream', more);
    const lines = (
      encoder.parts([scored]) + encoder.finish({ reason: 'stop', usage, atSeconds: 1 })
    )
      .split('\n')
      .filter((line) => /^data: .*"type":"response\.output_text\.(?:delta|done)"/.test(line));
    const inEvent = { token: 'a', logprob: -0.5 };
    const json = JSON.stringify([{ ...inEvent, top_logprobs: [inEvent] }]);
    assert.equal(lines.length, 2);
    for (const line of lines) assert.ok(line.includes(`"logprobs":${json}`), line);
  });

  it('has the events of a call, and `{}` for a call without arguments', () => {
    const { events, response } = stream([
      ...call(0, 'weather', '{"city":', '"Lisbon"}'),
      ...call(1, 'now'),
    ]);
    assert.deepEqual(
      events.slice(2).map(({ type, delta }) => (delta === undefined ? type : [type, delta])),
      [
        'response.output_item.added',
        ['response.function_call_arguments.delta', '{"city":'],
        ['response.function_call_arguments.delta', '"Lisbon"}'],
        'response.function_call_arguments.done',
        'response.output_item.done',
        'response.output_item.added',
        ['response.function_call_arguments.delta', '{}'],
        'response.function_call_arguments.done',
        'response.output_item.done',
        'response.completed',
      ],
    );
    assert.deepEqual(response.output[0], {
      id: 'fc_01230000',
      type: 'function_call',
      status: 'completed',
      call_id: 'call_0',
      name: 'weather',
      arguments: '{"city":"Lisbon"}',
    });
  });

  it('keeps calls apart that the engine writes side by side', () => {
    const [start0, a, end0] = call(0, 'f', '{"a":1}');
    const [start1, b, end1] = call(1, 'g', '{"b":2}');
    const parts = [start0, start1, b, a, end1, end0].filter((part) => part !== undefined);
    const { output } = stream(parts).response;
    assert.deepEqual(
      output.map((item) => [item.name, item.arguments, item.status]),
      [
        ['f', '{"a":1}', 'completed'],
        ['g', '{"b":2}', 'completed'],
      ],
    );
  });

  it('is incomplete where it was cut, in its last item', () => {
    const { response: cut } = stream([text('well'), ...call(0, 'f', '{"a":')], 'length');
    const { status, incomplete_details: why, output, completed_at: at } = cut;
    assert.deepEqual([status, why, at], ['incomplete', { reason: 'max_output_tokens' }, null]);
    assert.deepEqual(
      output.map((item) => item.status),
      ['completed', 'incomplete'],
    );
    const onlyThought = stream([thought('hm')], 'length').response;
    assert.deepEqual([onlyThought.status, onlyThought.output.length], ['incomplete', 1]);
    const filtered = stream([text('x')], 'content-filter').response;
    assert.deepEqual(filtered['incomplete_details'], { reason: 'content_filter' });
  });

  it('has a message even when the model said nothing', () => {
    const { output, status } = stream([text(''), thought('hm')]).response;
    assert.equal(status, 'completed');
    assert.deepEqual(output.at(-1)?.content, [
      { type: 'output_text', annotations: [], logprobs: [], text: '' },
    ]);
  });

  it('says nothing before its first part, so that a failure can have a status of its own', () => {
    const encoder = encoderOf('stream');
    const failure: Part = { kind: 'failure', failure: { kind: 'aborted' } };
    assert.equal(encoder.parts([{ kind: 'usage', usage, source: 'engine' }, failure]), '');
  });

  it('ends with an error, nested and flat, and a failed response when it breaks', () => {
    const encoder = encoderOf('stream');
    const begun = encoder.parts([text('The')]);
    const refusal = { kind: 'engine-failed', model: 'm', timedOut: false } as const;
    const { events, response } = readStream(begun + encoder.fail(refusal));
    const message = "The model 'm' failed to answer. Nothing was charged.";
    const flat = { code: 'engine_failed', message, param: null };
    const nested = { type: 'server_error', ...flat };
    const error = events.at(-2);
    assert.deepEqual(error, { ...error, type: 'error', error: nested, ...flat });
    assert.deepEqual(response.error, { code: 'server_error', message });
    assert.deepEqual([response.usage, response.completed_at], [null, null]);
    assert.equal(response.output[0]?.status, 'incomplete');
  });

  it('tells how long to wait in the words that Codex reads', () => {
    const encoder = encoderOf('stream');
    const wait = encoder.fail({ kind: 'overloaded', retryAfterMs: 1_300 });
    const { error } = readStream(wait).response;
    assert.equal(error?.code, 'rate_limit_exceeded');
    assert.match(error?.message ?? '', /try again in 1\.3s/);
    const long = encoderOf('stream').fail({ kind: 'context-length-exceeded' });
    assert.equal(readStream(long).response.error?.code, 'context_length_exceeded');
  });

  it('sends each event in one piece, and a heartbeat that is none', () => {
    const encoder = encoderOf('stream');
    for (const part of [text('a'), ...call(0, 'f', '{}')]) {
      const sent = encoder.parts([part]);
      assert.ok(sent === '' || sent.endsWith('\n\n'), sent);
      assert.ok(!sent.includes('\r'));
    }
    assert.match(encoder.heartbeat, /^: .*\n\n$/);
  });
});

const FIELDS =
  `id object created_at completed_at status incomplete_details model previous_response_id instructions output
  error tools tool_choice truncation parallel_tool_calls text top_p presence_penalty frequency_penalty top_logprobs
  temperature reasoning usage max_output_tokens max_tool_calls store background service_tier metadata safety_identifier
  prompt_cache_key`.split(/\s+/);

describe('the Response object', () => {
  it('has the 31 fields that Open Responses requires and one more, and says what was done where nothing was asked', () => {
    const response = whole([text('x')]);
    assert.equal(FIELDS.length, 31);
    assert.deepEqual(Object.keys(response).toSorted(), [...FIELDS, 'access_programs'].toSorted());
    const { output: _output, usage: _usage, ...facts } = response;
    assert.deepEqual(facts, {
      id: 'resp_0123',
      object: 'response',
      created_at: BEGUN_SECONDS,
      completed_at: ENDED_SECONDS,
      status: 'completed',
      incomplete_details: null,
      error: null,
      model: 'turnpike "mini"',
      access_programs: null,
      previous_response_id: null,
      instructions: null,
      tools: [],
      tool_choice: 'auto',
      truncation: 'disabled',
      parallel_tool_calls: true,
      text: { format: { type: 'text' }, verbosity: 'medium' },
      top_p: 1,
      temperature: 1,
      presence_penalty: 0,
      frequency_penalty: 0,
      top_logprobs: 0,
      reasoning: { effort: null, summary: null },
      max_output_tokens: null,
      max_tool_calls: null,
      store: false,
      background: false,
      service_tier: 'default',
      metadata: {},
      safety_identifier: null,
      prompt_cache_key: null,
    });
  });

  it('counts as OpenAI does: cached tokens inside the input, reasoning inside the output', () => {
    assert.deepEqual(whole([]).usage, {
      input_tokens: 9,
      input_tokens_details: { cached_tokens: 4, cache_write_tokens: 2 },
      output_tokens: 11,
      output_tokens_details: { reasoning_tokens: 6 },
      total_tokens: 20,
    });
  });

  it('repeats the request as it was carried out', () => {
    const schema = { type: 'object', properties: {}, additionalProperties: false };
    const response = whole([], 'stop', {
      instructions: 'be brief',
      tools: [{ type: 'function', name: 'f' }, { type: 'web_search' }],
      tool_choice: { type: 'function', name: 'f' },
      text: { format: { type: 'json_schema', name: 's', schema, strict: true }, verbosity: 'low' },
      reasoning: { effort: 'xhigh', summary: 'auto' },
      store: true,
      truncation: 'auto',
      service_tier: 'flex',
      metadata: { a: 'b' },
      temperature: 0,
      max_output_tokens: 16,
    });
    assert.deepEqual(response['tools'], [
      { type: 'function', name: 'f', description: null, parameters: null, strict: false },
    ]);
    assert.deepEqual(response['text'], {
      format: { type: 'json_schema', name: 's', description: null, schema, strict: true },
      verbosity: 'low',
    });
    assert.deepEqual(response['reasoning'], { effort: 'high', summary: null });
    assert.deepEqual(response['tool_choice'], { type: 'function', name: 'f' });
    const { store, truncation, service_tier: tier, metadata, temperature } = response;
    assert.deepEqual(
      [store, truncation, tier, metadata, temperature],
      [false, 'auto', 'default', { a: 'b' }, 0],
    );
    assert.deepEqual([response['instructions'], response['max_output_tokens']], ['be brief', 16]);
  });

  it('repeats the tools of the request, not those of the conversation', () => {
    const tools = [{ type: 'function', name: 'f', strict: true }];
    const input = [
      { type: 'additional_tools', role: 'developer', tools: [{ type: 'function', name: 'g' }] },
      { role: 'user', content: 'hi' },
    ];
    assert.deepEqual(whole([], 'stop', { tools, input })['tools'], [
      { type: 'function', name: 'f', description: null, parameters: null, strict: true },
    ]);
  });

  it('gives a namespaced call its own name back', () => {
    const tools = [
      { type: 'namespace', name: 'mcp__files__', tools: [{ type: 'function', name: 'read' }] },
    ];
    const [item] = whole(call(0, 'mcp__files__read', '{}'), 'tool-calls', { tools }).output;
    assert.deepEqual([item?.namespace, item?.name], ['mcp__files__', 'read']);
  });
});

const piece = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 6 }).map(text),
  fc.string({ maxLength: 6 }).map(thought),
  fc.string({ maxLength: 6 }).map(refused),
  fc.constant<Part>({ kind: 'usage', usage, source: 'engine' }),
);
const turn = fc
  .array(
    fc.oneof(
      piece.map((part) => [part]),
      fc.array(fc.string({ maxLength: 5 }), { maxLength: 3 }),
    ),
  )
  .map((turns) => {
    let index = 0;
    // An array of text is the arguments of the next call, or its input.
    return turns.flatMap((one) => {
      if (!one.every((part) => typeof part === 'string')) return one;
      const made = one.length === 2 ? customCall : call;
      return made(index++, 'f', ...one);
    });
  });
const reason = fc.constantFrom<FinishReason>('stop', 'length', 'tool-calls', 'content-filter');

describe('however the parts are cut', () => {
  it('the stream is in order and its end is the whole answer', () => {
    fc.assert(
      fc.property(turn, reason, (parts, ending) => {
        const { response } = stream(parts, ending);
        assert.deepEqual(response, whole(parts, ending));
      }),
      { numRuns: 500 },
    );
  });

  it('the answer is the same', () => {
    fc.assert(
      fc.property(turn, reason, fc.infiniteStream(fc.boolean()), (parts, ending, cuts) => {
        const cut = parts.flatMap((part) => split(part, cuts));
        assert.deepEqual(whole(cut, ending), whole(parts, ending));
        assert.deepEqual(stream(cut, ending).response, whole(parts, ending));
      }),
      { numRuns: 300 },
    );
  });
});

/** A delta as several: one for each code unit after which the dice say so. */
function split(part: Part, cuts: Iterator<boolean>): Part[] {
  const said = 'text' in part ? part.text : part.kind === 'tool-call-delta' ? part.arguments : '';
  const pieces = [''];
  for (const character of said) {
    pieces.push(`${pieces.pop()}${character}`);
    if (cuts.next().value === true) pieces.push('');
  }
  if ('text' in part) return pieces.map((one) => ({ ...part, text: one }));
  if (part.kind !== 'tool-call-delta') return [part];
  return pieces.map((one) => ({ ...part, arguments: one }));
}
