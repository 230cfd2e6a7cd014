// The Responses protocol as OpenAI's own client sees it: whole and streamed answers, a round of tools, errors before and
// inside a stream, and every event in its order on the wire.

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import fc from 'fast-check';
import OpenAI from 'openai';
import { ResponsesWS } from 'openai/resources/responses/ws';
import { readStream } from '../../server/src/protocols/openai-responses/stream-order.fixture.ts';
import { SCRIPTED_CONFIG, Turnpike } from './turnpike.ts';

const SAID = 'The toll is paid and the gate turns. ';
const weather: OpenAI.Responses.Tool = {
  type: 'function',
  name: 'get_weather',
  description: 'The weather of a city.',
  parameters: {
    type: 'object',
    properties: { city: { type: 'string' } },
    required: ['city'],
    additionalProperties: false,
  },
  strict: true,
};

describe('Responses', () => {
  let turnpike: Turnpike;
  let client: OpenAI;
  before(async () => {
    turnpike = await Turnpike.start({ config: SCRIPTED_CONFIG });
    client = new OpenAI({ baseURL: turnpike.baseUrl, apiKey: turnpike.firstKey, maxRetries: 0 });
  });
  after(() => turnpike[Symbol.asyncDispose]());

  const model = 'scripted';

  async function send(body: object): Promise<Response> {
    return fetch(`${turnpike.baseUrl}/responses`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${turnpike.firstKey}`,
        'content-type': 'application/json',
      },
      body: JSON.stringify({ model, ...body }),
    });
  }

  it('answers a text whole, with its price', async () => {
    const { data, response } = await client.responses
      .create({ model, input: 'hi', instructions: 'Be brief.' })
      .withResponse();
    assert.equal(data.output_text, SAID);
    assert.equal(data.status, 'completed');
    assert.equal(data.usage?.input_tokens, 3);
    assert.equal(data.usage.output_tokens, 8);
    assert.ok((data.completed_at ?? 0) >= data.created_at);
    assert.ok(Number(response.headers.get('turnpike-cost-usd')) > 0);
    assert.equal(response.headers.get('turnpike-ignored'), null);
    const requestId = response.headers.get('x-request-id') ?? '';
    assert.equal(data.id.slice('resp_'.length), requestId.slice('req_'.length));
  });

  it('answers items, and names what has no effect', async () => {
    const { data, response } = await client.responses
      .create({
        model,
        input: [
          { role: 'developer', content: 'Be brief.' },
          { role: 'user', content: [{ type: 'input_text', text: '[[echo]] of this' }] },
        ],
        tools: [{ type: 'web_search' }, weather],
        text: {},
        store: true,
      })
      .withResponse();
    assert.equal(data.output_text, 'of this');
    assert.equal(response.headers.get('turnpike-ignored'), 'tools[0] (web_search)');
    assert.deepEqual(data.tools, [weather]);
  });

  it('streams, and the accumulator of the client ends with the same answer', async () => {
    const stream = client.responses.stream({ model, input: '[[reasoning=2 tokens=4]]' });
    const deltas: string[] = [];
    stream.on('response.output_text.delta', ({ delta, snapshot }) => {
      deltas.push(delta);
      assert.equal(snapshot, deltas.join(''));
    });
    const final = await stream.finalResponse();
    assert.deepEqual(deltas, ['The ', 'toll ', 'is ', 'paid ']);
    assert.equal(final.output_text, 'The toll is paid ');
    const [thought, message] = final.output;
    assert.deepEqual(thought?.type === 'reasoning' && thought.content, [
      { type: 'reasoning_text', text: 'hm hm ' },
    ]);
    assert.equal(message?.type, 'message');
    assert.equal(final.usage?.output_tokens_details.reasoning_tokens, 2);
    assert.equal(final.usage.total_tokens, final.usage.input_tokens + 6);
  });

  it('calls a tool, streamed and whole, and goes on with its result', async () => {
    const asked = '[[tool=get_weather:{"city":"Lisbon"}]]';
    const first = await client.responses
      .stream({ model, input: asked, tools: [weather], tool_choice: 'required' })
      .finalResponse();
    const whole = await client.responses.create({ model, input: asked, tools: [weather] });
    const calls = [first, whole].map(({ output: [item] }) => item);
    for (const call of calls) {
      assert.ok(call?.type === 'function_call');
      assert.deepEqual(
        [call.name, JSON.parse(call.arguments)],
        ['get_weather', { city: 'Lisbon' }],
      );
      const next: OpenAI.Responses.Response = await client.responses.create({
        model,
        tools: [weather],
        input: [
          { role: 'user', content: asked },
          call,
          { type: 'function_call_output', call_id: call.call_id, output: '22 °C' },
          { role: 'user', content: '[[echo]] it is warm' },
        ],
      });
      assert.equal(next.output_text, 'it is warm');
    }
  });

  it('takes its own output back as input, reasoning included', async () => {
    const { output } = await client.responses.create({ model, input: '[[reasoning=1]] a' });
    const input = [...output, { role: 'user' as const, content: '[[echo]] b' }];
    // The client's types keep output and input apart; what comes out may go in.
    const again = await client.responses.create({ model, input: input as never });
    assert.equal(again.output_text, 'b');
    const item = output[1];
    assert.equal(item?.type === 'message' && item.id.startsWith('msg_'), true);
  });

  it('gives a call from a namespace back under its own name', async () => {
    const answer = await send({
      input: '[[tool=mcp__files__read:{}]]',
      tools: [{ type: 'namespace', name: 'mcp__files', tools: [{ ...weather, name: 'read' }] }],
    });
    const { output } = await jsonOf(answer);
    assert.deepEqual([output[0].namespace, output[0].name], ['mcp__files', 'read']);
  });

  it('is incomplete at its token limit', async () => {
    const create = { model, input: '[[tokens=50]]', max_output_tokens: 16 };
    const whole = await client.responses.create(create);
    const streamed = await client.responses.stream(create).finalResponse();
    for (const { status, incomplete_details: why, output } of [whole, streamed]) {
      assert.equal(status, 'incomplete');
      assert.equal(why?.reason, 'max_output_tokens');
      assert.equal(output[0]?.type === 'message' && output[0].status, 'incomplete');
    }
    const onlyThought = await client.responses.create({ ...create, input: '[[reasoning=50]]' });
    assert.equal(onlyThought.status, 'incomplete');
    assert.equal(onlyThought.output_text, '');
  });

  for (const input of [
    'hi',
    '[[reasoning=3]]',
    '[[tool=f:{"a":[1,2,3]}]]',
    '[[finish=content-filter]]',
    '[[error-after=3]]',
    '[[cut-after=2]]',
    '[[rate=200 tokens=20]]',
  ]) {
    it(`has every event in order on the wire: ${input}`, async () => {
      const response = await send({ input, stream: true });
      assert.match(response.headers.get('content-type') ?? '', /^text\/event-stream/);
      const last = readStream(await response.text()).response;
      assert.match(last.status, /^(?:completed|incomplete|failed)$/);
    });
  }

  it('fails inside a stream as the client expects it', async () => {
    const stream = await client.responses.create({
      model,
      input: '[[error-after=2]]',
      stream: true,
    });
    await assert.rejects(
      async () => {
        for await (const event of stream) assert.notEqual(event.type, 'response.completed');
      },
      (error) => error instanceof OpenAI.APIError && error.code === 'engine_failed',
    );
  });

  it('fails with a status while nothing was said', async () => {
    for (const stream of [false, true]) {
      const busy = await send({ input: '[[fail=429]]', stream });
      assert.equal(busy.status, 503);
      const { error } = await jsonOf(busy);
      assert.equal(error.code, 'server_is_overloaded');
      assert.match(error.message, /try again in 1s/);
      const long = await send({ input: '[[fail=context]]', stream });
      const { error: tooLong } = await jsonOf(long);
      assert.deepEqual([long.status, tooLong.code], [400, 'context_length_exceeded']);
      assert.equal(tooLong.param, 'input');
    }
  });

  it('refuses in the envelope of the API, by the name of the field', async () => {
    const wrong: readonly (readonly [object, string])[] = [
      [{ input: 'hi', previous_response_id: 'resp_1' }, 'previous_response_id'],
      [{ input: 'hi', background: true, store: false }, 'background'],
      [{ input: [{ type: 'nonsense' }] }, 'input[0].type'],
      [{ input: 'hi', max_output_tokens: 1 }, 'max_output_tokens'],
    ];
    for (const [body, param] of wrong) {
      const response = await send(body);
      assert.equal(response.status, 400);
      const { error } = await jsonOf(response);
      assert.equal(error.param, param);
      assert.equal(error.type, 'invalid_request_error');
    }
    await assert.rejects(client.responses.create({ model: 'gpt-9', input: 'hi' }), (error) => {
      return error instanceof OpenAI.NotFoundError && error.code === 'model_not_found';
    });
    const wrongMethod = await fetch(`${turnpike.baseUrl}/responses`);
    assert.deepEqual([wrongMethod.status, wrongMethod.headers.get('allow')], [405, 'POST']);
  });

  it('goes on from turn to turn over the WebSocket of the official client', async () => {
    const socket = new ResponsesWS(client);
    const events: OpenAI.Responses.ResponsesServerEvent[] = [];
    const turn = async (fields: object): Promise<OpenAI.Responses.Response> => {
      const create = { type: 'response.create' as const, model, store: false, ...fields };
      const ended = Promise.withResolvers<OpenAI.Responses.Response>();
      const hear = (event: OpenAI.Responses.ResponsesServerEvent): void => {
        events.push(event);
        if (event.type === 'response.completed') ended.resolve(event.response);
      };
      socket.on('event', hear);
      socket.send(create);
      const response = await ended.promise;
      socket.off('event', hear);
      return response;
    };
    const called = await turn({
      input: '[[tool=get_weather:{"city":"Lisbon"}]]',
      tools: [weather],
    });
    const [call] = called.output;
    assert.ok(call?.type === 'function_call');
    const done = await turn({
      previous_response_id: called.id,
      input: [{ type: 'function_call_output', call_id: call.call_id, output: '22 °C' }],
    });
    assert.equal(outputText(done), SAID);
    assert.equal(done.previous_response_id, called.id);
    assert.ok(events.some(({ type }) => type === 'response.output_text.delta'));
    const failed = Promise.withResolvers<Error>();
    socket.on('error', failed.resolve);
    socket.send({ type: 'response.create', model: 'gpt-9', input: 'hi' });
    assert.match((await failed.promise).message, /gpt-9/);
    socket.close();
  });

  it('answers whatever JSON with a 200 or a 4xx in the envelope', async () => {
    const anyField = fc.constantFrom(
      'input', 'instructions', 'tools', 'tool_choice', 'text', 'reasoning', 'metadata', 'include',
      'max_output_tokens', 'truncation', 'store', 'prompt', 'conversation', 'ünknown',
    ); // prettier-ignore
    const anyValue = fc.oneof(
      fc.jsonValue({ maxDepth: 4 }),
      fc.constantFrom('', '\ud83d', null, [], {}, 2 ** 53, [{ role: 'user', content: 'hi' }]),
    );
    await fc.assert(
      fc.asyncProperty(fc.dictionary(anyField, anyValue, { maxKeys: 3 }), async (fields) => {
        const response = await send({ input: 'hi', ...fields });
        const body = await jsonOf(response);
        assert.ok(response.status < 500, JSON.stringify(body));
        if (response.status === 200) assert.equal(body.object, 'response');
        else assert.ok(body.error.message);
      }),
      { numRuns: 200 },
    );
  });
});

function outputText({ output }: OpenAI.Responses.Response): string {
  const said = output.flatMap((item) => (item.type === 'message' ? item.content : []));
  return said.map((part) => (part.type === 'output_text' ? part.text : '')).join('');
}

/** What its assertions look at, whatever it is. */
async function jsonOf(response: Response) {
  return JSON.parse(await response.text());
}
