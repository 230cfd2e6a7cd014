// What an answer is worth with leases and a log when things break: PostgreSQL killed, connections cut around a commit, the
// gateway itself killed, its log damaged.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { mustHold, testSettlement } from '../../../ports/ledger.contract.ts';
import { writeFrame } from '../../settlement-log/frame.ts';
import { segmentFiles, segmentName } from '../../settlement-log/read-log.ts';
import { HEAD_BYTES, readFrames, readHead, writeHead } from '../../settlement-log/segment.ts';
import { auditBooks } from '../audit.ts';
import {
  booksOf,
  mustOpen,
  poolTo,
  type SocketConnection,
  startTestPostgres,
  type TestPostgres,
} from '../database.fixture.ts';
import { openStore } from '../store.ts';
import {
  assertCreditsAddUp,
  assertRecordedOnce,
  CREDIT,
  CuttingProxy,
  killServer,
  Outages,
  settledMore,
  traffic,
} from '../trouble.fixture.ts';

const PATIENCE_MS = 60_000;

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

test('I5 I6 I8 kill -9 of PostgreSQL under load: requests go on, each answered settle is there once', async (t) => {
  const connection = await postgres.newDatabase();
  await using pool = poolTo(connection);
  const logDirectory = newDirectory();
  const outages = new Outages();
  await using scope = new AsyncDisposableStack();
  const store = scope.use(
    await mustOpen(connection, { logDirectory, onProblem: outages.onProblem }),
  );
  const organisations = await Promise.all(
    [1, 2, 3].map(() => booksOf(store).newOrganisation(CREDIT)),
  );
  const answers = await traffic(store, organisations, async (soFar) => {
    for (let round = 0; round < 2; round++) {
      await settledMore(soFar, 1_000);
      await killServer(postgres, pool, round);
    }
    await settledMore(soFar, 1_000);
  });
  t.diagnostic(`${answers.charged.size} settled, ${answers.unavailable} unavailable`);
  outages.assertNobodyRefused(answers);
  await assertCreditsAddUpSoon(pool, store, organisations);
  await scope.disposeAsync();
  assert.deepEqual(segmentFiles(logDirectory), []);
  await assertRecordedOnce(pool, answers);
});

/** What is in memory counts already; what the usage rows say follows within a batch or two. */
async function assertCreditsAddUpSoon(...books: Parameters<typeof assertCreditsAddUp>) {
  const deadline = performance.now() + PATIENCE_MS;
  for (;;) {
    try {
      await assertCreditsAddUp(...books);
      return;
    } catch (error) {
      if (performance.now() > deadline) throw error;
      await sleep(50);
    }
  }
}

test('I6 requests go on while PostgreSQL is away, until the lease is used up; then nobody is let in', async () => {
  const connection = await postgres.newDatabase();
  await using proxy = new CuttingProxy(connection);
  await using store = await mustOpen(proxy.connection, { logDirectory: newDirectory() });
  await using pool = poolTo(connection);
  const organisationId = await booksOf(store).newOrganisation(10_000n);
  const first = await mustHold(store.ledger, organisationId, 100n); // a lease of 900
  await store.ledger.settle(first, testSettlement(first, 100n));
  proxy.close();
  let served = 1;
  const outcome = await (async () => {
    for (;;) {
      const hold = await mustHold(store.ledger, organisationId, 100n).catch(() => undefined);
      if (hold === undefined) return 'unavailable';
      assert.equal((await store.ledger.settle(hold, testSettlement(hold, 100n))).kind, 'settled');
      served += 1;
    }
  })();
  assert.equal(outcome, 'unavailable');
  assert.ok(served >= 8 && served <= 50, `${served} were served`);
  proxy.reopen();
  const hold = await mustHold(store.ledger, organisationId, 1_000n);
  await store.ledger.settle(hold, testSettlement(hold, 0n));
  const balance = await booksOf(store).balance(organisationId);
  assert.deepEqual(balance, { balanceNano: 10_000n - BigInt(served) * 100n, heldNano: 0n });
  assert.deepEqual(await auditBooks(pool), []);
});

test('I5 I11 connections cut before and after the commit of batches under load: each record is applied once', async () => {
  const connection = await postgres.newDatabase();
  await using proxy = new CuttingProxy(connection);
  await using pool = poolTo(connection);
  const outages = new Outages();
  await using scope = new AsyncDisposableStack();
  const options = { logDirectory: newDirectory(), onProblem: outages.onProblem };
  const store = scope.use(await mustOpen(proxy.connection, options));
  const organisations = await Promise.all([1, 2].map(() => booksOf(store).newOrganisation(CREDIT)));
  const answers = await traffic(store, organisations, async () => {
    for (let round = 0; round < 12; round++) {
      proxy.cut = round % 2 === 0 ? 'after-commit' : 'before';
      while (proxy.cuts <= round) await sleep(10);
      await sleep(30);
    }
  });
  outages.assertNobodyRefused(answers);
  await scope.disposeAsync();
  await assertRecordedOnce(pool, answers);
});

test('I8 a lease that a lost connection committed late, unseen, is found and given back', async () => {
  const connection = await postgres.newDatabase();
  await using proxy = new CuttingProxy(connection);
  await using store = await mustOpen(proxy.connection, { logDirectory: newDirectory() });
  await using pool = poolTo(connection);
  const [one, other] = await Promise.all([1, 2].map(() => booksOf(store).newOrganisation(1_000n)));
  await mustHold(store.ledger, one ?? '', 0n);
  proxy.cut = 'before';
  await mustHold(store.ledger, one ?? '', 10n); // connects again
  await pool.query(
    `WITH late AS (INSERT INTO lease SELECT id, epoch, 'credits:' || $1, 500 FROM gateway)
       UPDATE account SET held_nano = held_nano + 500 WHERE organisation_id = $1`,
    [other],
  );
  const deadline = performance.now() + PATIENCE_MS;
  const leaseOfOther = "SELECT FROM lease WHERE account_id = 'credits:' || $1";
  while ((await pool.query(leaseOfOther, [other])).rowCount !== 0) {
    assert.ok(performance.now() < deadline, 'it is still there');
    await sleep(100);
  }
  assert.deepEqual(await auditBooks(pool), []);
});

/** A gateway of its own that is killed when it has told so much; what it was told, by request. */
async function killedGateway(
  connection: SocketConnection,
  organisationId: string,
  logDirectory: string,
  afterLines: number,
): Promise<ReadonlyMap<string, bigint>> {
  const program = new URL('./gateway.fixture.ts', import.meta.url).pathname;
  const child = spawn(
    process.execPath,
    [program, JSON.stringify({ connection, organisationId, logDirectory })],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  let output = '';
  for await (const chunk of child.stdout) {
    output += String(chunk);
    if (output.split('\n').length > afterLines) child.kill('SIGKILL');
  }
  if (child.signalCode === null) await once(child, 'close');
  const lines = output.split('\n').slice(0, -1); // the last line may be half a line
  return new Map(
    lines.map((line) => {
      const [id = '', charged = ''] = line.split(' ');
      return [id, BigInt(charged)];
    }),
  );
}

test('I5 I6 I8 kill -9 of the gateway under load, three times: what it answered is recorded once, nothing stays held', async (t) => {
  const connection = await postgres.newDatabase();
  await using pool = poolTo(connection);
  const logDirectory = newDirectory();
  let organisationId: string;
  {
    await using store = await mustOpen(connection, { logDirectory });
    organisationId = await booksOf(store).newOrganisation(CREDIT * 1_000n);
  }
  const charged = new Map<string, bigint>();
  for (const afterLines of [50, 300, 1_500]) {
    const told = await killedGateway(connection, organisationId, logDirectory, afterLines);
    for (const [id, amount] of told) charged.set(id, amount);
  }
  const startedMs = performance.now();
  await using store = await mustOpen(connection, { logDirectory });
  const tookMs = performance.now() - startedMs;
  t.diagnostic(`${charged.size} settled, ready again after ${Math.round(tookMs)} ms`);
  await assertRecordedOnce(pool, { charged, unavailable: 0 });
  assert.equal((await booksOf(store).balance(organisationId)).heldNano, 0n);
  const { rows } = await pool.query('SELECT FROM hold UNION ALL SELECT FROM lease');
  assert.equal(rows.length, 0);
});

test('I6 I11 a damaged log, one of another gateway, and one that is ahead of an old database keep the server from starting', async () => {
  const connection = await postgres.newDatabase();
  const logDirectory = newDirectory();
  await using pool = poolTo(connection);
  let organisationId: string;
  {
    await using store = await mustOpen(connection, { logDirectory });
    organisationId = await booksOf(store).newOrganisation(CREDIT * 1_000n);
  }
  await killedGateway(connection, organisationId, logDirectory, 100);
  const options = { connection, settlement: 'leases', logDirectory, onProblem: () => {} } as const;
  const refusal = async (gatewayId: string) => {
    const opened = await openStore({ ...options, gatewayId });
    if (!opened.ok) return opened.error.message;
    await opened.value[Symbol.asyncDispose]();
    return 'it opened';
  };
  assert.match(await refusal('other'), /of gateway "gateway-test"/);
  const path = segmentFiles(logDirectory)[0]?.path ?? assert.fail();
  const whole = readFileSync(path);
  const damaged = Buffer.from(whole);
  damaged[600] = (damaged[600] ?? 0) ^ 1;
  writeFileSync(path, damaged);
  assert.match(await refusal('gateway-test'), /is damaged at record 1:/);
  writeFileSync(path, whole);
  await withLaterLog(path, whole, async () => {
    assert.match(await refusal('gateway-test'), /the database is older than the log/);
  });
  assert.equal(await refusal('gateway-test'), 'it opened');
  assert.deepEqual(await auditBooks(pool), []);
});

/** As if the first segment had been applied and removed, and then the database put back to before that. */
async function withLaterLog(path: string, whole: Buffer, work: () => Promise<void>): Promise<void> {
  const head = readHead(whole) ?? assert.fail();
  const [frame] = readFrames(whole, head).frames;
  const later = Buffer.alloc(whole.length);
  writeHead(later, { ...head, firstSeq: 1_000_000 });
  writeFrame(later, HEAD_BYTES, { ...(frame ?? assert.fail()), seq: 1_000_000 }, head.salt);
  const name = join(path, '..', segmentName(head.epoch, 1_000_000));
  rmSync(path);
  writeFileSync(name, later);
  await work();
  rmSync(name);
  writeFileSync(path, whole);
}
