// Leases on a real PostgreSQL and a real disk: the ledger's contract, and what leases add to it.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { nano } from '../../../domain/money/nano.ts';
import {
  describeLedger,
  mustHold,
  testRequestId,
  testSettlement,
} from '../../../ports/ledger.contract.ts';
import { segmentFiles } from '../../settlement-log/read-log.ts';
import { auditBooks } from '../audit.ts';
import {
  booksOf,
  mustOpen,
  poolTo,
  startTestPostgres,
  type TestPostgres,
} from '../database.fixture.ts';
import { voidSilent } from '../gateway-epoch.ts';
import type { Store, StoreProblem } from '../store.ts';

let postgres: TestPostgres;
let scratch: string;
let directories = 0;
before(async () => {
  scratch = mkdtempSync(join(tmpdir(), 'turnpike-leases-'));
  postgres = await startTestPostgres();
});
after(async () => {
  await postgres[Symbol.asyncDispose]();
  rmSync(scratch, { recursive: true });
});

const newDirectory = () => join(scratch, `log-${(directories += 1)}`);

describeLedger('LeasedLedger', async () =>
  booksOf(await mustOpen(await postgres.newDatabase(), { logDirectory: newDirectory() })),
);
