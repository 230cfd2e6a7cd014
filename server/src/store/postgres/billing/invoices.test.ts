// Invoices on a real PostgreSQL: their sums against the ledger, their numbers, what is final, what comes late, and what the
// reconciliation says of planted differences. I12, I13.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import type { Pool } from 'pg';
import { nano } from '../../../domain/money/nano.ts';
import { newId } from '../../../lib/ids.ts';
import type { Invoice } from '../../../ports/billing.ts';
import { auditBooks } from '../audit.ts';
import { booksOf } from '../database.fixture.ts';
import type { Store } from '../store.ts';
import { BillingUnderTest, OCTOBER, SEPTEMBER } from './billing.fixture.ts';

let books: BillingUnderTest;
let store: Store;
let pool: Pool;
before(async () => {
  books = await BillingUnderTest.start();
  ({ store, pool } = books);
});
after(() => books.end());

const newCustomer = (): Promise<string> => booksOf(store).newOrganisation(10n ** 12n);
const use = (customer: string, atMs: number, output?: number) => books.use(customer, atMs, output);
const finalOf = (customer: string, month: string) => books.finalOf(customer, month);

function linesOf({ document }: Invoice): { cents: bigint; nano: bigint } {
  let [cents, exact] = [0n, 0n];
  for (const { amountCents, amountNano = '0' } of document.lines) {
    cents += BigInt(amountCents);
    exact += BigInt(amountNano);
  }
  return { cents, nano: exact };
}

describe('an invoice', () => {
  test('I12: its lines are what the ledger charged, its total is its lines, and rounding is a transfer', async () => {
    const customer = await newCustomer();
    let charged = 0n;
    for (const output of [1, 77, 1_234_567]) charged += await use(customer, OCTOBER, output);
    const invoice = await finalOf(customer, '2026-10');
    const sums = linesOf(invoice);
    const { document } = invoice;
    assert.equal(document.kind, 'statement');
    assert.equal(sums.nano, charged);
    assert.equal(`${sums.cents}`, document.totalCents);
    assert.equal(document.amountDueCents, '0');
    assert.equal(sums.cents * 10_000_000n - charged, BigInt(document.roundingNano));
    const { rows } = await pool.query<{ amount: string; debit: string }>(
      'SELECT amount_nano AS amount, debit FROM transfer WHERE id = $1',
      [`rounding:${document.number}`],
    );
    const rounding = BigInt(document.roundingNano);
    assert.equal(BigInt(rows[0]?.amount ?? 0), rounding < 0n ? -rounding : rounding);
    assert.equal(invoice.final?.sha256, createHash('sha256').update(invoice.json).digest('hex'));
  });

  test('late usage is on the next one, with its own days; nothing is on two', async () => {
    const customer = await newCustomer();
    const first = await use(customer, SEPTEMBER);
    const september = await finalOf(customer, '2026-09');
    await store.reports.rollUp();
    const late = await use(customer, SEPTEMBER - 86_400_000);
    const then = await use(customer, OCTOBER);
    const october = await finalOf(customer, '2026-10');
    assert.equal(linesOf(september).nano, first);
    assert.equal(linesOf(october).nano, late + then);
    const days = october.document.lines.flatMap((line) =>
      line.days === undefined ? [] : [line.days],
    );
    assert.ok(
      days.length > 0 && days.every(({ from, to }) => from === '2026-09-29' && to === from),
    );
    assert.deepEqual(await finalOf(customer, '2026-10'), october, 'final is final');
  });

  test('I13: many that are finalised at once have numbers without a gap, and one that fails takes none', async () => {
    const customers = await Promise.all(Array.from({ length: 8 }, newCustomer));
    await Promise.all(customers.map((customer) => use(customer, OCTOBER)));
    const invoices = await Promise.all(customers.map((customer) => finalOf(customer, '2026-10')));
    const numbers = invoices
      .map(({ document }) => Number(document.number.split('-')[1]))
      .toSorted((a, b) => a - b);
    assert.deepEqual(
      numbers,
      numbers.map((_, at) => (numbers[0] ?? 0) + at),
    );
    const open = await store.billing.draft(newId('inv'), customers[0] ?? '', '2099-01');
    assert.deepEqual(await store.billing.finalise(open.id), { kind: 'month-not-over' });
    const earlier = await store.billing.draft(newId('inv'), customers[0] ?? '', '2026-08');
    assert.deepEqual(await store.billing.finalise(earlier.id), { kind: 'later-is-final' });
    assert.deepEqual(await store.billing.finalise('inv_none'), { kind: 'not-found' });
  });

  test('who pays afterwards has an amount due, tax and terms; items are billed once', async () => {
    const customer = await newCustomer();
    await store.accounts.setCreditLimit(customer, nano(10n ** 15n));
    await store.billing.setDetails({
      organisationId: customer,
      name: 'Ünïcode & Söhne, a company with a name that is rather long',
      address: ['Street 1', '10115 Berlin'],
      taxId: 'DE123456789',
      taxRatePpm: 190_000,
      termsDays: 14,
    });
    await pool.query(
      `INSERT INTO invoice_item (id, organisation_id, description, amount_cents, due_at)
         VALUES ('item_1', $1, 'Support in October', 5000, '2026-10-31T00:00:00Z')`,
      [customer],
    );
    const charged = await use(customer, OCTOBER, 90_000_000);
    const { document } = await finalOf(customer, '2026-10');
    assert.equal(document.kind, 'invoice');
    assert.match(document.number, /^INV-\d{6}$/);
    const subtotal = BigInt(document.subtotalCents);
    assert.equal(document.tax?.cents, `${(subtotal * 19n + 50n) / 100n}`);
    assert.equal(BigInt(document.totalCents), subtotal + BigInt(document.tax?.cents ?? 0));
    assert.ok(document.lines.some(({ description }) => description === 'Support in October'));
    // Of about 1,353 dollars, prepaid credit had 1,000.
    assert.ok(charged > 1_350n * 10n ** 9n);
    assert.equal(document.paidCents, '100000');
    assert.equal(BigInt(document.amountDueCents), BigInt(document.totalCents) - 100_000n);
    const next = await store.billing.draft(newId('inv'), customer, '2026-11');
    assert.deepEqual((await store.billing.find(next.id))?.document.lines, []);
  });

  test('I12: what is final is never changed, not by a superuser either', async () => {
    const customer = await newCustomer();
    await use(customer, OCTOBER);
    const { id } = await finalOf(customer, '2026-10');
    for (const sql of [
      `UPDATE invoice SET total_cents = 0 WHERE id = '${id}'`,
      `DELETE FROM invoice WHERE id = '${id}'`,
      `UPDATE invoice_usage SET requests = 0 WHERE invoice_id = '${id}'`,
      'TRUNCATE invoice CASCADE',
    ]) {
      await assert.rejects(pool.query(sql), { code: '23001' }, sql);
    }
  });
});

test('credit notes: numbered, never more than what is left, once by their id', async () => {
  const customer = await newCustomer();
  await use(customer, OCTOBER, 1_000_000);
  const invoice = await finalOf(customer, '2026-10');
  const note = { invoiceId: invoice.id, amountCents: 500n, reason: 'A slow day' };
  const first = await store.billing.writeCreditNote({ ...note, id: 'note_1' });
  assert.ok(first.kind === 'written');
  assert.match(first.note.document.number, /^CN-\d{6}$/);
  assert.equal(first.note.document.totalCents, '-500');
  assert.equal(
    (await store.billing.writeCreditNote({ ...note, id: 'note_1' })).kind,
    'already-written',
  );
  const other = await store.billing.writeCreditNote({ ...note, id: 'note_1', amountCents: 1n });
  assert.equal(other.kind, 'conflict');
  const much = await store.billing.writeCreditNote({
    ...note,
    id: 'note_2',
    amountCents: 10n ** 9n,
  });
  assert.ok(much.kind === 'too-much');
  assert.equal(much.leftCents, BigInt(invoice.document.totalCents) - 500n);
});

test('the reconciliation names what is planted in invoices', async () => {
  const customer = await newCustomer();
  await use(customer, OCTOBER);
  const { id } = await finalOf(customer, '2026-10');
  const planted: readonly [string, string, RegExp][] = [
    [
      `UPDATE invoice SET total_cents = total_cents + 1`,
      `total_cents = total_cents - 1`,
      /total of an invoice/,
    ],
    [
      `UPDATE invoice SET usage_nano = usage_nano + 1`,
      `usage_nano = usage_nano - 1`,
      /what the ledger charged/,
    ],
    [
      `UPDATE invoice SET tax_cents = tax_cents + 1`,
      'tax_cents = tax_cents - 1',
      /tax of all that is final/,
    ],
    [
      `UPDATE invoice SET due_nano = due_nano + 1`,
      'due_nano = due_nano - 1',
      /what invoices ask for/,
    ],
    [`UPDATE invoice SET document = document || ' '`, 'document = rtrim(document)', /bytes/],
    [
      `UPDATE invoice SET rounding_nano = rounding_nano + 7`,
      'rounding_nano = rounding_nano - 7',
      /rounding made/,
    ],
  ];
  for (const [sql, back, check] of planted) {
    await unguarded(`${sql} WHERE id = '${id}'`);
    const findings = await auditBooks(pool);
    assert.ok(
      findings.some((finding) => check.test(finding.check)),
      `${sql}: ${JSON.stringify(findings)}`,
    );
    await unguarded(`UPDATE invoice SET ${back} WHERE id = '${id}'`);
  }
  await pool.query(`UPDATE invoice_counter SET last = last + 1 WHERE series = 'CN'`);
  assert.match(JSON.stringify(await auditBooks(pool)), /I13/);
  await pool.query(`UPDATE invoice_counter SET last = last - 1 WHERE series = 'CN'`);
});

async function unguarded(sql: string): Promise<void> {
  await pool.query(`ALTER TABLE invoice DISABLE TRIGGER invoice_final`);
  await pool.query(sql);
  await pool.query(`ALTER TABLE invoice ENABLE ALWAYS TRIGGER invoice_final`);
}
