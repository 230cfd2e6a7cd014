// What a crash cost is booked once for each request, and never for one that was settled all the same.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Unfinished } from '../../domain/ledger/unfinished.ts';
import { nano } from '../../domain/money/nano.ts';
import { mustHold, testRequestId, testSettlement } from '../../ports/ledger.contract.ts';
import { UnfinishedFile } from '../unfinished-file.ts';
import { auditBooks } from './audit.ts';
import { booksOf, mustOpen, poolTo, startTestPostgres } from './database.fixture.ts';

function noted(requestId: string, costNano: bigint, model = 'm'): Unfinished {
  const whose = { organisationId: 'org_1', keyId: 'key_1' };
  return { requestId, ...whose, model, tier: 'standard', costNano: nano(costNano) };
}

test('I2 I5 a crash is booked once for each request, not for what was settled, and the books agree', async () => {
  await using postgres = await startTestPostgres();
  const connection = await postgres.newDatabase();
  await using pool = poolTo(connection);
  await using store = await mustOpen(connection);
  const books = booksOf(store);
  const hold = await mustHold(store.ledger, await books.newOrganisation(100n), 60n);
  await store.ledger.settle(hold, testSettlement(hold, 40n));
  const lost = [noted(testRequestId(), 5n), noted(testRequestId(), 7n, 'other')];
  const settled = noted(hold.requestId, 30n);
  const [first, second] = await Promise.all([
    store.bookCrashLosses([...lost, settled, noted(testRequestId(), 0n)]),
    store.bookCrashLosses([...lost].toReversed()),
  ]);
  assert.equal(first.requests + second.requests, 2);
  assert.equal(first.lostNano + second.lostNano, 12n);
  const again = await store.bookCrashLosses(lost);
  assert.deepEqual(again, { requests: 0, lostNano: 0n });
  assert.deepEqual(await store.bookCrashLosses([]), { requests: 0, lostNano: 0n });
  assert.deepEqual(await auditBooks(pool), []);
});

test('notes are whole or not there, and what can not be read says nothing', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'turnpike-notes-'));
  const path = join(directory, 'notes.json');
  const file = new UnfinishedFile(path);
  assert.deepEqual(file.read(), []);
  const all = [noted(testRequestId(), 5n), noted(testRequestId(), 2n ** 58n)];
  await file.write(all);
  assert.deepEqual(file.read(), all);
  for (const torn of ['', '[{', '[{"requestId":"x"}]', 'null']) {
    writeFileSync(path, torn);
    assert.deepEqual(file.read(), [], torn);
  }
  file.clear();
  file.clear();
  rmSync(directory, { recursive: true });
});
