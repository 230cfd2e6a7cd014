// Tools and JSON on the model that ships, asked by the official client: what is forced is valid whatever the model knows.

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';

import { Ajv2020 } from 'ajv/dist/2020.js';
import OpenAI from 'openai';

import { Turnpike } from './turnpike.ts';

const PARAMETERS = {
  type: 'object',
  properties: {
    city: { type: 'string', maxLength: 20 },
    unit: { type: 'string', enum: ['celsius', 'fahrenheit'] },
    days: { type: 'integer', minimum: 1, maximum: 7 },
  },
  required: ['city', 'unit', 'days'],
  additionalProperties: false,
};
const WEATHER: OpenAI.ChatCompletionFunctionTool = {
  type: 'function',
  function: {
    name: 'get_weather',
    description: 'The weather.',
    parameters: PARAMETERS,
    strict: true,
  },
};
const FORCED = { type: 'function', function: { name: 'get_weather' } } as const;
const QUESTION = { role: 'user', content: 'What is the weather in Lisbon?' } as const;

describe('the model that ships, with tools', () => {
  const ajv = new Ajv2020();
  let turnpike: Turnpike;
  let client: OpenAI;
  let model: string;
  before(async () => {
    turnpike = await Turnpike.start();
    client = new OpenAI({ baseURL: turnpike.baseUrl, apiKey: turnpike.firstKey, maxRetries: 0 });
    model = (await client.models.list()).data[0]?.id ?? '';
  });
  after(() => turnpike[Symbol.asyncDispose]());

  function assertCall(call: OpenAI.ChatCompletionMessageToolCall | undefined): void {
    assert.ok(call?.type === 'function');
    assert.equal(call.function.name, 'get_weather');
    const given: unknown = JSON.parse(call.function.arguments);
    assert.ok(ajv.validate(PARAMETERS, given), call.function.arguments);
  }

  it('a forced call has valid arguments, and its result is taken in the next turn', async () => {
    const forced = await client.chat.completions.create({
      model,
      messages: [QUESTION],
      tools: [WEATHER],
      tool_choice: FORCED,
      parallel_tool_calls: false,
    });
    const [choice] = forced.choices;
    assert.equal(choice?.finish_reason, 'tool_calls');
    assert.equal(choice.message.content, null);
    const [call] = choice.message.tool_calls ?? [];
    assertCall(call);
    assert.ok((forced.usage?.completion_tokens ?? 0) > 10);
    const next = await client.chat.completions.create({
      model,
      messages: [
        QUESTION,
        choice.message,
        { role: 'tool', tool_call_id: call?.id ?? '', content: 'Sunny, 24 °C' },
      ],
      tools: [WEATHER],
      tool_choice: 'none',
      max_completion_tokens: 40,
    });
    assert.ok((next.choices[0]?.message.content ?? '').length > 0);
    assert.equal(next.choices[0]?.message.tool_calls, undefined);
  });

  it('a streamed call is put together by the client', async () => {
    const stream = client.chat.completions.stream({
      model,
      messages: [QUESTION],
      tools: [WEATHER],
      tool_choice: 'required',
      parallel_tool_calls: false,
      stream_options: { include_usage: true },
    });
    const pieces: string[] = [];
    stream.on(
      'tool_calls.function.arguments.delta',
      ({ arguments_delta: piece }) => void pieces.push(piece),
    );
    const final = await stream.finalChatCompletion();
    const [call] = final.choices[0]?.message.tool_calls ?? [];
    assertCall(call);
    assert.equal(final.choices[0]?.finish_reason, 'tool_calls');
    assert.ok(pieces.length > 3, 'in several pieces');
    assert.ok((final.usage?.completion_tokens ?? 0) > 10);
  });

  it('JSON by a schema is valid by it, whole and streamed', async () => {
    const format = {
      type: 'json_schema',
      json_schema: { name: 'forecast', schema: PARAMETERS, strict: true },
    } as const;
    const asked = { model, messages: [QUESTION], response_format: format };
    const whole = await client.chat.completions.create(asked);
    const streamed = await client.chat.completions.stream(asked).finalChatCompletion();
    for (const answer of [whole, streamed]) {
      assert.equal(answer.choices[0]?.finish_reason, 'stop');
      const text = answer.choices[0].message.content ?? '';
      assert.ok(ajv.validate(PARAMETERS, JSON.parse(text)), text);
    }
  });

  it('a strict schema that no grammar keeps is refused by tool and path', async () => {
    const parameters = { type: 'object', properties: { code: { type: 'string', pattern: '^a' } } };
    const tool = {
      type: 'function',
      function: { name: 'enter', parameters, strict: true },
    } as const;
    const asked = client.chat.completions.create({ model, messages: [QUESTION], tools: [tool] });
    await assert.rejects(asked, (error) => {
      assert.ok(error instanceof OpenAI.BadRequestError);
      assert.match(
        error.message,
        /'tools\[0\]\.function\.parameters\.properties\.code\.pattern' .*'enter'/u,
      );
      return true;
    });
  });
});
