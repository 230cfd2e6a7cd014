// Legacy completions by the numbers of their tokens: held and billed to the token, passed on where the model takes them, and
// refused by feature and model where it does not.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { everythingBut } from '../domain/generation/capabilities.ts';
import { costOf, outputCostMax } from '../domain/pricing/cost.ts';
import { NO_USAGE } from '../domain/generation/usage.ts';
import { OpenAiCompatibleEngine } from '../engines/openai-compatible/openai-compatible-engine.ts';
import { startScriptedServer } from '../engines/scripted/scripted-server.ts';
import { openaiCompletions } from '../protocols/openai-completions/openai-completions.ts';
import { PLENTY, PRICE, Turnstile } from './turnstile.fixture.ts';

/** The scripted engine's vocabulary is Unicode. */
const tokensOf = (text: string): readonly number[] =>
  Array.from(text, (character) => character.codePointAt(0) ?? 0);
const prompt = tokensOf('[[tokens=2]]');
const asked = { model: 'priced', max_tokens: 5 };
const there = { protocol: openaiCompletions };

type Completion = {
  readonly choices: readonly { readonly text: string }[];
  readonly usage: object;
};

describe('a prompt of token numbers', () => {
  it('is gone on with, and is billed by exactly as many', async () => {
    const turnstile = await Turnstile.with(PLENTY);
    const sink = await turnstile.ask({ ...asked, prompt }, there);
    assert.equal(sink.status, 200, sink.text);
    const { choices, usage } = JSON.parse(sink.text) as Completion; // as the protocol has it
    assert.equal(choices[0]?.text, 'The toll ');
    assert.deepEqual([usage], [{ ...usage, prompt_tokens: prompt.length, completion_tokens: 2 }]);
    const used = { ...NO_USAGE, input: prompt.length, output: 2 };
    assert.equal(turnstile.ledger.settled.costNano, costOf(used, PRICE));
    const [hold] = turnstile.ledger.holds;
    const dearestInput = (BigInt(prompt.length) * PRICE.cacheWrite1h + 999_999n) / 1_000_000n;
    assert.equal(hold?.wantNano, dearestInput + outputCostMax(5, PRICE));
    turnstile.assertAtRest();
  });

  it('may be several, each for its own choice', async () => {
    const turnstile = await Turnstile.with(PLENTY);
    const several = [prompt, tokensOf('[[echo]] b')];
    const sink = await turnstile.ask({ ...asked, prompt: several, stream: true }, there);
    assert.match(sink.text, /"text":"b","index":1/);
    assert.equal(turnstile.ledger.settled.usage.input, prompt.length + '[[echo]] b'.length);
  });

  it('reaches another server as it is, where the operator says that it takes them', async () => {
    await using server = await startScriptedServer();
    await using engine = new OpenAiCompatibleEngine({ name: 'up', baseUrl: server.baseUrl });
    const turnstile = await Turnstile.with(PLENTY, engine);
    const sink = await turnstile.ask({ ...asked, model: 'given', prompt }, there);
    assert.equal(sink.status, 200, sink.text);
    const [sent] = server.requests as readonly { readonly prompt: unknown }[]; // what engines send
    assert.deepEqual(sent?.prompt, prompt);
    assert.equal(turnstile.ledger.settled.usage.input, prompt.length);
  });

  it('is refused by a model that does not take them, and nothing is held', async () => {
    const turnstile = await Turnstile.with(PLENTY);
    turnstile.serves('priced', turnstile.scripted, everythingBut('promptTokens'));
    const sink = await turnstile.ask({ ...asked, prompt }, there);
    const { error } = sink.json;
    assert.deepEqual(
      [sink.status, error.code, error.param],
      [400, 'unsupported_parameter', 'prompt'],
    );
    assert.match(error.message, /token numbers.*'priced'|'priced'.*token numbers/);
    turnstile.assertUntouched(PLENTY);
    const text = await turnstile.ask({ ...asked, prompt: 'x' }, there);
    assert.equal(text.status, 200, text.text);
  });
});
