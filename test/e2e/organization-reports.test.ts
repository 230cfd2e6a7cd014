// Usage and costs as tools of finance read them: OpenAI's own client with an admin key, Anthropic's addresses, and what a key
// that is not one gets.

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import OpenAI, { AuthenticationError, BadRequestError, PermissionDeniedError } from 'openai';
import { SCRIPTED_CONFIG, Turnpike } from './turnpike.ts';

const DAY_S = 86_400;

type Report = {
  readonly data: readonly { readonly results: readonly { readonly [field: string]: unknown }[] }[];
  readonly has_more: boolean;
  readonly next_page: string | null;
};

describe('usage and costs', () => {
  let turnpike: Turnpike;
  let admin: string;
  let client: OpenAI;
  let chargedNano = 0n;
  const startTime = Math.floor(Date.now() / 1000) - DAY_S;

  before(async () => {
    turnpike = await Turnpike.start({ config: SCRIPTED_CONFIG });
    admin = await turnpike.adminKey();
    client = new OpenAI({ baseURL: turnpike.baseUrl, adminAPIKey: admin, maxRetries: 0 });
    for (const user of ['ada', 'ada', 'bob']) {
      const response = await turnpike.chat({
        model: 'scripted',
        messages: [{ role: 'user', content: 'one two three' }],
        user,
      });
      chargedNano += nanoOf(response.headers.get('turnpike-cost-usd'));
      await response.text();
    }
    await untilSettled();
  });

  /** The settlement log is ahead of PostgreSQL by some milliseconds. */
  async function untilSettled(): Promise<void> {
    for (let look = 0; look < 200; look++) {
      const { data } = await client.admin.organization.usage.completions({ start_time: startTime });
      const [found] = data.flatMap(({ results }) => results);
      if (found !== undefined && 'num_model_requests' in found && found.num_model_requests === 4)
        return;
      await sleep(50);
    }
    assert.fail('the requests were not settled in time');
  }
  after(() => turnpike?.[Symbol.asyncDispose]());

  async function report(path: string, key = admin): Promise<{ status: number; body: Report }> {
    const response = await fetch(turnpike.origin + path, {
      headers: { 'x-api-key': key, 'anthropic-version': '2023-06-01' },
    });
    // Anthropic's shape; the tests below look at every member that they use.
    return { status: response.status, body: (await response.json()) as Report };
  }

  it("OpenAI's client reads usage, grouped, filtered and page by page", async () => {
    const { usage } = client.admin.organization;
    const all = await usage.completions({ start_time: startTime, group_by: ['model', 'user_id'] });
    const results = all.data.flatMap((bucket) => bucket.results);
    const mine = results.filter((one) => 'user_id' in one && one.user_id !== null);
    assert.deepEqual(
      mine.map((one) => 'num_model_requests' in one && one.num_model_requests),
      [2, 1],
    );
    const ada = await usage.completions({ start_time: startTime, user_ids: ['ada'] });
    const [only] = ada.data.flatMap((bucket) => bucket.results);
    assert.ok(only?.object === 'organization.usage.completions.result');
    assert.equal(only.num_model_requests, 2);
    assert.equal(only.model, null);
    let page = await usage.completions({ start_time: startTime, bucket_width: '1h', limit: 10 });
    let [requests, buckets] = [0, 0];
    for (;;) {
      buckets += page.data.length;
      for (const { results: found } of page.data) {
        for (const one of found)
          if ('num_model_requests' in one) requests += one.num_model_requests;
      }
      if (page.next_page === null) break;
      const next = { start_time: startTime, bucket_width: '1h', limit: 10 } as const;
      page = await usage.completions({ ...next, page: page.next_page });
    }
    assert.ok(buckets === 25 || buckets === 26, `${buckets} hours`);
    assert.equal(requests, 4, 'three of ours and the greeting of the start screen');
  });

  it('costs add up to what the answers said, whatever the lines', async () => {
    const { usage } = client.admin.organization;
    const total = async (by: 'line_item' | 'project_id'): Promise<bigint> => {
      const page = await usage.costs({ start_time: startTime, group_by: [by] });
      const amounts = page.data.flatMap(({ results }) =>
        results.map((one) => ('amount' in one ? Number(one.amount?.value) : Number.NaN)),
      );
      return BigInt(Math.round(amounts.reduce((sum, amount) => sum + amount, 0) * 1e9));
    };
    const [lines, projects] = [await total('line_item'), await total('project_id')];
    assert.equal(lines, projects);
    assert.ok(lines > chargedNano, 'the greeting cost something too');
    const { body } = await report(
      `/v1/organizations/cost_report?starting_at=${isoOf(startTime)}&group_by[]=description`,
    );
    const cents = body.data.flatMap(({ results }) => results.map(({ amount }) => String(amount)));
    assert.ok(cents.length >= 2);
    assert.equal(
      cents.map(nanoOfCents).reduce((sum, nano) => sum + nano, 0n),
      lines,
    );
  });

  it("Anthropic's report has its own shape and page", async () => {
    const path = `/v1/organizations/usage_report/messages?starting_at=${isoOf(startTime)}`;
    const { status, body } = await report(
      `${path}&group_by[]=model&group_by[]=service_tier&limit=1`,
    );
    assert.equal(status, 200);
    assert.equal(body.has_more, true);
    const next = await report(`${path}&group_by[]=model&page=${body.next_page}`);
    const [result] = [...body.data, ...next.body.data].flatMap(({ results }) => results);
    assert.equal(result?.['model'], 'scripted');
    assert.ok(Number(result['uncached_input_tokens']) > 0 && Number(result['output_tokens']) > 0);
    assert.equal(result['workspace_id'], null);
  });

  it('a key of a project is refused in the words of each protocol, and so is no key', async () => {
    const path = `/v1/organizations/cost_report?starting_at=${isoOf(startTime)}`;
    const asUser = new OpenAI({
      baseURL: turnpike.baseUrl,
      adminAPIKey: turnpike.firstKey,
      maxRetries: 0,
    });
    const asked = { start_time: startTime };
    await assert.rejects(asUser.admin.organization.usage.costs(asked), PermissionDeniedError);
    const { status, body } = await report(path, turnpike.firstKey);
    assert.equal(status, 403);
    assert.match(JSON.stringify(body), /"type":"error".*"permission_error"/);
    assert.equal((await report(path, 'sk-tp-admin-nonsense')).status, 401);
    assert.equal((await fetch(turnpike.origin + path)).status, 401);
  });

  it('an admin key generates nothing and lists nothing, and is out at once when revoked', async () => {
    const generator = new OpenAI({ baseURL: turnpike.baseUrl, apiKey: admin, maxRetries: 0 });
    const messages = [{ role: 'user', content: 'hi' }] as const;
    const asked = generator.chat.completions.create({ model: 'scripted', messages: [...messages] });
    await assert.rejects(
      asked,
      (error) => error instanceof AuthenticationError && /admin key/.test(error.message),
    );
    await assert.rejects(generator.models.list(), AuthenticationError);
    const manage = (path: string, method = 'GET') =>
      fetch(`${turnpike.origin}/manage/v1${path}`, {
        method,
        headers: { authorization: `Bearer ${turnpike.adminToken}` },
      });
    // The shape is the contract's, and its own test's.
    const { data } = (await (await manage('/admin-keys')).json()) as { data: [{ id: string }] };
    assert.equal((await manage(`/admin-keys/${data[0].id}/revoke`, 'POST')).status, 200);
    const gone = client.admin.organization.usage.costs({ start_time: startTime });
    await assert.rejects(gone, AuthenticationError);
    admin = await turnpike.adminKey();
    client = new OpenAI({ baseURL: turnpike.baseUrl, adminAPIKey: admin, maxRetries: 0 });
  });

  it("what can't be read is named: no time, a wrong width, a page of another report, a group that is none", async () => {
    const { usage } = client.admin.organization;
    const wrong: readonly [object, RegExp][] = [
      [{}, /start_time/],
      [{ start_time: 'yesterday' }, /start_time/],
      [{ start_time: startTime, bucket_width: '5m' }, /bucket_width/],
      [{ start_time: startTime, page: 'page_zz' }, /page/],
      [{ start_time: startTime, limit: 32 }, /limit/],
      [{ start_time: startTime, limit: 0 }, /limit/],
      [{ start_time: startTime, end_time: startTime }, /end_time/],
      [{ start_time: startTime, group_by: ['colour'] }, /group_by/],
      [{ start_time: startTime, projects: ['a'] }, /projects/],
    ];
    for (const [query, field] of wrong) {
      // Wrong on purpose, so not of the type.
      const asked = usage.completions(query as { start_time: number });
      await assert.rejects(
        asked,
        (error) =>
          error instanceof BadRequestError && field.test(`${error.param} ${error.message}`),
      );
    }
    const { status, body } = await report('/v1/organizations/cost_report?starting_at=yesterday');
    assert.equal(status, 400);
    assert.match(JSON.stringify(body), /starting_at/);
  });
});

function isoOf(seconds: number): string {
  return new Date(seconds * 1000).toISOString();
}

function nanoOf(dollars: string | null): bigint {
  const [whole = '0', fraction = ''] = (dollars ?? '0').split('.');
  return BigInt(whole) * 1_000_000_000n + BigInt(fraction.padEnd(9, '0'));
}

function nanoOfCents(cents: string): bigint {
  const [whole = '0', fraction = ''] = cents.split('.');
  return BigInt(whole) * 10_000_000n + BigInt(fraction.padEnd(7, '0'));
}
