// Counting a prompt: only for known callers and models, never a generation, never a charge.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { nano } from '../domain/money/nano.ts';
import { newRequestId } from '../lib/ids.ts';
import { ok } from '../lib/result.ts';
import { COUNTS_MAX } from '../limits.ts';
import { anthropicMessages } from '../protocols/anthropic-messages/anthropic-messages.ts';
import { openaiChat } from '../protocols/openai-chat/openai-chat.ts';
import { countTokens } from './count-tokens.ts';
import { MemorySink, PLENTY, RecitingEngine, Turnstile } from './turnstile.fixture.ts';

type Asked = {
  readonly model?: string;
  readonly content?: string;
  readonly authorization?: string | undefined;
};

async function count(turnstile: Turnstile, asked: Asked = {}): Promise<MemorySink> {
  const { model = 'priced', content = 'one two three' } = asked;
  const sink = new MemorySink();
  const authorization = 'authorization' in asked ? asked.authorization : `Bearer ${turnstile.key}`;
  const body = { model, messages: [{ role: 'user', content }] };
  const call = {
    requestId: newRequestId(Date.now()),
    authorization,
    headers: {},
    readJson: async () => ok(body),
  };
  await countTokens(turnstile.gateway, anthropicMessages, call, sink);
  return sink;
}

describe('counting tokens', () => {
  it('answers the number and leaves credit, books and engine untouched', async () => {
    const turnstile = await Turnstile.with(PLENTY);
    const sink = await count(turnstile);
    assert.equal(sink.status, 200);
    assert.deepEqual(sink.json, { input_tokens: 3 });
    assert.match(sink.headers['request-id'] ?? '', /^req_/);
    turnstile.assertUntouched(PLENTY);
    assert.equal(turnstile.ledger.holds.length, 0);
    assert.equal(turnstile.gateway.load.countsRunning, 0);
  });

  it('needs neither credit nor the books', async () => {
    const turnstile = await Turnstile.with(nano(0n));
    turnstile.ledger.shut.add('hold');
    assert.equal((await count(turnstile)).status, 200);
  });

  it('is for callers with a key, and for models with a price', async () => {
    const turnstile = await Turnstile.with(PLENTY);
    const cases: readonly (readonly [Asked, number, string])[] = [
      [{ authorization: undefined }, 401, 'authentication_error'],
      [{ authorization: 'Bearer sk-tp-x' }, 401, 'authentication_error'],
      [{ model: 'none' }, 404, 'not_found_error'],
      [{ model: 'unpriced' }, 503, 'api_error'],
      [{ content: '[[fail=context]]' }, 400, 'invalid_request_error'],
      [{ content: '[[fail=500]]' }, 502, 'api_error'],
    ];
    for (const [asked, status, type] of cases) {
      const sink = await count(turnstile, asked);
      assert.equal(sink.status, status);
      assert.equal(sink.json.error.type, type);
    }
    assert.deepEqual(turnstile.warnings, ['an engine failed to count tokens']);
  });

  it('of an engine that can not is an estimate, and says so', async () => {
    const turnstile = await Turnstile.with(PLENTY, new RecitingEngine([]));
    const content = 'A toll is paid at every gate, and the gatekeeper writes it down. '.repeat(50);
    const sink = await count(turnstile, { model: 'given', content });
    assert.equal(sink.status, 200);
    assert.equal(sink.headers['turnpike-estimate'], 'input_tokens');
    // Tokenizers in use make 13 to 15 tokens of the sentence.
    const { input_tokens: tokens } = Object(sink.json);
    assert.ok(tokens > 50 * 13 && tokens < 50 * 20, `${tokens}`);
    assert.equal((await count(turnstile)).headers['turnpike-estimate'], undefined);
  });

  it('has a bound, and stops with the server', async () => {
    const turnstile = await Turnstile.with(PLENTY);
    turnstile.gateway.load.countsRunning = COUNTS_MAX;
    assert.equal((await count(turnstile)).status, 529);
    turnstile.gateway.load.countsRunning = 0;
    turnstile.gateway.load.stopping = true;
    assert.equal((await count(turnstile)).status, 529);
  });

  it('belongs to protocols that have an address for it', () => {
    assert.equal(openaiChat.counting, undefined);
    assert.equal(anthropicMessages.counting?.path, '/v1/messages/count_tokens');
  });
});
