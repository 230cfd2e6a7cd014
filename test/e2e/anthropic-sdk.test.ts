// Anthropic Messages through the official client, whole and streamed: answers, tools, thinking, stops, counts, models, and
// every kind of error as the class that the client knows for it. Its version speaks 2026-10-21; the older one is sent by hand.

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import Anthropic from '@anthropic-ai/sdk';
import { openBooks } from './books.ts';
import { SCRIPTED_CONFIG, Turnpike } from './turnpike.ts';

const FAR = { kind: 'openai-compatible', name: 'far', baseUrl: 'http://127.0.0.1:9/v1' };
const PRICE = { input: '1', output: '2' };
const CONFIG = {
  engines: [...SCRIPTED_CONFIG.engines, FAR],
  models: [
    ...SCRIPTED_CONFIG.models,
    { id: 'far', engine: 'far', price: PRICE },
    { id: 'third', engine: 'scripted', price: PRICE },
  ],
};
const WEATHER: Anthropic.Tool = {
  name: 'weather',
  description: 'Tells the weather.',
  input_schema: { type: 'object', properties: { city: { type: 'string' } } },
};

describe('the official Anthropic client', () => {
  let turnpike: Turnpike;
  let client: Anthropic;
  before(async () => {
    turnpike = await Turnpike.start({ config: CONFIG });
    client = new Anthropic({ baseURL: turnpike.origin, apiKey: turnpike.firstKey, maxRetries: 0 });
  });
  after(() => turnpike[Symbol.asyncDispose]());

  type More = Partial<Anthropic.MessageCreateParamsNonStreaming>;
  const question = (content: Anthropic.MessageParam['content'], more: More = {}) => ({
    model: 'scripted',
    max_tokens: 64,
    messages: [{ role: 'user' as const, content }],
    ...more,
  });
  const whole = (content: string, more?: More): Promise<Anthropic.Message> =>
    client.messages.create(question(content, more));
  const streamed = (content: string, more?: More): Promise<Anthropic.Message> =>
    client.messages.stream(question(content, more)).finalMessage();
  const BOTH = [
    ['whole', whole],
    ['streamed', streamed],
  ] as const;

  const post = (path: string, body: object, headers: object): Promise<Response> =>
    fetch(`${turnpike.origin}${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify(body),
    });

  for (const [how, ask] of BOTH) {
    it(`${how}: an answer, its reason and its usage`, async () => {
      const message = await ask('one two three [[tokens=3]]', { system: 'Be brief.' });
      assert.match(message.id, /^msg_[0-9a-f]{32}$/);
      const [block] = message.content;
      assert.equal(block?.type === 'text' && block.text, 'The toll is ');
      assert.equal(message.stop_reason, 'end_turn');
      assert.equal(message.usage.input_tokens, 6);
      assert.equal(message.usage.output_tokens, 3);
      assert.equal((await ask('x', { max_tokens: 2 })).stop_reason, 'max_tokens');
    });

    it(`${how}: which stop sequence ended it`, async () => {
      const message = await ask('[[stopped-by=END]]', { stop_sequences: ['END'] });
      assert.equal(message.stop_reason, 'stop_sequence');
      assert.equal(message.stop_sequence, 'END');
    });

    it(`${how}: thinking, where it was asked for`, async () => {
      const prompt = '[[reasoning=3 tokens=2]]';
      const shown = await ask(prompt, { thinking: { type: 'adaptive' } });
      const [thinking, text] = shown.content;
      assert.equal(thinking?.type === 'thinking' && thinking.thinking, 'hm hm hm ');
      assert.match(thinking?.type === 'thinking' ? thinking.signature : '', /^tp1\./);
      assert.equal(text?.type, 'text');
      assert.equal(shown.usage.output_tokens, 5);
      assert.equal(shown.usage.output_tokens_details?.thinking_tokens, 3);
      const hidden = await ask(prompt);
      assert.deepEqual(
        hidden.content.map(({ type }) => type),
        ['text'],
      );
      assert.equal(hidden.usage.output_tokens, 5);
    });

    it(`${how}: a tool, its result, and the answer to that`, async () => {
      const asked = `[[reasoning=1]] [[tool=weather:{"city":"Lisbon"}]]`;
      const thinking = { type: 'enabled', budget_tokens: 1_024 } as const;
      const called = await ask(asked, { tools: [WEATHER], thinking });
      assert.equal(called.stop_reason, 'tool_use');
      const use = called.content.at(-1);
      assert.ok(use?.type === 'tool_use');
      assert.equal(use.name, 'weather');
      assert.deepEqual(use.input, { city: 'Lisbon' });
      const messages: Anthropic.MessageParam[] = [
        { role: 'user', content: asked },
        { role: 'assistant', content: called.content },
        {
          role: 'user',
          content: [
            { type: 'tool_result', tool_use_id: use.id, content: 'sunny' },
            { type: 'text', text: 'And now? [[tokens=1]]' },
          ],
        },
      ];
      const tool_choice = { type: 'auto', disable_parallel_tool_use: true } as const;
      const answer = await ask('', { messages, tools: [WEATHER], tool_choice, thinking });
      assert.equal(answer.stop_reason, 'end_turn');
    });

    const refusals: readonly (readonly [string, More, number, string, RegExp])[] = [
      [
        '[[fail=context]]',
        {},
        400,
        'invalid_request_error',
        /prompt is too long: 4097 tokens > 4096 maximum/,
      ],
      ['[[fail=429]]', {}, 529, 'overloaded_error', /limit right now/],
      ['[[fail=500]]', {}, 502, 'api_error', /Nothing was charged/],
      ['x', { model: 'none' }, 404, 'not_found_error', /'none' does not exist/],
      ['x', { max_tokens: 0 }, 400, 'invalid_request_error', /'max_tokens'/],
    ];
    it(`${how}: refusals are errors of the client's own kind`, async () => {
      for (const [prompt, more, status, type, text] of refusals) {
        const error = await ask(prompt, more).catch((caught: unknown) => caught);
        assert.ok(error instanceof Anthropic.APIError, String(error));
        assert.equal(error.status, status);
        assert.equal(error.type, type);
        assert.match(error.message, text);
        assert.match(error.requestID ?? '', /^req_[0-9a-f]{32}$/);
      }
    });
  }

  it('a stream that breaks is an error, and is not charged', async () => {
    await using books = openBooks(turnpike.dataDirectory);
    const chargedNano = await books.chargedNano();
    await assert.rejects(streamed('[[error-after=3]]'), (error: unknown) => {
      assert.ok(error instanceof Anthropic.APIError);
      assert.equal(error.type, 'api_error');
      return true;
    });
    assert.equal(await books.chargedNano(), chargedNano);
    await whole('x');
    assert.ok((await books.chargedNano()) > chargedNano);
    assert.deepEqual(await books.findings(), []);
  });

  it('counts tokens, thirty at a time, for nothing', async () => {
    await using books = openBooks(turnpike.dataDirectory);
    const chargedNano = await books.chargedNano();
    const { messages } = question('one two three');
    const counts = await Promise.all(
      Array.from({ length: 30 }, () =>
        client.messages.countTokens({ model: 'scripted', messages }),
      ),
    );
    for (const count of counts) assert.equal(count.input_tokens, 3);
    assert.equal(await books.chargedNano(), chargedNano);
    // Its server is not there: that is told, rather than a guess.
    await assert.rejects(
      client.messages.countTokens({ model: 'far', messages }),
      /The model 'far' failed to answer/,
    );
  });

  it('pages through the models', async () => {
    const ids: string[] = [];
    for await (const model of client.models.list({ limit: 2 })) ids.push(model.id);
    assert.deepEqual(ids, ['scripted', 'far', 'third']);
    const page = await client.models.list({ before_id: 'third', limit: 1 });
    assert.deepEqual([page.data[0]?.id, page.has_more], ['far', true]);
    const model = await client.models.retrieve('scripted');
    assert.equal(model.max_input_tokens, 8_192);
    assert.equal(model.max_tokens, 4_096);
    await assert.rejects(client.models.retrieve('none'), Anthropic.NotFoundError);
    await assert.rejects(client.models.list({ limit: 0 }), Anthropic.BadRequestError);
  });

  it('of an older version sends the key in x-api-key, and may set the temperature', async () => {
    const key = { 'x-api-key': turnpike.firstKey };
    const old = { ...key, 'anthropic-version': '2023-06-01', 'anthropic-beta': 'no-such-beta' };
    const body = { ...question('hi'), temperature: 0.5, top_k: 3 };
    const answer = await post('/v1/messages?beta=true', body, old);
    assert.equal(answer.status, 200, await answer.text());
    const newer = await post('/v1/messages', body, { ...key, 'anthropic-version': '2026-10-21' });
    assert.equal(newer.status, 400);
    assert.match(await newer.text(), /'temperature'/);
    const wrong = await post('/v1/messages', body, { 'x-api-key': 'sk-tp-x' });
    assert.equal(wrong.status, 401);
    assert.match(await wrong.text(), /"type":"authentication_error"/);
  });

  it('gets its own envelope where an address does not exist or takes another method', async () => {
    const versioned = { 'anthropic-version': '2023-06-01', 'x-api-key': turnpike.firstKey };
    const answers = [
      [await fetch(`${turnpike.origin}/v1/messages`), 405, 'invalid_request_error'],
      [await fetch(`${turnpike.origin}/v1/messages/batches`), 404, 'not_found_error'],
      [
        await fetch(`${turnpike.origin}/v1/nothing`, { headers: versioned }),
        404,
        'not_found_error',
      ],
    ] as const;
    for (const [response, status, type] of answers) {
      assert.equal(response.status, status);
      const body = (await response.json()) as Anthropic.ErrorResponse; // looked at in the next lines
      assert.equal(body.error.type, type);
      assert.equal(body.request_id, response.headers.get('request-id'));
    }
    const openai = await fetch(`${turnpike.origin}/v1/nothing`);
    assert.match(await openai.text(), /"unknown_url"/);
    const models = await fetch(`${turnpike.baseUrl}/models`, {
      headers: { 'x-api-key': turnpike.firstKey },
    });
    assert.match(await models.text(), /"object":"list"/, 'the key alone makes no Anthropic client');
  });

  it('with an empty purse is told to pay, and does not try again', async () => {
    const poor = await Turnpike.start({
      config: {
        ...CONFIG,
        models: [{ ...CONFIG.models[0], price: { input: '900000', output: '900000' } }],
      },
    });
    await using _ = poor;
    const { origin, firstKey } = poor;
    const payer = new Anthropic({ baseURL: origin, apiKey: firstKey, maxRetries: 2 });
    const startedMs = performance.now();
    const error = await payer.messages.create(question('x')).catch((caught: unknown) => caught);
    assert.ok(error instanceof Anthropic.APIError);
    assert.equal(error.status, 402);
    assert.equal(error.type, 'billing_error');
    assert.equal(error.headers.get('x-should-retry'), 'false');
    assert.ok(performance.now() - startedMs < 5_000);
  });
});
