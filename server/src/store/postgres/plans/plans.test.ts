// Plans by the month on a real PostgreSQL, in a time that the tests make. Cases that went wrong elsewhere carry the number of
// their report: 11427, 9410, 10513 and 8451 of polarsource/polar.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type Nano, nano } from '../../../domain/money/nano.ts';
import type { PlanTerms } from '../../../domain/plans/plan.ts';
import { CreditsUnderTest, START_MS } from '../credits/credits.fixture.ts';
import { differences } from '../credits/differences.fixture.ts';
import { mustOpen, poolTo, startTestPostgres, type TestPostgres } from '../database.fixture.ts';
import { PostgresPlans } from './postgres-plans.ts';

let postgres: TestPostgres;
let pool: ReturnType<typeof poolTo>;
before(async () => {
  postgres = await startTestPostgres();
  const connection = await postgres.newDatabase();
  await (await mustOpen(connection))[Symbol.asyncDispose](); // for its schema
  pool = poolTo(connection);
});
after(async () => {
  const findings = await differences(pool).catch(String);
  await pool.end();
  await postgres[Symbol.asyncDispose]();
  assert.deepEqual(findings, []);
});

const DAY_MS = 86_400_000;
const on = (text: string) => Date.parse(`${text}T00:00:00Z`);

type Sold = Partial<Pick<PlanTerms, 'rollover' | 'whenUnpaid'>>;

/** An organisation with a subscription to a plan of its own, and what it takes to change both. */
class Subscriber {
  readonly it: CreditsUnderTest;
  readonly plans: PostgresPlans;
  readonly id: string;

  constructor(it: CreditsUnderTest) {
    this.it = it;
    this.plans = new PostgresPlans(pool, async () => new Date(it.nowMs));
    this.id = it.name('sub');
  }

  static async make(at = START_MS): Promise<Subscriber> {
    const it = await CreditsUnderTest.make(pool);
    it.nowMs = at;
    return new Subscriber(it);
  }

  plan(name: string): string {
    return `${name}-${this.it.organisationId}`;
  }

  async sell(name: string, priceMinor: bigint, credits: bigint, sold: Sold = {}): Promise<void> {
    const creditsNano: Nano = nano(credits);
    const terms = {
      name,
      currency: 'usd',
      priceMinor,
      creditsNano,
      rollover: 'none',
      whenUnpaid: 'end',
      ...sold,
    } as const;
    await this.plans.putPlan({ planId: this.plan(name), ...terms });
  }

  /** Whoever sells a cent a month is paid by hand: as soon as it is due. */
  async pay(): Promise<void> {
    const dues = await this.plans.dues(this.it.organisationId);
    for (const { id, paidAtMs } of dues)
      if (paidAtMs === undefined) await this.plans.settleDue(id, 'manual');
  }

  async subscribe(name: string) {
    const { organisationId } = this.it;
    const planId = this.plan(name);
    const subscribed = await this.plans.subscribe({ id: this.id, organisationId, planId });
    await this.pay();
    return subscribed;
  }

  async upgrade(name: string) {
    const changed = await this.plans.upgrade(this.id, this.plan(name));
    await this.pay();
    return changed;
  }

  async at(ms: number): Promise<void> {
    this.it.nowMs = ms;
    await this.plans.tendPlans();
    await this.pay();
  }

  /** Oldest first: `cycle/step: cents from day to day`. */
  async dues(): Promise<readonly string[]> {
    const dues = await this.plans.dues(this.it.organisationId);
    const day = (ms: number) => new Date(ms).toISOString().slice(0, 10);
    return dues
      .map((due) => {
        const [, , cycle, step] = due.id.split('/');
        return `${cycle}/${step}: ${due.amountMinor} ${day(due.periodStartsAtMs)} ${day(due.periodEndsAtMs)}`;
      })
      .toReversed();
  }

  async subscription() {
    const [one] = await this.plans.subscriptions(this.it.organisationId);
    assert.ok(one !== undefined);
    return one;
  }
}

test('I14 a subscription is made once, and its first cycle granted and due at once', async () => {
  const customer = await Subscriber.make();
  await customer.sell('pro', 2_000n, 1_000n);
  const kinds = (await Promise.all([1, 2, 3].map(() => customer.subscribe('pro')))).map(
    ({ kind }) => kind,
  );
  assert.deepEqual(kinds.toSorted(), ['already-subscribed', 'already-subscribed', 'subscribed']);
  assert.equal(await customer.it.left(), 'plan 1000');
  assert.deepEqual(await customer.dues(), ['0/0: 2000 2026-01-31 2026-02-28']);
  assert.deepEqual(await customer.subscribe('other'), { kind: 'conflict' });
  const { organisationId } = customer.it;
  const second = { id: customer.it.name('sub'), organisationId, planId: customer.plan('pro') };
  const refused = await customer.plans.subscribe(second);
  assert.deepEqual(refused, { kind: 'has-plan', subscriptionId: customer.id });
  const none = { ...second, planId: customer.plan('none') };
  assert.deepEqual(await customer.plans.subscribe(none), { kind: 'no-such-plan' });
});

test('a cycle that begins on the 31st begins on the last day of shorter months, and on the 31st again', async () => {
  const customer = await Subscriber.make(Date.UTC(2028, 0, 31, 15, 30));
  await customer.sell('pro', 100n, 10n);
  await customer.subscribe('pro');
  for (const month of [1, 2, 3]) await customer.at(Date.UTC(2028, month + 1, 0, 15, 30));
  assert.deepEqual(await customer.dues(), [
    '0/0: 100 2028-01-31 2028-02-29',
    '1/0: 100 2028-02-29 2028-03-31',
    '2/0: 100 2028-03-31 2028-04-30',
    '3/0: 100 2028-04-30 2028-05-31',
  ]);
});

test('I14 a job that was missed makes up for every cycle exactly once, whoever runs it', async () => {
  const customer = await Subscriber.make(on('2026-03-10'));
  await customer.sell('pro', 500n, 100n);
  await customer.subscribe('pro');
  await customer.it.charge(30n);
  customer.it.nowMs = on('2026-06-20');
  await Promise.all([1, 2, 3].map(() => customer.plans.tendPlans()));
  assert.deepEqual(await customer.dues(), [
    '0/0: 500 2026-03-10 2026-04-10',
    '1/0: 500 2026-04-10 2026-05-10',
    '2/0: 500 2026-05-10 2026-06-10',
    '3/0: 500 2026-06-10 2026-07-10',
  ]);
  // Of those that are over nobody has to pay.
  const { organisationId } = customer.it;
  const [now, ...over] = await customer.plans.dues(organisationId);
  for (const { id } of over.slice(0, 2))
    assert.equal((await customer.plans.settleDue(id, 'manual')).kind, 'void');
  assert.equal(await customer.it.left(), '');
  assert.equal((await customer.plans.settleDue(now?.id ?? '', 'manual')).kind, 'settled');
  assert.equal(await customer.it.left(), 'plan 100');
});

test('polar 8451: what was bought apart survives every renewal, and what rolls over does so once', async () => {
  const customer = await Subscriber.make(on('2026-03-01'));
  await customer.sell('pro', 500n, 100n, { rollover: 'one-cycle' });
  await customer.subscribe('pro');
  await customer.it.add('bought', 70n, { source: 'payment', provider: 'stripe' });
  await customer.it.charge(40n);
  await customer.at(on('2026-04-01'));
  assert.equal(await customer.it.left(), 'plan 60, plan 100, bought 70');
  await customer.it.charge(10n);
  await customer.at(on('2026-05-01'));
  assert.equal(await customer.it.left(), 'plan 100, plan 100, bought 70');
});

test('polar 11427: editing a plan that people have touches no balance, and their terms from the next cycle on', async () => {
  const customer = await Subscriber.make(on('2026-03-01'));
  await customer.sell('pro', 500n, 100n);
  await customer.subscribe('pro');
  await customer.it.add('bought', 70n);
  customer.it.nowMs = on('2026-03-10');
  await customer.sell('pro', 900n, 300n);
  await customer.sell('pro', 900n, 300n); // The same again is no new version.
  assert.equal(await customer.it.left(), 'plan 100, bought 70');
  assert.equal((await customer.subscription()).version, 1);
  customer.it.nowMs = on('2026-04-02');
  await customer.sell('pro', 5_000n, 1n); // After the cycle has begun, before anybody got round to it.
  await customer.at(on('2026-04-03'));
  assert.equal(await customer.it.left(), 'plan 300, bought 70');
  assert.deepEqual((await customer.dues()).at(-1), '1/0: 900 2026-04-01 2026-05-01');
  assert.equal((await customer.subscription()).version, 2);
  await assert.rejects(pool.query('UPDATE plan_version SET price_minor = 0'), /never changed/);
});

test('polar 9410: an upgrade grants the new plan’s share and takes back the old one’s; it never goes below zero', async () => {
  const customer = await Subscriber.make(on('2026-04-01'));
  await customer.sell('basic', 1_000n, 100n);
  await customer.sell('pro', 3_000n, 7_500n);
  await customer.subscribe('basic');
  await customer.it.add('bought', 70n);
  customer.it.nowMs = on('2026-04-16'); // Half of thirty days.
  await customer.it.charge(20n);
  const changed = await customer.upgrade('pro');
  assert.equal(changed.kind, 'changed');
  assert.equal(await customer.it.left(), 'plan 30, plan 3750, bought 70');
  assert.deepEqual((await customer.dues()).at(-1), '0/1: 1000 2026-04-16 2026-05-01');
  const again = await customer.upgrade('pro');
  assert.equal(again.kind, 'unchanged');
  await customer.at(on('2026-05-01'));
  assert.equal(await customer.it.left(), 'plan 7500, bought 70');
  assert.deepEqual((await customer.dues()).at(-1), '1/0: 3000 2026-05-01 2026-06-01');
});

test('an upgrade gives no credit for what has been used, and leaves alone what a running request has set aside', async () => {
  const customer = await Subscriber.make(on('2026-04-01'));
  await customer.sell('basic', 1_000n, 100n);
  await customer.sell('pro', 3_000n, 600n);
  await customer.subscribe('basic');
  await customer.it.charge(90n);
  await customer.it.hold(6n);
  customer.it.nowMs = on('2026-04-16');
  await customer.upgrade('pro');
  // Four of the hundred come back, for 40 cents; 50 would have, had they not been used.
  assert.deepEqual((await customer.dues()).at(-1), '0/1: 1460 2026-04-16 2026-05-01');
  assert.equal(await customer.it.left(), 'plan 6, plan 300');
});

test('two upgrades in one cycle each take back their own block’s share', async () => {
  const customer = await Subscriber.make(on('2026-04-01'));
  for (const [name, price] of [
    ['a', 300n],
    ['b', 600n],
    ['c', 900n],
  ] as const)
    await customer.sell(name, price, price);
  await customer.subscribe('a');
  customer.it.nowMs = on('2026-04-11');
  await customer.upgrade('b');
  customer.it.nowMs = on('2026-04-21');
  await customer.upgrade('c');
  assert.deepEqual(await customer.dues(), [
    '0/0: 300 2026-04-01 2026-05-01',
    '0/1: 200 2026-04-11 2026-05-01', // 400 of 600 less 200 of 300
    '0/2: 100 2026-04-21 2026-05-01', // 300 of 900 less 200 of 400
  ]);
  assert.equal(await customer.it.left(), 'plan 100, plan 200, plan 300');
});

test('polar 10513: a top-up in the middle of everything is never lost', async () => {
  const customer = await Subscriber.make(on('2026-04-01'));
  await customer.sell('basic', 1_000n, 100n);
  await customer.sell('pro', 3_000n, 600n);
  await customer.subscribe('basic');
  await customer.it.add('one', 11n);
  customer.it.nowMs = on('2026-04-16');
  await customer.upgrade('pro');
  await customer.it.add('two', 12n);
  await customer.sell('pro', 4_000n, 700n);
  await customer.at(on('2026-05-01'));
  await customer.it.add('three', 13n);
  await customer.plans.cancelAtPeriodEnd(customer.id);
  await customer.at(on('2026-07-01'));
  assert.equal(await customer.it.left(), 'one 11, two 12, three 13');
});

test('a downgrade and the end come with the next cycle, and either can be taken back before', async () => {
  const customer = await Subscriber.make(on('2026-04-01'));
  await customer.sell('basic', 1_000n, 100n);
  await customer.sell('pro', 3_000n, 600n);
  await customer.subscribe('pro');
  const { plans, id } = customer;
  assert.deepEqual(await plans.upgrade(id, customer.plan('basic')), { kind: 'is-downgrade' });
  assert.equal((await plans.cancelAtPeriodEnd(id)).kind, 'changed');
  await plans.changeAtPeriodEnd(id, customer.plan('basic'));
  const planned = await customer.subscription();
  assert.deepEqual(
    [planned.nextPlanId, planned.cancelAtPeriodEnd],
    [customer.plan('basic'), false],
  );
  assert.equal(await customer.it.left(), 'plan 600');
  await customer.at(on('2026-05-01'));
  assert.equal(await customer.it.left(), 'plan 100');
  await plans.cancelAtPeriodEnd(id);
  await customer.at(on('2026-05-31'));
  assert.equal((await customer.subscription()).state, 'active');
  await customer.at(on('2026-06-01'));
  assert.equal((await customer.subscription()).state, 'ended');
  assert.equal((await customer.dues()).length, 2);
  assert.equal((await plans.cancelAtPeriodEnd(id)).kind, 'ended');
  assert.equal((await customer.subscribe('pro')).kind, 'already-subscribed'); // and stays ended
  assert.equal((await customer.subscription()).state, 'ended');
});

test('I14 what is due is paid once, and moves the money once', async () => {
  const customer = await Subscriber.make();
  await customer.sell('pro', 2_000n, 1_000n);
  const { organisationId } = customer.it;
  const pro = { id: customer.id, organisationId, planId: customer.plan('pro') };
  await customer.plans.subscribe(pro);
  const [due] = await customer.plans.dues(customer.it.organisationId);
  assert.equal(await customer.it.left(), '', 'nothing is granted before it is paid');
  assert.ok(due !== undefined && due.paidAtMs === undefined);
  const clearing = await customer.it.house('plan_clearing');
  const kinds = await Promise.all([1, 2].map(() => customer.plans.settleDue(due.id, 'stripe')));
  assert.deepEqual(kinds.map(({ kind }) => kind).toSorted(), ['already-settled', 'settled']);
  // What was paid, less what was granted for it.
  assert.equal((await customer.it.house('plan_clearing')) - clearing, 20_000_000_000n - 1_000n);
  assert.equal(await customer.it.left(), 'plan 1000');
  assert.equal((await customer.plans.settleDue('plan/none/0/0', 'stripe')).kind, 'no-such-due');
  const [paid] = await customer.plans.dues(customer.it.organisationId);
  assert.equal(paid?.paidAtMs, START_MS);
});

test('two plans side by side are two lines of blocks; neither touches the other', async () => {
  const chat = await Subscriber.make(on('2026-04-01'));
  await chat.sell('chat', 1_000n, 100n);
  await chat.sell('developer', 2_000n, 200n);
  await chat.subscribe('chat');
  const { organisationId } = chat.it;
  await chat.at(on('2026-04-10'));
  const developer = { id: chat.it.name('sub'), organisationId, planId: chat.plan('developer') };
  await chat.plans.subscribe(developer);
  await chat.pay();
  assert.equal(await chat.it.left(), 'plan 100, plan 200');
  await chat.it.charge(10n);
  await chat.plans.cancelAtPeriodEnd(chat.id);
  await chat.at(on('2026-05-01') + DAY_MS);
  assert.equal(await chat.it.left(), 'plan 200');
});

test('an upgrade changes nothing until it is paid; what was used meanwhile is not granted again', async () => {
  const customer = await Subscriber.make(on('2026-04-01'));
  await customer.sell('basic', 1_000n, 100n);
  await customer.sell('pro', 3_000n, 600n);
  await customer.subscribe('basic');
  const { plans, id } = customer;
  customer.it.nowMs = on('2026-04-16');
  const [paid] = await plans.dues(customer.it.organisationId);
  assert.equal((await plans.upgrade(id, customer.plan('pro'))).kind, 'changed');
  assert.equal((await plans.upgrade(id, customer.plan('pro'))).kind, 'unchanged', 'sent twice');
  assert.equal((await customer.subscription()).planId, customer.plan('basic'));
  assert.equal(await customer.it.left(), 'plan 100');
  await customer.it.charge(80n);
  await customer.pay();
  // 50 were to be taken back for 300; 20 are left of them, and 30 are missing from the 300.
  assert.equal(await customer.it.left(), 'plan 270');
  assert.equal((await customer.subscription()).planId, customer.plan('pro'));
  assert.equal((await plans.settleDue(paid?.id ?? '', 'manual')).kind, 'already-settled');
});

test('a cycle that nobody has paid for can’t be upgraded, and an upgrade that another has followed can’t be paid', async () => {
  const customer = await Subscriber.make(on('2026-04-01'));
  for (const [name, price] of [
    ['a', 300n],
    ['b', 600n],
    ['c', 900n],
  ] as const)
    await customer.sell(name, price, price);
  const { plans, id } = customer;
  const { organisationId } = customer.it;
  await plans.subscribe({ id, organisationId, planId: customer.plan('a') });
  assert.deepEqual(await plans.upgrade(id, customer.plan('b')), { kind: 'unpaid' });
  await customer.pay();
  customer.it.nowMs = on('2026-04-11');
  await plans.upgrade(id, customer.plan('b'));
  const [toB] = await plans.dues(organisationId);
  await plans.upgrade(id, customer.plan('c'));
  assert.equal((await plans.settleDue(toB?.id ?? '', 'manual')).kind, 'void');
  await customer.pay();
  assert.equal((await customer.subscription()).planId, customer.plan('c'));
  assert.equal(await customer.it.left(), 'plan 100, plan 600');
});

test('who pays afterwards has a plan at once, and owes for it', async () => {
  const customer = await Subscriber.make(on('2026-04-01'));
  await customer.sell('pro', 2_000n, 1_000n);
  const { organisationId } = customer.it;
  await customer.it.credits.setLimit(organisationId, nano(10n ** 12n));
  const { plans, id } = customer;
  await plans.subscribe({ id, organisationId, planId: customer.plan('pro') });
  const account = await customer.it.credits.account(organisationId);
  assert.equal(account?.owedNano, 20_000_000_000n);
  assert.equal(account?.blocks.find(({ source }) => source === 'plan')?.remainingNano, 1_000n);
  // What is owed for it can't be spent on credit as well.
  const line = account?.blocks.find(({ source }) => source === 'credit-line');
  assert.equal(line?.remainingNano, 10n ** 12n - 20_000_000_000n);
});
