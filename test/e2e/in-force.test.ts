// I18: what an operator changes at one gateway is in force at every other within a second: two processes on one PostgreSQL,
// changes through the management API of the one, requests to the other.

import assert from 'node:assert/strict';
import { after, before, describe, it, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  mustOpen,
  startTestPostgres,
  type TestPostgres,
} from '../../server/src/store/postgres/database.fixture.ts';
import { SCRIPTED_CONFIG, Turnpike } from './turnpike.ts';

const IN_FORCE_MS = 1_000;
const GIVE_UP_MS = 15_000;
const ORGANISATION = 'org_other';

describe('a change at one gateway', () => {
  let postgres: TestPostgres;
  let here: Turnpike;
  let there: Turnpike;
  before(async () => {
    postgres = await startTestPostgres();
    const { host, port, user, database } = await postgres.newDatabase();
    const query = new URLSearchParams({ host, port: String(port), user });
    const env = { DATABASE_URL: `postgres:///${database}?${query.toString()}` };
    here = await Turnpike.start({ config: SCRIPTED_CONFIG, env });
    there = await Turnpike.start({ config: SCRIPTED_CONFIG, env });
    await using store = await mustOpen({ host, port, user, database }, { gatewayId: 'operator' });
    await store.accounts.createOrganisation({ id: ORGANISATION, name: 'Other' });
    const project = { id: 'proj_other', organisationId: ORGANISATION, name: 'site' };
    await store.accounts.createProject(project);
  });
  after(async () => {
    await there?.[Symbol.asyncDispose]();
    await here?.[Symbol.asyncDispose]();
    await postgres[Symbol.asyncDispose]();
  });

  async function change<T>(path: string, body: object): Promise<T> {
    const response = await here.manage(path, body);
    const text = await response.text();
    assert.equal(response.status, 200, text);
    return JSON.parse(text) as T; // as the contract has it; the test reads what it needs
  }

  function ask(key: string): Promise<Response> {
    return fetch(`${there.baseUrl}/chat/completions`, {
      method: 'POST',
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
      body: JSON.stringify({
        model: 'scripted',
        messages: [{ role: 'user', content: 'go [[tokens=3]] on' }],
      }),
    });
  }

  /** Every request that is sent later than a second after the change was answered sees it. */
  async function seenThere(
    t: TestContext,
    what: string,
    key: string,
    isSeen: (response: Response) => boolean,
  ): Promise<void> {
    const changedMs = performance.now();
    let lastUnseenMs = 0;
    for (;;) {
      const askedMs = performance.now() - changedMs;
      const response = await ask(key);
      await response.arrayBuffer();
      if (isSeen(response)) break;
      lastUnseenMs = askedMs;
      assert.ok(askedMs < GIVE_UP_MS, `${what} is not in force: ${response.status}`);
      await sleep(10);
    }
    assert.ok(lastUnseenMs < IN_FORCE_MS, `${what}: ${lastUnseenMs} ms`);
    t.diagnostic(`${what}: not seen for ${Math.round(lastUnseenMs)} ms`);
  }

  const status = (wanted: number) => (response: Response) => response.status === wanted;

  it('is in force at another within a second: a key, a top-up, limits, prices, a freeze, a revocation', async (t) => {
    const seen = seenThere.bind(undefined, t);
    const of = { organisation: ORGANISATION };
    const { key, id } = await change<{ key: string; id: string }>('/keys', { ...of, name: 'k' });
    await seen('a new key', key, status(402));
    await change('/credits', { ...of, id: 'top-up-1', amount: '5', source: 'manual' });
    await seen('a top-up after 402', key, status(200));

    const budget = { ...of, scope: 'key', subject: id, period: 'total' };
    await change('/budgets', { ...budget, hard_limit: '1' });
    assert.equal((await ask(key)).status, 200);
    await change('/budgets', { ...budget, hard_limit: '0' });
    await seen('a hard limit lowered', key, (response) => !response.ok);
    await change('/budgets', { ...budget, hard_limit: '1' });
    await seen('a hard limit raised', key, status(200));
    await change('/budgets', { ...budget, hard_limit: null, alert: null });

    const models = { scripted: { input: '1', output: '2' } };
    const draft = await change<{ id: string }>('/prices/drafts', { models, by: 'Ada' });
    const at = `/prices/drafts/${draft.id}/schedule`;
    const { version } = await change<{ version: number }>(at, { by: 'Ada' });
    await seen('a price', key, (response) => {
      return response.headers.get('turnpike-price-version') === String(version);
    });

    const why = { reason: 'a look', by: 'Ada' };
    const frozen = await change<{ id: string }>('/freezes', {
      ...of,
      ...why,
      scope: 'organisation',
    });
    await seen('a freeze', key, (response) => !response.ok);
    await change(`/freezes/${frozen.id}/thaw`, why);
    await seen('a thaw', key, status(200));

    await change(`/keys/${id}/revoke`, {});
    await seen('a revoked key', key, status(401));
  });
});
