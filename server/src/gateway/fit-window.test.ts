// The context window that the operator declared, on engines that would take more: nobody gets more, and what was used is
// paid for to the last token.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Part } from '../domain/generation/part.ts';
import { NO_USAGE } from '../domain/generation/usage.ts';
import type { Engine } from '../ports/engine.ts';
import { anthropicMessages } from '../protocols/anthropic-messages/anthropic-messages.ts';
import { openaiCompletions } from '../protocols/openai-completions/openai-completions.ts';
import { openaiResponses } from '../protocols/openai-responses/openai-responses.ts';
import { type Asked, PLENTY, RecitingEngine, Turnstile } from './turnstile.fixture.ts';

const WINDOW = 300;
const words = (count: number): string => 'toll '.repeat(count).trim();

/** `priced` has a small window on an engine that takes anything. */
async function narrow(engine?: Engine): Promise<Turnstile> {
  const turnstile = await Turnstile.with(PLENTY, engine);
  for (const [id, model] of turnstile.models) {
    turnstile.models.set(id, { ...model, contextTokensMax: WINDOW, outputTokensMax: WINDOW });
  }
  return turnstile;
}

/** What was held covered what it cost. */
function assertPaidInFull({ ledger }: Turnstile): void {
  const [{ settlement, hold } = assert.fail('it was settled')] = ledger.settlements;
  assert.ok(settlement.costNano > 0n && settlement.costNano <= hold.amountNano);
}

describe('a window that its engine can count for', () => {
  const long = words(500);
  const cases: readonly (readonly [string, object, Asked, RegExp])[] = [
    ['Chat', { messages: [{ role: 'user', content: long }] }, {}, /context_length_exceeded/],
    [
      'Chat, streamed',
      { messages: [{ role: 'user', content: long }], stream: true },
      {},
      /context_length_exceeded/,
    ],
    ['Responses', { input: long }, { protocol: openaiResponses }, /context_length_exceeded/],
    ['completions', { prompt: long }, { protocol: openaiCompletions }, /context_length_exceeded/],
    [
      'one of several completions',
      { prompt: ['short', long] },
      { protocol: openaiCompletions },
      /context_length_exceeded/,
    ],
    [
      'Messages',
      { messages: [{ role: 'user', content: long }], max_tokens: 5 },
      { protocol: anthropicMessages },
      /prompt is too long: 500 tokens > 299 maximum/,
    ],
  ];
  for (const [name, body, asked, expected] of cases) {
    it(`refuses a longer prompt before anything is held: ${name}`, async () => {
      const turnstile = await narrow();
      const sink = await turnstile.ask({ model: 'priced', ...body }, asked);
      assert.equal(sink.status, 400);
      assert.match(sink.text, expected);
      turnstile.assertUntouched(PLENTY);
      assert.equal(turnstile.ledger.holds.length, 0);
    });
  }

  it('takes what fits by its tokens, though not by its bytes', async () => {
    const turnstile = await narrow();
    const sink = await turnstile.whole(`${words(250)} [[tokens=20]]`);
    assert.equal(sink.status, 200);
    assert.equal(sink.json.usage.completion_tokens, 20);
    assertPaidInFull(turnstile);
  });

  it('ends input and output together, by length', async () => {
    for (const stream of [false, true]) {
      const turnstile = await narrow();
      const prompt = `${words(250)} [[tokens=200]]`;
      const usage = { include_usage: true };
      const sink = await turnstile.whole(prompt, stream ? { stream, stream_options: usage } : {});
      const { usage: used } = stream ? sink.lastEvent : sink.json;
      assert.equal(used.prompt_tokens + used.completion_tokens, WINDOW);
      assert.match(sink.text, /"finish_reason":"length"/);
      assertPaidInFull(turnstile);
    }
  });

  it('asks nobody to count what surely fits, or what the engine refuses by itself', async () => {
    const turnstile = await narrow();
    let counts = 0;
    const { scripted } = turnstile;
    const count = scripted.countTokens.bind(scripted);
    scripted.countTokens = (question) => (counts++, count(question));
    await turnstile.whole('hi', { max_tokens: 5 });
    const model = turnstile.models.get('priced');
    assert.ok(model !== undefined);
    turnstile.models.set('priced', { ...model, contextTokensMax: 8_192 });
    await turnstile.whole(words(500), { max_tokens: 5 });
    turnstile.models.set('priced', { ...model, engineKeepsWindow: true });
    await turnstile.whole(words(500), { max_tokens: 5 });
    assert.equal(counts, 0);
    turnstile.models.set('priced', model);
    await turnstile.whole(words(60), { max_tokens: 5 });
    assert.equal(counts, 1);
  });
});

describe('a window that nobody can count for before', () => {
  const usage = (input: number, output: number): Part => ({
    kind: 'usage',
    usage: { ...NO_USAGE, input, output },
    source: 'engine',
  });
  const text = (said: string): Part => ({ kind: 'text-delta', text: said });
  const stop: Part = { kind: 'finish', reason: 'stop' };
  const prompt = words(400);
  const ask = (turnstile: Turnstile, stream: boolean) =>
    turnstile.whole(prompt, { model: 'given', stream });

  it('refuses as soon as the engine tells, and charges nothing', async () => {
    for (const stream of [false, true]) {
      const engine = new RecitingEngine([[usage(400, 0)], [text('a')], [usage(400, 1), stop]]);
      const turnstile = await narrow(engine);
      const sink = await ask(turnstile, stream);
      assert.deepEqual([sink.status, sink.json.error.code], [400, 'context_length_exceeded']);
      assert.equal(engine.batchesGiven, 1);
      assert.equal(turnstile.balanceNano, PLENTY);
    }
  });

  it('refuses a whole answer at its end, and charges nothing', async () => {
    const engine = new RecitingEngine([[text('a')], [usage(400, 1), stop]]);
    const turnstile = await narrow(engine);
    const sink = await ask(turnstile, false);
    assert.deepEqual([sink.status, sink.json.error.code], [400, 'context_length_exceeded']);
    assert.equal(turnstile.balanceNano, PLENTY);
  });

  it('lets a stream end that is out by then, and it is paid for in full', async () => {
    const engine = new RecitingEngine([[text('a')], [usage(1_900, 1), stop]]);
    const turnstile = await narrow(engine);
    const sink = await ask(turnstile, true);
    assert.ok(sink.isDone);
    assertPaidInFull(turnstile);
  });

  it('ends a stream where input and output fill it, an open call too', async () => {
    const call: readonly Part[] = [
      { kind: 'tool-call-start', index: 0, callId: 'c', name: 'f' },
      ...Array.from({ length: 50 }, (): Part => ({
        kind: 'tool-call-delta',
        index: 0,
        arguments: ' ',
      })),
    ];
    const engine = new RecitingEngine([[usage(290, 0)], call, [usage(290, 50), stop]]);
    const turnstile = await narrow(engine);
    const tools = [{ type: 'function', function: { name: 'f' } }];
    const sink = await turnstile.whole(prompt, { model: 'given', stream: true, tools });
    assert.match(sink.text, /"finish_reason":"length"/);
    assert.ok(sink.isDone);
    assert.equal(sink.text.split('"arguments":" "').length - 1, WINDOW - 290);
    assertPaidInFull(turnstile);
  });
});
