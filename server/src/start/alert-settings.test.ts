// Settings of alerts: what is wrong is one sentence that names the variable, and never a password.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readAlertSettings } from './alert-settings.ts';

test('without any, mail goes to files and webhooks to the public internet', () => {
  assert.deepEqual(readAlertSettings({}), {
    ok: true,
    value: {
      mailFrom: 'turnpike@localhost',
      operatorMail: 'operator@localhost',
      privateWebhooks: false,
    },
  });
});

test('mail that leaves has a sender and an operator', () => {
  const smtp = { TURNPIKE_SMTP_URL: 'smtp://user:secret@mail.example.com:587' };
  const from = { ...smtp, TURNPIKE_MAIL_FROM: 'turnpike@example.com' };
  for (const [settings, missing] of [
    [smtp, /^TURNPIKE_MAIL_FROM is missing/],
    [from, /^TURNPIKE_OPERATOR_MAIL is missing/],
  ] as const) {
    const read = readAlertSettings(settings);
    assert.match(read.ok ? '' : read.error, missing);
  }
  const whole = readAlertSettings({ ...from, TURNPIKE_OPERATOR_MAIL: 'ops@example.com' });
  assert.equal(whole.ok && whole.value.smtpUrl, smtp.TURNPIKE_SMTP_URL);
});

test('what is wrong is named', () => {
  const wrong = [
    ['TURNPIKE_SMTP_URL', 'mail.example.com:25 secret'],
    ['TURNPIKE_SMTP_URL', 'https://user:secret@mail.example.com'],
    ['TURNPIKE_SMTP_URL_FILE', '/nowhere/secret'],
    ['TURNPIKE_MAIL_FROM', 'two@example.com, more@example.com'],
    ['TURNPIKE_OPERATOR_MAIL', 'nobody'],
    ['TURNPIKE_PRIVATE_WEBHOOKS', 'yes'],
  ] as const;
  for (const [name, value] of wrong) {
    const read = readAlertSettings({ [name]: value });
    assert.ok(!read.ok, name);
    assert.match(read.error, new RegExp(name));
    assert.doesNotMatch(read.error, /secret/);
  }
});
