// Bills in calm weather, to the day: when a card is tried again and when nobody tries any more, and how an invoice is paid by
// card, in parts, and by too much. What goes wrong on the way is in the scenarios. I12, I14.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { nano } from '../../server/src/domain/money/nano.ts';
import {
  startTestPostgres,
  type TestPostgres,
} from '../../server/src/store/postgres/database.fixture.ts';
import { type Bench, openBench } from './bench.ts';
import { judgeBills } from './judge-bills.ts';
import { closeShop, DAY_MS, openShop, type Shop } from './shop.ts';

let postgres: TestPostgres;
let bench: Bench;
before(async () => {
  postgres = await startTestPostgres();
  bench = await openBench(await postgres.newDatabase());
});
after(async () => {
  const { findings } = await bench.store.accounts.reconcile();
  await bench[Symbol.asyncDispose]();
  await postgres[Symbol.asyncDispose]();
  assert.deepEqual(findings, [], 'the books balance after every test of this file');
});

/** A customer with a saved card, on a day without faults. */
async function calmShop(seed: number): Promise<Shop> {
  const shop = await openShop(bench, seed);
  shop.calm = true;
  const { account, organisationId, tills } = shop;
  const wish = { id: account.id('first'), organisationId, amount: '20', currency: 'usd' };
  await tills[0].topUp({ ...wish, by: 'checkout', saveMethod: true });
  for (const session of account.sessions) account.pay(session, 'pays');
  await tills[0].sweep(0);
  return shop;
}

async function subscribe(shop: Shop, whenUnpaid: 'end' | 'keep'): Promise<void> {
  const { plans, organisationId, name } = shop;
  const plan = { planId: `plan-${name}`, name: 'Pro', currency: 'usd', rollover: 'none' } as const;
  const price = { priceMinor: 2_000n, creditsNano: nano(25_000_000_000n) };
  await plans.putPlan({ ...plan, ...price, whenUnpaid });
  await plans.subscribe({ id: `sub-${name}`, organisationId, planId: plan.planId });
}

/** Days after which the card was charged, whatever came of it. */
async function triedAfterDays(shop: Shop, fromMs: number): Promise<readonly number[]> {
  for (let hour = 0; hour < 9 * 24; hour += 6) {
    shop.nowMs = fromMs + hour * 3_600_000;
    await Promise.all(shop.tills.map((till) => till.collect()));
  }
  const { rows } = await bench.pool.query<{ at: Date }>(
    `SELECT created_at AS at FROM top_up WHERE organisation_id = $1 AND origin = 'bill' ORDER BY 1`,
    [shop.organisationId],
  );
  return rows.map(({ at }) => (at.getTime() - fromMs) / DAY_MS);
}

async function stateOf({ plans, organisationId }: Shop): Promise<string | undefined> {
  return (await plans.subscriptions(organisationId))[0]?.state;
}

test('I14 a cycle is charged when it begins, and granted with the payment; the next one likewise', async () => {
  const shop = await calmShop(1);
  await subscribe(shop, 'end');
  const blocks = async (): Promise<readonly string[]> => {
    const account = await bench.store.accounts.creditAccount(shop.organisationId);
    return (account?.blocks ?? []).flatMap(({ id, source }) => (source === 'plan' ? [id] : []));
  };
  assert.deepEqual(await blocks(), []);
  await Promise.all(shop.tills.map((till) => till.collect()));
  assert.deepEqual(await blocks(), [`plan/sub-${shop.name}/0/0`]);
  shop.nowMs += 32 * DAY_MS;
  await shop.plans.tendPlans();
  for (let round = 0; round < 3; round++)
    await Promise.all(shop.tills.map((till) => till.collect()));
  assert.deepEqual((await blocks()).toSorted(), [
    `plan/sub-${shop.name}/0/0`,
    `plan/sub-${shop.name}/1/0`,
  ]);
  assert.equal(shop.account.intents.filter(({ offSession }) => offSession).length, 2);
  assert.deepEqual(await judgeBills(bench, shop), []);
  await closeShop(bench, shop);
});

test('a card that is declined is tried again after 1, 3, 5 and 7 days; then the plan ends, or is kept', async () => {
  for (const [seed, whenUnpaid, state] of [
    [2, 'end', 'ended'],
    [3, 'keep', 'past-due'],
  ] as const) {
    const shop = await calmShop(seed);
    for (const card of shop.account.cards) card.mood = 'card_declined';
    await subscribe(shop, whenUnpaid);
    const beganMs = shop.nowMs;
    assert.deepEqual(await triedAfterDays(shop, beganMs), [0, 1, 3, 5, 7]);
    assert.equal(await stateOf(shop), state);
    assert.deepEqual(await judgeBills(bench, shop), []);
    const events = await shop.tills[0].events(shop.organisationId, 100);
    assert.equal(events.filter(({ kind }) => kind === 'bill-given-up').length, 1);
    await closeShop(bench, shop);
  }
});

test('one that pays after all is charged once more and no further; while it is tried the plan is past due', async () => {
  const shop = await calmShop(4);
  for (const card of shop.account.cards) card.mood = 'insufficient_funds';
  await subscribe(shop, 'end');
  const beganMs = shop.nowMs;
  await shop.tills[0].collect();
  assert.equal(await stateOf(shop), 'past-due');
  for (const card of shop.account.cards) card.mood = 'pays';
  assert.deepEqual(await triedAfterDays(shop, beganMs), [0, 1]);
  assert.equal(await stateOf(shop), 'active');
  assert.deepEqual(await judgeBills(bench, shop), []);
  await closeShop(bench, shop);
});

/** An invoice of 60 dollars, due in 14 days of the shop's time. */
async function invoiced(shop: Shop): Promise<string> {
  const { organisationId, name } = shop;
  const { accounts, billing } = bench.store;
  await accounts.setCreditLimit(organisationId, nano(10n ** 12n));
  const details = { organisationId, name, address: [] };
  await billing.setDetails({ ...details, taxRatePpm: 200_000, termsDays: 14 });
  await bench.pool.query(
    `INSERT INTO invoice_item (id, organisation_id, description, amount_cents, due_at) VALUES ($1, $2, 'Support', 5000, '2026-10-05')`,
    [`item-${name}`, organisationId],
  );
  const { id } = await billing.draft(`inv-${name}`, organisationId, '2026-10');
  const done = await billing.finalise(id);
  assert.ok(done.kind === 'final' && done.invoice.document.amountDueCents === '6000');
  const { dueOn = '' } = done.invoice.document;
  // The books' time is today's, the shop's is another.
  shop.nowMs = Date.parse(`${dueOn}T00:00:00Z`) - 2 * DAY_MS;
  return id;
}

async function openCents(invoiceId: string): Promise<number> {
  const bill = await bench.store.tillBook.bills.payable(`invoice:${invoiceId}`);
  return bill.kind === 'payable' ? bill.amountCents : 0;
}

test('I14 an invoice is charged on the day that it is due, for what is still open; a part was paid by wire', async () => {
  const shop = await calmShop(5);
  const id = await invoiced(shop);
  const [till] = shop.tills;
  const { organisationId } = shop;
  const pays = `invoice:${id}`;
  const wire = {
    id: `wire-${shop.name}`,
    organisationId,
    currency: 'usd',
    saveMethod: false,
    pays,
  };
  const asked = await till.topUp({ ...wire, by: 'wire' });
  assert.ok(asked.ok && asked.value.amountCents === 6_000);
  const received = { reference: `20261101 ${shop.name}`, amount: '20', currency: 'usd' };
  const part = await till.confirmWire(wire.id, received);
  assert.ok(part.ok && part.value.state === 'credited', JSON.stringify(part));
  assert.deepEqual(await till.confirmWire(wire.id, received), part, 'the same again');
  assert.equal(await openCents(id), 4_000);
  await till.collect();
  assert.equal(await openCents(id), 4_000, 'not before it is due');
  shop.nowMs += 2 * DAY_MS;
  for (let round = 0; round < 3; round++) await Promise.all(shop.tills.map((one) => one.collect()));
  assert.equal(await openCents(id), 0);
  const charged = shop.account.intents.filter(({ offSession }) => offSession);
  assert.deepEqual(
    charged.map(({ amount, status }) => [amount, status]),
    [[4_000, 'succeeded']],
  );
  await closeShop(bench, shop);
});

test('what a wire brings too much is credit', async () => {
  const shop = await calmShop(6);
  const id = await invoiced(shop);
  const [till] = shop.tills;
  const { organisationId } = shop;
  const wish = { id: `wire-${shop.name}`, organisationId, currency: 'usd', saveMethod: false };
  await till.topUp({ ...wish, by: 'wire', pays: `invoice:${id}` });
  const received = { reference: `20261102 ${shop.name}`, amount: '75', currency: 'usd' };
  const paid = await till.confirmWire(wish.id, received);
  assert.ok(paid.ok && paid.value.state === 'credited', JSON.stringify(paid));
  assert.equal(await openCents(id), 0);
  const account = await bench.store.accounts.creditAccount(organisationId);
  const block = account?.blocks.find(({ provider }) => provider === 'manual');
  assert.equal(block?.remainingNano, 15n * 10n ** 9n);
  assert.deepEqual(await till.compare(0), []);
  const late = await till.topUp({ ...wish, id: 'late', by: 'wire', pays: `invoice:${id}` });
  assert.deepEqual(late, { ok: false, error: { kind: 'bill-paid' } });
  await closeShop(bench, shop);
});

test('an invoice of somebody without a saved card is not charged, and nothing is declined', async () => {
  const shop = await openShop(bench, 7);
  shop.calm = true;
  const id = await invoiced(shop);
  assert.deepEqual(await triedAfterDays(shop, shop.nowMs + 2 * DAY_MS), []);
  assert.deepEqual(await shop.tills[0].events(shop.organisationId, 10), []);
  assert.equal(await openCents(id), 6_000);
  await closeShop(bench, shop);
});
