// Troubles of the real PostgreSQL and of real processes: others that hold a lock or deadlock with us, a server that takes
// its place without the last commits, a gateway that stands still.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Pool } from 'pg';
import { nano } from '../../../domain/money/nano.ts';
import { mustHold, testRequestId, testSettlement } from '../../../ports/ledger.contract.ts';
import { auditBooks } from '../audit.ts';
import {
  booksOf,
  connectTo,
  mustOpen,
  poolTo,
  startTestPostgres,
  type TestPostgres,
} from '../database.fixture.ts';
import type { Store, StoreProblem } from '../store.ts';
import { assertRecordedOnce, CREDIT, CuttingProxy } from '../trouble.fixture.ts';

const PATIENCE_MS = 60_000;
const COST = 10n;
const STALL_MS = 5_000;

let postgres: TestPostgres;
let scratch: string;
before(async () => {
  scratch = mkdtempSync(join(tmpdir(), 'turnpike-trouble-'));
  postgres = await startTestPostgres();
});
after(async () => {
  await postgres[Symbol.asyncDispose]();
  rmSync(scratch, { recursive: true });
});

async function settleSome(store: Store, organisationId: string, count: number): Promise<void> {
  for (let n = 0; n < count; n++) {
    const hold = await mustHold(store.ledger, organisationId, 100n);
    const settled = await store.ledger.settle(hold, testSettlement(hold, COST));
    assert.equal(settled.kind, 'settled');
  }
}

async function untilRecorded(pool: Pool, count: number): Promise<void> {
  const deadline = performance.now() + PATIENCE_MS;
  for (;;) {
    const { rows } = await pool.query<{ n: string }>(
      'SELECT count(*) AS n FROM usage WHERE charged_nano > 0',
    );
    if (Number(rows[0]?.n) === count) return;
    assert.ok(performance.now() < deadline, `${rows[0]?.n} of ${count} are recorded`);
    await sleep(20);
  }
}

test('I5 I11 a row that others lock for long, and a deadlock with them: each record is applied once', async () => {
  const connection = await postgres.newDatabase();
  await using pool = poolTo(connection);
  await using other = await connectTo(connection);
  const problems: StoreProblem[] = [];
  await using store = await mustOpen(connection, {
    logDirectory: join(scratch, 'locked'),
    onProblem: (problem) => problems.push(problem),
  });
  const organisationId = await booksOf(store).newOrganisation(1_000_000n);
  await settleSome(store, organisationId, 3);
  await untilRecorded(pool, 3);

  // Longer than a batch waits for a lock: it is tried again.
  await other.query('BEGIN');
  await other.query("SELECT FROM account WHERE id = 'credits:' || $1 FOR UPDATE", [organisationId]);
  await settleSome(store, organisationId, 3);
  await sleep(2_500);
  await other.query('COMMIT');
  await untilRecorded(pool, 6);

  // In the wrong order: revenue first. Whoever PostgreSQL ends, nothing of ours is lost or doubled.
  await other.query('BEGIN');
  await other.query("SELECT FROM account WHERE id LIKE 'revenue:%' FOR UPDATE");
  await settleSome(store, organisationId, 3);
  await untilBlocked(pool);
  await other
    .query("SELECT FROM account WHERE id = 'credits:' || $1 FOR UPDATE", [organisationId])
    .catch(() => {});
  await other.query('ROLLBACK');
  await untilRecorded(pool, 9);
  assert.deepEqual(problems, []);
  assert.deepEqual(await auditBooks(pool), []);
  const { balanceNano } = await booksOf(store).balance(organisationId);
  assert.equal(balanceNano, 1_000_000n - 9n * COST);
});

async function untilBlocked(pool: Pool): Promise<void> {
  const deadline = performance.now() + PATIENCE_MS;
  const waiting =
    "SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%ledger_apply%'";
  while ((await pool.query(waiting)).rowCount === 0) {
    assert.ok(performance.now() < deadline, 'the batch does not wait');
    await sleep(5);
  }
}

test('I6 I11 a server that takes over without the last commits stops the gateway; the next start has them in its log', async () => {
  const connection = await postgres.newDatabase();
  const { database } = connection;
  const logDirectory = join(scratch, 'failover');
  const problems: StoreProblem[] = [];
  await using proxy = new CuttingProxy(connection);
  let organisationId: string;
  {
    await using admin = await connectTo(postgres.postgres.connection);
    await using store = await mustOpen(proxy.connection, {
      logDirectory,
      onProblem: (problem) => problems.push(problem),
    });
    organisationId = await booksOf(store).newOrganisation(1_000_000n);
    await settleSome(store, organisationId, 3);
    await whileRecorded(connection, 3);
    await unused(proxy, () => admin.query(`CREATE DATABASE standby TEMPLATE ${database}`));
    // When the second is there, the gateway knows that the first is.
    for (const recorded of [4, 5]) {
      await settleSome(store, organisationId, 1);
      await whileRecorded(connection, recorded);
    }
    await unused(proxy, async () => {
      await admin.query(`ALTER DATABASE ${database} RENAME TO lost`);
      await admin.query(`ALTER DATABASE standby RENAME TO ${database}`);
    });
    const deadline = performance.now() + PATIENCE_MS;
    while (!problems.some(({ kind }) => kind === 'books-lost')) {
      assert.ok(performance.now() < deadline, JSON.stringify(problems));
      await tryHold(store, organisationId);
      await sleep(20);
    }
    assert.equal(await tryHold(store, organisationId), 'unavailable');
    assert.match(
      problems.at(-1)?.sentence ?? '',
      /up to record 3 and had committed those up to [45]:/,
    );
  }
  await using store = await mustOpen(connection, { logDirectory });
  await using pool = poolTo(connection);
  await untilRecorded(pool, 5);
  assert.deepEqual(await booksOf(store).balance(organisationId), {
    balanceNano: 1_000_000n - 5n * COST,
    heldNano: 0n,
  });
  assert.deepEqual(await auditBooks(pool), []);
});

test('I3 I4 I5 I6 a gateway that stands still for five seconds under load: others go on, and what it answers afterwards counts', async () => {
  const connection = await postgres.newDatabase();
  await using pool = poolTo(connection);
  const logDirectory = join(scratch, 'stalled');
  await using scope = new AsyncDisposableStack();
  const other = scope.use(
    await mustOpen(connection, { gatewayId: 'other', logDirectory: join(scratch, 'other') }),
  );
  const organisationId = await booksOf(other).newOrganisation(CREDIT);
  const program = new URL('./gateway.fixture.ts', import.meta.url).pathname;
  const orders = JSON.stringify({ connection, organisationId, logDirectory });
  const child = spawn(process.execPath, [program, orders], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const charged = new Map<string, bigint>();
  let stalled: Promise<void> | undefined;
  let beforeStall = 0;
  for await (const line of createInterface({ input: child.stdout })) {
    const [id = '', amount = ''] = line.split(' ');
    if (amount !== '') charged.set(id, BigInt(amount));
    if (charged.size > 200 && stalled === undefined) {
      child.kill('SIGSTOP');
      beforeStall = charged.size;
      const settled = settleSome(other, organisationId, 50);
      stalled = Promise.all([settled, sleep(STALL_MS)]).then(() => void child.kill('SIGCONT'));
    }
    if (charged.size > beforeStall + 2_000 && stalled !== undefined) child.kill('SIGKILL');
  }
  await stalled;
  // What it had answered last is in its log.
  await using _again = await mustOpen(connection, { logDirectory });
  await scope.disposeAsync();
  await assertRecordedOnce(pool, { charged, unavailable: 0 });
});

async function whileRecorded(connection: Parameters<typeof poolTo>[0], count: number) {
  await using pool = poolTo(connection);
  await untilRecorded(pool, count);
}

/** While nobody is connected to the database, as copying and renaming want it. */
async function unused(proxy: CuttingProxy, work: () => Promise<unknown>): Promise<void> {
  proxy.close();
  const deadline = performance.now() + PATIENCE_MS;
  for (;;) {
    try {
      await work();
      break;
    } catch (error) {
      if (!/being accessed/.test(String(error)) || performance.now() > deadline) throw error;
      await sleep(50);
    }
  }
  proxy.reopen();
}

async function tryHold(store: Store, organisationId: string): Promise<string> {
  const wantNano = nano(1_000n);
  const request = { requestId: testRequestId(), organisationId, wantNano, leastNano: wantNano };
  const outcome = await store.ledger.hold(request);
  if (outcome.kind === 'held')
    await store.ledger.settle(
      outcome.hold,
      testSettlement(outcome.hold, 0n, { outcome: 'failed' }),
    );
  return outcome.kind;
}
