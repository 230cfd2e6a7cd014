// What is kept, as OpenAI's own client sees it, on a real server with a real PostgreSQL: found again, gone on from,
// listed, deleted, and nobody else's business.

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import OpenAI from 'openai';
import { openBooks, type Books } from './books.ts';
import { SCRIPTED_CONFIG, Turnpike } from './turnpike.ts';

const model = 'scripted';

let turnpike: Turnpike;
let client: OpenAI;
let stranger: OpenAI;
let books: Books;
before(async () => {
  turnpike = await Turnpike.start({ config: SCRIPTED_CONFIG });
  client = clientWith(turnpike.firstKey);
  books = openBooks(turnpike.dataDirectory);
  await books.query(
    `INSERT INTO project (id, organisation_id, name) SELECT 'proj_other', id, 'Other' FROM organisation LIMIT 1`,
  );
  stranger = clientWith(await keyOf('proj_other'));
});
after(async () => {
  await books[Symbol.asyncDispose]();
  await turnpike[Symbol.asyncDispose]();
});

function clientWith(apiKey: string): OpenAI {
  return new OpenAI({ baseURL: turnpike.baseUrl, apiKey, maxRetries: 0 });
}

async function keyOf(project: string): Promise<string> {
  const response = await fetch(`${turnpike.origin}/manage/v1/keys`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${turnpike.adminToken}`,
      'content-type': 'application/json',
    },
    body: JSON.stringify({ project, name: 'stranger' }),
  });
  const body = (await response.json()) as { key?: string }; // a test reads what it expects
  assert.ok(body.key !== undefined, JSON.stringify(body));
  return body.key;
}

/** The client's types leave it out. */
function storeOf(response: object): unknown {
  return 'store' in response ? response.store : undefined;
}

async function isGone(asked: PromiseLike<unknown>): Promise<void> {
  await assert.rejects(async () => await asked, OpenAI.NotFoundError);
}

/** How many rows hold the text, in any table of what is kept. */
async function rowsWith(text: string): Promise<number> {
  const rows = await books.query(
    `SELECT (SELECT count(*) FROM stored_answer WHERE input || output || body LIKE $1)
       + (SELECT count(*) FROM stored_event WHERE event LIKE $1)
       + (SELECT count(*) FROM conversation_item WHERE item LIKE $1) AS n`,
    [`%${text}%`],
  );
  return Number(rows[0]?.['n']);
}

describe('a stored response', () => {
  it('is what was answered, whole or streamed, the moment that its end is seen', async () => {
    const whole = await client.responses.create({ model, input: '[[reasoning=2]] hi' });
    const again = await client.responses.retrieve(whole.id);
    assert.deepEqual(again, { ...whole });
    assert.equal(storeOf(again), true);
    const streamed = await client.responses
      .stream({ model, input: 'hi', metadata: { topic: 'toll' } })
      .finalResponse();
    const kept = await client.responses.retrieve(streamed.id);
    assert.equal(kept.output_text, streamed.output_text);
    assert.deepEqual(kept.usage, streamed.usage);
    assert.deepEqual(kept.metadata, { topic: 'toll' });
  });

  it('lists its own input, newest first, page by page', async () => {
    const { id } = await client.responses.create({
      model,
      input: ['one', 'two', 'three'].map((content) => ({ role: 'user' as const, content })),
    });
    const page = await client.responses.inputItems.list(id, { limit: 2 });
    const textsOf = (items: readonly OpenAI.Responses.ResponseItem[]) =>
      items.map((item) =>
        item.type === 'message' && item.content[0] && 'text' in item.content[0]
          ? item.content[0].text
          : item.type,
      );
    assert.deepEqual(textsOf(page.data), ['three', 'two']);
    assert.equal(page.has_more, true);
    const rest = await page.getNextPage();
    assert.deepEqual(textsOf(rest.data), ['one']);
    const all = await client.responses.inputItems.list(id, { order: 'asc' });
    assert.deepEqual(textsOf(all.data), ['one', 'two', 'three']);
  });

  it('is gone on from, with its calls, its reasoning and its images', async () => {
    const first = await client.responses.create({
      model,
      input: '[[reasoning=1]] [[tool=weather:{"city":"Lisbon"}]]',
      tools: [{ type: 'function', name: 'weather', parameters: {}, strict: false }],
    });
    const call = first.output.find((item) => item.type === 'function_call');
    const second = await client.responses.create({
      model,
      previous_response_id: first.id,
      input: [
        { type: 'function_call_output', call_id: call?.call_id ?? '', output: '22 °C' },
        { role: 'user', content: '[[recall]] and now?' },
      ],
    });
    assert.match(second.output_text, /tool-call: weather \{"city":"Lisbon"\}\ntool-result: 22 °C/);
    const third = await client.responses.create({
      model,
      previous_response_id: second.id,
      input: '[[recall]] still?',
    });
    assert.match(third.output_text, /reasoning: hm/);
    assert.match(third.output_text, /user: and now\?\nassistant: [^]*user: still\?$/);
  });

  it('is deleted for good: no row of PostgreSQL has a word of it', async () => {
    const secret = `secret-${Date.now()}`;
    const response = await client.responses.create({ model, input: `[[echo]] ${secret}` });
    assert.equal(await rowsWith(secret), 1);
    await client.responses.delete(response.id);
    assert.equal(await rowsWith(secret), 0);
    await isGone(client.responses.retrieve(response.id));
    await isGone(client.responses.delete(response.id));
    await assert.rejects(
      client.responses.create({ model, input: 'hi', previous_response_id: response.id }),
      (error) =>
        error instanceof OpenAI.BadRequestError && error.code === 'previous_response_not_found',
    );
  });

  it('is not kept with store: false', async () => {
    const secret = `unsaid-${Date.now()}`;
    const response = await client.responses.create({ model, input: secret, store: false });
    assert.equal(storeOf(response), false);
    assert.equal(await rowsWith(secret), 0);
    await isGone(client.responses.retrieve(response.id));
  });

  it("does not exist for another project's key", async () => {
    const { id, output } = await client.responses.create({ model, input: 'hi' });
    await isGone(stranger.responses.retrieve(id));
    await isGone(stranger.responses.inputItems.list(id));
    await isGone(stranger.responses.delete(id));
    await isGone(stranger.responses.cancel(id));
    await assert.rejects(
      stranger.responses.create({ model, input: 'hi', previous_response_id: id }),
      OpenAI.BadRequestError,
    );
    const reference = { type: 'item_reference' as const, id: output[0]?.id ?? '' };
    await isGone(stranger.responses.create({ model, input: [reference] }));
    assert.equal((await client.responses.retrieve(id)).id, id);
  });

  it('answers wrong addresses and methods in the envelope of the API', async () => {
    const headers = { authorization: `Bearer ${turnpike.firstKey}` };
    const { id } = await client.responses.create({ model, input: 'hi' });
    const wrong: readonly (readonly [string, string, number])[] = [
      ['GET', '/responses/resp_1', 404],
      ['GET', `/responses/${'x'.repeat(300)}`, 404],
      ['PUT', `/responses/${id}`, 405],
      ['GET', `/responses/${id}/cancel`, 405],
      ['GET', `/responses/${id}/nothing`, 404],
      ['GET', `/responses/${id}/input_items?limit=101`, 400],
      ['GET', `/responses/${id}/input_items?order=up`, 400],
      ['GET', `/responses/${id}?stream=true`, 400],
      ['POST', `/responses/${id}/cancel`, 400],
      ['GET', '/conversations/conv_1', 404],
      ['DELETE', '/conversations', 405],
      ['GET', '/chat/completions/chatcmpl-1', 404],
    ];
    for (const [method, path, status] of wrong) {
      const body = method === 'POST' ? '{}' : null;
      const type = body === null ? {} : { 'content-type': 'application/json' };
      const init = { method, headers: { ...headers, ...type }, body };
      const response = await fetch(turnpike.baseUrl + path, init);
      const { error } = (await response.json()) as { error: { message: string; type: string } }; // as above
      assert.equal(response.status, status, `${method} ${path}`);
      assert.equal(error.type, 'invalid_request_error');
      assert.match(response.headers.get('x-request-id') ?? '', /^req_/);
    }
    const withoutKey = await fetch(`${turnpike.baseUrl}/responses/${id}`);
    assert.equal(withoutKey.status, 401);
  });
});

describe('a conversation', () => {
  it('grows with each response that names it, and is what the model is given', async () => {
    const conversation = await client.conversations.create({
      metadata: { topic: 'gate' },
      items: [{ type: 'message', role: 'user', content: 'my name is Ada' }],
    });
    assert.match(conversation.id, /^conv_/);
    const first = await client.responses.create({
      model,
      conversation: conversation.id,
      input: '[[echo]] noted',
    });
    assert.equal(first.conversation?.id, conversation.id);
    const second = await client.responses
      .stream({ model, conversation: { id: conversation.id }, input: '[[recall]] who am I?' })
      .finalResponse();
    assert.deepEqual(second.output_text.split('\n'), [
      'user: my name is Ada',
      'user: noted',
      'assistant: noted',
      'user: who am I?',
    ]);
    const items = await client.conversations.items.list(conversation.id, { order: 'asc' });
    assert.deepEqual(
      items.data.map((item) => item.type === 'message' && item.role),
      ['user', 'user', 'assistant', 'user', 'assistant'],
    );
    assert.equal(new Set(items.data.map(({ id }) => id)).size, 5);
    await assert.rejects(
      client.responses.create({ model, input: 'hi', previous_response_id: second.id }),
      /conversation/,
    );
  });

  it('takes items by themselves, gives them back, and lets each be deleted', async () => {
    const { id } = await client.conversations.create();
    const mine = {
      type: 'message' as const,
      id: 'msg_mine',
      role: 'user' as const,
      content: 'two',
    };
    const added = await client.conversations.items.create(id, {
      items: [{ type: 'message', role: 'user', content: 'one' }, mine],
    });
    assert.deepEqual([added.data.length, added.has_more, added.last_id], [2, false, 'msg_mine']);
    const one = await client.conversations.items.retrieve('msg_mine', { conversation_id: id });
    assert.deepEqual(one, added.data[1]);
    await client.conversations.items.delete('msg_mine', { conversation_id: id });
    await isGone(client.conversations.items.retrieve('msg_mine', { conversation_id: id }));
    const left = await client.conversations.items.list(id);
    assert.deepEqual(left.data, [added.data[0]]);
    const many = Array.from({ length: 21 }, () => ({ role: 'user' as const, content: 'x' }));
    await assert.rejects(client.conversations.items.create(id, { items: many }), /at most 20/);
    const wrong = [{ role: 'user' as const, content: 'x' }, { type: 'nonsense' }];
    await assert.rejects(
      client.conversations.items.create(id, { items: wrong as never }), // it is wrong on purpose
      /input\[1\]\.type|items\[1\]\.type/,
    );
  });

  it('has metadata that can change, and is deleted with all its items', async () => {
    const secret = `conversed-${Date.now()}`;
    const { id } = await client.conversations.create({
      items: [{ type: 'message', role: 'user', content: secret }],
    });
    const changed = await client.conversations.update(id, { metadata: { topic: 'new' } });
    assert.deepEqual(changed.metadata, { topic: 'new' });
    assert.deepEqual(await client.conversations.retrieve(id), changed);
    await isGone(stranger.conversations.retrieve(id));
    await isGone(stranger.conversations.items.list(id));
    await isGone(stranger.responses.create({ model, input: 'hi', conversation: id }));
    const deleted = await client.conversations.delete(id);
    assert.equal(deleted.deleted, true);
    assert.equal(await rowsWith(secret), 0);
    await isGone(client.conversations.retrieve(id));
    await isGone(client.responses.create({ model, input: 'hi', conversation: id }));
  });
});

describe('a stored chat completion', () => {
  const messages = [{ role: 'user' as const, content: '[[tokens=2]] hi' }];

  it('is kept where that is asked, whole or streamed, with its messages', async () => {
    const whole = await client.chat.completions.create({
      model,
      messages,
      store: true,
      metadata: { topic: 'toll' },
    });
    const kept = await client.chat.completions.retrieve(whole.id);
    assert.deepEqual(kept.choices, whole.choices);
    assert.deepEqual(kept.metadata, { topic: 'toll' });
    const streamed = client.chat.completions.stream({ model, messages, store: true });
    const { id, choices } = await streamed.finalChatCompletion();
    const again = await client.chat.completions.retrieve(id);
    assert.equal(again.choices[0]?.message.content, choices[0]?.message.content);
    const list = await client.chat.completions.messages.list(id);
    assert.deepEqual(
      list.data.map((message) => [message.id, message.role, message.content]),
      [[`${id}-0`, 'user', '[[tokens=2]] hi']],
    );
    const unasked = await client.chat.completions.create({ model, messages });
    await isGone(client.chat.completions.retrieve(unasked.id));
  });

  it('is listed by metadata and model, page by page, changed and deleted', async () => {
    const run = `run-${Date.now()}`;
    const create = () =>
      client.chat.completions.create({ model, messages, store: true, metadata: { run } });
    const ids = [(await create()).id, (await create()).id, (await create()).id];
    const page = await client.chat.completions.list({ metadata: { run }, model, limit: 2 });
    assert.deepEqual([page.data.map(({ id }) => id), page.has_more], [ids.slice(0, 2), true]);
    assert.deepEqual(
      (await page.getNextPage()).data.map(({ id }) => id),
      [ids[2]],
    );
    const newest = await client.chat.completions.list({ metadata: { run }, order: 'desc' });
    assert.deepEqual(
      newest.data.map(({ id }) => id),
      ids.toReversed(),
    );
    assert.deepEqual((await client.chat.completions.list({ model: 'other' })).data, []);
    assert.deepEqual((await stranger.chat.completions.list({ metadata: { run } })).data, []);
    const [first = ''] = ids;
    const changed = await client.chat.completions.update(first, { metadata: { run: 'over' } });
    assert.deepEqual(changed.metadata, { run: 'over' });
    assert.equal((await client.chat.completions.list({ metadata: { run } })).data.length, 2);
    await isGone(stranger.chat.completions.delete(first));
    assert.equal((await client.chat.completions.delete(first)).deleted, true);
    await isGone(client.chat.completions.retrieve(first));
  });
});

describe('what is kept', () => {
  it('is counted for the operator, in bytes of each project', async () => {
    const bytesOf = async (): Promise<ReadonlyMap<string, number>> => {
      const response = await fetch(`${turnpike.origin}/manage/v1/storage`, {
        headers: { authorization: `Bearer ${turnpike.adminToken}` },
      });
      const { data } = (await response.json()) as { data: { name: string; bytes: number }[] }; // as above
      return new Map(data.map(({ name, bytes }) => [name, bytes]));
    };
    const earlier = await bytesOf();
    assert.equal(earlier.get('Other'), 0);
    const { id } = await stranger.responses.create({ model, input: 'x'.repeat(10_000) });
    assert.ok(((await bytesOf()).get('Other') ?? 0) > 10_000);
    await stranger.responses.delete(id);
    assert.deepEqual(await bytesOf(), earlier);
  });
});
