// What a customer reads of the bill, through the front door: the receipt of a request as soon as its answer is complete, the
// key's own page, and prices that change under it.

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { openBooks } from './books.ts';
import { SCRIPTED_CONFIG, Turnpike } from './turnpike.ts';

type Line = {
  readonly item: string;
  readonly count: number;
  readonly per_million: string;
  readonly amount: string;
};
type Receipt = {
  readonly id: string;
  readonly service_tier: string;
  readonly end_user: string | null;
  readonly outcome: string;
  readonly price_version: number;
  readonly lines: readonly Line[];
  readonly cost: string;
  readonly charged: string;
  readonly adjustments: readonly object[];
};

const CLI = join(import.meta.dirname, '../../cli/src/main.ts');

const ask = (more: object = {}) => ({
  model: 'scripted',
  stream: false,
  messages: [{ role: 'user', content: 'go [[tokens=7]] on' }],
  ...more,
});

/** `0.000123` as an integer of 1e-15 dollars. */
function femto(dollars: string): bigint {
  const [whole = '', fraction = ''] = dollars.split('.');
  return BigInt(whole + fraction.padEnd(15, '0'));
}

describe('what was charged, read again', () => {
  let turnpike: Turnpike;
  before(async () => {
    turnpike = await Turnpike.start({ config: SCRIPTED_CONFIG });
  });
  after(async () => {
    {
      await using books = openBooks(turnpike.dataDirectory);
      assert.deepEqual(await books.findings(), []);
    }
    await turnpike[Symbol.asyncDispose]();
  });

  const get = (path: string, key = turnpike.firstKey) =>
    fetch(`${turnpike.origin}${path}`, { headers: { authorization: `Bearer ${key}` } });

  async function manage<T>(path: string, body?: object): Promise<T> {
    const response = await fetch(`${turnpike.origin}/manage/v1${path}`, {
      method: body === undefined ? 'GET' : 'POST',
      headers: {
        authorization: `Bearer ${turnpike.adminToken}`,
        'content-type': 'application/json',
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    assert.equal(response.status, 200, text);
    return JSON.parse(text) as T; // as the contract has it; the test reads what it needs
  }

  async function receiptOf(id: string): Promise<Receipt> {
    const response = await get(`/v1/requests/${id}`);
    assert.equal(response.status, 200, await response.clone().text());
    return (await response.json()) as Receipt; // as docs/api.md says; what is read is asserted
  }

  it('I7 a receipt is there as soon as the answer is, whole or streamed, and its lines come to what was charged', async () => {
    for (const stream of [false, true]) {
      const response = await turnpike.chat(ask({ stream, user: 'u-1' }));
      const text = await response.text();
      const receipt = await receiptOf(response.headers.get('x-request-id') ?? '');
      const sum = receipt.lines.reduce((all, line) => all + femto(line.amount), 0n);
      assert.equal((sum + 500_000n) / 1_000_000n, femto(receipt.cost) / 1_000_000n);
      assert.deepEqual(
        receipt.lines.map(({ item, count }) => [item, count]),
        [
          ['input', 3],
          ['output', 7],
        ],
      );
      for (const { count, per_million: price, amount } of receipt.lines) {
        assert.equal(BigInt(count) * femto(price), femto(amount) * 1_000_000n);
      }
      assert.equal(receipt.charged, receipt.cost);
      assert.deepEqual(
        [receipt.outcome, receipt.end_user, receipt.service_tier],
        ['completed', 'u-1', 'standard'],
      );
      assert.equal(response.headers.get('turnpike-price-version'), String(receipt.price_version));
      if (!stream) assert.equal(response.headers.get('turnpike-cost-usd'), receipt.charged);
      const answerId = /"id":"(chatcmpl-\w+)"/.exec(text)?.[1] ?? '';
      assert.equal((await receiptOf(answerId)).id, receipt.id);
    }
  });

  it('what is not there, and what is another project’s, is not found alike', async () => {
    const mine = await turnpike.chat(ask());
    await mine.text();
    const id = mine.headers.get('x-request-id') ?? '';
    const { key: revoked } = await manage<{ key: string }>('/keys', { name: 'other' });
    assert.equal((await get(`/v1/requests/${id}`, revoked)).status, 200, 'any key of the project');
    for (const none of [`req_${'0'.repeat(32)}`, 'nonsense', '%00', `${id}0`]) {
      const response = await get(`/v1/requests/${none}`);
      assert.equal(response.status, 404, none);
    }
    assert.equal((await get(`/v1/requests/${id}`, 'sk-tp-nobody')).status, 401);
  });

  it('a key reads what it may do, has spent and can spend', async () => {
    const response = await get('/v1/key');
    assert.equal(response.status, 200);
    assert.equal(response.headers.get('cache-control'), 'no-store');
    // As docs/api.md says; what is read is asserted.
    const key = (await response.json()) as {
      readonly models: readonly {
        readonly id: string;
        readonly service_tiers: readonly string[];
      }[];
      readonly spend: { readonly today: string; readonly month: string };
      readonly credit: { readonly available: string };
    };
    assert.ok(
      key.models.some(
        ({ id, service_tiers: tiers }) => id === 'scripted' && tiers.join() === 'standard',
      ),
    );
    assert.ok(femto(key.spend.today) > 0n && femto(key.spend.month) >= femto(key.spend.today));
    const { available } = await manage<{ available: { dollars: string } }>('/credits');
    assert.equal(key.credit.available, available.dollars);
  });

  it('a key reads the budgets on its path with what is left of each, and that it is frozen', async () => {
    const made = await manage<{ key: string; id: string; projectId: string }>('/keys', {
      name: 'held',
    });
    const read = async () => {
      const response = await get('/v1/key', made.key);
      assert.equal(response.status, 200);
      // As docs/api.md says; what is read is asserted.
      return (await response.json()) as {
        readonly frozen: object | null;
        readonly expires_at: null;
        readonly budgets: readonly { readonly [field: string]: string | null }[];
        readonly credit: object | null;
      };
    };
    assert.deepEqual((await read()).budgets, []);
    const limit = { period: 'daily', hard_limit: '0.5' };
    await manage('/budgets', { scope: 'key', subject: made.id, ...limit, alert: '0.4' });
    await manage('/budgets', { scope: 'organisation', period: 'total', alert: '9' });
    await manage('/budgets', { scope: 'each-end-user', subject: made.projectId, ...limit });
    await manage('/budgets', { scope: 'end-user', subject: 'nobody else’s business', ...limit });
    const other = await manage<{ id: string }>('/keys', { name: 'other key' });
    await manage('/budgets', { scope: 'key', subject: other.id, ...limit });
    const asked = await fetch(`${turnpike.origin}/v1/chat/completions`, {
      method: 'POST',
      headers: { authorization: `Bearer ${made.key}`, 'content-type': 'application/json' },
      body: JSON.stringify(ask({ user: 'u-1' })),
    });
    await asked.text();
    const cost = asked.headers.get('turnpike-cost-usd') ?? '';
    const deadlineMs = performance.now() + 10_000;
    let { budgets } = await read();
    const of = (scope: string) => budgets.find((one) => one['scope'] === scope);
    while (of('key')?.['spent'] !== cost || of('key')?.['held'] !== '0.00') {
      assert.ok(performance.now() < deadlineMs, JSON.stringify(budgets));
      await new Promise((resume) => setTimeout(resume, 50));
      ({ budgets } = await read());
    }
    assert.equal(budgets.length, 3);
    const { resets_at: resets, left, ...own } = of('key') ?? {};
    assert.deepEqual(own, {
      scope: 'key',
      period: 'daily',
      hard_limit: '0.50',
      alert: '0.40',
      spent: cost,
      held: '0.00',
    });
    assert.equal(femto(left ?? '') + femto(cost), femto('0.50'));
    assert.match(resets ?? '', /T00:00:00\.000Z$/);
    assert.deepEqual(
      [of('organisation')?.['hard_limit'], of('organisation')?.['resets_at']],
      [null, null],
    );
    assert.deepEqual([of('each-end-user')?.['spent'], of('each-end-user')?.['left']], [cost, null]);

    assert.deepEqual([(await read()).frozen, (await read()).expires_at], [null, null]);
    const why = { reason: 'to see what it says', by: 'test' };
    const frozen = await manage<{ id: string }>('/freezes', {
      scope: 'project',
      subject: made.projectId,
      ...why,
    });
    assert.deepEqual((await read()).frozen, { scope: 'project', why: 'operator' });
    assert.equal((await get('/v1/models', made.key)).status, 403);
    await manage(`/freezes/${frozen.id}/thaw`, why);
    assert.equal((await read()).frozen, null);
  });

  it('I7 I19 prices that are scheduled now are those of the next request; earlier ones keep theirs', async () => {
    const earlier = await turnpike.chat(ask());
    await earlier.text();
    const { data: versions } = await manage<{
      data: {
        prices: {
          model: string;
          perMillionTokens: { input: { dollars: string }; output: { dollars: string } };
        }[];
      }[];
    }>('/prices/versions');
    const list = versions[0]?.prices ?? [];
    const models = Object.fromEntries(
      list.map(({ model, perMillionTokens: { input, output } }) => [
        model,
        {
          input: input.dollars,
          output: output.dollars,
          request: '0.000001',
          tiers: { flex: { permille: 500 }, contributor: { permille: 100 } },
        },
      ]),
    );
    const simulated = await manage<{ total: { requests: number; unpriced: number } }>(
      '/prices/simulate',
      { models },
    );
    assert.ok(simulated.total.requests > 0 && simulated.total.unpriced === 0);
    const draft = await manage<{ id: string }>('/prices/drafts', { models, by: 'Ada' });
    const { version } = await manage<{ version: number }>(`/prices/drafts/${draft.id}/schedule`, {
      by: 'Ada',
    });

    const flex = await turnpike.chat(ask({ service_tier: 'flex' }));
    assert.match(await flex.text(), /"service_tier":"flex"/);
    const receipt = await receiptOf(flex.headers.get('x-request-id') ?? '');
    assert.deepEqual([receipt.service_tier, receipt.price_version], ['flex', version]);
    assert.ok(receipt.lines.some(({ item, count }) => item === 'request' && count === 1));
    const old = await receiptOf(earlier.headers.get('x-request-id') ?? '');
    assert.ok(old.price_version < version);
    assert.ok(old.lines.every(({ item }) => item !== 'request'));

    const refused = await turnpike.chat(ask({ service_tier: 'contributor' }));
    assert.equal(refused.status, 403);
    assert.match(await refused.text(), /data_use_consent_required/);
    const { data: projects } = await manage<{ data: { id: string }[] }>('/projects');
    const consent = { kind: 'granted', textVersion: '2026-11', by: 'Grace' };
    await manage(`/projects/${projects[0]?.id}/data-use-consents`, consent);
    const contributed = await turnpike.chat(ask({ service_tier: 'contributor' }));
    assert.match(await contributed.text(), /"service_tier":"contributor"/);
  });

  function cli(...args: readonly string[]): string {
    const env = {
      PATH: process.env['PATH'],
      TURNPIKE_URL: turnpike.origin,
      TURNPIKE_DATA: turnpike.dataDirectory,
    };
    const options = { env, encoding: 'utf8', timeout: 30_000 } as const;
    const { status, stdout, stderr } = spawnSync(process.execPath, [CLI, ...args], options);
    assert.equal(status, 0, `${args.join(' ')}: ${stderr}`);
    return stdout;
  }

  it('I7 charges are put under later prices by the command line, shown on the receipt, and taken back', async () => {
    const response = await turnpike.chat(ask());
    await response.text();
    const id = response.headers.get('x-request-id') ?? '';
    const { cost, price_version: version } = await receiptOf(id);
    const available = async () =>
      (await manage<{ available: { nano: string } }>('/credits')).available.nano;
    const credit = await available();
    const span = ['--from', new Date(Date.now() - 3_600_000).toISOString()];
    span.push('--to', new Date().toISOString());
    const rerate = (to: string, ...more: readonly string[]) =>
      cli('prices', 'rerate', '--at', to, ...span, ...more);
    // Every request so far had other prices than these but the last ones.
    assert.match(rerate(`${version}`), /Nothing was changed/);
    assert.equal(await available(), credit);
    const applied = rerate(
      `${version}`,
      '--apply',
      '--by',
      'Ada',
      '--note',
      'late prices',
      '--json',
    );
    const { organisations } = JSON.parse(applied);
    assert.ok(BigInt(organisations[0].settled.nano) > 0n);
    assert.equal(BigInt(credit) - BigInt(await available()), BigInt(organisations[0].settled.nano));
    assert.match(cli('prices', 'reratings'), /late prices/);
    assert.match(cli('export', 'adjustments', '--from', '1d'), /^rerating,/);
    rerate('admitted', '--apply', '--by', 'Ada');
    assert.equal(await available(), credit);
    assert.deepEqual([(await receiptOf(id)).cost, (await receiptOf(id)).adjustments], [cost, []]);
  });

  it('what is scheduled is called off by the command line, and not twice differently', async () => {
    const { data } = await manage<{ data: { prices: { model: string }[] }[] }>('/prices/versions');
    const models = Object.fromEntries(
      (data[0]?.prices ?? []).map(({ model }) => [model, { input: '1', output: '2' }]),
    );
    const { id } = await manage<{ id: string }>('/prices/drafts', { models, by: 'Ada' });
    const effectiveFrom = new Date(Date.now() + 3_600_000).toISOString();
    const schedule = { by: 'Ada', effectiveFrom };
    const { version } = await manage<{ version: number }>(
      `/prices/drafts/${id}/schedule`,
      schedule,
    );
    const off = () =>
      cli('prices', 'call-off', `${version}`, '--by', 'Grace', '--reason', 'a slip');
    assert.match(off(), /called off/);
    assert.match(off(), /called off/);
    assert.match(cli('prices', 'history'), /called off by Grace at .*: a slip/);
  });

  async function refusalOf(path: string, body: object): Promise<string> {
    const response = await turnpike.manage(path, body);
    const text = await response.text();
    assert.ok(response.status === 400 || response.status === 409, text);
    // As docs/errors.md says; what is read is asserted.
    const { error } = JSON.parse(text) as { error: { code: string; field?: string } };
    return `${error.code} ${error.field}`;
  }

  it('I19 prices that are none are refused by name, whatever they are of', async () => {
    const items =
      'input output cacheRead cacheWrite5m cacheWrite1h imageInput audioInput reasoning';
    const all = [...items.split(' '), 'imageOutput', 'audioOutput', 'toolCalls', 'request'];
    const bad = ['NaN', '-1', '1e3', '0.0000000001', '1000000', '', '€1', '1 USD', 1.5, null, {}];
    for (const item of all) {
      for (const amount of bad) {
        const models = { m: { input: '1', output: '1', [item]: amount } };
        const draft = { models, by: 'Ada' };
        assert.equal(await refusalOf('/prices/drafts', draft), `invalid-request models.m.${item}`);
      }
      const models = { m: { input: '1', output: '1', [item]: '999.999999999' } };
      await manage('/prices/drafts', { models, by: 'Ada' });
    }
    const models = { m: { input: '1', output: '1' } };
    for (const more of [{ currency: 'eur' }, { models: { m: { ...models.m, currency: 'eur' } } }]) {
      assert.match(
        await refusalOf('/prices/drafts', { models, by: 'Ada', ...more }),
        /^invalid-req/,
      );
    }
    for (const permille of [-1, 1.5, 10_001, '900', null]) {
      const rules = [{ permille }];
      const book = { id: 'acme', name: 'Acme', base: 'default', rules, by: 'Ada' };
      assert.match(await refusalOf('/prices/books', book), /^invalid-request rules/);
    }
  });

  it('a list with a gap, an overlap or a moment that can’t be is refused by name', async () => {
    const { data } = await manage<{ data: { prices: { model: string }[] }[] }>('/prices/versions');
    const known = (data[0]?.prices ?? []).map(({ model }) => [model, { input: '1', output: '2' }]);
    const schedule = async (models: object, effectiveFrom?: string) => {
      const { id } = await manage<{ id: string }>('/prices/drafts', { models, by: 'Ada' });
      const body = { by: 'Ada', ...(effectiveFrom !== undefined && { effectiveFrom }) };
      return refusalOf(`/prices/drafts/${id}/schedule`, body);
    };
    const list = Object.fromEntries(known);
    assert.equal(await schedule({ other: { input: '1', output: '1' } }), 'price-gap models');
    assert.equal(await schedule(list, '2020-01-01T00:00:00Z'), 'price-moment effectiveFrom');
    assert.equal(await schedule(list, '2999-01-01T00:00:00Z'), 'price-moment effectiveFrom');
    const { id } = await manage<{ id: string }>('/prices/drafts', { models: list, by: 'Ada' });
    const effectiveFrom = new Date(Date.now() + 7_200_000).toISOString();
    const first = { by: 'Ada', effectiveFrom };
    const { version } = await manage<{ version: number }>(`/prices/drafts/${id}/schedule`, first);
    assert.equal(await schedule(list, effectiveFrom), 'price-overlap effectiveFrom');
    assert.equal(await refusalOf(`/prices/drafts/${id}/schedule`, first), 'price-immutable id');
    await manage(`/prices/versions/${version}/call-off`, { by: 'Ada', reason: 'a test' });
    const early = { by: 'Ada', reason: 'too late' };
    assert.equal(await refusalOf('/prices/versions/1/call-off', early), 'price-immutable version');
    const about = { version, from: '2026-01-01T00:00:00Z', to: '2026-01-02T00:00:00Z' };
    assert.equal(await refusalOf('/prices/reratings/preview', about), 'price-moment version');
  });
});
