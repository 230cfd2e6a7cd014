// The suite that every ledger passes: what a hold, an extension and a settle promise, whatever keeps the books.

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import { NO_USAGE } from '../domain/generation/usage.ts';
import type { Hold } from '../domain/ledger/hold.ts';
import type { Settlement } from '../domain/ledger/settlement.ts';
import { nano } from '../domain/money/nano.ts';
import { newId } from '../lib/ids.ts';
import type { Budgets } from './budgets.ts';
import type { HoldOutcome, Ledger, SettleOutcome } from './ledger.ts';

export type BooksUnderTest = AsyncDisposable & {
  readonly ledger: Ledger;
  /** A customer with this much credit. */
  newOrganisation(creditNano: bigint): Promise<string>;
  balance(organisationId: string): Promise<{ balanceNano: bigint; heldNano: bigint }>;
  readonly budgets: Budgets;
};

export function testRequestId(): string {
  return `req_${randomBytes(16).toString('hex')}`;
}

/** A settlement for tests, of a request that cost this much. */
export function testSettlement(
  hold: Pick<Hold, 'requestId' | 'organisationId'>,
  costNano: bigint,
  more: Partial<Settlement> = {},
): Settlement {
  return {
    requestId: hold.requestId,
    organisationId: hold.organisationId,
    projectId: 'proj_test',
    keyId: 'key_test',
    model: 'model-test',
    engine: 'scripted',
    protocol: 'openai-chat',
    usage: { ...NO_USAGE, input: 1, output: 1 },
    usageSource: 'engine',
    priceVersion: 1,
    tier: 'standard',
    costNano: nano(costNano),
    outcome: 'completed',
    startedAtMs: Date.UTC(2026, 10, 20, 12),
    durationMs: 12.5,
    ...more,
  };
}

/** Takes a hold that must be granted in full. */
export async function mustHold(
  ledger: Ledger,
  organisationId: string,
  amountNano: bigint,
): Promise<Hold> {
  const requestId = testRequestId();
  const amount = nano(amountNano);
  const outcome = await ledger.hold({
    requestId,
    organisationId,
    wantNano: amount,
    leastNano: amount,
  });
  assert.equal(outcome.kind, 'held');
  assert.ok(outcome.kind === 'held');
  return outcome.hold;
}

function chargedOf(outcome: SettleOutcome): bigint {
  assert.ok(outcome.kind === 'settled', outcome.kind);
  return outcome.chargedNano;
}

export function describeLedger(name: string, setUp: () => Promise<BooksUnderTest>): void {
  describe(`${name} keeps the ledger's contract`, () => {
    let books: BooksUnderTest;
    before(async () => {
      books = await setUp();
    });
    after(() => books[Symbol.asyncDispose]());
    describeHolds(() => books);
    describeSettles(() => books);
    describeBudgets(() => books);
  });
}

function describeHolds(books: () => BooksUnderTest): void {
  test('a hold sets aside what it wants, or what is left if that is enough', async () => {
    const { ledger, newOrganisation, balance } = books();
    const organisationId = await newOrganisation(100n);
    await mustHold(ledger, organisationId, 70n);
    const request = { organisationId, wantNano: nano(50n), leastNano: nano(20n) };
    const second = await ledger.hold({ ...request, requestId: testRequestId() });
    assert.ok(second.kind === 'held');
    assert.equal(second.hold.amountNano, 30n);
    const third = await ledger.hold({ ...request, requestId: testRequestId() });
    assert.deepEqual(third, { kind: 'refused', availableNano: 0n });
    assert.deepEqual(await balance(organisationId), { balanceNano: 100n, heldNano: 100n });
  });

  test('a hold of nothing needs no credit', async () => {
    const { ledger, newOrganisation } = books();
    const hold = await mustHold(ledger, await newOrganisation(0n), 0n);
    assert.equal(hold.amountNano, 0n);
  });

  test('the same request id twice is one hold, one after the other and at once', async () => {
    const { ledger, newOrganisation, balance } = books();
    const organisationId = await newOrganisation(100n);
    const request = {
      requestId: testRequestId(),
      organisationId,
      wantNano: nano(40n),
      leastNano: nano(40n),
    };
    const outcomes = await Promise.all([ledger.hold(request), ledger.hold(request)]);
    outcomes.push(await ledger.hold(request));
    for (const outcome of outcomes) {
      assert.ok(outcome.kind === 'held');
      assert.equal(outcome.hold.amountNano, 40n);
    }
    assert.deepEqual(await balance(organisationId), { balanceNano: 100n, heldNano: 40n });
  });

  test('an extension is all or nothing', async () => {
    const { ledger, newOrganisation, balance } = books();
    const organisationId = await newOrganisation(100n);
    const hold = await mustHold(ledger, organisationId, 60n);
    const extended = await ledger.extend(hold, nano(30n));
    assert.ok(extended.kind === 'held');
    assert.equal(extended.hold.amountNano, 90n);
    const refused = await ledger.extend(extended.hold, nano(11n));
    assert.deepEqual(refused, { kind: 'refused', availableNano: 10n });
    assert.deepEqual(await balance(organisationId), { balanceNano: 100n, heldNano: 90n });
  });

  test('an extension whose answer was lost is taken once, and the settle may use it', async () => {
    const { ledger, newOrganisation, balance } = books();
    const organisationId = await newOrganisation(100n);
    const hold = await mustHold(ledger, organisationId, 50n);
    await ledger.extend(hold, nano(10n));
    const again = await ledger.extend(hold, nano(10n)); // as if the first had never been answered
    assert.ok(again.kind === 'held');
    assert.equal(again.hold.amountNano, 60n);
    assert.deepEqual(await balance(organisationId), { balanceNano: 100n, heldNano: 60n });
    const outcome = await ledger.settle(hold, testSettlement(hold, 55n)); // the caller never learnt of it
    assert.equal(chargedOf(outcome), 55n);
  });

  test('an extension of a hold that has ended is refused', async () => {
    const { ledger, newOrganisation, balance } = books();
    const organisationId = await newOrganisation(100n);
    const hold = await mustHold(ledger, organisationId, 50n);
    await ledger.settle(hold, testSettlement(hold, 20n));
    const outcome = await ledger.extend(hold, nano(10n));
    assert.deepEqual(outcome, { kind: 'refused', availableNano: 80n });
    assert.deepEqual(await balance(organisationId), { balanceNano: 80n, heldNano: 0n });
  });

  test('I3 I10 200 concurrent holds on one cent: never a nano-dollar too much, never one refused too early', async () => {
    const { ledger, newOrganisation, balance } = books();
    const organisationId = await newOrganisation(10_000_000n);
    const each = 99_999n; // 100 of them fit, and 100 nano-dollars are left
    const outcomes = await Promise.all(
      Array.from({ length: 200 }, () =>
        ledger.hold({
          requestId: testRequestId(),
          organisationId,
          wantNano: nano(each),
          leastNano: nano(each),
        }),
      ),
    );
    assert.equal(outcomes.filter(({ kind }) => kind === 'held').length, 100);
    assert.deepEqual(await balance(organisationId), {
      balanceNano: 10_000_000n,
      heldNano: 100n * each,
    });
  });
}

function describeSettles(books: () => BooksUnderTest): void {
  test('a settle charges the exact cost and gives the rest of the hold back', async () => {
    const { ledger, newOrganisation, balance } = books();
    const organisationId = await newOrganisation(1_000n);
    const hold = await mustHold(ledger, organisationId, 600n);
    const outcome = await ledger.settle(hold, testSettlement(hold, 123n));
    assert.deepEqual(outcome, { kind: 'settled', chargedNano: 123n, availableNano: 877n });
    assert.deepEqual(await balance(organisationId), { balanceNano: 877n, heldNano: 0n });
  });

  test('I7 a charge is never more than was held', async () => {
    const { ledger, newOrganisation, balance } = books();
    const organisationId = await newOrganisation(1_000n);
    const hold = await mustHold(ledger, organisationId, 100n);
    assert.equal(chargedOf(await ledger.settle(hold, testSettlement(hold, 101n))), 100n);
    assert.deepEqual(await balance(organisationId), { balanceNano: 900n, heldNano: 0n });
  });

  test('a failure and a cost of nothing are free', async () => {
    const { ledger, newOrganisation, balance } = books();
    const organisationId = await newOrganisation(100n);
    const failed = await mustHold(ledger, organisationId, 50n);
    const settlement = testSettlement(failed, 40n, { outcome: 'failed' });
    assert.equal(chargedOf(await ledger.settle(failed, settlement)), 0n);
    const free = await mustHold(ledger, organisationId, 100n);
    assert.equal(chargedOf(await ledger.settle(free, testSettlement(free, 0n))), 0n);
    assert.deepEqual(await balance(organisationId), { balanceNano: 100n, heldNano: 0n });
  });

  test('I5 the same request id settled again, later and at once, is charged once', async () => {
    const { ledger, newOrganisation, balance } = books();
    const organisationId = await newOrganisation(100n);
    const hold = await mustHold(ledger, organisationId, 50n);
    const settlement = testSettlement(hold, 30n);
    const outcomes = await Promise.all([
      ledger.settle(hold, settlement),
      ledger.settle(hold, settlement),
    ]);
    outcomes.push(await ledger.settle(hold, settlement));
    for (const outcome of outcomes) assert.equal(chargedOf(outcome), 30n);
    assert.deepEqual(await balance(organisationId), { balanceNano: 70n, heldNano: 0n });
  });

  test('what a settle gives back can be held at once', async () => {
    const { ledger, newOrganisation } = books();
    const organisationId = await newOrganisation(100n);
    const hold = await mustHold(ledger, organisationId, 100n);
    const [, second] = await Promise.all([
      ledger.settle(hold, testSettlement(hold, 1n)),
      ledger.hold({
        requestId: testRequestId(),
        organisationId,
        wantNano: nano(99n),
        leastNano: nano(99n),
      }),
    ]);
    assert.equal(second.kind, 'held');
  });
}

/** A budget, and the id of its only window. */
async function newBudget(
  { budgets }: BooksUnderTest,
  organisationId: string,
  amounts: { readonly hardLimitNano?: bigint; readonly alertNano?: bigint },
  subject = organisationId,
): Promise<{ readonly window: string; change(to: typeof amounts): Promise<unknown> }> {
  const budget = {
    id: newId('bud'),
    organisationId,
    scope: 'organisation',
    subject,
    period: 'total',
  } as const;
  const id = await budgets.set({ ...budget, ...amounts });
  return { window: `budget:${id}:total`, change: (to) => budgets.set({ ...budget, ...to }) };
}

function holdIn(
  { ledger }: BooksUnderTest,
  organisationId: string,
  budgets: readonly string[],
  amount: bigint,
): Promise<HoldOutcome> {
  const wantNano = nano(amount);
  const requestId = testRequestId();
  return ledger.hold({ requestId, organisationId, budgets, wantNano, leastNano: wantNano });
}

function describeBudgets(at: () => BooksUnderTest): void {
  test('I9 a hold passes every budget on its path or none, and a refusal says which one lacks', async () => {
    const books = at();
    const { ledger, budgets } = books;
    const organisationId = await books.newOrganisation(1_000n);
    const wide = await newBudget(books, organisationId, { hardLimitNano: 500n });
    const tight = await newBudget(books, organisationId, { hardLimitNano: 100n }, 'project');
    const path = [wide.window, tight.window];
    const held = await holdIn(books, organisationId, path, 60n);
    assert.ok(held.kind === 'held');
    assert.deepEqual(await holdIn(books, organisationId, path, 41n), {
      kind: 'refused',
      availableNano: 40n,
      lacking: tight.window,
    });
    assert.deepEqual(await ledger.extend(held.hold, nano(41n)), {
      kind: 'refused',
      availableNano: 40n,
      lacking: tight.window,
    });
    const other = await holdIn(books, organisationId, [wide.window], 440n); // nothing was taken for the refused
    assert.ok(other.kind === 'held');
    assert.equal((await holdIn(books, organisationId, [], 500n)).kind, 'held');
    const refused = await holdIn(books, organisationId, [], 1n);
    assert.deepEqual(refused, { kind: 'refused', availableNano: 0n }, 'the credit lacks');
    await ledger.settle(held.hold, testSettlement(held.hold, 25n));
    await ledger.settle(other.hold, testSettlement(other.hold, 0n, { outcome: 'failed' }));
    const again = await holdIn(books, organisationId, path, 75n);
    assert.ok(again.kind === 'held', 'what was not charged is free in every window');
    await ledger.settle(again.hold, testSettlement(again.hold, 90n));
    assert.equal((await holdIn(books, organisationId, path, 1n)).kind, 'refused');
    const spent = async (window: string) => (await budgets.window(window))?.spentNano;
    await eventually(async () => assert.equal(await spent(tight.window), 100n));
    assert.equal(await spent(wide.window), 100n);
  });

  test('I9 a limit is in force at once when it is set lower or higher; below what is spent it leaves nothing', async () => {
    const books = at();
    const organisationId = await books.newOrganisation(1_000n);
    const budget = await newBudget(books, organisationId, { hardLimitNano: 100n });
    const first = await holdIn(books, organisationId, [budget.window], 80n);
    assert.ok(first.kind === 'held');
    await books.ledger.settle(first.hold, testSettlement(first.hold, 80n));
    await budget.change({ hardLimitNano: 50n });
    const isRefused = async () => {
      const outcome = await holdIn(books, organisationId, [budget.window], 1n);
      assert.equal(outcome.kind, 'refused');
    };
    await eventually(isRefused);
    await budget.change({ hardLimitNano: 90n });
    await eventually(async () => {
      const outcome = await holdIn(books, organisationId, [budget.window], 10n);
      assert.equal(outcome.kind, 'held');
    });
    await isRefused();
  });

  test('I9 100 concurrent holds on two budgets: never a nano-dollar over a limit, never one refused too early', async () => {
    const books = at();
    const organisationId = await books.newOrganisation(1_000_000n);
    const one = await newBudget(books, organisationId, { hardLimitNano: 30_010n });
    const two = await newBudget(books, organisationId, { hardLimitNano: 50_020n }, 'project');
    const paths = [[one.window], [two.window], [one.window, two.window]];
    const outcomes = await Promise.all(
      Array.from({ length: 100 }, (_, number) =>
        holdIn(books, organisationId, paths[number % 3] ?? [], 1_000n),
      ),
    );
    const held = (path: readonly string[] | undefined) =>
      outcomes.filter((outcome, number) => outcome.kind === 'held' && paths[number % 3] === path)
        .length;
    const [a, b, both] = [held(paths[0]), held(paths[1]), held(paths[2])];
    assert.equal(a + both, 30, `${a} on one, ${both} on both`);
    assert.ok(b + both <= 50 && (b === 33 || b + both === 50), `${b} on the other`);
  });

  test('thresholds are told once in a window: at half, four fifths and all of the limit, and at the alert', async () => {
    const books = at();
    const organisationId = await books.newOrganisation(1_000n);
    const budget = await newBudget(books, organisationId, { hardLimitNano: 100n, alertNano: 60n });
    const charges = [
      [49n, []],
      [1n, ['50%']],
      [10n, ['50%', 'alert']],
      [25n, ['50%', '80%', 'alert']],
      [15n, ['100%', '50%', '80%', 'alert']],
    ] as const;
    let charged = 0n;
    for (const [cost, thresholds] of charges) {
      const outcome = await holdIn(books, organisationId, [budget.window], cost);
      assert.ok(outcome.kind === 'held');
      await books.ledger.settle(outcome.hold, testSettlement(outcome.hold, cost));
      charged += cost;
      await eventually(async () => {
        assert.equal((await books.budgets.window(budget.window))?.spentNano, charged);
        const events = await books.budgets.events(organisationId);
        assert.deepEqual(events.map(({ threshold }) => threshold).toSorted(), thresholds);
      });
    }
  });
}

/** What a ledger has in memory is in its books a moment later. */
async function eventually(check: () => Promise<void>): Promise<void> {
  const deadlineMs = performance.now() + 5_000;
  for (;;) {
    try {
      return await check();
    } catch (error) {
      if (performance.now() > deadlineMs) throw error;
      await new Promise((resume) => setTimeout(resume, 10));
    }
  }
}
