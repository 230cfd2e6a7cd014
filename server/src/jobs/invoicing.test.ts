// Invoices that are made by themselves, over a real PostgreSQL: once, by several servers at once, over crashes between any two
// steps, and not before what was used is in the books. I12, I13.

import assert from 'node:assert/strict';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { newCustomer } from '../ports/accounts.contract.ts';
import type { Log } from '../ports/log.ts';
import { BillingUnderTest, OCTOBER, SEPTEMBER } from '../store/postgres/billing/billing.fixture.ts';
import { booksOf, mustOpen } from '../store/postgres/database.fixture.ts';
import { Invoicing } from './invoicing.ts';

const HOUR_MS = 3_600_000;
const MONTH = '2026-10';
const MONTH_END = Date.UTC(2026, 10, 1);

let books: BillingUnderTest;
before(async () => {
  books = await BillingUnderTest.start();
});
after(() => books.end());

const newUser = (): Promise<string> => booksOf(books.store).newOrganisation(10n ** 12n);

async function documentsOf(customer: string): Promise<readonly string[]> {
  const all = await books.store.billing.list(customer);
  return all.map(({ month, final }) => `${month} ${final?.kind ?? 'draft'}`);
}

test('I12 I13 several servers bill a month at once: every organisation once, and numbers have no gap', async () => {
  // Whoever was made by a test is older than the month that is billed.
  await books.pool.query(`UPDATE organisation SET created_at = '2026-01-01'`);
  const users = await Promise.all(Array.from({ length: 12 }, newUser));
  const idle = (await newCustomer(books.store.accounts)).organisation.id;
  await books.pool.query(`UPDATE organisation SET created_at = '2026-01-01'`);
  for (const user of users) await books.use(user, OCTOBER);
  // A server that died after its draft, and one that died after its number.
  const [drafted = '', numbered = ''] = users;
  await books.store.billing.draft(`inv_${drafted}`, drafted, MONTH);
  await books.finalOf(numbered, MONTH);

  const bill = async () => {
    const { billing } = books.store;
    for (;;) {
      const some = await billing.invoiceSome(MONTH, 'final', 5);
      assert.deepEqual(some.failed, []);
      if (some.left === 0) return;
    }
  };
  await Promise.all([bill(), bill(), bill()]);
  for (const user of users) assert.deepEqual(await documentsOf(user), ['2026-10 statement']);
  assert.deepEqual(await documentsOf(idle), []);
  const again = await books.store.billing.invoiceSome(MONTH, 'final', 100);
  assert.deepEqual(again, { final: 0, drafted: 0, nothing: 0, left: 0, failed: [] });
});

test('drafts wait for somebody; what comes late is on the next invoice, named so', async () => {
  const user = await newUser();
  await books.pool.query(`UPDATE organisation SET created_at = '2026-01-01'`);
  await books.use(user, SEPTEMBER);
  const { billing } = books.store;
  assert.equal((await billing.invoiceSome('2026-09', 'draft', 1_000)).drafted, 1);
  assert.deepEqual(await documentsOf(user), ['2026-09 draft']);
  assert.equal((await billing.invoiceSome('2026-09', 'draft', 1_000)).drafted, 0);
  assert.equal((await billing.invoiceSome('2026-09', 'final', 1_000)).final, 1);
  await books.use(user, SEPTEMBER - HOUR_MS);
  await billing.invoiceSome(MONTH, 'final', 1_000);
  assert.deepEqual(await documentsOf(user), ['2026-10 statement', '2026-09 statement']);
  const [october] = await billing.list(user);
  const found = await billing.find(october?.id ?? '');
  const lines = found?.document.lines ?? [];
  assert.ok(lines.length > 0);
  for (const { description, days } of lines) {
    assert.match(description, /, settled late$/);
    assert.deepEqual(days, { from: '2026-09-30', to: '2026-09-30' });
  }
});

test('a server that fell silent within the month is waited for; one that has left properly is not', async () => {
  const user = await newUser();
  await books.pool.query(`UPDATE organisation SET created_at = '2026-01-01'`);
  await books.use(user, OCTOBER);
  await books.pool.query(`INSERT INTO gateway (id, epoch, heartbeat_at, left_at) VALUES
    ('silent', 1, '2026-10-20', NULL), ('gone', 1, '2026-10-20', '2026-10-20')`);
  const said: string[] = [];
  const say = (_: unknown, message: string): void => void said.push(message);
  const log: Log = {
    isLevelEnabled: () => true,
    debug: () => {},
    info: () => {},
    warn: say,
    error: say,
  };
  const { billing } = books.store;
  const settings = { billing, mode: 'final', graceMs: 6 * HOUR_MS, log, everyMs: 5 } as const;
  const clock = { nowMs: MONTH_END + 5 * HOUR_MS };
  await using _job = new Invoicing({ ...settings, nowMs: () => clock.nowMs });
  await sleep(60);
  assert.deepEqual(said, [], 'its grace is not over');
  clock.nowMs = MONTH_END + 7 * HOUR_MS;
  while (said.length === 0) await sleep(5);
  await sleep(60);
  assert.equal(said.length, 1, 'said once, not with every look');
  assert.match(said[0] ?? '', /not billed yet.*2026-11-04T00:00:00/);
  assert.deepEqual(await documentsOf(user), []);
  clock.nowMs = MONTH_END + 72 * HOUR_MS;
  while ((await documentsOf(user))[0] !== '2026-10 statement') await sleep(5);
  await books.pool.query(`DELETE FROM gateway WHERE id IN ('silent', 'gone')`);
});

test('a server that stops properly says so, and one that starts again takes it back', async () => {
  const leftOf = async () => (await books.store.billing.seen(MONTH)).gateways;
  const isLeft = async () => (await leftOf()).find(({ id }) => id === 'second')?.left;
  const logDirectory = mkdtempSync(join(tmpdir(), 'turnpike-invoicing-'));
  const open = () => mustOpen(books.connection, { gatewayId: 'second', logDirectory });
  await (await open())[Symbol.asyncDispose]();
  assert.equal(await isLeft(), true);
  await using _again = await open();
  assert.equal(await isLeft(), false);
});
