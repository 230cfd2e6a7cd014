// What a request asks for and does not get is named in a header of the answer, on each protocol in its own words and on
// all of them alike.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { everythingBut } from '../domain/generation/capabilities.ts';
import { OpenAiCompatibleEngine } from '../engines/openai-compatible/openai-compatible-engine.ts';
import { startScriptedServer } from '../engines/scripted/scripted-server.ts';
import { anthropicMessages } from '../protocols/anthropic-messages/anthropic-messages.ts';
import { openaiChat } from '../protocols/openai-chat/openai-chat.ts';
import { openaiResponses } from '../protocols/openai-responses/openai-responses.ts';
import { PLENTY, Turnstile } from './turnstile.fixture.ts';

const said = '[[tokens=2]]';
const messages = [{ role: 'user', content: said }];
const PROTOCOLS = [
  [openaiChat, { messages }, (effort: string) => ({ reasoning_effort: effort }), 'reasoning_effort'],
  [openaiResponses, { input: said, store: false }, (effort: string) => ({ reasoning: { effort } }), 'reasoning.effort'],
  [anthropicMessages, { messages, max_tokens: 9 }, (effort: string) => ({ output_config: { effort } }), 'output_config.effort'],
] as const; // prettier-ignore

describe('what is told of an effort', () => {
  for (const [protocol, body, asking, field] of PROTOCOLS) {
    it(`beyond high, on ${protocol.name}`, async () => {
      const turnstile = await Turnstile.with(PLENTY);
      turnstile.serves('free', turnstile.scripted, everythingBut('reasoning'));
      const told = async (effort: string, model = 'priced') => {
        const sink = await turnstile.ask({ model, ...body, ...asking(effort) }, { protocol });
        assert.equal(sink.status, 200, sink.text);
        return sink.headers['turnpike-ignored'];
      };
      assert.equal(await told('high'), undefined);
      assert.equal(await told('xhigh'), field);
      assert.equal(await told('max'), field);
      // Once, though the model can't either.
      assert.equal(await told('max', 'free'), field);
    });
  }
});

describe('what is told of a grammar that the engine does not hold', () => {
  const grammar = { syntax: 'lark', definition: 'start: "a"' };
  const cases = [
    [openaiChat, { messages, tools: [{ type: 'custom', custom: { name: 'f', format: { type: 'grammar', grammar } } }] }, 'tools[0].custom.format'],
    [openaiResponses, { input: said, store: false, tools: [{ type: 'custom', name: 'f', format: { type: 'grammar', ...grammar } }] }, 'tools[0].format'],
  ] as const; // prettier-ignore
  for (const [protocol, body, field] of cases) {
    it(`on ${protocol.name}: the request is served, and the grammar is named`, async () => {
      const turnstile = await Turnstile.with(PLENTY);
      turnstile.serves('free', turnstile.scripted, everythingBut('toolGrammars'));
      const ask = (model: string) => turnstile.ask({ model, ...body }, { protocol });
      const held = await ask('priced');
      assert.deepEqual([held.status, held.headers['turnpike-ignored']], [200, undefined]);
      const unheld = await ask('free');
      assert.deepEqual([unheld.status, unheld.headers['turnpike-ignored']], [200, field]);
    });
  }

  it('is told to the model, whichever server it runs on', async () => {
    await using server = await startScriptedServer();
    await using engine = new OpenAiCompatibleEngine({ name: 'up', baseUrl: server.baseUrl });
    const turnstile = await Turnstile.with(PLENTY, engine);
    for (const [protocol, body] of cases) {
      const sink = await turnstile.ask({ model: 'given', ...body }, { protocol });
      assert.equal(sink.status, 200, sink.text);
      assert.match(JSON.stringify(server.requests.at(-1)), /sentence of this lark grammar/);
    }
  });
});

describe('what is told of tools that nobody here runs', () => {
  it('on Messages, and on Responses', async () => {
    const turnstile = await Turnstile.with(PLENTY);
    const asked = { model: 'priced', messages, max_tokens: 9 };
    const search = { type: 'web_search_20250305', name: 'web_search' };
    const sink = await turnstile.ask(
      { ...asked, tools: [search] },
      { protocol: anthropicMessages },
    );
    assert.equal(sink.status, 200, sink.text);
    assert.equal(sink.headers['turnpike-ignored'], 'tools[0] (web_search_20250305)');
    const tools = [{ type: 'web_search' }];
    const there = { protocol: openaiResponses };
    const other = await turnstile.ask({ model: 'priced', input: said, store: false, tools }, there);
    assert.equal(other.headers['turnpike-ignored'], 'tools[0] (web_search)');
  });
});
