// Counting the prompts of models behind other servers, at every address for it: exactly, where the server has a tokenizer
// that can be asked, and else an estimate that says so. Agents ask thirty at a time.

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { bookInForce } from '../domain/pricing/prices.ts';
import Anthropic from '@anthropic-ai/sdk';
import { OpenAiCompatibleEngine } from '../engines/openai-compatible/openai-compatible-engine.ts';
import { startScriptedServer, type ScriptedServer } from '../engines/scripted/scripted-server.ts';
import { PROTOCOLS } from '../protocols/registry.ts';
import { SocketServer } from './web-socket-client.fixture.ts';

/** As the questions of Claude Code's /context: 30 at once, here of 100 kB each. */
const BURST = 30;
/** Measured on two busy cores, client and upstream included: 0.4 s by the scripted engine, 2 s by an upstream. */
const BURST_MS_MAX = 10_000;

const KINDS = ['vllm', 'llama-server', 'none'] as const;
const question = { role: 'user', content: 'one two three' } as const;

describe('the prompt of a model behind another server', () => {
  let server: SocketServer;
  const stack = new AsyncDisposableStack();
  const upstreams = new Map<string, ScriptedServer>();
  before(async () => {
    server = stack.use(await SocketServer.start({ protocols: PROTOCOLS }));
    for (const kind of KINDS) {
      const upstream = await startScriptedServer(kind === 'none' ? {} : { tokenizer: kind });
      stack.use(upstream);
      upstreams.set(kind, upstream);
      const { baseUrl } = upstream;
      server.turnstile.serves(kind, stack.use(new OpenAiCompatibleEngine({ name: kind, baseUrl })));
    }
    await server.turnstile.accounts.publishPrices(
      new Map([...KINDS, 'priced'].map((id) => [id, priceOf(server)])),
    );
  });
  after(() => stack.disposeAsync());

  async function post(path: string, body: object) {
    const answer = await fetch(`${server.origin}${path}`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${server.turnstile.key}`,
        'content-type': 'application/json',
      },
      body: JSON.stringify(body),
    });
    const told = answer.headers.get('turnpike-estimate');
    return { status: answer.status, told, body: Object(await answer.json()) };
  }

  const tokenized = (kind: string): number => upstreams.get(kind)?.counts().tokenized ?? 0;

  for (const kind of ['vllm', 'llama-server']) {
    it(`is what it will be billed for, with the tokenizer of ${kind}`, async () => {
      const system = 'Be brief.';
      const fields = { model: kind, system, messages: [question], max_tokens: 5 };
      const { usage } = (await post('/v1/messages', fields)).body;
      const counted = await post('/v1/messages/count_tokens', fields);
      assert.deepEqual([counted.status, counted.told], [200, null]);
      assert.deepEqual(counted.body, { input_tokens: usage.input_tokens });
      const asked = { model: kind, instructions: system, input: 'one two three' };
      const again = await post('/v1/responses/input_tokens', asked);
      assert.deepEqual([again.body.input_tokens, again.told], [usage.input_tokens, null]);
    });
  }

  it('is asked for in one way after the first question, and in none where there is none', async () => {
    const ask = (kind: string) =>
      post('/v1/messages/count_tokens', { model: kind, messages: [question] });
    for (const [kind, questions] of [
      ['vllm', 1],
      ['llama-server', 2],
      ['none', 0],
    ] as const) {
      await ask(kind);
      const earlier = tokenized(kind);
      await ask(kind);
      assert.equal(tokenized(kind) - earlier, questions, kind);
    }
  });

  it('is an estimate that says so, where nobody can count', async () => {
    const paragraph = 'A toll is paid at every gate, and the gatekeeper writes it down. ';
    const messages = [{ role: 'user', content: paragraph.repeat(100) }];
    const { body, told, status } = await post('/v1/messages/count_tokens', {
      model: 'none',
      messages,
    });
    assert.deepEqual([status, told], [200, 'input_tokens']);
    // Tokenizers in use make 13 to 15 tokens of the sentence.
    assert.ok(body.input_tokens > 1_200 && body.input_tokens < 2_000, `${body.input_tokens}`);
    const asked = await post('/v1/responses/input_tokens', { model: 'none', input: 'hi' });
    assert.equal(asked.told, 'input_tokens');
  });

  it('is counted thirty times at once, and generates nothing', async (t) => {
    const { key, ledger } = server.turnstile;
    const client = new Anthropic({ baseURL: server.origin, apiKey: key, maxRetries: 0 });
    const content = 'a line of code that is read again\n'.repeat(3_000);
    const settled = ledger.settlements.length;
    for (const model of [...KINDS, 'priced']) {
      const startedMs = performance.now();
      const counts = await Promise.all(
        Array.from({ length: BURST }, () =>
          client.messages.countTokens({ model, messages: [{ role: 'user', content }] }),
        ),
      );
      const elapsedMs = Math.round(performance.now() - startedMs);
      assert.equal(new Set(counts.map(({ input_tokens: tokens }) => tokens)).size, 1);
      assert.ok(elapsedMs < BURST_MS_MAX, `${model}: ${elapsedMs} ms`);
      t.diagnostic(`${BURST} counts of 100 kB, ${model}: ${elapsedMs} ms`);
    }
    assert.equal(ledger.settlements.length, settled);
  });

  it('longer than the declared window is refused before its server hears of it', async () => {
    const { models } = server.turnstile;
    const input = 'toll '.repeat(500);
    for (const kind of ['vllm', 'llama-server']) {
      const model = models.get(kind);
      assert.ok(model !== undefined);
      models.set(kind, { ...model, contextTokensMax: 300, outputTokensMax: 300 });
      const generated = upstreams.get(kind)?.counts().finished;
      const refused = await post('/v1/responses', { model: kind, input, stream: true });
      assert.deepEqual([refused.status, refused.body.error.code], [400, 'context_length_exceeded']);
      assert.match(refused.body.error.message, /299.*500|500.*299/);
      assert.equal(upstreams.get(kind)?.counts().finished, generated);
      models.set(kind, model);
    }
  });

  it('fails as what asked fails, when the server is away', async () => {
    await using gone = await startScriptedServer({ tokenizer: 'vllm' });
    const { baseUrl } = gone;
    await using engine = new OpenAiCompatibleEngine({ name: 'gone', baseUrl, tokenizer: 'vllm' });
    server.turnstile.serves('none', engine);
    await gone[Symbol.asyncDispose]();
    const away = await post('/v1/messages/count_tokens', { model: 'none', messages: [question] });
    assert.equal(away.status, 502);
  });
});

function priceOf({ turnstile }: SocketServer) {
  const book = bookInForce(turnstile.accounts.snapshot().prices, Date.now());
  const price = book?.models.get('priced')?.standard;
  assert.ok(price !== undefined);
  return price;
}
