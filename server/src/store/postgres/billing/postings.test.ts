// What final documents move in the ledger, on a real PostgreSQL: what is owed, tax, what was paid, and credit notes. I12.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { nano } from '../../../domain/money/nano.ts';
import { newCustomer } from '../../../ports/accounts.contract.ts';
import type { Store } from '../store.ts';
import { BillingUnderTest, OCTOBER, SEPTEMBER } from './billing.fixture.ts';

let books: BillingUnderTest;
let store: Store;
before(async () => {
  books = await BillingUnderTest.start();
  ({ store } = books);
});
after(() => books.end());

const use = (customer: string, atMs: number, output?: number) => books.use(customer, atMs, output);
const finalOf = (customer: string, month: string) => books.finalOf(customer, month);
const openOf = (customer: string) => books.openOf(customer);
const balanceOf = (account: string) => books.balanceOf(account);

const TAXED = {
  name: 'Söhne',
  address: ['Street 1', '10115 Berlin'],
  taxRatePpm: 190_000,
  termsDays: 14,
};

/** Pays afterwards: has a credit limit, and no credit that was bought. */
async function newDebtor(): Promise<string> {
  const { organisation } = await newCustomer(store.accounts);
  await store.accounts.setCreditLimit(organisation.id, nano(10n ** 15n));
  await store.billing.setDetails({ organisationId: organisation.id, ...TAXED });
  return organisation.id;
}

describe('what a final document moves', () => {
  test('I12: an invoice asks for what is then owed, tax included, to the nano-dollar; it is paid once, the oldest first', async () => {
    const customer = await newDebtor();
    const payable = await balanceOf('tax_payable');
    await use(customer, SEPTEMBER, 1_000_000);
    const september = (await finalOf(customer, '2026-09')).document;
    await use(customer, OCTOBER, 2_000_000);
    const october = (await finalOf(customer, '2026-10')).document;
    const due = [september, october].map(({ amountDueCents }) => BigInt(amountDueCents));
    assert.deepEqual(await openOf(customer), due.map(String));
    const sum = due.reduce((all, one) => all + one, 0n);
    assert.equal(await balanceOf(`receivable:${customer}`), -sum * 10_000_000n);
    const tax = BigInt(september.tax?.cents ?? 0) + BigInt(october.tax?.cents ?? 0);
    assert.ok(tax > 0n);
    assert.equal((await balanceOf('tax_payable')) - payable, tax * 10_000_000n);

    const pay = (id: string, cents: bigint) =>
      store.accounts.addCredits({
        id: `${id}-${customer}`,
        organisationId: customer,
        amountNano: nano(cents * 10_000_000n),
        source: 'payment',
        provider: 'wire',
      });
    await pay('first', 100n);
    await pay('first', 100n); // The same again.
    assert.deepEqual(await openOf(customer), [`${(due[0] ?? 0n) - 100n}`, `${due[1]}`]);
    // More than is owed: what is left becomes credit.
    await pay('second', sum + 400n);
    assert.deepEqual(await openOf(customer), ['0', '0']);
    const account = await store.accounts.creditAccount(customer);
    assert.equal(account?.owedNano, 0n);
    const bought = account?.blocks.find(({ source }) => source === 'payment');
    assert.equal(bought?.remainingNano, 500n * 10_000_000n);
  });

  test('I12: what was used after the month, and what an earlier invoice asks for, is not asked for again', async () => {
    const customer = await newDebtor();
    await use(customer, SEPTEMBER, 1_000_000);
    await use(customer, OCTOBER, 3_000_000);
    const september = (await finalOf(customer, '2026-09')).document;
    const october = (await finalOf(customer, '2026-10')).document;
    for (const { paidCents, amountDueCents, totalCents } of [september, october])
      assert.deepEqual([paidCents, amountDueCents], ['0', totalCents]);
  });

  test('the prices of those who pay before contain the tax: of what credit that was bought has paid', async () => {
    const { organisation } = await newCustomer(store.accounts);
    const customer = organisation.id;
    await store.billing.setDetails({ organisationId: customer, ...TAXED });
    const credits = { organisationId: customer, amountNano: nano(10n ** 10n) };
    await store.accounts.addCredits({ ...credits, id: `p-${customer}`, source: 'promo' });
    const more = nano(10n ** 12n);
    const id = `m-${customer}`;
    await store.accounts.addCredits({ ...credits, amountNano: more, id, source: 'payment' });
    const charged = await use(customer, OCTOBER, 2_000_000);
    const payable = await balanceOf('tax_payable');
    const { document } = await finalOf(customer, '2026-10');
    const paid = (charged - 10n ** 10n + 5_000_000n) / 10_000_000n;
    const tax = paid - (paid * 100n + 59n) / 119n;
    assert.deepEqual(document.taxIncluded, { ratePpm: 190_000, cents: `${tax}` });
    assert.equal(document.tax, undefined);
    assert.equal(document.totalCents, document.subtotalCents);
    assert.equal((await balanceOf('tax_payable')) - payable, tax * 10_000_000n);
    assert.equal(await balanceOf(`receivable:${customer}`), 0n);
  });
});

test('a credit note and its credit are one step; it pays what is owed of its invoice first, and takes the tax back', async () => {
  const customer = await newDebtor();
  await use(customer, OCTOBER, 2_000_000);
  const payable = await balanceOf('tax_payable');
  const invoice = await finalOf(customer, '2026-10');
  const { totalCents, tax } = invoice.document;
  const total = BigInt(totalCents);
  const note = { invoiceId: invoice.id, reason: 'A slow day' };
  // Its credit can't be given: somebody has taken its name. Then there is no note either, and no number.
  const taken = { organisationId: customer, amountNano: nano(1n), source: 'promo' } as const;
  await store.accounts.addCredits({ ...taken, id: `note:taken-${customer}` });
  const refused = await store.billing.writeCreditNote({
    ...note,
    id: `taken-${customer}`,
    amountCents: 100n,
  });
  assert.equal(refused.kind, 'conflict');
  assert.equal(await store.billing.find(`taken-${customer}`), undefined);

  const id = `note-${customer}`;
  const some = () => store.billing.writeCreditNote({ ...note, id, amountCents: 1_000n });
  const kinds = (await Promise.all([some(), some(), some()])).map(({ kind }) => kind);
  assert.deepEqual(kinds.toSorted(), ['already-written', 'already-written', 'written']);
  assert.deepEqual(await openOf(customer), [`${total - 1_000n}`]);
  assert.equal(await balanceOf(`receivable:${customer}`), -(total - 1_000n) * 10_000_000n);
  const rest = { ...note, id: `rest-${customer}`, amountCents: total - 1_000n };
  const last = await store.billing.writeCreditNote(rest);
  assert.ok(last.kind === 'written');
  assert.equal(last.note.document.tax?.ratePpm, 190_000);
  assert.deepEqual(await openOf(customer), ['0']);
  assert.equal(await balanceOf(`receivable:${customer}`), 0n);
  assert.ok(BigInt(tax?.cents ?? 0) > 0n);
  assert.equal(await balanceOf('tax_payable'), payable, 'all of it was taken back');
});
