// Answers in the background over several gateways with one store: followed and cancelled by way of another one, left
// behind by one that died, and a store that goes away meanwhile.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { newRequestId } from '../lib/ids.ts';
import { ok } from '../lib/result.ts';
import { Housekeeping } from '../jobs/housekeeping.ts';
import { readStream } from '../protocols/openai-responses/stream-order.fixture.ts';
import { openaiResponses } from '../protocols/openai-responses/openai-responses.ts';
import { BackgroundRuns } from './background-runs.ts';
import type { Gateway } from './gateway.ts';
import { serveResource } from './resources.ts';
import { MemorySink, PLENTY, Turnstile } from './turnstile.fixture.ts';

type Shown = {
  readonly id: string;
  readonly status: string;
  readonly error: { readonly code: string } | null;
  readonly usage: { readonly output_tokens: number } | null;
};

async function begin(turnstile: Turnstile, input: string, stream = false): Promise<Shown> {
  const body = { model: 'priced', input, background: true, stream };
  const sink = await turnstile.ask(body, { protocol: openaiResponses });
  assert.equal(sink.status, 200, sink.text);
  return JSON.parse(sink.text) as Shown; // what is not there reads as undefined, and fails its test
}

/** Another process over the same store. */
function beside(turnstile: Turnstile): Gateway {
  const { gateway, responses } = turnstile;
  return { ...gateway, background: new BackgroundRuns(responses) };
}

async function asked(
  gateway: Gateway,
  key: string,
  where: { readonly method?: string; readonly path?: string; readonly query?: string },
  id: string,
): Promise<MemorySink> {
  const { method = 'GET', path = '', query = '' } = where;
  const resource = openaiResponses.resources?.find(
    (one) => one.method === method && one.path === `/v1/responses/:id${path}`,
  );
  assert.ok(resource !== undefined);
  const sink = new MemorySink();
  const readJson = async () => ok({});
  const authorization = `Bearer ${key}`;
  const call = { requestId: newRequestId(Date.now()), authorization, headers: {}, readJson };
  const address = { params: { id }, query: new URLSearchParams(query) };
  const at = { protocol: openaiResponses, resource };
  await serveResource(gateway, at, call, address, sink);
  return sink;
}

async function shown(turnstile: Turnstile, id: string): Promise<Shown> {
  const sink = await asked(turnstile.gateway, turnstile.key, {}, id);
  return JSON.parse(sink.text) as Shown; // as above
}

async function ended(turnstile: Turnstile, id: string): Promise<Shown> {
  const deadline = performance.now() + 10_000;
  for (;;) {
    const now = await shown(turnstile, id);
    if (now.status !== 'queued' && now.status !== 'in_progress') return now;
    assert.ok(performance.now() < deadline, 'it ends');
    await sleep(10);
  }
}

describe('an answer in the background', () => {
  it('is followed by way of another gateway, from its first event to its last', async () => {
    const turnstile = await Turnstile.with(PLENTY);
    const other = beside(turnstile);
    const body = {
      model: 'priced',
      input: '[[rate=200 tokens=60]]',
      background: true,
      stream: true,
    };
    const creator = new MemorySink((sink) => void (sink.writes === 2 && sink.leave()));
    await turnstile.ask(body, { protocol: openaiResponses, sink: creator });
    const id = /"id":"(resp_\w+)"/.exec(creator.text)?.[1] ?? '';
    const follower = await asked(other, turnstile.key, { query: 'stream=true' }, id);
    const { response } = readStream(follower.text);
    assert.deepEqual([response.id, response.status], [id, 'completed']);
    assert.equal((await shown(turnstile, id)).usage?.output_tokens, 60);
    turnstile.assertAtRest();
  });

  it('is cancelled by way of another gateway, and costs what was made', async () => {
    const turnstile = await Turnstile.with(PLENTY);
    const other = beside(turnstile);
    const { id } = await begin(turnstile, '[[rate=100 tokens=4000]]');
    await sleep(50);
    const cancelled = await asked(other, turnstile.key, { method: 'POST', path: '/cancel' }, id);
    assert.equal((JSON.parse(cancelled.text) as Shown).status, 'cancelled'); // as above
    const { settled } = turnstile.ledger;
    assert.equal(settled.outcome, 'client-left');
    assert.ok(settled.usage.output > 0 && settled.usage.output < 1_000);
    assert.ok(settled.costNano > 0n);
    turnstile.assertAtRest();
  });

  it('fails where the gateway that made it is gone, and says how to go on', async () => {
    const turnstile = await Turnstile.with(PLENTY);
    const { id } = await begin(turnstile, '[[delay=60000]]');
    const other = beside(turnstile);
    // It does not know of the run, as after a restart.
    await using _kept = new Housekeeping({
      budgets: { sweep: async () => 0 },
      responses: turnstile.responses,
      background: other.background,
      protocols: [openaiResponses],
      log: turnstile.gateway.log,
    });
    const failed = await ended(turnstile, id);
    assert.deepEqual([failed.status, failed.error?.code], ['failed', 'server_error']);
    await turnstile.gateway.background.drain(AbortSignal.abort());
    assert.equal((await shown(turnstile, id)).status, 'failed', 'its maker does not overwrite it');
    assert.equal(turnstile.balanceNano, PLENTY);
    turnstile.assertAtRest();
  });

  it('waits with its end for a store that is away, and is complete when it is back', async () => {
    const turnstile = await Turnstile.with(PLENTY);
    const { id } = await begin(turnstile, '[[delay=100 tokens=4]]');
    turnstile.responses.shut = true;
    await sleep(300);
    turnstile.responses.shut = false;
    const done = await ended(turnstile, id);
    assert.deepEqual([done.status, done.usage?.output_tokens], ['completed', 4]);
  });

  it('is ended when the server stops and has waited long enough, and then costs nothing', async () => {
    const turnstile = await Turnstile.with(PLENTY);
    const { id } = await begin(turnstile, '[[rate=100 tokens=4000]]');
    await sleep(50);
    await turnstile.gateway.background.drain(AbortSignal.timeout(50));
    assert.equal((await shown(turnstile, id)).status, 'failed');
    assert.equal(turnstile.balanceNano, PLENTY);
    turnstile.assertAtRest();
  });

  it('is refused before anything runs where the store is away, or there is no credit', async () => {
    const turnstile = await Turnstile.with(PLENTY);
    turnstile.responses.shut = true;
    const body = { model: 'priced', input: 'hi', background: true };
    const refused = await turnstile.ask(body, { protocol: openaiResponses });
    assert.deepEqual([refused.status, refused.json.error.code], [503, 'storage_unavailable']);
    turnstile.assertUntouched(PLENTY);
    const poor = await Turnstile.with(0n as typeof PLENTY); // nothing is an amount too
    const broke = await poor.ask(body, { protocol: openaiResponses });
    assert.equal(broke.status, 402);
    const owner = { organisationId: poor.organisationId, projectId: 'prj_1' };
    assert.deepEqual(await poor.responses.bytesOf(owner), ok(0));
  });
});
