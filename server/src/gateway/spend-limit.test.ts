// Hard limits on spend, through the front door: the request that one can't cover is refused by its name, and a stream that
// reaches one stops at the boundary of its grant.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Budget } from '../domain/ledger/budget.ts';
import { outputCostMax } from '../domain/pricing/cost.ts';
import { creditFor, PLENTY, Turnstile } from './turnstile.fixture.ts';

async function limited(more: Pick<Budget, 'scope' | 'subject' | 'period'>, limit: bigint) {
  const turnstile = await Turnstile.with(PLENTY);
  const { accounts, organisationId } = turnstile;
  const subject = more.subject === '' ? organisationId : more.subject;
  const set = { ...more, subject, id: 'bud_1', organisationId, hardLimitNano: limit };
  await accounts.budgets.set(set);
  return turnstile;
}

describe('I9 a hard limit on spend', () => {
  it('refuses what it does not cover, before the engine, with the limit and its reset', async () => {
    const turnstile = await limited({ scope: 'project', subject: 'prj_1', period: 'monthly' }, 0n);
    const sink = await turnstile.whole('hi');
    assert.equal(sink.status, 402, sink.text);
    const { error } = sink.json;
    assert.equal(error.code, 'spend_limit_reached');
    assert.equal(sink.headers['x-should-retry'], 'false');
    assert.match(
      error.message,
      /monthly spend limit of this project .*\$0\.00 is left\. It resets at/,
    );
    const now = new Date();
    const next = new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + 1, 1));
    assert.deepEqual(JSON.parse(sink.text).error.limit_source, {
      kind: 'hard_limit',
      scope: 'project',
      period: 'monthly',
      resets_at: next.toISOString(),
    });
    turnstile.assertUntouched(PLENTY);
  });

  it('of an end user limits that end user and nobody else', async () => {
    const turnstile = await limited({ scope: 'end-user', subject: 'u-1', period: 'total' }, 0n);
    assert.equal((await turnstile.whole('hi', { user: 'u-1' })).status, 402);
    assert.equal((await turnstile.whole('hi', { user: 'u-2' })).status, 200);
    assert.equal((await turnstile.whole('hi')).status, 200);
  });

  it('stops a stream at the boundary of its grant, and what was produced is paid to the token', async () => {
    const content = '[[tokens=200]]';
    const limit = await creditFor(content, (price) => outputCostMax(40, price));
    const turnstile = await limited({ scope: 'organisation', subject: '', period: 'daily' }, limit);
    const sink = await turnstile.stream(content);
    assert.equal(sink.pieces, 40);
    assert.equal(sink.lastEvent.error.code, 'spend_limit_reached');
    assert.equal(turnstile.ledger.settled.outcome, 'credit-ended');
    turnstile.assertAtRest();
  });
});
