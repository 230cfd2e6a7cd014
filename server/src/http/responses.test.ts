// Responses beyond the answer itself, from the socket to the books: counting, compacting, what is sealed and comes back.

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { FinishReason, Part } from '../domain/generation/part.ts';
import { RecitingEngine } from '../gateway/turnstile.fixture.ts';
import { SocketServer } from './web-socket-client.fixture.ts';

/** What the tests read of a body. */
type Body = {
  readonly object?: string;
  readonly input_tokens?: number;
  readonly output: readonly Item[];
  readonly usage: { readonly input_tokens: number; readonly output_tokens: number };
  readonly truncation?: string;
  readonly error: { readonly code: string | null; readonly param: string | null };
};
type Item = {
  readonly type: string;
  readonly encrypted_content?: string;
  readonly content?: readonly { readonly text: string }[];
};

describe('Responses', () => {
  let server: SocketServer;
  before(async () => (server = await SocketServer.start()));
  after(() => server[Symbol.asyncDispose]());

  async function post(path: string, fields: object): Promise<{ answer: Response; body: Body }> {
    const answer = await fetch(`${server.origin}/v1/responses${path}`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${server.turnstile.key}`,
        'content-type': 'application/json',
      },
      body: JSON.stringify({ model: 'priced', store: false, ...fields }),
    });
    return { answer, body: (await answer.json()) as Body }; // a test reads what it expects
  }

  const textOf = ({ output }: Body): string =>
    output.flatMap(({ content = [] }) => content.map(({ text }) => text)).join('');

  it('counts what a request would be billed for, without an answer', async () => {
    const { ledger } = server.turnstile;
    const settled = ledger.settlements.length;
    const fields = { input: 'one two three', instructions: 'Be brief.', stream: true };
    const counted = await post('/input_tokens', fields);
    assert.equal(counted.body.object, 'response.input_tokens');
    assert.equal(counted.body.input_tokens, 5);
    assert.equal(ledger.settlements.length, settled);
    const { body } = await post('', { ...fields, stream: false });
    assert.equal(body.usage.input_tokens, 5);
  });

  it('compacts a conversation, bills for the summary, and goes on from it', async () => {
    const { ledger } = server.turnstile;
    const settled = ledger.settlements.length;
    const input = [
      { role: 'developer', content: 'Be brief.' },
      { role: 'user', content: 'We launch on Tuesday.' },
      { role: 'assistant', content: 'Noted. '.repeat(200) },
    ];
    const { answer, body } = await post('/compact', { input, prompt_cache_key: 'k' });
    assert.equal(answer.status, 200);
    assert.equal(body.object, 'response.compaction');
    assert.deepEqual(
      body.output.map(({ type }) => type),
      ['message', 'compaction'],
    );
    assert.ok(body.usage.input_tokens > 200 && body.usage.output_tokens > 0);
    assert.equal(ledger.settlements.length, settled + 1);
    assert.ok(Number(answer.headers.get('turnpike-cost-usd')) > 0);

    const next = await post('', {
      input: [...body.output, { role: 'user', content: '[[recall]]' }],
    });
    const recalled = textOf(next.body);
    assert.match(recalled, /user: We launch on Tuesday\./);
    assert.match(recalled, /developer: Summary of the conversation.*\n*.*The toll is paid/s);
    assert.doesNotMatch(recalled, /Noted/);
  });

  it('charges nothing for a summary that is empty or cut, and gives none', async () => {
    const { turnstile } = server;
    const thought: Part = { kind: 'reasoning-delta', text: 'Well' };
    const said: Part = { kind: 'text-delta', text: 'We launch on' };
    const ends = (reason: FinishReason): Part => ({ kind: 'finish', reason });
    for (const parts of [
      [thought, ends('length')],
      [said, ends('length')],
      [thought, ends('stop')],
    ]) {
      turnstile.serves('given', new RecitingEngine([parts]));
      const { answer, body } = await post('/compact', { model: 'given', input: 'a' });
      assert.deepEqual([answer.status, body.error.code], [502, 'invalid_output']);
      assert.equal(answer.headers.get('x-should-retry'), 'false');
      const last = turnstile.ledger.settlements.at(-1)?.settlement;
      assert.deepEqual([last?.outcome, last?.costNano], ['failed', 0n]);
    }
  });

  it('refuses to go on from a compacted conversation that it can not open, by its name', async () => {
    const { body } = await post('/compact', { input: 'a' });
    const sealed = body.output.at(-1)?.encrypted_content ?? '';
    for (const wrong of [`${sealed.slice(0, -4)}AAAA`, 'gAAAAABo', '']) {
      const input = [
        { type: 'compaction', encrypted_content: wrong },
        { role: 'user', content: 'b' },
      ];
      const refused = await post('', { input });
      assert.equal(refused.answer.status, 400);
      assert.equal(refused.body.error.code, 'invalid_encrypted_content');
      assert.equal(refused.body.error.param, 'input[0].encrypted_content');
    }
  });

  it('says what is missing of a conversation to compact', async () => {
    const nothing = await post('/compact', {});
    assert.deepEqual([nothing.answer.status, nothing.body.error.param], [400, 'input']);
    const modelless = await post('/compact', { model: undefined, input: 'a' });
    assert.deepEqual([modelless.answer.status, modelless.body.error.param], [400, 'model']);
    const unknown = await post('/compact', { previous_response_id: 'resp_no' });
    assert.equal(unknown.body.error.code, 'previous_response_not_found');
  });

  it('gives the model its sealed thoughts back, and goes on without those of others', async () => {
    const include = ['reasoning.encrypted_content'];
    const { body } = await post('', { input: '[[reasoning=2]]', include });
    const [thought] = body.output;
    assert.equal(thought?.type, 'reasoning');
    // As a client does that keeps no thoughts but sealed ones.
    const { content: _, ...sealed } = thought;
    const ask = { role: 'user', content: '[[recall]]' };
    const again = await post('', { input: [{ ...sealed, summary: [] }, ask] });
    assert.match(textOf(again.body), /^reasoning: hm hm/);
    assert.equal(again.answer.headers.get('turnpike-ignored'), null);

    const foreign = { type: 'reasoning', summary: [], encrypted_content: 'gAAAAABo' };
    const without = await post('', { input: [foreign, ask] });
    assert.equal(without.answer.status, 200);
    assert.equal(
      without.answer.headers.get('turnpike-ignored'),
      'input[0].encrypted_content (invalid_encrypted_content)',
    );
  });

  it('leaves the oldest out where it is allowed to, and says how much', async () => {
    const long = (name: string) => `${name} ${'word '.repeat(2_000)}`;
    const input = [
      { role: 'developer', content: 'rules' },
      ...['one', 'two', 'three', 'four', 'five'].flatMap((name) => [
        { role: 'user', content: long(name) },
        { role: 'assistant', content: 'ok' },
      ]),
      { role: 'user', content: '[[recall]] last' },
    ];
    const { answer, body } = await post('', {
      input,
      truncation: 'auto',
      max_output_tokens: 2_000,
    });
    assert.equal(answer.status, 200, JSON.stringify(body));
    assert.equal(body.truncation, 'auto');
    assert.match(
      answer.headers.get('turnpike-repaired') ?? '',
      /^input: the 4 oldest items left out to fit the context$/,
    );
    assert.ok(body.usage.input_tokens <= 8_192 - 2_000);
    const recalled = textOf(body);
    assert.match(recalled, /^developer: rules\n?.*user: three/s);
    assert.doesNotMatch(recalled, /user: two/);
    const fits = await post('', { input: 'short', truncation: 'auto' });
    assert.equal(fits.answer.headers.get('turnpike-repaired'), null);
    const alone = await post('', { input: long('one'), truncation: 'auto' });
    assert.equal(alone.answer.headers.get('turnpike-repaired'), null, 'the last turn stays');
  });

  it('offers custom tools, with a grammar or without, and takes their output', async () => {
    const grammar = { type: 'grammar', syntax: 'lark', definition: 'start: "a"' };
    const tools = [{ type: 'custom', name: 'apply_patch', format: grammar }];
    const asked = { role: 'user', content: '[[tool=apply_patch:{"x":1}]] go' };
    const { answer, body } = await post('', { input: [asked], tools });
    const call = body.output[0] as Item & { readonly call_id: string; readonly input: string }; // the only item
    assert.deepEqual([call.type, call.input], ['custom_tool_call', '{"x":1}']);
    assert.equal(answer.headers.get('turnpike-ignored'), null);
    const output = { type: 'custom_tool_call_output', call_id: call.call_id, output: 'Done!' };
    const next = await post('', { input: [asked, call, output], tools });
    assert.equal(textOf(next.body), 'The toll is paid and the gate turns. ');
    const forced = { input: 'x', tools, tool_choice: { type: 'custom', name: 'nobody' } };
    assert.equal((await post('', forced)).body.error.param, 'tool_choice.name');
  });
});
