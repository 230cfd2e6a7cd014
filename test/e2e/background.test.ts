// Responses in the background: they go on when the client leaves, can be followed again from any event, survive nothing
// less than the end of their server, and then say so; cancelled ones stop at once and cost what was made.

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import OpenAI from 'openai';
import { readStream } from '../../server/src/protocols/openai-responses/stream-order.fixture.ts';
import { openBooks } from './books.ts';
import { SCRIPTED_CONFIG, Turnpike } from './turnpike.ts';

const model = 'scripted';
const PATIENCE_MS = 15_000;

type Event = OpenAI.Responses.ResponseStreamEvent;

function clientOf(turnpike: Turnpike, apiKey = turnpike.firstKey): OpenAI {
  return new OpenAI({ baseURL: turnpike.baseUrl, apiKey, maxRetries: 0 });
}

async function until<T>(ask: () => Promise<T>, good: (value: T) => boolean): Promise<T> {
  const deadline = performance.now() + PATIENCE_MS;
  for (;;) {
    const value = await ask();
    if (good(value)) return value;
    assert.ok(performance.now() < deadline, `not in time: ${JSON.stringify(value)}`);
    await sleep(20);
  }
}

const hasEnded = ({ status }: OpenAI.Responses.Response): boolean =>
  status !== 'queued' && status !== 'in_progress';

function numbersOf(events: readonly Event[]): readonly number[] {
  return events.map((event) => event.sequence_number);
}

function range(from: number, to: number): readonly number[] {
  return Array.from({ length: to - from }, (_, index) => from + index);
}

/** The text of the events, as deltas say it. */
function saidIn(events: readonly Event[]): string {
  return events
    .map((event) => (event.type === 'response.output_text.delta' ? event.delta : ''))
    .join('');
}

describe('a response in the background', () => {
  let turnpike: Turnpike;
  let client: OpenAI;
  before(async () => {
    turnpike = await Turnpike.start({ config: SCRIPTED_CONFIG });
    client = clientOf(turnpike);
  });
  after(() => turnpike[Symbol.asyncDispose]());

  it('is answered at once, and completed without anybody', async () => {
    const queued = await client.responses.create({
      model,
      input: '[[delay=300 tokens=3]]',
      background: true,
    });
    assert.deepEqual([queued.status, queued.background, queued.output], ['queued', true, []]);
    const seen = new Set<string | undefined>([queued.status]);
    const done = await until(
      () => client.responses.retrieve(queued.id),
      (response) => {
        seen.add(response.status);
        return hasEnded(response);
      },
    );
    assert.deepEqual([done.status, done.output_text], ['completed', 'The toll is ']);
    assert.ok(seen.has('in_progress'));
    assert.equal(done.usage?.output_tokens, 3);
    const next = await client.responses.create({
      model,
      input: '[[recall]] go on',
      previous_response_id: queued.id,
    });
    assert.match(next.output_text, /assistant: The toll is/);
  });

  it('goes on when its stream is left, and is followed again from any event', async () => {
    const stream = await client.responses.create({
      model,
      input: '[[rate=100 tokens=60]]',
      background: true,
      stream: true,
    });
    const first: Event[] = [];
    for await (const event of stream) {
      first.push(event);
      if (first.length === 12) break; // the client hangs up
    }
    const [created] = first;
    assert.ok(created?.type === 'response.created');
    assert.equal(created.response.status, 'queued');
    assert.equal(first[1]?.type, 'response.queued');
    const { id } = created.response;
    const rest = await collect(await follow(client, id, 11));
    assert.deepEqual(numbersOf([...first, ...rest]), range(0, 12 + rest.length));
    assert.equal(rest.at(-1)?.type, 'response.completed');
    const whole = await client.responses.retrieve(id);
    assert.equal(saidIn([...first, ...rest]), whole.output_text);
    const again = await fetch(`${turnpike.baseUrl}/responses/${id}?stream=true`, {
      headers: { authorization: `Bearer ${turnpike.firstKey}` },
    });
    const read = readStream(await again.text());
    assert.equal(read.response.id, id);
    assert.equal(read.events.length, first.length + rest.length);
    const late = await collect(await follow(client, id, first.length + rest.length - 2));
    assert.deepEqual(
      late.map(({ type }) => type),
      ['response.completed'],
    );
  });

  it('is cancelled at once, wherever it is, and costs what was made', async () => {
    const begun = await client.responses.create({
      model,
      input: '[[rate=50 tokens=3000]]',
      background: true,
      stream: true,
    });
    const events: Event[] = [];
    let id = '';
    for await (const event of begun) {
      events.push(event);
      if (event.type === 'response.created') id = event.response.id;
      if (events.length === 20) {
        const cancelled = await client.responses.cancel(id);
        assert.equal(cancelled.status, 'cancelled');
        assert.deepEqual(await client.responses.cancel(id), cancelled, 'once is as good as twice');
      }
    }
    assert.deepEqual(numbersOf(events), range(0, events.length));
    const last = events.at(-1);
    assert.ok(last?.type === 'response.incomplete');
    assert.equal(last.response.status, 'cancelled');
    const kept = await client.responses.retrieve(id);
    assert.equal(kept.status, 'cancelled');
    const made = kept.usage?.output_tokens ?? 0;
    assert.ok(made >= 10 && made < 500, `${made} tokens were made`);
    await using books = openBooks(turnpike.dataDirectory);
    await books.chargedNano(); // waits until it is in the books
    const [row] = await books.query(
      `SELECT outcome, output, charged_nano FROM usage WHERE replace(request_id::text, '-', '') = $1`,
      [id.slice('resp_'.length)],
    );
    assert.deepEqual([row?.['outcome'], Number(row?.['output'])], ['client-left', made]);
    assert.ok(Number(row?.['charged_nano']) > 0);
    assert.equal((await turnpike.status()).generationsRunning, 0, 'the engine has stopped');
  });

  it('adds nothing to its conversation unless it completes; its own words can be added by hand', async () => {
    const conversation = await client.conversations.create();
    const asked = { model, background: true, conversation: conversation.id } as const;
    const cut = await client.responses.create({ ...asked, input: '[[rate=50 tokens=3000]] first' });
    await until(
      () => client.responses.retrieve(cut.id),
      ({ status }) => status === 'in_progress',
    );
    await client.responses.cancel(cut.id);
    const { id } = await client.responses.create({ ...asked, input: '[[error-after=3]] second' });
    await until(() => client.responses.retrieve(id), hasEnded);
    const itemsOf = async () => (await client.conversations.items.list(conversation.id)).data;
    assert.deepEqual(await itemsOf(), []);
    const { data: told } = await client.responses.inputItems.list(cut.id);
    assert.match(JSON.stringify(told), /first/);
    const [own] = told;
    assert.ok(own?.type === 'message' && own.role === 'user');
    const items = [{ role: 'user' as const, content: own.content }];
    await client.conversations.items.create(conversation.id, { items });
    const third = await client.responses.create({ ...asked, input: '[[tokens=1]] third' });
    await until(() => client.responses.retrieve(third.id), hasEnded);
    assert.equal((await itemsOf()).length, 3);
  });

  it('is refused like any other, and then nothing is kept of it', async () => {
    await using books = openBooks(turnpike.dataDirectory);
    const count = async () =>
      (await books.query('SELECT count(*) AS n FROM stored_answer'))[0]?.['n'];
    const before_ = await count();
    const create = { model: 'none', input: 'hi', background: true };
    await assert.rejects(client.responses.create(create), OpenAI.NotFoundError);
    await assert.rejects(
      client.responses.create({ ...create, model, store: false }),
      OpenAI.BadRequestError,
    );
    assert.equal(await count(), before_);
  });

  it('fails as its engine fails, and costs nothing', async () => {
    const { id } = await client.responses.create({
      model,
      input: '[[error-after=3]]',
      background: true,
    });
    const done = await until(() => client.responses.retrieve(id), hasEnded);
    assert.deepEqual([done.status, done.error?.code], ['failed', 'server_error']);
    const stream = await client.responses.create({
      model,
      input: '[[error-after=3]]',
      background: true,
      stream: true,
    });
    await assert.rejects(collect(stream), OpenAI.APIError);
  });

  it('is ended by its deletion', async () => {
    const { id } = await client.responses.create({
      model,
      input: '[[rate=20 tokens=3000]]',
      background: true,
    });
    await client.responses.delete(id);
    await assert.rejects(client.responses.retrieve(id), OpenAI.NotFoundError);
    await until(
      () => turnpike.status(),
      ({ generationsRunning }) => generationsRunning === 0,
    );
  });
});

describe('a server that goes away under a response in the background', () => {
  for (const signal of ['SIGKILL', 'SIGTERM'] as const) {
    it(`by ${signal}: it has failed, its events go on without a gap, and nothing is held`, async () => {
      const turnpike = await Turnpike.start({ config: SCRIPTED_CONFIG });
      const { dataDirectory } = turnpike;
      const key = turnpike.firstKey;
      const stream = await clientOf(turnpike).responses.create({
        model,
        input: '[[rate=100 tokens=4000]]',
        background: true,
        stream: true,
      });
      const whole = await clientOf(turnpike).responses.create({
        model,
        input: '[[delay=60000]]',
        background: true,
      });
      const first: Event[] = [];
      for await (const event of stream) {
        first.push(event);
        if (first.length === 40) break;
      }
      const id = first[0]?.type === 'response.created' ? first[0].response.id : '';
      const hurried =
        signal === 'SIGTERM' ? setTimeout(() => turnpike.child.kill(signal), 300) : undefined;
      await turnpike.stop(signal);
      clearTimeout(hurried);
      await using again = await Turnpike.start({ config: SCRIPTED_CONFIG, dataDirectory });
      const client = clientOf(again, key);
      const failed = await until(() => client.responses.retrieve(id), hasEnded);
      assert.equal(failed.status, 'failed');
      assert.equal(
        (await until(() => client.responses.retrieve(whole.id), hasEnded)).status,
        'failed',
      );
      // As text: the client itself stops at the event before the last, which is an error.
      const headers = { authorization: `Bearer ${key}` };
      const path = `${again.baseUrl}/responses/${id}?stream=true`;
      const rest = await (await fetch(`${path}&starting_after=39`, { headers })).text();
      const numbers = [...rest.matchAll(/"sequence_number":(\d+)/g)].map(([, n]) => Number(n));
      assert.deepEqual(numbers, range(40, 40 + numbers.length));
      const { response } = readStream(await (await fetch(path, { headers })).text());
      assert.deepEqual([response.id, response.status], [id, 'failed']);
      await using books = openBooks(dataDirectory);
      assert.equal(await books.openHolds(), 0);
      assert.deepEqual(await books.findings(), []);
      const [row] = await books.query(
        `SELECT coalesce(sum(charged_nano), 0) AS charged FROM usage
           WHERE replace(request_id::text, '-', '') = ANY ($1)`,
        [[id, whole.id].map((one) => one.slice('resp_'.length))],
      );
      assert.equal(Number(row?.['charged']), 0);
    });
  }
});

function follow(client: OpenAI, id: string, seen: number) {
  return client.responses.retrieve(id, { stream: true, starting_after: seen });
}

async function collect(stream: AsyncIterable<Event>): Promise<Event[]> {
  const events: Event[] = [];
  for await (const event of stream) events.push(event);
  return events;
}
