// Money over the real server and its real PostgreSQL: what a customer reads of a bill is what the books say, and neither a
// wrong count, nor a crowd on the last cent, nor a database that stands still makes it another sum. I1, I3, I5, I7, I8.

import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { NO_USAGE } from '../../server/src/domain/generation/usage.ts';
import { nano, parseDollars } from '../../server/src/domain/money/nano.ts';
import { costOf } from '../../server/src/domain/pricing/cost.ts';
import { wholePrice } from '../../server/src/domain/pricing/whole-price.ts';
import { openBooks } from './books.ts';
import { crowd, visit } from './customers.ts';
import { SCRIPTED_CONFIG, Turnpike } from './turnpike.ts';

const FIRST_CREDIT_NANO = 5_000_000_000n;
/** So dear that sixteen tokens cost 48 cents, and the first credit is ten such answers. */
const DEAR_OUTPUT = '30000';
const CONFIG = {
  ...SCRIPTED_CONFIG,
  models: [
    ...SCRIPTED_CONFIG.models,
    { ...SCRIPTED_CONFIG.models[0], id: 'dear', price: { input: '0.000001', output: DEAR_OUTPUT } },
    { id: 'unpriced', engine: 'scripted' },
  ],
};

const price = (text: string) => parseDollars(text) ?? nano(-1n);
const SCRIPTED_PRICE = wholePrice({
  input: price('1.234567'),
  cacheRead: price('0.3'),
  output: price('7.654321'),
});

const ask = (content: string, more: object = {}) => ({
  model: 'scripted',
  stream: false,
  messages: [{ role: 'user', content }],
  ...more,
});

/** In nano-dollars, what the header of an answer says. */
function header(response: Response, name: string): bigint {
  const amount = parseDollars(response.headers.get(name) ?? '');
  assert.ok(amount !== undefined, `${name}: ${response.headers.get(name)}`);
  return amount;
}

describe('money', { concurrency: true }, () => {
  it('I1 I3 I5 I7 I8: exact bills, a stream that outlives its credit, a crowd on the last of it, and wrong counts', async () => {
    await using turnpike = await Turnpike.start({ config: CONFIG });
    await using books = openBooks(turnpike.dataDirectory);
    await exactBill(turnpike);
    await refusedForFree(turnpike, books);
    await streamOutlivesCredit(turnpike, books);
    await crowdOnTheLastCredit(turnpike);
    await assertBooks(turnpike, books);
    await wrongCounts(turnpike, books);
    await assertBooks(turnpike, books);
  });

  it('I5 I6 I8: a PostgreSQL that stands still, with a settlement log: answers go on from the lease, and are recorded once it is back', async () => {
    await using turnpike = await Turnpike.start({ config: CONFIG });
    const { firstKey: key } = turnpike;
    const running = await turnpike.chat(ask('[[tokens=5 rate=5]]', { stream: true }), { key });
    const requestIds = [running.headers.get('x-request-id') ?? ''];
    {
      using _frozen = freezePostgres(turnpike.dataDirectory);
      assert.match(await running.text(), /\[DONE\]/);
      for (let n = 0; n < 3; n++) {
        const seen = await visit(turnpike, { key, body: ask('hi', { max_tokens: 4 }) });
        assert.ok(seen.kind === 'answered', JSON.stringify(seen));
        requestIds.push(seen.requestId);
      }
    }
    await untilAnswering(turnpike);
    await using books = openBooks(turnpike.dataDirectory);
    const recorded = await books.recorded();
    for (const id of requestIds) {
      assert.deepEqual(recorded.get(id), { times: 1, outcome: 'completed' });
    }
    await untilNoHold(books);
    assert.deepEqual(await books.findings(), []);
    assert.equal(await books.creditNano(), FIRST_CREDIT_NANO - (await books.chargedNano()));
  });

  it('I5 I6 I8: a PostgreSQL that stands still, without a log, ends no answer as if it were paid, and lets nobody in', async () => {
    const env = { TURNPIKE_SETTLEMENT: 'direct' };
    await using turnpike = await Turnpike.start({ config: CONFIG, env });
    const { firstKey: key } = turnpike;
    const running = await turnpike.chat(ask('[[tokens=5 rate=5]]', { stream: true }), { key });
    const requestId = running.headers.get('x-request-id') ?? '';
    {
      using _frozen = freezePostgres(turnpike.dataDirectory);
      const cut = running.text().then(
        (text) => `complete: ${text}`,
        () => 'broken',
      );
      const refused = await visit(turnpike, { key, body: ask('hi') });
      assert.deepEqual(refused, { kind: 'refused', status: 503, code: 'billing_unavailable' });
      assert.equal(await cut, 'broken', 'the connection breaks, without [DONE]');
    }
    await untilAnswering(turnpike);
    await using books = openBooks(turnpike.dataDirectory);
    await untilNoHold(books);
    assert.deepEqual(await books.findings(), []);
    assert.ok(((await books.recorded()).get(requestId)?.times ?? 0) <= 1);
    assert.equal(await books.creditNano(), FIRST_CREDIT_NANO - (await books.chargedNano()));
  });
});

const TOP_UP_NANO = 5_000_000_000n;

async function assertBooks(turnpike: Turnpike, books: OpenBooks): Promise<void> {
  assert.equal(await runningOf(turnpike), 0);
  assert.deepEqual(await books.findings(), []);
  assert.equal(await books.openHolds(), 0);
  const credit = await books.creditNano();
  assert.ok(credit >= 0n);
  assert.equal(credit, FIRST_CREDIT_NANO + TOP_UP_NANO - (await books.chargedNano()));
}

async function exactBill(turnpike: Turnpike): Promise<void> {
  const response = await turnpike.chat(ask('go [[tokens=7]] on'));
  assert.equal(response.status, 200);
  await response.arrayBuffer();
  const cost = costOf({ ...NO_USAGE, input: 3, output: 7 }, SCRIPTED_PRICE);
  assert.equal(header(response, 'turnpike-cost-usd'), cost);
  assert.match(response.headers.get('turnpike-price-version') ?? '', /^\d+$/);
  const next = await turnpike.chat(ask('[[tokens=1]]'));
  await next.arrayBuffer();
  const left = header(response, 'turnpike-credit-usd') - header(next, 'turnpike-cost-usd');
  assert.equal(header(next, 'turnpike-credit-usd'), left);
}

type OpenBooks = ReturnType<typeof openBooks>;

async function refusedForFree(turnpike: Turnpike, books: OpenBooks): Promise<void> {
  const before = await books.chargedNano();
  const rowsBefore = (await books.recorded()).size;
  const unpriced = await visit(turnpike, {
    key: turnpike.firstKey,
    body: ask('hi', { model: 'unpriced' }),
  });
  assert.deepEqual(unpriced, { kind: 'refused', status: 503, code: 'model_not_priced' });
  const failed = await visit(turnpike, { key: turnpike.firstKey, body: ask('[[fail=500]]') });
  assert.deepEqual(failed, { kind: 'refused', status: 502, code: 'engine_failed' });
  assert.equal(await books.chargedNano(), before);
  assert.equal(
    (await books.recorded()).size,
    rowsBefore + 1,
    'a failure has a row, a refusal none',
  );
}

async function wrongCounts(turnpike: Turnpike, books: OpenBooks): Promise<void> {
  for (const kind of ['shrinking', 'negative', 'huge']) {
    for (const stream of [false, true]) {
      const before = await books.chargedNano();
      const body = ask(`[[tokens=8 wrong-usage=${kind}]]`, { stream });
      const seen = await visit(turnpike, { key: turnpike.firstKey, body });
      assert.equal(seen.kind, 'answered', `${kind}: ${JSON.stringify(seen)}`);
      const cost = costOf({ ...NO_USAGE, input: 2, output: 8 }, SCRIPTED_PRICE);
      assert.equal((await books.chargedNano()) - before, cost, kind);
    }
  }
}

/** Of the dear model: the credit is 166 tokens, and the client asks for a thousand. */
async function streamOutlivesCredit(turnpike: Turnpike, books: OpenBooks): Promise<void> {
  const creditBefore = await books.creditNano();
  const body = ask('[[tokens=1000]]', { model: 'dear', stream: true });
  const text = await (await turnpike.chat(body)).text();
  assert.match(text, /"code":"insufficient_quota"/);
  assert.ok(!text.includes('[DONE]'));
  const pieces =
    text.split('"delta":{"content":"').length - 1 - text.split('"content":""').length + 1;
  const oneToken = price(DEAR_OUTPUT) / 1_000_000n;
  const affordable = creditBefore / oneToken;
  assert.ok(BigInt(pieces) <= affordable && BigInt(pieces) >= affordable - 1n, `${pieces} tokens`);
  const left = await books.creditNano();
  assert.ok(left >= 0n && left < 2n * oneToken, `${left} is left`);
  const next = await visit(turnpike, {
    key: turnpike.firstKey,
    body: ask('hi', { model: 'dear' }),
  });
  assert.deepEqual(next, { kind: 'refused', status: 402, code: 'insufficient_quota' });
}

async function crowdOnTheLastCredit(turnpike: Turnpike): Promise<void> {
  const added = await fetch(`${turnpike.origin}/manage/v1/credits`, {
    method: 'POST',
    headers: { authorization: `Bearer ${turnpike.adminToken}`, 'content-type': 'application/json' },
    body: JSON.stringify({ id: 'money-test', amount: '5' }),
  });
  assert.equal(added.status, 200, await added.text());
  let left = 50;
  const body = ask('[[tokens=16 delay=500]]', { model: 'dear', max_tokens: 16 });
  const all = await crowd(50, () =>
    left-- > 0 ? visit(turnpike, { key: turnpike.firstKey, body }) : undefined,
  );
  assert.equal(all.filter(({ kind }) => kind === 'answered').length, 10);
  assert.equal(all.filter((one) => one.kind === 'refused' && one.status === 402).length, 40);
}

async function runningOf(turnpike: Turnpike): Promise<unknown> {
  const response = await fetch(`${turnpike.origin}/manage/v1/status`, {
    headers: { authorization: `Bearer ${turnpike.adminToken}` },
  });
  return Object(await response.json()).generationsRunning;
}

/** PostgreSQL and all of its processes stand still, connected and silent, until they are thawed. */
function freezePostgres(dataDirectory: string): Disposable {
  const [path] = globSync(`${dataDirectory}/postgres/**/postmaster.pid`);
  assert.ok(path !== undefined);
  const postmaster = Number(readFileSync(path, 'utf8').split('\n')[0]);
  const children = readFileSync(`/proc/${postmaster}/task/${postmaster}/children`, 'utf8');
  const pids = [postmaster, ...children.trim().split(' ').map(Number)];
  for (const pid of pids) process.kill(pid, 'SIGSTOP');
  return {
    [Symbol.dispose]: () => {
      for (const pid of pids) {
        try {
          process.kill(pid, 'SIGCONT');
        } catch {
          // It has been ended meanwhile, as one that does not answer may be.
        }
      }
    },
  };
}

async function untilAnswering(turnpike: Turnpike): Promise<void> {
  const deadline = performance.now() + 10_000;
  const body = ask('hi');
  while ((await visit(turnpike, { key: turnpike.firstKey, body })).kind !== 'answered') {
    assert.ok(performance.now() < deadline, `not back:\n${turnpike.output}`);
    await sleep(50);
  }
}

async function untilNoHold(books: OpenBooks): Promise<void> {
  const deadline = performance.now() + 10_000;
  while ((await books.openHolds()) > 0) {
    assert.ok(performance.now() < deadline, 'a hold is left');
    await sleep(50);
  }
}
