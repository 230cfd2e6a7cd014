// Alerts over the whole program: an endpoint is added by the management API, a customer spends, and the receiver and the
// mails hear of it; the command line shows what became of it.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import OpenAI from 'openai';
import { HookReceiver } from '../../server/src/jobs/receivers.fixture.ts';
import { SCRIPTED_CONFIG, Turnpike } from './turnpike.ts';

const CLI = fileURLToPath(new URL('../../cli/src/main.ts', import.meta.url));
const run = promisify(execFile);

type Answer = { readonly [field: string]: unknown };

async function post(turnpike: Turnpike, path: string, body: object): Promise<Answer> {
  const response = await turnpike.manage(path, body);
  const text = await response.text();
  assert.equal(response.status, 200, text);
  return JSON.parse(text) as Answer; // every answer is an object
}

async function refusal(turnpike: Turnpike, path: string, body: object) {
  const response = await turnpike.manage(path, body);
  const { error } = (await response.json()) as { error: { code: string; field?: string } }; // the envelope
  return `${response.status} ${error.code} ${error.field}`;
}

async function turnpikeCommand(turnpike: Turnpike, ...args: readonly string[]): Promise<string> {
  const env = {
    ...process.env,
    TURNPIKE_URL: turnpike.origin,
    TURNPIKE_DATA: turnpike.dataDirectory,
    NO_COLOR: '1',
  };
  const { stdout } = await run(process.execPath, [CLI, ...args], { env });
  return stdout;
}

test('a budget of a fresh installation is told within seconds, signed, by webhook and by mail', async (t) => {
  await using hooks = await HookReceiver.start();
  await using turnpike = await Turnpike.start({
    config: SCRIPTED_CONFIG,
    env: { TURNPIKE_PRIVATE_WEBHOOKS: 'allow', TURNPIKE_OPERATOR_MAIL: 'ops@example.com' },
  });
  const added = await post(turnpike, '/alerts/endpoints', { url: hooks.url });
  await post(turnpike, '/alerts/recipients', { address: 'team@example.com' });
  const budget = { scope: 'organisation', period: 'monthly', hard_limit: '0.001' };
  await post(turnpike, '/budgets', budget);
  const messages = [{ role: 'user', content: '[[tokens=8]]' }];
  const startedMs = performance.now();
  while (hooks.heard.length < 1) {
    await turnpike.chat({ model: 'scripted', messages, max_tokens: 8 });
    assert.ok(performance.now() - startedMs < 30_000, 'nothing was told');
    await sleep(20);
  }
  t.diagnostic(
    `the first threshold was told ${Math.round(performance.now() - startedMs)} ms after the first request`,
  );
  const [heard] = hooks.heard;
  const headers = heard?.headers as Record<string, string>; // none of ours is there twice
  await new OpenAI({ apiKey: 'none' }).webhooks.verifySignature(
    heard?.body ?? '',
    headers,
    String(added['secret']),
  );

  const id = headers['webhook-id'] ?? '';
  const list = await turnpikeCommand(turnpike, 'alerts');
  assert.match(list, new RegExp(`budget\\.threshold_reached.*${id}`));
  const directory = join(turnpike.dataDirectory, 'mail');
  const files = (): readonly string[] =>
    existsSync(directory) ? readdirSync(directory).filter((name) => name.includes(id)) : [];
  while (files().length === 0) {
    assert.ok(performance.now() - startedMs < 60_000, 'no mail was written');
    await sleep(20);
  }
  assert.match(
    await turnpikeCommand(turnpike, 'alerts', 'show', id),
    /team@example\.com\s+(delivered|pending)/,
  );
  const mails = files().map((name) => readFileSync(join(directory, name), 'utf8'));
  assert.ok(mails.some((text) => /^Subject: \[Turnpike\] 50% of the monthly limit/m.test(text)));

  const { length } = hooks.heard;
  await turnpikeCommand(turnpike, 'alerts', 'redeliver', id, '--to', String(added['id']));
  while (hooks.heard.length <= length) await sleep(20);
  assert.equal(hooks.heard.at(-1)?.headers['webhook-id'], id);
  await post(turnpike, `/alerts/endpoints/${String(added['id'])}/test`, {});
  while (!hooks.types.includes('test')) await sleep(20);
  assert.match(await turnpikeCommand(turnpike, 'alerts', 'low-balance', '20'), /\$20\.00/);
  await turnpike.chat({ model: 'scripted', messages, max_tokens: 8, n: 2 });
  await untilSettled(turnpike);
  const proof = await turnpikeCommand(turnpike, 'reconcile');
  assert.match(proof, /zero difference/);
  assert.match(proof, /^scripted scripted +\d+ +(\d+) +\1 +(\d+) +\2 +\d+ +0 +0/m, proof);
  await refusesWhatIsWrong(turnpike, { url: hooks.url, id, endpoint: String(added['id']) });
});

/** What is answered is in the books a moment later. */
async function untilSettled(turnpike: Turnpike): Promise<void> {
  const held = async (): Promise<string> => {
    const response = await fetch(`${turnpike.origin}/manage/v1/reconciliation`, {
      headers: { authorization: `Bearer ${turnpike.adminToken}` },
    });
    return JSON.stringify(((await response.json()) as Answer)['totals']); // as the contract has it
  };
  for (let before = ''; ;) {
    const now = await held();
    if (now === before) return;
    before = now;
    await sleep(300);
  }
}

async function refusesWhatIsWrong(
  turnpike: Turnpike,
  { url, id, endpoint }: { readonly url: string; readonly id: string; readonly endpoint: string },
): Promise<void> {
  const wrong = [
    ['/alerts/endpoints', { url: 'ftp://example.com' }, '400 invalid-request url'],
    ['/alerts/endpoints', { url: url, kinds: [] }, '400 invalid-request kinds'],
    ['/alerts/endpoints', { url: url, kinds: ['weather'] }, '400 invalid-request kinds'],
    [
      '/alerts/endpoints',
      { url: url, organisation: 'x', operator: true },
      '400 invalid-request operator',
    ],
    ['/alerts/endpoints', { url: url, organisation: 'nobody' }, '404 not-found organisation'],
    ['/alerts/endpoints/wh_none/test', {}, '404 not-found id'],
    [
      `/alerts/endpoints/${endpoint}/rotate`,
      { overlapHours: -1 },
      '400 invalid-request overlapHours',
    ],
    ['/alerts/recipients', { address: 'a@b, c@d' }, '400 invalid-request address'],
    ['/alerts/recipients', { address: 'TEAM@example.com' }, '409 conflict address'],
    ['/alerts/settings', { lowBalance: '-1' }, '400 invalid-request lowBalance'],
    [`/alerts/events/${id}/redeliver`, { to: 'wh_other' }, '409 conflict to'],
    ['/alerts/events/evt_0/redeliver', {}, '400 invalid-request id'],
  ] as const;
  for (const [path, body, expected] of wrong) {
    assert.equal(await refusal(turnpike, path, body), expected, JSON.stringify(body));
  }
}
