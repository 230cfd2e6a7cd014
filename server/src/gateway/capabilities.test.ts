// What a model can't do is refused before its engine hears of it, naming the feature, the client's own field and the
// model; nothing is held or charged.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { everythingBut, type Capability } from '../domain/generation/capabilities.ts';
import { costOf, outputCostMax } from '../domain/pricing/cost.ts';
import { CheckedEngine } from '../engines/checked/checked-engine.ts';
import { SchemaChecker } from '../engines/checked/schema-checker.ts';
import { MEDIA_PARTS_MAX } from '../limits.ts';
import { PLENTY, PRICE, Turnstile } from './turnstile.fixture.ts';

const DATA = 'data:image/png;base64,AAAA';
const FAR = 'https://example.test/a.png';
const image = (url: string) => ({ type: 'image_url', image_url: { url } });
const file = { type: 'file', file: { file_data: 'data:application/pdf;base64,AAAA' } };

const text = { type: 'text', text: 'See' };

/** On a model that can do everything but the one thing. */
async function without(missing: Capability, ...content: readonly object[]) {
  const turnstile = await Turnstile.with(PLENTY);
  turnstile.serves('priced', turnstile.scripted, everythingBut(missing));
  const sink = await turnstile.ask({ model: 'priced', messages: [{ role: 'user', content }] });
  return { turnstile, sink };
}

describe('a model that knows less', () => {
  const cases = [
    ['images', [text, image(DATA)], 'messages[0].content[1].image_url', /image input/],
    ['images', [text, image(FAR)], 'messages[0].content[1].image_url', /image input/],
    ['documents', [file], 'messages[0].content[0].file', /document input/],
    ['fetchesUrls', [image(DATA), image(FAR)], 'messages[0].content[1].image_url', /data: URL/],
  ] as const;
  for (const [missing, content, field, words] of cases) {
    it(`without ${missing} refuses ${field}`, async () => {
      const { turnstile, sink } = await without(missing, ...content);
      const { error } = sink.json;
      assert.deepEqual(
        [sink.status, error.code, error.param],
        [400, 'unsupported_parameter', field],
      );
      assert.match(error.message, words);
      assert.match(error.message, /'priced'/);
      turnstile.assertUntouched(PLENTY);
    });
  }

  it('is given what it can take', async () => {
    for (const [missing, content] of [
      ['images', [file]],
      ['documents', [image(FAR)]],
      ['fetchesUrls', [image(DATA), file]],
    ] as const) {
      const { turnstile, sink } = await without(missing, text, ...content);
      assert.equal(sink.status, 200, sink.text);
      assert.equal(sink.json.usage.prompt_tokens, 1 + 85 * content.length);
      turnstile.assertAtRest();
    }
  });

  it('refuses more images than a request may have', async () => {
    const turnstile = await Turnstile.with(PLENTY);
    const content = Array.from({ length: MEDIA_PARTS_MAX + 1 }, () => image(FAR));
    const sink = await turnstile.ask({ model: 'priced', messages: [{ role: 'user', content }] });
    assert.equal(sink.status, 400);
    assert.equal(sink.json.error.param, `messages[0].content[${MEDIA_PARTS_MAX}].image_url`);
  });
});

describe('what a model without a capability is not told', () => {
  const asked = { model: 'priced', messages: [{ role: 'user', content: '[[tokens=2]]' }] };

  it('an effort and a seed are left out, and named', async () => {
    const turnstile = await Turnstile.with(PLENTY);
    turnstile.serves('priced', turnstile.scripted, everythingBut('reasoning', 'seed'));
    const sink = await turnstile.ask({ ...asked, reasoning_effort: 'high', seed: 1 });
    assert.equal(sink.status, 200, sink.text);
    assert.equal(sink.headers['turnpike-ignored'], 'reasoning_effort, seed');
    const plain = await turnstile.ask({ ...asked, reasoning_effort: 'none' });
    assert.equal(plain.headers['turnpike-ignored'], undefined);
  });

  it('what changes the answer is refused', async () => {
    const tools = [{ type: 'function', function: { name: 'f' } }];
    for (const [missing, more, field] of [
      ['tools', { tools }, 'tools'],
      ['forcedToolChoice', { tools, tool_choice: 'required' }, 'tool_choice'],
      ['penalties', { presence_penalty: 1 }, 'presence_penalty'],
      ['logitBias', { logit_bias: { 1: 5 } }, 'logit_bias'],
      ['logprobs', { logprobs: true }, 'logprobs'],
    ] as const) {
      const turnstile = await Turnstile.with(PLENTY);
      turnstile.serves('priced', turnstile.scripted, everythingBut(missing));
      const { error } = (await turnstile.ask({ ...asked, ...more })).json;
      assert.deepEqual([error.code, error.param], ['unsupported_parameter', field]);
      turnstile.assertUntouched(PLENTY);
    }
    const turnstile = await Turnstile.with(PLENTY);
    turnstile.serves('priced', turnstile.scripted, everythingBut('tools', 'penalties'));
    const none = { tools, tool_choice: 'none', presence_penalty: 0 };
    assert.equal((await turnstile.ask({ ...asked, ...none })).status, 200, 'nothing is asked');
  });
});

describe('JSON of a model without a grammar', () => {
  const json = { response_format: { type: 'json_object' } };
  const noGrammar = everythingBut('jsonObject');

  async function ask(content: string, more: object = {}) {
    await using checker = new SchemaChecker();
    const turnstile = await Turnstile.with(PLENTY);
    const engine = new CheckedEngine(turnstile.scripted, noGrammar, checker);
    turnstile.serves('priced', engine, noGrammar);
    const sink = await turnstile.whole(content, { ...json, ...more });
    turnstile.assertAtRest();
    return { turnstile, sink, spent: PLENTY - turnstile.balanceNano };
  }

  for (const stream of [false, true]) {
    const how = stream ? 'a stream' : 'a whole answer';

    it(`${how}: both tries are billed as one`, async () => {
      const { sink, turnstile, spent } = await ask('[[echo]] a b[[then]][[echo]] {"a":1}', {
        stream,
      });
      assert.equal(sink.status, 200, sink.text);
      assert.match(sink.text, /\{\\"a\\":1\}/);
      const usage = turnstile.ledger.settled.usage;
      assert.equal(usage.output, 3);
      assert.equal(spent, costOf(usage, PRICE));
      const alone = await ask('[[echo]] {"a":1}', { stream });
      assert.ok(usage.input > 2 * alone.turnstile.ledger.settled.usage.input);
    });

    it(`${how}: wrong twice is 502, not to be tried again, and free`, async () => {
      const { sink, spent } = await ask('[[echo]] never', { stream });
      assert.equal(sink.status, 502);
      assert.equal(sink.json.error.code, 'invalid_output');
      assert.equal(sink.headers['x-should-retry'], 'false');
      assert.equal(spent, 0n);
    });
  }

  it('each of several choices is checked for itself', async () => {
    const { sink } = await ask('[[echo]] a b[[then]][[echo]] {"a":1}', { n: 2 });
    assert.deepEqual(
      sink.json.choices?.map(({ message }) => message.content),
      ['{"a":1}', '{"a":1}'],
    );
  });

  it('the hold covers both inputs and all of the output', async () => {
    const { turnstile } = await ask('[[echo]] {"a":1}', { stream: true, max_tokens: 3_000 });
    const [held] = turnstile.ledger.holds;
    assert.ok(held !== undefined && held.wantNano > outputCostMax(3_000, PRICE));
  });
});
