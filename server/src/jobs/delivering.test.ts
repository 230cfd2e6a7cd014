// Alerts on their way: receivers that fail, hang and send us elsewhere, servers that die with a delivery, secrets that change.

import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, beforeEach, describe, test } from 'node:test';
import OpenAI from 'openai';
import { fileMail } from '../couriers/mail/file-mail.ts';
import { AlertsUnderTest, newSecret, quiet, until } from './alerting.fixture.ts';
import { HookReceiver } from './receivers.fixture.ts';

let under: AlertsUnderTest;
before(async () => {
  under = await AlertsUnderTest.start();
});
after(() => under[Symbol.asyncDispose]());
beforeEach(() => under.newCustomer());

describe('delivery', () => {
  test('a receiver that fails is tried again under the same id, until it takes it', async () => {
    await using hooks = await HookReceiver.start();
    const { id } = await under.hears(hooks);
    hooks.manner = (call) => [500, 'redirect', 'endless', 204][call] as 500; // a list has no types of its own
    await under.store.alerts.test(id, `test ${id}`, Date.now());
    await using _one = under.alerting();
    await until('it is taken', async () => (await under.deliveryTo(id))?.state === 'delivered');
    assert.equal(hooks.heard.length, 4, 'no redirect was followed');
    assert.equal(new Set(hooks.heard.map(({ headers }) => headers['webhook-id'])).size, 1);
    assert.equal(new Set(hooks.heard.map(({ body }) => body)).size, 1, 'the same bytes');
    assert.equal((await under.deliveryTo(id))?.attempts, 4);
  });

  test('one that hangs is given up in time and keeps nobody else from hearing', async () => {
    await using hooks = await HookReceiver.start();
    const { id } = await under.hears(hooks);
    hooks.manner = () => 'hang';
    await under.mailTo('b@example.com');
    await under.makeLow();
    await using _one = under.alerting({ webhookTimeoutMs: 100, retryAfterMs: () => undefined });
    await until('the mail is there', () => under.mails.letters.length === 1);
    await until('it is given up', async () => (await under.deliveryTo(id))?.state === 'failed');
    assert.match((await under.deliveryTo(id))?.detail ?? '', /did not answer in time/);
  });

  test('a process that dies with a delivery leaves it to the next one', async () => {
    await using hooks = await HookReceiver.start();
    const { id } = await under.hears(hooks);
    await under.store.alerts.test(id, `test ${id}`, Date.now());
    const claim = { count: 5, perTarget: 5, busy: [], claimMs: 300 };
    assert.equal(
      (await under.second.alerts.claim(claim)).filter(({ target }) => target === id).length,
      1,
    );
    assert.deepEqual(await under.store.alerts.claim(claim), [], 'it is somebody’s');
    await using _one = under.alerting();
    await until('it is there', () => hooks.heard.length === 1);
    assert.equal((await under.deliveryTo(id))?.attempts, 2);
  });

  test('many servers bring each of many events once', async () => {
    await using hooks = await HookReceiver.start();
    const { id } = await under.hears(hooks);
    for (let at = 0; at < 40; at++)
      await under.store.alerts.test(id, `test ${id} ${at}`, Date.now());
    await using _one = under.alerting();
    await using _two = under.alerting({ alerts: under.second.alerts });
    await using _three = under.alerting();
    await until('all are there', () => hooks.heard.length >= 40);
    await quiet();
    assert.equal(hooks.heard.length, 40);
    assert.equal(new Set(hooks.heard.map(({ headers }) => headers['webhook-id'])).size, 40);
  });

  test('a new secret is valid beside the one before, for a while', async () => {
    await using hooks = await HookReceiver.start();
    const { id, secret: old } = await under.hears(hooks);
    const secret = newSecret();
    await under.store.alerts.rotateSecret(id, secret, 3_600_000);
    await under.store.alerts.test(id, `test ${id}`, Date.now());
    await using _one = under.alerting();
    await until('it is there', () => hooks.heard.length === 1);
    await under.pool.query(
      "UPDATE alert_endpoint SET previous_until = now() - interval '1 s' WHERE id = $1",
      [id],
    );
    await under.store.alerts.test(id, `test ${id} later`, Date.now());
    await until('the second is there', () => hooks.heard.length === 2);
    const client = new OpenAI({ apiKey: 'none' });
    const fits = async (at: number, by: string): Promise<boolean> => {
      const heard = hooks.heard[at];
      const headers = heard?.headers as Record<string, string>; // none of ours is there twice
      return client.webhooks.verifySignature(heard?.body ?? '', headers, by).then(
        () => true,
        () => false,
      );
    };
    assert.deepEqual([await fits(0, old), await fits(0, secret)], [true, true]);
    assert.deepEqual([await fits(1, old), await fits(1, secret)], [false, true]);
  });

  test('an endpoint that failed for days is switched off, its owner is told, and can have what it missed', async () => {
    await using hooks = await HookReceiver.start();
    const { id } = await under.hears(hooks);
    hooks.manner = () => 500;
    await under.pool.query(
      "UPDATE alert_endpoint SET failing_since = now() - interval '6 days' WHERE id = $1",
      [id],
    );
    await under.makeLow();
    {
      await using _one = under.alerting();
      const isTold = (): boolean =>
        under.mails.letters.some(({ text }) => text.includes('switched off'));
      await until('its owner is told', isTold);
    }
    assert.ok((await under.store.alerts.endpoint(id))?.disabledAtMs !== undefined);
    const { length } = hooks.heard;
    const missed = await under.deliveryTo(id);
    assert.equal(missed?.state, 'failed');
    assert.equal(await under.store.alerts.redeliver(missed.event, id), 0, 'not while it is off');
    hooks.manner = () => 204;
    await under.store.alerts.changeEndpoint(id, { enabled: true });
    assert.equal(await under.store.alerts.redeliver(missed.event, id), 1);
    await using _two = under.alerting();
    await until('it is there', () => hooks.heard.length === length + 1);
  });

  test('a 410 ends it at once', async () => {
    await using hooks = await HookReceiver.start();
    const { id } = await under.hears(hooks);
    hooks.manner = () => 410;
    await under.store.alerts.test(id, `test ${id}`, Date.now());
    await using _one = under.alerting();
    await until(
      'it is off',
      async () => (await under.store.alerts.endpoint(id))?.disabledAtMs !== undefined,
    );
    await quiet();
    assert.equal(hooks.heard.length, 1);
  });
});

describe('mail', () => {
  test('a server that puts us off is asked again; a mailbox that is not there is not', async () => {
    under.mails.busy = 2;
    for (const address of ['c@example.com', 'nobody@example.com']) {
      await under.mailTo(address);
    }
    await under.makeLow();
    await using _one = under.alerting();
    await until('it is taken', () => under.mails.letters.length === 1);
    await until(
      'the other has failed',
      async () => (await under.deliveryTo('mail:nobody@example.com'))?.state === 'failed',
    );
    assert.equal(under.mails.letters[0]?.to, 'c@example.com');
    assert.equal((await under.deliveryTo('mail:nobody@example.com'))?.attempts, 1);
    under.mails.busy = 0;
  });

  test('without a mail server it is a file, as it would have left; without recipients it goes to the bills’ address', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'turnpike-mail-'));
    using _directory = {
      [Symbol.dispose]: () => rmSync(directory, { recursive: true, force: true }),
    };
    await under.store.billing.setDetails({
      organisationId: under.organisationId,
      name: 'Mailed <b>GmbH</b>',
      address: [],
      email: 'bills@example.com',
      taxRatePpm: 0,
      termsDays: 30,
    });
    await under.makeLow();
    await using mail = fileMail(join(directory, 'mail'), 'turnpike@example.com');
    await using _one = under.alerting({ mail });
    await until(
      'it is written',
      async () => (await under.deliveryTo('mail:bills@example.com'))?.state === 'delivered',
    );
    const [name = ''] = readdirSync(join(directory, 'mail'));
    assert.match(
      (await under.deliveryTo('mail:bills@example.com'))?.detail ?? '',
      /^written to mail\/.*\.eml$/,
    );
    const text = readFileSync(join(directory, 'mail', name), 'utf8');
    assert.match(text, /^To: bills@example\.com/m);
    assert.match(text, /^Subject: \[Turnpike\] Credit is low: \$100\.00 left/m);
    assert.match(text, /^Message-ID:\s+<evt_[0-9a-f]{32}\.bills\.at\.example\.com@turnpike>/m);
  });
});
