// Webhooks go where they were told to, and never into the network that we stand in.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { HookReceiver } from '../../jobs/receivers.fixture.ts';
import { PinnedWebhook } from './pinned-webhook.ts';

let receiver: HookReceiver;
before(async () => {
  receiver = await HookReceiver.start();
});
after(() => receiver[Symbol.asyncDispose]());

const never = new AbortController().signal;

async function refused(url: string, addresses: readonly string[] = []): Promise<string> {
  const found = addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }));
  const guarded = new PinnedWebhook(false, async () => found);
  const carried = await guarded.post(url, {}, '{}', never);
  assert.ok(!carried.ok, url);
  return carried.failure.detail;
}

test('an address inside is refused, however it is written and whatever name stands for it', async () => {
  const { port } = new URL(receiver.url);
  for (const host of [
    '127.0.0.1',
    '2130706433',
    '0x7f.1',
    '[::1]',
    '[::ffff:127.0.0.1]',
    '169.254.169.254',
  ]) {
    assert.match(
      await refused(`https://${host}:${port}/`),
      /no address of the public internet/,
      host,
    );
  }
  for (const address of ['10.0.0.1', '::1', '::ffff:10.0.0.1', 'fd00::1']) {
    assert.match(
      await refused('https://hooks.example.com/', [address]),
      /no address of the public/,
    );
  }
  const mixed = await refused('https://hooks.example.com/', ['1.1.1.1', '127.0.0.1']);
  assert.match(mixed, /hooks\.example\.com is 127\.0\.0\.1/);
  assert.match(await refused('http://hooks.example.com/', ['1.1.1.1']), /not https/);
  assert.match(await refused('https://hooks.example.com/'), /has no address/);
  assert.equal(receiver.heard.length, 0);
});

test('a name is looked up once, and the connection goes to what was found', async () => {
  let asked = 0;
  const webhook = new PinnedWebhook(true, async () => {
    asked += 1;
    return [{ address: '127.0.0.1', family: 4 }];
  });
  const { port } = new URL(receiver.url);
  const carried = await webhook.post(
    `http://rebound.invalid:${port}/`,
    { a: 'b' },
    '{"x":1}',
    never,
  );
  assert.deepEqual(carried, { ok: true, status: 204 });
  assert.equal(asked, 1);
  assert.equal(receiver.heard[0]?.body, '{"x":1}');
  assert.equal(receiver.heard[0]?.headers.host, `rebound.invalid:${port}`);
});

test('nobody listening, a name that hangs and a receiver that hangs are failures with a reason', async () => {
  const webhook = new PinnedWebhook(true);
  const closed = await webhook.post('http://127.0.0.1:1/', {}, '', never);
  assert.match(closed.ok ? '' : closed.failure.detail, /ECONNREFUSED/);
  const silent = new PinnedWebhook(true, () => new Promise(() => {}));
  const unnamed = await silent.post('http://a.invalid/', {}, '', AbortSignal.timeout(20));
  assert.match(unnamed.ok ? '' : unnamed.failure.detail, /in time/);
  receiver.manner = () => 'hang';
  const hung = await webhook.post(receiver.url, {}, '', AbortSignal.timeout(50));
  assert.match(hung.ok ? '' : hung.failure.detail, /in time/);
});
