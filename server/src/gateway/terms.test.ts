// On whose terms a request is served: a tier is a wish, the one that was used is answered and billed, and the usage says
// for whom it was.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { openaiChat } from '../protocols/openai-chat/openai-chat.ts';
import { openaiResponses } from '../protocols/openai-responses/openai-responses.ts';
import { anthropicMessages } from '../protocols/anthropic-messages/anthropic-messages.ts';
import { PLENTY, Turnstile } from './turnstile.fixture.ts';

const messages = [{ role: 'user', content: 'hi' }];
const CHAT = { protocol: openaiChat, body: { model: 'priced', messages } };
const RESPONSES = { protocol: openaiResponses, body: { model: 'priced', input: 'hi' } };
const MESSAGES = {
  protocol: anthropicMessages,
  body: { model: 'priced', messages, max_tokens: 16 },
};

describe('the terms of a request', () => {
  it('has a tier that is not sold answered, and billed, as the standard one, and named in the header', async () => {
    for (const [{ protocol, body }, standard] of [
      [CHAT, 'default'],
      [RESPONSES, 'default'],
      [MESSAGES, 'standard'],
    ] as const) {
      const turnstile = await Turnstile.with(PLENTY);
      const sink = await turnstile.ask({ ...body, service_tier: 'flex' }, { protocol });
      assert.equal(sink.status, 200, sink.text);
      const answer = JSON.parse(sink.text);
      assert.equal(answer.service_tier ?? answer.usage.service_tier, standard);
      assert.equal(sink.headers['turnpike-ignored'], 'service_tier');
      assert.equal(turnstile.ledger.settled.tier, 'standard');
    }
  });

  it('has nothing named where the client leaves the choice to us', async () => {
    for (const tier of ['auto', 'default', null, undefined]) {
      const turnstile = await Turnstile.with(PLENTY);
      const sink = await turnstile.ask({ ...CHAT.body, service_tier: tier });
      assert.equal(sink.headers['turnpike-ignored'], undefined);
    }
  });

  it('has the end user of each protocol on the usage', async () => {
    for (const [{ protocol, body }, named] of [
      [CHAT, { user: 'u-1' }],
      [CHAT, { user: 'other', safety_identifier: 'u-1' }],
      [RESPONSES, { safety_identifier: 'u-1' }],
      [RESPONSES, { user: 'u-1' }],
      [MESSAGES, { metadata: { user_id: 'u-1' } }],
    ] as const) {
      const turnstile = await Turnstile.with(PLENTY);
      const sink = await turnstile.ask({ ...body, ...named }, { protocol });
      assert.equal(sink.status, 200, sink.text);
      assert.equal(turnstile.ledger.settled.endUser, 'u-1');
    }
  });
});
