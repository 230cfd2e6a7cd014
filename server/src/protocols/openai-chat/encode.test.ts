// Answers on the wire, byte for byte where a client depends on it. That real clients read them is proved in test/e2e.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Part } from '../../domain/generation/part.ts';
import { NO_USAGE } from '../../domain/generation/usage.ts';
import type { ChatFacts } from './chat-object.ts';
import { chatEncoder } from './encode.ts';

const atSeconds = 1_700_000_001;
const facts: ChatFacts = {
  requestId: 'req_0123',
  model: 'turnpike "mini"',
  createdAtSeconds: 1_700_000_000,
  includeUsage: true,
  legacyFunctions: false,
  choices: 1,
  logprobs: false,
  delivery: 'stream',
};
const usage = { ...NO_USAGE, input: 3, cacheRead: 4, output: 5, reasoning: 6 };
const call: readonly Part[] = [
  { kind: 'tool-call-start', index: 0, callId: 'c1', name: 'weather' },
  { kind: 'tool-call-delta', index: 0, arguments: '{"city":' },
  { kind: 'tool-call-delta', index: 0, arguments: '"Lisbon"}' },
  { kind: 'tool-call-end', index: 0 },
];

const custom: readonly Part[] = [
  { kind: 'tool-call-start', index: 0, callId: 'c1', name: 'exec', tool: 'custom' },
  { kind: 'custom-input-delta', index: 0, input: 'ls' },
  { kind: 'custom-input-delta', index: 0, input: ' -l' },
  { kind: 'tool-call-end', index: 0 },
];

const identity = {
  id: 'chatcmpl-0123',
  created: 1_700_000_000,
  model: 'turnpike "mini"',
  service_tier: 'default',
  system_fingerprint: null,
};
const usageOnTheWire = {
  prompt_tokens: 7,
  completion_tokens: 11,
  total_tokens: 18,
  prompt_tokens_details: { cached_tokens: 4, audio_tokens: 0 },
  completion_tokens_details: {
    reasoning_tokens: 6,
    audio_tokens: 0,
    accepted_prediction_tokens: 0,
    rejected_prediction_tokens: 0,
  },
};

function chunk(delta: object, finish: string | null = null): object {
  const choice = { index: 0, delta, logprobs: null, finish_reason: finish };
  return { ...identity, object: 'chat.completion.chunk', choices: [choice], usage: null };
}

function whole(message: object, finish: string): object {
  const choice = { index: 0, message, logprobs: null, finish_reason: finish };
  return { ...identity, object: 'chat.completion', choices: [choice], usage: usageOnTheWire };
}

/** The JSON of every event, and the raw text of those that are none. */
function events(text: string): unknown[] {
  const lines = text.split('\n\n').filter((line) => line !== '');
  return lines.map((line) => {
    assert.ok(line.startsWith('data: '), line);
    const data = line.slice('data: '.length);
    const event: unknown = data === '[DONE]' ? data : JSON.parse(data);
    return event;
  });
}

describe('a streamed Chat Completion', () => {
  it('begins with the role, ends with the finish, the usage and [DONE], and is the same chunk all along', () => {
    const encoder = chatEncoder(facts);
    const text =
      encoder.parts([{ kind: 'text-delta', text: 'a "b"\n' }]) +
      encoder.parts([{ kind: 'reasoning-delta', text: 'hm' }]) +
      encoder.finish({ reason: 'length', usage, atSeconds });
    assert.deepEqual(events(text), [
      chunk({ role: 'assistant', content: '', refusal: null }),
      chunk({ content: 'a "b"\n' }),
      chunk({ reasoning: 'hm' }),
      chunk({}, 'length'),
      { ...identity, object: 'chat.completion.chunk', choices: [], usage: usageOnTheWire },
      '[DONE]',
    ]);
  });

  it('has no usage key at all unless it was asked for', () => {
    const encoder = chatEncoder({ ...facts, includeUsage: false });
    const text =
      encoder.parts([{ kind: 'text-delta', text: 'x' }]) +
      encoder.finish({ reason: 'stop', usage, atSeconds });
    assert.ok(!text.includes('usage'));
  });

  it('is not begun before the engine says something, so that a failure has a status of its own', () => {
    const failure: Part = { kind: 'failure', failure: { kind: 'overloaded' } };
    const count: Part = { kind: 'usage', usage, source: 'engine' };
    assert.equal(chatEncoder(facts).parts([count, failure]), '');
  });

  it('has the role even when the answer is empty', () => {
    const [first] = events(chatEncoder(facts).finish({ reason: 'stop', usage, atSeconds }));
    assert.deepEqual(first, chunk({ role: 'assistant', content: '', refusal: null }));
  });

  it('tells a tool call apart by its index and names it once', () => {
    const encoder = chatEncoder(facts);
    const begun = { index: 0, id: 'c1', type: 'function' };
    assert.deepEqual(events(encoder.parts(call)).slice(1), [
      chunk({ tool_calls: [{ ...begun, function: { name: 'weather', arguments: '' } }] }),
      chunk({ tool_calls: [{ index: 0, function: { arguments: '{"city":' } }] }),
      chunk({ tool_calls: [{ index: 0, function: { arguments: '"Lisbon"}' } }] }),
    ]);
  });

  it('ends with an error event, without [DONE], when it breaks', () => {
    const encoder = chatEncoder(facts);
    const [event] = events(encoder.fail({ kind: 'engine-failed', model: 'm', timedOut: false }));
    assert.deepEqual(event, {
      error: {
        message: "The model 'm' failed to answer. Nothing was charged.",
        type: 'server_error',
        param: null,
        code: 'engine_failed',
      },
    });
  });
});

describe('a whole Chat Completion', () => {
  it('collects text, reasoning and calls', () => {
    const encoder = chatEncoder({ ...facts, delivery: 'whole' });
    assert.equal(encoder.parts([{ kind: 'reasoning-delta', text: 'hm' }, ...call]), '');
    const answer: unknown = JSON.parse(encoder.finish({ reason: 'tool-calls', usage, atSeconds }));
    const message = {
      role: 'assistant',
      content: null,
      refusal: null,
      annotations: [],
      reasoning: 'hm',
      tool_calls: [
        {
          id: 'c1',
          type: 'function',
          function: { name: 'weather', arguments: '{"city":"Lisbon"}' },
        },
      ],
    };
    assert.deepEqual(answer, whole(message, 'tool_calls'));
  });

  it('has empty text, not null, when the model said nothing', () => {
    const encoder = chatEncoder({ ...facts, delivery: 'whole' });
    const answer: unknown = JSON.parse(encoder.finish({ reason: 'stop', usage, atSeconds }));
    const message = { role: 'assistant', content: '', refusal: null, annotations: [] };
    assert.deepEqual(answer, whole(message, 'stop'));
  });
});

describe('calls in other forms', () => {
  const ending = { reason: 'tool-calls', usage, atSeconds } as const;
  const first = chunk({ role: 'assistant', content: '', refusal: null });

  it('of a custom tool', () => {
    const encoder = chatEncoder(facts);
    const delta = (more: object): object => chunk({ tool_calls: [{ index: 0, ...more }] });
    assert.deepEqual(events(encoder.parts(custom)), [
      first,
      delta({ id: 'c1', type: 'custom', custom: { name: 'exec', input: '' } }),
      delta({ custom: { input: 'ls' } }),
      delta({ custom: { input: ' -l' } }),
    ]);
    const encoderOfWhole = chatEncoder({ ...facts, delivery: 'whole' });
    encoderOfWhole.parts(custom);
    const answer: unknown = JSON.parse(encoderOfWhole.finish(ending));
    const made = { id: 'c1', type: 'custom', custom: { name: 'exec', input: 'ls -l' } };
    const message = { role: 'assistant', content: null, refusal: null, annotations: [] };
    assert.deepEqual(answer, whole({ ...message, tool_calls: [made] }, 'tool_calls'));
  });

  it("for clients that ask with 'functions'", () => {
    const encoder = chatEncoder({ ...facts, legacyFunctions: true });
    const said = events(encoder.parts(call));
    assert.deepEqual(said, [
      first,
      chunk({ function_call: { name: 'weather', arguments: '' } }),
      chunk({ function_call: { arguments: '{"city":' } }),
      chunk({ function_call: { arguments: '"Lisbon"}' } }),
    ]);
    assert.deepEqual(events(encoder.finish(ending))[0], chunk({}, 'function_call'));
    const encoderOfWhole = chatEncoder({ ...facts, legacyFunctions: true, delivery: 'whole' });
    encoderOfWhole.parts(call);
    const answer: unknown = JSON.parse(encoderOfWhole.finish(ending));
    const made = { name: 'weather', arguments: '{"city":"Lisbon"}' };
    const message = { role: 'assistant', content: null, refusal: null, annotations: [] };
    assert.deepEqual(answer, whole({ ...message, function_call: made }, 'function_call'));
  });
});

describe('several choices', () => {
  const said: readonly Part[] = [
    { kind: 'text-delta', text: 'a' },
    { kind: 'text-delta', text: 'b', choice: 1 },
    { kind: 'finish', reason: 'length', choice: 1 },
    { kind: 'finish', reason: 'stop' },
  ];
  const ending = { reason: 'stop', usage, atSeconds } as const;

  it('stand apart in a stream, each with a beginning and an end of its own', () => {
    const encoder = chatEncoder({ ...facts, choices: 2 });
    const lines = events(encoder.parts(said) + encoder.finish(ending));
    const own = lines.map((line) => {
      const { choices } = line as { choices?: { index: number; delta: object }[] }; // as written above
      return choices?.map(({ index, delta }) => [index, delta]);
    });
    const role = { role: 'assistant', content: '', refusal: null };
    assert.deepEqual(own.slice(0, 6).flat(), [
      [0, role],
      [0, { content: 'a' }],
      [1, role],
      [1, { content: 'b' }],
      [0, {}],
      [1, {}],
    ]);
    assert.match(JSON.stringify(lines[4]), /"finish_reason":"stop"/);
    assert.match(JSON.stringify(lines[5]), /"finish_reason":"length"/);
  });

  it('stand side by side in one body', () => {
    const encoder = chatEncoder({ ...facts, choices: 2, delivery: 'whole' });
    encoder.parts(said);
    const message = { role: 'assistant', refusal: null, annotations: [] };
    assert.deepEqual(JSON.parse(encoder.finish(ending)), {
      ...identity,
      object: 'chat.completion',
      choices: [
        { index: 0, message: { ...message, content: 'a' }, logprobs: null, finish_reason: 'stop' },
        {
          index: 1,
          message: { ...message, content: 'b' },
          logprobs: null,
          finish_reason: 'length',
        },
      ],
      usage: usageOnTheWire,
    });
  });
});

describe('log probabilities', () => {
  const token = { token: 'a', bytes: [97], logprob: -0.5 };
  const said: readonly Part[] = [
    { kind: 'text-delta', text: 'a', logprobs: [{ ...token, top: [token] }] },
  ];
  const logprobs = { content: [{ ...token, top_logprobs: [token] }], refusal: null };

  it('are told with the text', () => {
    const [, second] = events(chatEncoder({ ...facts, logprobs: true }).parts(said));
    const choice = { index: 0, delta: { content: 'a' }, logprobs, finish_reason: null };
    const object = 'chat.completion.chunk';
    assert.deepEqual(second, { ...identity, object, choices: [choice], usage: null });
    const encoder = chatEncoder({ ...facts, logprobs: true, delivery: 'whole' });
    encoder.parts(said);
    const answer = JSON.stringify(JSON.parse(encoder.finish({ reason: 'stop', usage, atSeconds })));
    assert.ok(answer.includes(`"logprobs":${JSON.stringify(logprobs)}`), answer);
  });
});
