// What OpenAI's own client asks beyond a plain conversation: several choices, log probabilities, custom tools, the older
// functions, legacy completions and embeddings; with the books to match.

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import OpenAI from 'openai';
import { SCRIPTED_CONFIG, Turnpike } from './turnpike.ts';

const SAID = 'The toll is paid and the gate turns. ';
const model = 'scripted';
const CONFIG = {
  ...SCRIPTED_CONFIG,
  models: [
    ...SCRIPTED_CONFIG.models,
    { id: 'vectors', engine: 'scripted', type: 'embedding', price: { input: '0.5' } },
  ],
};

describe('the official client', () => {
  let turnpike: Turnpike;
  let client: OpenAI;
  before(async () => {
    turnpike = await Turnpike.start({ config: CONFIG });
    client = new OpenAI({ baseURL: turnpike.baseUrl, apiKey: turnpike.firstKey, maxRetries: 0 });
  });
  after(() => turnpike[Symbol.asyncDispose]());

  const ask = (content: string) => ({ model, messages: [{ role: 'user' as const, content }] });

  it('gets several choices, whole and through its stream accumulator', async () => {
    const whole = await client.chat.completions.create({ ...ask('hi'), n: 3 });
    assert.deepEqual(
      whole.choices.map(({ index, message }) => [index, message.content]),
      [0, 1, 2].map((index) => [index, SAID]),
    );
    assert.deepEqual([whole.usage?.prompt_tokens, whole.usage?.completion_tokens], [1, 24]);
    const stream = client.chat.completions.stream({ ...ask('hi'), n: 2 });
    const { choices } = await stream.finalChatCompletion();
    assert.deepEqual(
      choices.map(({ index, message, finish_reason: reason }) => [index, message.content, reason]),
      [0, 1].map((index) => [index, SAID, 'stop']),
    );
  });

  it('gets log probabilities, whole and streamed', async () => {
    const wish = { ...ask('hi'), logprobs: true, top_logprobs: 2 };
    const whole = await client.chat.completions.create(wish);
    const content = whole.choices[0]?.logprobs?.content ?? [];
    assert.equal(content.map(({ token }) => token).join(''), SAID);
    for (const { logprob, top_logprobs: top } of content) {
      assert.ok(logprob < 0);
      assert.equal(top.length, 2);
    }
    const stream = client.chat.completions.stream(wish);
    const streamed = await stream.finalChatCompletion();
    assert.deepEqual(streamed.choices[0]?.logprobs?.content, content);
  });

  it('calls a custom tool with text, and answers it', async () => {
    const tools: OpenAI.Chat.ChatCompletionTool[] = [{ type: 'custom', custom: { name: 'exec' } }];
    const asked = ask('[[tool=exec:"ls -l"]]');
    const called = await client.chat.completions.create({ ...asked, tools });
    const [call] = called.choices[0]?.message.tool_calls ?? [];
    assert.ok(call?.type === 'custom');
    assert.deepEqual(call.custom, { name: 'exec', input: '"ls -l"' });
    assert.equal(called.choices[0]?.finish_reason, 'tool_calls');
    const result = { role: 'tool' as const, tool_call_id: call.id, content: 'a.txt' };
    const turn = { role: 'assistant' as const, content: null, tool_calls: [call] };
    const messages = [...asked.messages, turn, result];
    const answered = await client.chat.completions.create({ model, messages, tools });
    assert.equal(answered.choices[0]?.message.content, SAID);
  });

  it('calls one of the older functions', async () => {
    const functions = [{ name: 'look', parameters: { type: 'object' } }];
    const body = { ...ask('[[tool=look:{"at":1}]]'), functions };
    // Its types call the field deprecated, and it sends whatever it is given.
    const called: object = await client.post('/chat/completions', { body });
    const made = { function_call: { name: 'look', arguments: '{"at":1}' } };
    const told = JSON.stringify(called);
    assert.ok(told.includes(JSON.stringify(made).slice(1, -1)), told);
    assert.ok(told.includes('"finish_reason":"function_call"'), told);
  });

  it('is told what has no effect, and refused what would be another answer', async () => {
    const { response } = await client.chat.completions
      .create({
        ...ask('hi'),
        service_tier: 'priority',
        verbosity: 'low',
        prediction: { type: 'content', content: 'x' },
      })
      .withResponse();
    assert.equal(response.headers.get('turnpike-ignored'), 'prediction, verbosity, service_tier');
    const refused = client.chat.completions.create({ ...ask('hi'), modalities: ['text', 'audio'] });
    await assert.rejects(refused, (error) => {
      assert.ok(error instanceof OpenAI.BadRequestError);
      assert.deepEqual([error.code, error.param], ['unsupported_parameter', 'modalities']);
      return true;
    });
  });

  it('completes raw text, whole and streamed', async () => {
    const whole = await client.completions.create({
      model,
      prompt: ['a b', 'c'],
      echo: true,
      n: 2,
    });
    assert.deepEqual(
      whole.choices.map(({ index, text }) => [index, text]),
      ['a b', 'a b', 'c', 'c'].map((prompt, index) => [index, prompt + SAID]),
    );
    assert.deepEqual([whole.usage?.prompt_tokens, whole.usage?.completion_tokens], [3, 32]);
    const stream = await client.completions.create({ model, prompt: 'a', stream: true });
    let text = '';
    for await (const { choices } of stream) text += choices[0]?.text ?? '';
    assert.equal(text, SAID);
  });

  it('gets embeddings in its own default format and as floats, at the price of their input', async () => {
    const input = ['the gate', 'the gate', 'quite another thing'];
    const { data, response } = await client.embeddings
      .create({ model: 'vectors', input })
      .withResponse();
    const floats = await client.embeddings.create({
      model: 'vectors',
      input,
      encoding_format: 'float',
    });
    assert.deepEqual(data.data, floats.data);
    const [one, same, other] = data.data.map(({ embedding }) => embedding);
    assert.ok(one && same && other);
    const dot = (a: number[], b: number[]): number =>
      a.reduce((sum, value, at) => sum + value * (b[at] ?? 0), 0);
    assert.ok(Math.abs(dot(one, same) - 1) < 1e-6);
    assert.ok(dot(one, other) < 0.9);
    assert.deepEqual(data.usage, { prompt_tokens: 7, total_tokens: 7 });
    // 7 tokens at $0.50 per million.
    assert.equal(response.headers.get('turnpike-cost-usd'), '0.0000035');
    const wrong = client.embeddings.create({ model, input: 'x' });
    await assert.rejects(wrong, OpenAI.BadRequestError);
  });
});
