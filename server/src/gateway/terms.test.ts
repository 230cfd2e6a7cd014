// On whose terms a request is served: a tier is a wish, the one that was used is answered and billed, and the usage says
// for whom it was.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { openaiChat } from '../protocols/openai-chat/openai-chat.ts';
import { openaiResponses } from '../protocols/openai-responses/openai-responses.ts';
import { anthropicMessages } from '../protocols/anthropic-messages/anthropic-messages.ts';
import { costOf } from '../domain/pricing/cost.ts';
import { times } from '../domain/pricing/price-rules.ts';
import { LIST_PRICES } from '../domain/pricing/prices.ts';
import { PLENTY, PRICE, Turnstile } from './turnstile.fixture.ts';

const messages = [{ role: 'user', content: 'hi' }];
const CHAT = { protocol: openaiChat, body: { model: 'priced', messages } };
const RESPONSES = { protocol: openaiResponses, body: { model: 'priced', input: 'hi' } };
const MESSAGES = {
  protocol: anthropicMessages,
  body: { model: 'priced', messages, max_tokens: 16 },
};

const FLEX = times(PRICE, 500);
const CONTRIBUTOR = times(PRICE, 80);

/** With tiers on sale, and a key whose project has consented, or has not. */
async function withTiers(contributes: boolean): Promise<Turnstile> {
  const turnstile = await Turnstile.with(PLENTY);
  const { keys } = turnstile.accounts.snapshot();
  const prices = { standard: PRICE, flex: FLEX, contributor: CONTRIBUTOR };
  const value = { version: 9, models: new Map([['priced', prices]]) };
  const books = new Map([[LIST_PRICES, [{ fromMs: -Infinity, value }]]]);
  const entries = [...keys].map(
    ([hash, key]) =>
      [hash, { ...key, ...(contributes && { contributes: true as const }) }] as const,
  );
  const snapshot = { version: 1, keys: new Map(entries), prices: { books, terms: new Map() } };
  turnstile.gateway = { ...turnstile.gateway, snapshot: () => snapshot };
  return turnstile;
}

describe('the terms of a request', () => {
  it('I7 has the tier that was used answered in each protocol’s field, and billed at its price', async () => {
    for (const { protocol, body } of [CHAT, RESPONSES, MESSAGES]) {
      for (const stream of [false, true]) {
        const turnstile = await withTiers(true);
        const sink = await turnstile.ask({ ...body, stream, service_tier: 'flex' }, { protocol });
        assert.equal(sink.status, 200, sink.text);
        assert.match(sink.text, /"service_tier":"flex"/);
        assert.doesNotMatch(sink.text, /"service_tier":"(default|standard)"/);
        const { tier, usage, costNano, priceVersion } = turnstile.ledger.settled;
        assert.deepEqual([tier, priceVersion], ['flex', 9]);
        assert.equal(costNano, costOf(usage, FLEX));
      }
    }
  });

  it('has the contributor tier for a project that has consented alone; for others nothing runs', async () => {
    const turnstile = await withTiers(true);
    const sink = await turnstile.ask({ ...CHAT.body, service_tier: 'contributor' });
    assert.equal(JSON.parse(sink.text).service_tier, 'contributor');
    const { tier, usage, costNano } = turnstile.ledger.settled;
    assert.equal(tier, 'contributor');
    assert.equal(costNano, costOf(usage, CONTRIBUTOR));
    for (const { protocol, body } of [CHAT, RESPONSES, MESSAGES]) {
      const other = await withTiers(false);
      const refused = await other.ask({ ...body, service_tier: 'contributor' }, { protocol });
      assert.equal(refused.status, 403);
      assert.match(refused.text, /consent/);
      other.assertUntouched(PLENTY);
    }
  });

  it('I19 has the version that is in force named, and none where none is: then nothing is sold', async () => {
    const turnstile = await Turnstile.with(PLENTY);
    const sink = await turnstile.whole('hi');
    const { priceVersion, costNano, usage } = turnstile.ledger.settled;
    assert.equal(sink.headers['turnpike-price-version'], String(priceVersion));
    assert.equal(costNano, costOf(usage, PRICE));
    const before = turnstile.accounts.snapshot();
    const books = new Map([
      [
        LIST_PRICES,
        [{ fromMs: Number.POSITIVE_INFINITY, value: { version: 2, models: new Map() } }],
      ],
    ]);
    turnstile.gateway = {
      ...turnstile.gateway,
      snapshot: () => ({ ...before, prices: { books, terms: new Map() } }),
    };
    const later = await turnstile.whole('hi');
    assert.equal(later.status, 503, 'what is not in force yet is no price');
  });

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
