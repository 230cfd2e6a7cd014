// Settings of payments: what is missing or wrong ends the start with one sentence, and no secret is in it.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { readPaymentSettings } from './payment-settings.ts';

const WHOLE = {
  TURNPIKE_STRIPE_KEY: 'sk_test_hidden',
  TURNPIKE_STRIPE_WEBHOOK_SECRET: 'whsec_hidden',
  TURNPIKE_PAYMENT_RETURN_URL: 'https://example.invalid/credits',
};

test('without Stripe there are wires; with it everything is there', () => {
  const none = readPaymentSettings({});
  assert.deepEqual(none, {
    ok: true,
    value: { bounds: { leastCents: 500, mostCents: 1_000_000 } },
  });
  const read = readPaymentSettings({ ...WHOLE, TURNPIKE_TOP_UP_DOLLARS: '10-200.50' });
  assert.ok(read.ok);
  assert.deepEqual(read.value.bounds, { leastCents: 1_000, mostCents: 20_050 });
  assert.equal(read.value.stripe?.webhookSecret, 'whsec_hidden');
});

test('a start without a webhook secret, or with half of the settings, is refused by name and without secrets', () => {
  const wrong: readonly (readonly [RegExp, object])[] = [
    [/TURNPIKE_STRIPE_WEBHOOK_SECRET must/, { TURNPIKE_STRIPE_WEBHOOK_SECRET: undefined }],
    [/TURNPIKE_STRIPE_WEBHOOK_SECRET must/, { TURNPIKE_STRIPE_WEBHOOK_SECRET: 'whsec_' }],
    [/TURNPIKE_STRIPE_WEBHOOK_SECRET must/, { TURNPIKE_STRIPE_WEBHOOK_SECRET: 'sk_test_hidden' }],
    [/TURNPIKE_STRIPE_KEY must/, { TURNPIKE_STRIPE_KEY: 'pk_live_hidden' }],
    [/TURNPIKE_STRIPE_KEY is missing/, { TURNPIKE_STRIPE_KEY: undefined }],
    [/TURNPIKE_PAYMENT_RETURN_URL must/, { TURNPIKE_PAYMENT_RETURN_URL: 'here' }],
    [/TURNPIKE_STRIPE_URL must/, { TURNPIKE_STRIPE_URL: 'http://stripe.invalid:80' }],
    [/TURNPIKE_TOP_UP_DOLLARS must/, { TURNPIKE_TOP_UP_DOLLARS: '100-5' }],
    [/TURNPIKE_TOP_UP_DOLLARS must/, { TURNPIKE_TOP_UP_DOLLARS: '0.001-5' }],
    [/both set/, { TURNPIKE_STRIPE_KEY_FILE: '/nowhere' }],
  ];
  for (const [sentence, change] of wrong) {
    const read = readPaymentSettings({ ...WHOLE, ...change });
    assert.ok(!read.ok, String(sentence));
    assert.match(read.error, sentence);
    assert.doesNotMatch(read.error, /hidden/);
  }
});

test('secrets may stand in files', () => {
  const directory = mkdtempSync(join(tmpdir(), 'turnpike-secrets-'));
  const path = join(directory, 'webhook');
  writeFileSync(path, 'whsec_in_a_file\n');
  const { TURNPIKE_STRIPE_WEBHOOK_SECRET: _, ...rest } = WHOLE;
  const from = (file: string) =>
    readPaymentSettings({ ...rest, TURNPIKE_STRIPE_WEBHOOK_SECRET_FILE: file });
  const read = from(path);
  assert.equal(read.ok && read.value.stripe?.webhookSecret, 'whsec_in_a_file');
  writeFileSync(path, '\n');
  const empty = from(path);
  assert.match(empty.ok ? '' : empty.error, /is empty/);
  const missing = from(join(directory, 'none'));
  assert.match(missing.ok ? '' : missing.error, /can't be read/);
  rmSync(directory, { recursive: true });
});
