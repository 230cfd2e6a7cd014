// The suite that every store of customers passes: what the management side may rely on, whatever keeps the books.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { NO_USAGE } from '../domain/generation/usage.ts';
import type { NewCredits } from '../domain/credits/credit-block.ts';
import { nano } from '../domain/money/nano.ts';
import type { ModelPrice } from '../domain/pricing/price-book.ts';
import { bookInForce } from '../domain/pricing/prices.ts';
import { newId } from '../lib/ids.ts';
import type { Accounts, KeyRecord, Organisation, Project } from './accounts.ts';
import { mustHold, testSettlement } from './ledger.contract.ts';
import type { Ledger } from './ledger.ts';

export type AccountsUnderTest = AsyncDisposable & {
  readonly accounts: Accounts;
  /** Over the same books. */
  readonly ledger: Ledger;
};

type Customer = {
  readonly organisation: Organisation;
  readonly project: Project;
  readonly hash: string;
  readonly key: KeyRecord;
};

/** Credits as an operator adds them by hand. */
export function manualCredits(
  organisationId: string,
  amountNano: bigint,
  id = newId('top'),
): NewCredits {
  return { id, organisationId, amountNano: nano(amountNano), source: 'manual' };
}

/** An organisation with a project and a key. */
export async function newCustomer(accounts: Accounts): Promise<Customer> {
  const organisation = { id: newId('org'), name: 'Acme' };
  const project = { id: newId('proj'), organisationId: organisation.id, name: 'site' };
  await accounts.createOrganisation(organisation);
  await accounts.createProject(project);
  const hash = `hash ${newId('test')}`;
  const key = await accounts.createKey({
    id: newId('key'),
    projectId: project.id,
    name: 'first',
    hash,
    redacted: 'sk-tp-…',
  });
  return { organisation, project, hash, key };
}

function priceOf(output: bigint): ModelPrice {
  return {
    input: nano(1n),
    cacheRead: nano(2n),
    cacheWrite5m: nano(3n),
    cacheWrite1h: nano(4n),
    imageInput: nano(5n),
    audioInput: nano(6n),
    output: nano(output),
    reasoning: nano(9_223_372_036_854_775_807n), // the largest that PostgreSQL stores: no digit is lost
    imageOutput: nano(7n),
    audioOutput: nano(8n),
    toolCalls: nano(9n),
    request: nano(10n),
  };
}

export function describeAccounts(name: string, setUp: () => Promise<AccountsUnderTest>): void {
  describe(`${name} keeps the contract of accounts`, () => {
    let store: AccountsUnderTest;
    before(async () => {
      store = await setUp();
    });
    after(() => store[Symbol.asyncDispose]());
    describeCustomers(() => store);
    describeCredits(() => store);
    describePrices(() => store);
    describeUsage(() => store);
  });
}

function describeCustomers(store: () => AccountsUnderTest): void {
  test('what is created is listed, under its own organisation only', async () => {
    const { accounts } = store();
    const mine = await newCustomer(accounts);
    const other = await newCustomer(accounts);
    const listed = await accounts.organisations();
    assert.deepEqual(listed.slice(-2), [mine.organisation, other.organisation]);
    assert.deepEqual(await accounts.projects(mine.organisation.id), [mine.project]);
    assert.deepEqual(await accounts.keys(mine.organisation.id), [mine.key]);
    assert.ok(Math.abs(mine.key.createdAtMs - Date.now()) < 60_000);
  });

  test('an organisation that does not exist has nothing', async () => {
    const { accounts } = store();
    assert.deepEqual(await accounts.projects('org_none'), []);
    assert.deepEqual(await accounts.keys('org_none'), []);
    assert.equal(await accounts.balance('org_none'), undefined);
  });

  test('an id is used once, and nothing is created under what does not exist', async () => {
    const { accounts } = store();
    const { organisation, project, hash, key } = await newCustomer(accounts);
    await assert.rejects(accounts.createOrganisation(organisation));
    await assert.rejects(accounts.createProject(project));
    await assert.rejects(accounts.createKey({ ...key, hash: `${hash} too` }));
    await assert.rejects(
      accounts.createProject({ ...project, id: newId('proj'), organisationId: 'org_none' }),
    );
    await assert.rejects(
      accounts.createKey({ ...key, id: newId('key'), hash: `${hash} too`, projectId: 'proj_none' }),
    );
    assert.deepEqual(await accounts.keys(organisation.id), [key]);
  });

  test('a key is in the snapshot when its making is answered', async () => {
    const { accounts } = store();
    const { organisation, project, hash, key } = await newCustomer(accounts);
    assert.deepEqual(accounts.snapshot().keys.get(hash), {
      keyId: key.id,
      projectId: project.id,
      organisationId: organisation.id,
      revoked: false,
    });
  });

  test('I18 a key is revoked in the snapshot when that is answered; twice is the same as once', async () => {
    const { accounts } = store();
    const { organisation, hash, key } = await newCustomer(accounts);
    assert.equal(await accounts.revokeKey(key.id), true);
    assert.equal(accounts.snapshot().keys.get(hash)?.revoked, true);
    const [revoked] = await accounts.keys(organisation.id);
    assert.ok(revoked?.revokedAtMs !== undefined);
    assert.equal(await accounts.revokeKey(key.id), true);
    assert.deepEqual(await accounts.keys(organisation.id), [revoked]);
    assert.equal(await accounts.revokeKey('key_none'), false);
  });

  test('a key is held to its list of models and to its project’s, in the snapshot when that is answered', async () => {
    const { accounts } = store();
    const { organisation, project, hash, key } = await newCustomer(accounts);
    const allowed = () => accounts.snapshot().keys.get(hash)?.models;
    assert.equal(allowed(), undefined, 'without a list it is every model');
    const ofKey = await accounts.setKeyModels(key.id, ['a', 'b']);
    assert.deepEqual(ofKey, { ...key, models: ['a', 'b'] });
    assert.deepEqual(allowed(), new Set(['a', 'b']));
    const ofProject = await accounts.setProjectModels(project.id, ['b', 'c']);
    assert.deepEqual(ofProject, { ...project, models: ['b', 'c'] });
    assert.deepEqual(allowed(), new Set(['b']));
    assert.deepEqual(await accounts.keys(organisation.id), [ofKey]);
    assert.deepEqual(await accounts.projects(organisation.id), [ofProject]);
    await accounts.setKeyModels(key.id, []);
    assert.deepEqual(allowed(), new Set());
    assert.deepEqual(await accounts.setKeyModels(key.id, undefined), key);
    assert.deepEqual(allowed(), new Set(['b', 'c']));
    assert.deepEqual(await accounts.setProjectModels(project.id, undefined), project);
    assert.equal(allowed(), undefined);
    assert.equal(await accounts.setKeyModels('key_none', ['a']), undefined);
    assert.equal(await accounts.setProjectModels('proj_none', ['a']), undefined);
  });

  test('a key and a project can be made with a list', async () => {
    const { accounts } = store();
    const { organisation, project } = await newCustomer(accounts);
    const narrow = { ...project, id: newId('proj'), models: ['a'] };
    await accounts.createProject(narrow);
    const key = { id: newId('key'), projectId: narrow.id, name: 'k', redacted: 'sk-tp-…' };
    const hash = `hash ${key.id}`;
    const made = await accounts.createKey({ ...key, hash, models: ['a', 'b'] });
    assert.deepEqual(made.models, ['a', 'b']);
    assert.deepEqual(await accounts.projects(organisation.id), [project, narrow]);
    assert.deepEqual(accounts.snapshot().keys.get(hash)?.models, new Set(['a']));
  });

  test('a snapshot that someone holds does not change', async () => {
    const { accounts } = store();
    const { hash, key } = await newCustomer(accounts);
    const older = accounts.snapshot();
    await accounts.revokeKey(key.id);
    assert.equal(older.keys.get(hash)?.revoked, false);
    assert.ok(accounts.snapshot().version > older.version);
  });
}

function describeCredits(store: () => AccountsUnderTest): void {
  test('I14 a top-up counts once, whoever sends it again', async () => {
    const { accounts } = store();
    const { organisation } = await newCustomer(accounts);
    const topUp = newId('top');
    const send = () => accounts.addCredits(manualCredits(organisation.id, 50n, topUp));
    const kinds = (await Promise.all([send(), send(), send()])).map(({ kind }) => kind);
    assert.deepEqual(kinds.toSorted(), ['added', 'already-added', 'already-added']);
    const balance = { availableNano: 50n, heldNano: 0n, balanceNano: 50n };
    const again = await send();
    assert.deepEqual(
      [again.kind, again.kind !== 'conflict' && again.balance],
      ['already-added', balance],
    );
    assert.deepEqual(await accounts.balance(organisation.id), balance);
  });

  test('other facts under the id of a top-up are a conflict that names the first of them', async () => {
    const { accounts } = store();
    const [mine, other] = [await newCustomer(accounts), await newCustomer(accounts)];
    const facts = {
      ...manualCredits(mine.organisation.id, 50n),
      provider: 'wire',
      priority: 7,
      costBasisNano: nano(40n),
      effectiveAtMs: Date.now() - 1_000,
      expiresAtMs: Date.now() + 86_400_000,
      note: 'as agreed',
    };
    assert.equal((await accounts.addCredits(facts)).kind, 'added');
    assert.equal((await accounts.addCredits(facts)).kind, 'already-added');
    const others: Partial<NewCredits>[] = [
      { organisationId: other.organisation.id },
      { amountNano: nano(51n) },
      { source: 'payment' },
      { provider: 'stripe' },
      { priority: 8 },
      { effectiveAtMs: facts.effectiveAtMs + 1 },
      { expiresAtMs: facts.expiresAtMs + 1 },
      { costBasisNano: nano(41n) },
      { note: 'as agreed?' },
    ];
    for (const difference of others) {
      const [field] = Object.keys(difference);
      const answer = await accounts.addCredits({ ...facts, ...difference });
      assert.deepEqual(answer, { kind: 'conflict', field });
    }
    assert.equal((await accounts.balance(other.organisation.id))?.balanceNano, 0n);
  });

  test('a top-up of nothing, or for nobody, is refused and leaves nothing behind', async () => {
    const { accounts } = store();
    const { organisation } = await newCustomer(accounts);
    const topUp = newId('top');
    const add = (of: string, amount: bigint) =>
      accounts.addCredits(manualCredits(of, amount, topUp));
    await assert.rejects(add(organisation.id, 0n), /nothing/);
    await assert.rejects(add('org_none', 1n), /organisation/);
    assert.equal((await add(organisation.id, 1n)).kind, 'added');
  });

  test('I18 a reversal that leaves a debt stops the keys in the snapshot, and the payment of it starts them', async () => {
    const { accounts, ledger } = store();
    const { organisation, hash } = await newCustomer(accounts);
    const frozen = () => accounts.snapshot().keys.get(hash)?.frozen;
    const paid = manualCredits(organisation.id, 100n);
    await accounts.addCredits(paid);
    const hold = await mustHold(ledger, organisation.id, 60n);
    await ledger.settle(hold, testSettlement(hold, 60n));
    const reversal = { blockId: paid.id, amountNano: nano(90n), reason: 'chargeback' } as const;
    const id = newId('reversal');
    const first = await accounts.reverseCredits({ ...reversal, id });
    assert.deepEqual(first, { kind: 'reversed', takenNano: 40n, owedNano: 50n });
    assert.equal(frozen(), true);
    const again = await accounts.reverseCredits({ ...reversal, id });
    assert.deepEqual(again, { kind: 'already-reversed', takenNano: 40n, owedNano: 50n });
    const other = await accounts.reverseCredits({ ...reversal, id, amountNano: nano(91n) });
    assert.deepEqual(other, { kind: 'conflict', field: 'amountNano' });
    await accounts.addCredits(manualCredits(organisation.id, 49n));
    assert.equal(frozen(), true);
    await accounts.addCredits(manualCredits(organisation.id, 2n));
    assert.equal(frozen(), undefined);
    assert.equal((await accounts.balance(organisation.id))?.balanceNano, 1n);
  });

  test('a credit limit is spent like credit by the same holds, and what is spent of it is owed', async () => {
    const { accounts, ledger } = store();
    const { organisation } = await newCustomer(accounts);
    assert.equal(await accounts.setCreditLimit(organisation.id, nano(50n)), true);
    assert.equal(await accounts.setCreditLimit('org_none', nano(50n)), false);
    const hold = await mustHold(ledger, organisation.id, 50n);
    await ledger.settle(hold, testSettlement(hold, 30n));
    const account = await accounts.creditAccount(organisation.id);
    assert.deepEqual(
      [account?.owedNano, account?.creditLimitNano, account?.frozen],
      [30n, 50n, false],
    );
    assert.equal((await accounts.balance(organisation.id))?.availableNano, 20n);
  });

  test('a balance tells what is set aside from what is free', async () => {
    const { accounts, ledger } = store();
    const { organisation } = await newCustomer(accounts);
    const of = () => accounts.balance(organisation.id);
    assert.deepEqual(await of(), { availableNano: 0n, heldNano: 0n, balanceNano: 0n });
    await accounts.addCredits(manualCredits(organisation.id, 100n));
    const hold = await mustHold(ledger, organisation.id, 60n);
    assert.deepEqual(await of(), { availableNano: 40n, heldNano: 60n, balanceNano: 100n });
    await ledger.settle(hold, testSettlement(hold, 25n));
    assert.deepEqual(await of(), { availableNano: 75n, heldNano: 0n, balanceNano: 75n });
  });
}

function describePrices(store: () => AccountsUnderTest): void {
  test('prices are immutable versions: the same again is no new one', async () => {
    const { accounts } = store();
    const publish = (model: string, output: bigint) =>
      accounts.publishPrices(new Map([[model, priceOf(output)]]));
    const first = await publish('m', 5n);
    assert.equal(await publish('m', 5n), first);
    assert.deepEqual(await Promise.all([publish('m', 6n), publish('m', 6n)]), [
      first + 1,
      first + 1,
    ]);
    const inForce = () => bookInForce(accounts.snapshot().prices, Date.now());
    const older = inForce();
    assert.equal(await publish('n', 6n), first + 2);
    const models = (model: string) => new Map([[model, { standard: priceOf(6n) }]]);
    assert.deepEqual(older, { version: first + 1, models: models('m') });
    assert.deepEqual(inForce(), { version: first + 2, models: models('n') });
  });
}

const DAY = Date.UTC(2026, 10, 20);

/** Four requests around a day's beginning and end, one of which failed. */
async function useModels({ accounts, ledger }: AccountsUnderTest): Promise<string> {
  const { organisation } = await newCustomer(accounts);
  await accounts.addCredits(manualCredits(organisation.id, 10_000n));
  const use = async (startedAtMs: number, model: string, keyId: string, failed = false) => {
    const hold = await mustHold(ledger, organisation.id, 10n);
    const usage = testUsage;
    const outcome = failed ? 'failed' : 'completed';
    const facts = { startedAtMs, model, keyId, usage, outcome, priceVersion: 999 } as const;
    await ledger.settle(hold, testSettlement(hold, 7n, facts));
  };
  await use(DAY - 1, 'a', 'key_1');
  await use(DAY, 'a', 'key_1');
  await use(DAY + 86_399_999, 'b', 'key_2');
  await use(DAY + 1_000, 'a', 'key_2', true);
  return organisation.id;
}

const testUsage = { ...NO_USAGE, input: 2, cacheRead: 3, imageInput: 4, output: 5, reasoning: 1 };

function describeUsage(store: () => AccountsUnderTest): void {
  test('usage is summed by day (UTC), model and key, and only what was charged is cost', async () => {
    const { accounts } = store();
    const organisationId = await useModels(store());
    const query = { organisationId, fromMs: DAY - 1, toMs: DAY + 86_400_000 };
    const byDay = await accounts.usage({ ...query, groupBy: ['day'] });
    assert.deepEqual(
      byDay.map(({ day, requests, costNano, tokens }) => [day, requests, costNano, tokens.output]),
      [
        ['2026-11-19', 1, 7n, 5],
        ['2026-11-20', 3, 14n, 15],
      ],
    );
    const byModelAndKey = await accounts.usage({ ...query, groupBy: ['model', 'key'] });
    assert.deepEqual(
      byModelAndKey.map((row) => [row.model, row.keyId, row.requests, row.costNano]),
      [
        ['a', 'key_1', 2, 14n],
        ['a', 'key_2', 1, 0n],
        ['b', 'key_2', 1, 7n],
      ],
    );
  });

  test('usage has what began from its first moment on and before its last, of one organisation', async () => {
    const { accounts } = store();
    const organisationId = await useModels(store());
    const query = { organisationId, fromMs: DAY, toMs: DAY + 86_399_999, groupBy: [] };
    const [total, ...others] = await accounts.usage(query);
    assert.deepEqual(others, []);
    assert.deepEqual([total?.requests, total?.tokens.cacheRead, total?.day], [2, 6, undefined]);
    assert.equal(total?.tokens.imageInput, 8);
    assert.deepEqual(await accounts.usage({ ...query, organisationId: 'org_none' }), []);
  });

  test('the books add up, and their totals are those of the customers', async () => {
    const { accounts } = store();
    const earlier = await accounts.reconcile();
    await useModels(store());
    const { checks, findings, totals } = await accounts.reconcile();
    assert.deepEqual(findings, []);
    assert.ok(checks.length > 0);
    assert.equal(totals.requests - earlier.totals.requests, 4);
    assert.ok(totals.transfers > earlier.totals.transfers);
    assert.equal(totals.revenueNano - earlier.totals.revenueNano, 21n);
  });
}
