// Another server that takes response_format and reads over it: what it promises is sent on to it and checked, unless its
// operator vouches for it.

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import OpenAI from 'openai';
import {
  startScriptedServer,
  type ScriptedServer,
} from '../../server/src/engines/scripted/scripted-server.ts';
import { SCRIPTED_CONFIG, Turnpike } from './turnpike.ts';

const PARAMETERS = {
  type: 'object',
  properties: { a: { type: 'integer' } },
  required: ['a'],
  additionalProperties: false,
};
const schema = (strict: boolean) => ({
  type: 'json_schema' as const,
  json_schema: { name: 's', strict, schema: PARAMETERS },
});

describe('another server’s promise of JSON', () => {
  let upstream: ScriptedServer;
  let turnpike: Turnpike;
  let openai: OpenAI;
  before(async () => {
    upstream = await startScriptedServer();
    const { baseUrl } = upstream;
    const [model] = SCRIPTED_CONFIG.models;
    const capabilities = { jsonObject: true, jsonSchema: true, forcedToolChoice: true };
    const config = {
      engines: [{ kind: 'openai-compatible', name: 'up', baseUrl }],
      models: [
        { ...model, id: 'up', engine: 'up' },
        { ...model, id: 'vouched', engine: 'up', capabilities },
      ],
    };
    turnpike = await Turnpike.start({ config });
    openai = new OpenAI({ baseURL: turnpike.baseUrl, apiKey: turnpike.firstKey, maxRetries: 0 });
  });
  after(async () => {
    await turnpike[Symbol.asyncDispose]();
    await upstream[Symbol.asyncDispose]();
  });

  type Format = OpenAI.ChatCompletionCreateParams['response_format'];
  async function ask(model: string, content: string, format: Format) {
    const messages = [{ role: 'user', content }] as const;
    const stream = await openai.chat.completions.create({
      model,
      messages: [...messages],
      stream: true,
      ...(format !== undefined && { response_format: format }),
    });
    let text = '';
    for await (const { choices } of stream) text += choices[0]?.delta.content ?? '';
    return text;
  }
  const isInvalid = (error: unknown): boolean =>
    error instanceof OpenAI.APIError && error.code === 'invalid_output';

  it('is sent on as it came, and what is right goes out', async () => {
    assert.equal(await ask('up', '[[echo]] {"a":1}', schema(true)), '{"a":1}');
    const { response_format, messages } = upstream.requests.at(-1) as {
      readonly response_format?: unknown;
      readonly messages?: unknown;
    }; // a test reads what it expects
    assert.deepEqual(response_format, schema(true));
    assert.deepEqual(messages, [{ role: 'user', content: '[[echo]] {"a":1}' }]);
  });

  it('is checked: asked for once more, and refused when it is wrong again', async () => {
    for (const format of [schema(true), { type: 'json_object' } as const]) {
      const heard = upstream.requests.length;
      await assert.rejects(ask('up', '[[echo]] nope', format), isInvalid);
      const [first, second, ...more] = upstream.requests.slice(heard);
      assert.equal(more.length, 0);
      assert.doesNotMatch(JSON.stringify(first), /nothing else/);
      assert.match(JSON.stringify(second), /nothing else.*nope.*not the JSON/);
    }
  });

  it('is not checked without strict, and where the operator vouches for it', async () => {
    assert.equal(await ask('up', '[[echo]] nope', schema(false)), 'nope');
    assert.equal(await ask('vouched', '[[echo]] nope', schema(true)), 'nope');
    assert.equal(await ask('vouched', '[[echo]] nope', { type: 'json_object' }), 'nope');
  });

  it('of a call that is demanded is checked, asked for once more, and refused when none comes', async () => {
    const tools = [{ type: 'function', function: { name: 'f', parameters: PARAMETERS } }] as const;
    const demand = (model: string, content: string) =>
      openai.chat.completions.create({
        model,
        messages: [{ role: 'user', content }],
        tool_choice: 'required',
        tools: [...tools],
      });
    const heard = upstream.requests.length;
    await assert.rejects(demand('up', '[[echo]] no call'), isInvalid);
    const [first, second, ...more] = upstream.requests.slice(heard);
    assert.equal(more.length, 0);
    assert.match(JSON.stringify(first), /"tool_choice":"required"/);
    assert.match(JSON.stringify(second), /You must call/);
    const named = { type: 'tool', name: 'f' } as const;
    const messages = await fetch(`${turnpike.baseUrl}/messages`, {
      method: 'POST',
      headers: { 'x-api-key': turnpike.firstKey, 'content-type': 'application/json' },
      body: JSON.stringify({
        model: 'up',
        max_tokens: 50,
        messages: [{ role: 'user', content: '[[tool=g:{}]]' }],
        tool_choice: named,
        tools: [{ name: 'f', input_schema: PARAMETERS }],
      }),
    });
    assert.equal(messages.status, 502);
    const late = await demand('up', '[[echo]] no call[[then]][[tool=f:{"a":1}]]');
    assert.equal(late.choices[0]?.finish_reason, 'tool_calls');
    assert.equal(late.choices[0].message.content, null, 'what was said without it is gone');
    const believed = await demand('vouched', '[[echo]] no call');
    assert.equal(believed.choices[0]?.message.content, 'no call');
  });

  it('a call that is demanded is no less demanded the second time', async () => {
    const answer = (content: string) =>
      openai.chat.completions.create({
        model: 'up',
        messages: [{ role: 'user', content }],
        tool_choice: 'required',
        tools: [
          { type: 'function', function: { name: 'f', strict: true, parameters: PARAMETERS } },
        ],
      });
    await assert.rejects(answer('[[tool=f:{"a":"x"}]]'), isInvalid);
    const { choices } = await answer('[[tool=f:{"a":1}]]');
    const [call] = choices[0]?.message.tool_calls ?? [];
    assert.equal(call?.type === 'function' && call.function.arguments, '{"a":1}');
  });
});
