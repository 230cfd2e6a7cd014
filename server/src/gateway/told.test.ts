// What a request asks for and does not get is named in a header of the answer, on each protocol in its own words and on
// all of them alike.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { everythingBut } from '../domain/generation/capabilities.ts';
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
