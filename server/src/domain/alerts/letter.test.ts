// Mails say what happened, and nobody's name changes what kind of mail it is.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ALERT_KINDS } from './alert-event.ts';
import { letterOf } from './letter.ts';

const event = {
  id: 'evt_1',
  occurredAtMs: Date.UTC(2026, 10, 20, 12),
  facts: {
    threshold: '80%',
    scope: 'key',
    subjectName: 'ci\r\nBcc: everybody@example.com',
    period: 'monthly',
    window: '2026-11-01',
    spentNano: '8000000000',
    hardLimitNano: '10000000000',
    alertNano: null,
  },
};

test('a threshold of a budget is a sentence with its amounts, and a name has no line of its own', () => {
  const letter = letterOf({ ...event, kind: 'budget.threshold_reached' }, '<script>Acme</script>');
  assert.equal(
    letter.subject,
    '[Turnpike] 80% of the monthly limit of the key ci Bcc: everybody@example.com is spent',
  );
  assert.match(letter.text, /\$8\.00 of \$10\.00/);
  assert.doesNotMatch(letter.text, /^Bcc/m);
  assert.doesNotMatch(letter.html, /<script>/);
  assert.doesNotMatch(letter.text, /Alert:/);
});

test('every kind has a mail, with whatever is known; so does one of a later version', () => {
  for (const kind of [...ALERT_KINDS, 'something.new']) {
    const letter = letterOf({ ...event, kind, facts: {} }, undefined);
    assert.match(letter.subject, /^\[Turnpike\] \S/, kind);
    assert.match(letter.text, /^Event: +\S+ evt_1$/m, kind);
  }
});
