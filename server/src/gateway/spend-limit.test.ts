// Hard limits on spend, through the front door: the request that one can't cover is refused by its name, and a stream that
// reaches one stops at the boundary of its grant. In every protocol's words.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Budget } from '../domain/ledger/budget.ts';
import { outputCostMax } from '../domain/pricing/cost.ts';
import { nano } from '../domain/money/nano.ts';
import { anthropicMessages } from '../protocols/anthropic-messages/anthropic-messages.ts';
import { openaiChat } from '../protocols/openai-chat/openai-chat.ts';
import { openaiResponses } from '../protocols/openai-responses/openai-responses.ts';
import { creditFor, PLENTY, Turnstile } from './turnstile.fixture.ts';

type Limit = Pick<Budget, 'scope' | 'subject' | 'period'>;

async function limited(more: Limit, limit: bigint) {
  const turnstile = await Turnstile.with(PLENTY);
  await setLimit(turnstile, more, limit);
  return turnstile;
}

let budgets = 0;
async function setLimit({ accounts, organisationId }: Turnstile, more: Limit, limit: bigint) {
  const subject = more.subject === '' ? organisationId : more.subject;
  const id = `bud_${++budgets}`;
  await accounts.budgets.set({ ...more, subject, id, organisationId, hardLimitNano: limit });
}

/** The server's clock stands still at this moment. */
function at(turnstile: Turnstile, moment: string): void {
  const clock = { ...turnstile.gateway.clock, nowMs: () => Date.parse(moment) };
  turnstile.gateway = { ...turnstile.gateway, clock };
}

const long = '[[tokens=200]]';
const userContent = (content: string) => ({ messages: [{ role: 'user', content }] });
/** The same question on each protocol, and how each names an end user. */
const PROTOCOLS = [
  [openaiChat, userContent, [(user: string) => ({ user }), (user: string) => ({ safety_identifier: user })]],
  [openaiResponses, (input: string) => ({ input, store: false }), [(user: string) => ({ user }), (user: string) => ({ safety_identifier: user })]],
  [anthropicMessages, (content: string) => ({ ...userContent(content), max_tokens: 300 }), [(user: string) => ({ metadata: { user_id: user } })]],
] as const; // prettier-ignore

describe('I9 a hard limit on spend', () => {
  for (const [protocol, body] of PROTOCOLS) {
    it(`on ${protocol.name}, refuses before the engine, and says which limit, what is left of it, and until when`, async () => {
      const scope = { scope: 'project', subject: 'prj_1', period: 'monthly' } as const;
      const turnstile = await limited(scope, 0n);
      await setLimit(turnstile, { ...scope, period: 'total' }, PLENTY);
      at(turnstile, '2026-11-30T23:59:50.500Z');
      await setLimit(turnstile, scope, 1_000_000_000n);
      await turnstile.ask({ model: 'priced', ...body(long) }, { protocol });
      const chargedNano = PLENTY - turnstile.balanceNano;
      const limit = chargedNano + 1_000n;
      await setLimit(turnstile, scope, limit);
      const sink = await turnstile.ask({ model: 'priced', ...body(long) }, { protocol });
      assert.equal(sink.status, 402, sink.text);
      const { error } = sink.json;
      if (protocol === anthropicMessages) assert.equal(error.type, 'billing_error');
      else
        assert.deepEqual([error.type, error.code], ['insufficient_quota', 'spend_limit_reached']);
      assert.match(
        error.message,
        /^The monthly hard limit of \$0\.\d+ on the spend of this project .* \$0\.000001 is left\. It resets at 2026-12-01T00:00:00\.000Z\./,
      );
      const source = JSON.parse(sink.text).error.limit_source;
      assert.equal(Math.round(Number(source.limit) * 1e9), Number(limit));
      assert.equal(Math.round(Number(source.used) * 1e9), Number(chargedNano));
      assert.deepEqual({ ...source, limit: '', used: '' }, {
        kind: 'hard_limit',
        scope: 'project',
        period: 'monthly',
        currency: 'USD',
        limit: '',
        used: '',
        left: '0.000001',
        resets_at: '2026-12-01T00:00:00.000Z',
      }); // prettier-ignore
      assert.equal(sink.headers['x-should-retry'], 'false');
      assert.equal(sink.headers['retry-after'], '10');
      await setLimit(turnstile, scope, 1n);
      const beyond = await turnstile.ask({ model: 'priced', ...body(long) }, { protocol });
      assert.equal(beyond.headers['retry-after'], undefined, 'no window will ever cover it');
      turnstile.assertAtRest();
    });

    it(`on ${protocol.name}, what a new window will cover is told when to come again`, async () => {
      const credit = await creditFor(long, (price) => outputCostMax(400, price));
      const turnstile = await limited({ scope: 'key', subject: '', period: 'daily' }, 0n);
      await setLimit(
        turnstile,
        { scope: 'key', subject: turnstile.keyId, period: 'daily' },
        credit,
      );
      at(turnstile, '2026-11-30T23:59:50.500Z');
      const ask = () => turnstile.ask({ model: 'priced', ...body(long) }, { protocol });
      let sink = await ask();
      for (let times = 0; sink.status === 200 && times < 50; times++) sink = await ask();
      assert.equal(sink.status, 402, sink.text);
      assert.equal(sink.headers['retry-after'], '10');
      at(turnstile, '2026-12-01T00:00:00.000Z');
      assert.equal((await ask()).status, 200, 'the next window is a new one');
      turnstile.assertAtRest();
    });

    it(`on ${protocol.name}, stops a stream at the boundary of its grant, with the reason, and what was produced is paid to the token`, async () => {
      const limit = await creditFor(long, (price) => outputCostMax(60, price));
      const turnstile = await limited(
        { scope: 'organisation', subject: '', period: 'daily' },
        limit,
      );
      const request = { model: 'priced', ...body(long), stream: true };
      const sink = await turnstile.ask(request, { protocol });
      assert.equal(sink.status, 200, sink.text);
      assert.equal(sink.state, 'ended');
      assert.ok(sink.text.includes('hard limit of'), sink.text.slice(-400));
      assert.ok(!/finish_reason":"stop|"message_stop"|response\.completed/.test(sink.text));
      if (protocol !== openaiResponses) assert.ok(!sink.text.includes('[DONE]'));
      else assert.match(sink.text, /response\.failed[^]*"code":"spend_limit_reached"/);
      const { settled } = turnstile.ledger;
      assert.equal(settled.outcome, 'credit-ended');
      assert.ok(settled.usage.output > 0 && settled.usage.output < 200);
      assert.ok(PLENTY - turnstile.balanceNano <= limit);
      turnstile.assertAtRest();
    });
  }

  for (const [protocol, body, names] of PROTOCOLS) {
    for (const name of names) {
      const field = Object.keys(name('u'))[0];
      it(`of an end user, by ${field} on ${protocol.name}, limits that end user and nobody else`, async () => {
        const scope = { scope: 'end-user', subject: 'u-1', period: 'total' } as const;
        const turnstile = await limited(scope, 0n);
        const ask = (more: object) =>
          turnstile.ask({ model: 'priced', ...body('hi'), ...more }, { protocol });
        const refused = await ask(name('u-1'));
        assert.equal(refused.status, 402, refused.text);
        assert.match(refused.json.error.message, /^The hard limit of \$0\.00 on the spend of this end user/);
        assert.equal(refused.headers['retry-after'], undefined, 'it never opens again');
        assert.equal((await ask(name('u-2'))).status, 200);
        assert.equal((await ask({})).status, 200);
      }); // prettier-ignore
    }
  }

  it('of each end user of a project gives everybody his own, without a list; one that is named has his instead', async () => {
    const each = { scope: 'each-end-user', subject: 'prj_1', period: 'daily' } as const;
    const once = await creditFor('hi', (price) => outputCostMax(16, price));
    const turnstile = await limited(each, once);
    const ask = (user?: string) => turnstile.whole('hi', { max_tokens: 16, user });
    const { chargedNano } = await charged(turnstile, () => ask('u-1'));
    assert.ok(chargedNano > 0n);
    const refused = await ask('u-1');
    assert.equal(refused.status, 402, refused.text);
    assert.match(refused.json.error.message, /^The daily hard limit of .* of this end user/);
    const source = JSON.parse(refused.text).error.limit_source;
    assert.deepEqual([source.scope, source.period], ['end-user', 'daily']);
    assert.equal((await ask('u-2')).status, 200, 'another has his own');
    assert.equal((await ask('ü 2:3~'.repeat(40))).status, 200, 'whatever the name is');
    assert.equal((await ask()).status, 200, 'who names nobody is nobody');
    assert.equal((await ask()).status, 200);

    await setLimit(turnstile, { scope: 'end-user', subject: 'u-1', period: 'daily' }, PLENTY);
    assert.equal((await ask('u-1')).status, 200, 'he is named now');
    await setLimit(turnstile, { scope: 'end-user', subject: 'u-2', period: 'monthly' }, PLENTY);
    assert.equal((await ask('u-2')).status, 402, 'a budget of another period takes nothing away');

    const [budget] = await turnstile.accounts.budgets.list(turnstile.organisationId);
    assert.ok(budget !== undefined);
    const day = new Date().toISOString().slice(0, 10);
    const users = await turnstile.accounts.budgets.endUsers(`budget:${budget.id}:${day}`, 9);
    assert.deepEqual(users.top.map(({ endUser }) => endUser.slice(0, 6)).toSorted(), ['sha256', 'u-1', 'u-2']); // prettier-ignore
    assert.equal(users.count, 3);
    turnstile.assertAtRest();
  });

  it('a limit set below what a running stream holds: the stream keeps what it has, gets no more, and the next is refused', async () => {
    const limit = nano(2n * (await creditFor(long, (price) => outputCostMax(2_000, price))));
    const scope = { scope: 'organisation', subject: '', period: 'weekly' } as const;
    const turnstile = await limited(scope, limit);
    let lowered: Promise<void> | undefined;
    turnstile.ledger.onExtend = () => (lowered ??= setLimit(turnstile, scope, 1n));
    const sink = await turnstile.stream('[[tokens=3500]]');
    await lowered;
    assert.equal(sink.pieces, 1_024, 'the first grant, and no other');
    assert.equal(sink.lastEvent.error.code, 'spend_limit_reached');
    assert.equal(turnstile.ledger.settled.usage.output, 1_024);
    assert.equal((await turnstile.whole('hi')).status, 402);
    turnstile.assertAtRest();
  });
});

async function charged(turnstile: Turnstile, ask: () => Promise<{ readonly status: number }>) {
  const before = turnstile.balanceNano;
  assert.equal((await ask()).status, 200);
  return { chargedNano: before - turnstile.balanceNano };
}
