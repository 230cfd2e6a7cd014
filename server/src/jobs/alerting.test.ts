// Alerts from what happens in the books to who hears of it, with several servers at once. Signatures are checked by somebody
// else's library.

import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import OpenAI from 'openai';
import { nano } from '../domain/money/nano.ts';
import { newId } from '../lib/ids.ts';
import { manualCredits, newCustomer } from '../ports/accounts.contract.ts';
import { AlertsUnderTest, DOLLAR, quiet, until } from './alerting.fixture.ts';
import { HookReceiver } from './receivers.fixture.ts';

let under: AlertsUnderTest;
before(async () => {
  under = await AlertsUnderTest.start();
});
after(() => under[Symbol.asyncDispose]());
beforeEach(() => under.newCustomer());

describe('budgets', () => {
  test('each threshold is told once in a window, by mail and signed webhook, whoever looks and however often', async (t) => {
    await using hooks = await HookReceiver.start();
    const { id, secret } = await under.hears(hooks);
    await under.mailTo('a@example.com');
    const window = await under.budget(10n * DOLLAR, 9n * DOLLAR);
    {
      await using _one = under.alerting();
      await using _two = under.alerting({ alerts: under.second.alerts });
      const startedMs = performance.now();
      await under.spend(6n * DOLLAR, [window]);
      await until(
        '50% is told',
        () => hooks.heard.length === 1 && under.mails.letters.length === 1,
      );
      t.diagnostic(`told after ${Math.round(performance.now() - startedMs)} ms`);
      await under.spend(1n * DOLLAR, [window]);
      await under.spend(3n * DOLLAR, [window]);
      await until(
        'all are told',
        () => hooks.heard.length === 4 && under.mails.letters.length === 4,
      );
    }
    // A restart, and somebody who forgets that it was taken out of the books.
    await under.pool.query('UPDATE budget_event SET sent_at = NULL');
    await using _third = under.alerting();
    await quiet();
    assert.equal(hooks.heard.length, 4);
    assert.equal(under.mails.letters.length, 4);
    assert.equal((await under.deliveryTo(id))?.state, 'delivered');
    const told = hooks.heard.map(({ body }) => JSON.parse(body));
    const thresholds = told.map(({ data }) => String(data.threshold));
    assert.deepEqual(thresholds.toSorted(), ['100%', '50%', '80%', 'alert']);
    const whole = told.find(({ data }) => data.threshold === '100%');
    assert.equal(whole.type, 'budget.threshold_reached');
    assert.deepEqual(whole.data.spent, { dollars: '10.00', nano: '10000000000' });
    assert.equal(whole.data.organisationId, under.organisationId);
    const client = new OpenAI({ apiKey: 'none' });
    for (const { headers, body } of hooks.heard) {
      await client.webhooks.verifySignature(body, headers, secret);
      await assert.rejects(client.webhooks.verifySignature(`${body} `, headers, secret));
    }
    const letter = under.mails.letters.find(({ text }) => /^Subject: .*100%/m.test(text));
    assert.equal(letter?.to, 'a@example.com');
    assert.match(letter?.text ?? '', /^Subject: \[Turnpike\] 100% of the limit/m);
    assert.match(letter?.text ?? '', /\$10\.00 of \$10\.00/);
  });
});

describe('credit', () => {
  test('a low balance is told once, and again when it has been above', async () => {
    await using hooks = await HookReceiver.start();
    await under.hears(hooks);
    await under.store.alerts.setLowBalance(under.organisationId, 50n * DOLLAR);
    await using _one = under.alerting();
    await using _two = under.alerting({ alerts: under.second.alerts });
    await under.spend(60n * DOLLAR);
    await until('it is told', () => hooks.types.length === 1);
    await under.spend(1n * DOLLAR);
    await quiet();
    assert.deepEqual(hooks.types, ['credit.low']);
    await under.store.accounts.addCredits(manualCredits(under.organisationId, 30n * DOLLAR));
    await quiet();
    await under.spend(30n * DOLLAR);
    await until('it is told again', () => hooks.types.length === 2);
    await under.store.alerts.setLowBalance(under.organisationId, 45n * DOLLAR);
    await until('another threshold is another question', () => hooks.types.length === 3);
    assert.equal(new Set(hooks.heard.map(({ headers }) => headers['webhook-id'])).size, 3);
  });

  test('what expires is told of 30, 7 and 1 days before, once each, and only in the second half of its life', async () => {
    await using hooks = await HookReceiver.start();
    await under.hears(hooks);
    const block = async (livedDays: number, leftHours: number): Promise<string> => {
      const id = newId('blk');
      await under.pool.query(
        `INSERT INTO credit_block (id, organisation_id, source, provider, priority, amount_nano, cost_basis_nano,
             expires_at, created_at, effective, remaining_nano)
           VALUES ($1, $2, 'promo', 'manual', 1, 5, 0, now() + $4 * interval '1 hour',
             now() + $4 * interval '1 hour' - $3 * interval '1 day', true, 5)`,
        [id, under.organisationId, livedDays, leftHours],
      );
      return id;
    };
    const wanted = [
      `${await block(90, 29 * 24)} 30`,
      `${await block(90, 3 * 24)} 7`,
      `${await block(31, 6 * 24)} 7`,
      `${await block(3, 12)} 1`,
    ];
    await block(31, 29 * 24); // a plan's month: no news
    await block(1, 12);
    await block(90, 31 * 24);
    await using _one = under.alerting();
    await until('all are told', () => hooks.heard.length >= wanted.length);
    await under.store.alerts.look(true);
    await quiet();
    const told = hooks.heard.map(({ body }) => JSON.parse(body).data);
    assert.deepEqual(
      told.map(({ blockId, daysLeft }) => `${blockId} ${daysLeft}`).toSorted(),
      wanted.toSorted(),
    );
    assert.deepEqual(told[0].remaining, { dollars: '0.000000005', nano: '5' });
    await under.pool.query('ALTER TABLE credit_block DISABLE TRIGGER ALL');
    await under.pool.query(
      'DELETE FROM credit_block WHERE organisation_id = $1 AND amount_nano = 5',
      [under.organisationId],
    );
    await under.pool.query('ALTER TABLE credit_block ENABLE ALWAYS TRIGGER credit_block_stays');
    await under.pool.query('ALTER TABLE credit_block ENABLE ALWAYS TRIGGER credit_block_facts');
  });
});

describe('payments', () => {
  test('what the till notes is told: to the customer, disputes to the operator too, what is suspect to the operator alone', async () => {
    await under.mailTo('f@example.com');
    await under.pool.query(
      `INSERT INTO top_up (id, organisation_id, provider, origin, amount_cents, currency, state, save_method, created_at, expires_at)
         VALUES ($1, $2, 'stripe', 'checkout', 500, 'usd', 'credited', false, now(), now())`,
      [`top-${under.organisationId}`, under.organisationId],
    );
    await under.pool.query(
      `INSERT INTO payment_reversal (provider, id, payment_id, top_up_id, organisation_id, kind, amount_cents, currency,
           status, is_final, state, created_at)
         VALUES ('stripe', $1, 'pi', $2, $3, 'dispute', 500, 'usd', 'stands', true, 'taken', now())`,
      [`dp-${under.organisationId}`, `top-${under.organisationId}`, under.organisationId],
    );
    const note = async (kind: 'declined' | 'auto-reload-off' | 'suspect' | 'taken-back') => {
      const subject =
        kind === 'taken-back'
          ? `stripe dp-${under.organisationId}`
          : `${kind} ${under.organisationId}`;
      const { organisationId } = under;
      const event = { kind, organisationId, detail: `it is ${kind}` };
      await under.store.tillBook.events.note(event, subject, Date.now());
    };
    for (const kind of ['declined', 'auto-reload-off', 'suspect', 'taken-back'] as const)
      await note(kind);
    await using _one = under.alerting();
    await until('all are told', () => under.mails.letters.length >= 5);
    await quiet();
    const said = under.mails.letters.map(
      ({ to, text }) => `${to} ${/Event: +(\S+)/.exec(text)?.[1]}`,
    );
    assert.deepEqual(said.toSorted(), [
      'f@example.com auto_reload.stopped',
      'f@example.com payment.disputed',
      'f@example.com payment.failed',
      'operator@example.com payment.disputed',
      'operator@example.com payment.suspect',
    ]);
  });
});

describe('invoices', () => {
  test('an invoice is told when it is issued, and when it is not paid in time; what is paid is not', async () => {
    await using hooks = await HookReceiver.start();
    const finalised = async (): Promise<string> => {
      const { organisation } = await newCustomer(under.store.accounts);
      under.organisationId = organisation.id;
      await under.hears(hooks);
      await under.store.accounts.setCreditLimit(under.organisationId, nano(1_000n * DOLLAR));
      await under.pool.query(
        `INSERT INTO invoice_item (id, organisation_id, description, amount_cents, due_at)
           VALUES ($1, $2, 'Onboarding', 2500, '2026-10-15')`,
        [newId('itm'), under.organisationId],
      );
      const { id } = await under.store.billing.draft(newId('inv'), under.organisationId, '2026-10');
      const done = await under.store.billing.finalise(id);
      assert.ok(done.kind === 'final', done.kind);
      return id;
    };
    const late = await finalised();
    const paid = await finalised();
    const payment = manualCredits(under.organisationId, 25n * DOLLAR);
    await under.store.accounts.addCredits({ ...payment, source: 'payment', provider: 'wire' });
    await under.pool.query('ALTER TABLE invoice DISABLE TRIGGER ALL');
    await under.pool.query(
      `UPDATE invoice SET document = jsonb_set(document::jsonb, '{dueOn}', '"2026-11-01"') WHERE id = ANY ($1)`,
      [[late, paid]],
    );
    await under.pool.query('ALTER TABLE invoice ENABLE TRIGGER ALL');
    await using _one = under.alerting();
    await until('all are told', () => hooks.heard.length >= 3);
    await under.store.alerts.look(true);
    await quiet();
    const told = hooks.heard.map(({ body }) => JSON.parse(body));
    const words = told.map(
      ({ type, data }) => `${type} ${data.invoiceId} ${data.amountDue.dollars}`,
    );
    assert.deepEqual(
      words.toSorted(),
      [
        `invoice.issued ${late} 25.00`,
        `invoice.issued ${paid} 25.00`,
        `invoice.overdue ${late} 25.00`,
      ].toSorted(),
    );
  });
});
