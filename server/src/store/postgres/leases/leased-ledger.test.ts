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
  type SocketConnection,
  startTestPostgres,
  type TestPostgres,
} from '../database.fixture.ts';
import type { Pool } from 'pg';
import { manualCredits } from '../../../ports/accounts.contract.ts';
import type { Ledger } from '../../../ports/ledger.ts';
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

async function openLeased(
  connection: SocketConnection,
  more: { readonly gatewayId?: string; readonly logDirectory?: string } = {},
  onProblem: (problem: StoreProblem) => void = () => {},
): Promise<Store> {
  return await mustOpen(connection, { logDirectory: newDirectory(), onProblem, ...more });
}

async function leasesIn(pool: Pool): Promise<bigint> {
  const { rows } = await pool.query<{ sum: string }>(
    'SELECT coalesce(sum(amount_nano), 0) AS sum FROM lease',
  );
  return BigInt(rows[0]?.sum ?? 0);
}

async function until(what: string, isSo: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + 8_000;
  while (!(await isSo())) {
    assert.ok(performance.now() < deadline, `not in time: ${what}`);
    await sleep(20);
  }
}

/** Requests one after the other until one is refused; what they paid, and what was free at the refusal. */
async function spend(ledger: Ledger, organisationId: string, cost: (n: number) => bigint) {
  let spent = 0n;
  for (let n = 0; ; n++) {
    const costNano = cost(n);
    const request = { requestId: testRequestId(), organisationId };
    const wantNano = nano(costNano * 3n);
    const held = await ledger.hold({ ...request, wantNano, leastNano: nano(costNano) });
    if (held.kind !== 'held') {
      assert.ok(held.kind === 'refused', held.kind);
      return { spent, neededNano: costNano, availableNano: held.availableNano };
    }
    await sleep(Math.random() * 3);
    const settled = await ledger.settle(held.hold, testSettlement(held.hold, costNano));
    assert.ok(settled.kind === 'settled');
    spent += settled.chargedNano;
  }
}

describe('leases', () => {
  test('I3 I8 I9 I10 64 clients spend a dime to the last nano-dollars: never more, and nobody refused too early', async () => {
    const connection = await postgres.newDatabase();
    await using store = await openLeased(connection);
    await using pool = poolTo(connection);
    const organisationId = await booksOf(store).newOrganisation(100_000_000n);
    const all = await Promise.all(
      Array.from({ length: 64 }, (_, at) =>
        spend(store.ledger, organisationId, (n) => 30_001n + BigInt((at * 7 + n * 13) % 50_000)),
      ),
    );
    const spent = all.reduce((sum, one) => sum + one.spent, 0n);
    assert.ok(spent <= 100_000_000n);
    for (const { neededNano, availableNano } of all) assert.ok(availableNano < neededNano);
    const left = 100_000_000n - spent;
    assert.ok(left < 80_001n, `${left} nano-dollars are left, and were refused to the last client`);
    await until('the lease is given back', async () => (await leasesIn(pool)) === 0n);
    assert.deepEqual(await booksOf(store).balance(organisationId), {
      balanceNano: left,
      heldNano: 0n,
    });
    assert.deepEqual(await auditBooks(pool), []);
  });

  test('I3 I4 two gateways on one database share a dime, and its last nano-dollar', async () => {
    const connection = await postgres.newDatabase();
    await using one = await openLeased(connection, { gatewayId: 'one' });
    await using two = await openLeased(connection, { gatewayId: 'two' });
    await using pool = poolTo(connection);
    const organisationId = await booksOf(one).newOrganisation(100_000_000n);
    const cost = () => 50_000n;
    const all = await Promise.all(
      [one, two].flatMap((store) =>
        Array.from({ length: 16 }, () => spend(store.ledger, organisationId, cost)),
      ),
    );
    const spent = all.reduce((sum, each) => sum + each.spent, 0n);
    assert.ok(spent <= 100_000_000n);
    // What one did not use it gives back, and the other may have it.
    await until('the leases are given back', async () => (await leasesIn(pool)) === 0n);
    const rest = await spend(two.ledger, organisationId, cost);
    assert.equal(100_000_000n - spent - rest.spent, rest.availableNano);
    await until('that lease too', async () => (await leasesIn(pool)) === 0n);
    assert.deepEqual(await auditBooks(pool), []);
  });

  test('a lease takes at most half of what is free while there is plenty, and a top-up is used at once', async () => {
    const connection = await postgres.newDatabase();
    await using store = await openLeased(connection);
    await using pool = poolTo(connection);
    const organisationId = await booksOf(store).newOrganisation(1_000n);
    await mustHold(store.ledger, organisationId, 200n);
    assert.equal(await leasesIn(pool), 600n); // the hold, and half of the other 800
    const want = { organisationId, wantNano: nano(900n), leastNano: nano(900n) };
    assert.deepEqual(await store.ledger.hold({ ...want, requestId: testRequestId() }), {
      kind: 'refused',
      availableNano: 800n,
    });
    await store.accounts.addCredits(manualCredits(organisationId, 100n));
    const held = await store.ledger.hold({ ...want, requestId: testRequestId() });
    assert.equal(held.kind, 'held');
  });

  test('I6 I8 a stop applies everything, gives the leases back and leaves an empty log', async () => {
    const connection = await postgres.newDatabase();
    const logDirectory = newDirectory();
    await using pool = poolTo(connection);
    {
      await using store = await openLeased(connection, { logDirectory });
      const organisationId = await booksOf(store).newOrganisation(1_000n);
      const holds = await Promise.all(
        Array.from({ length: 9 }, () => mustHold(store.ledger, organisationId, 100n)),
      );
      await Promise.all(holds.map((hold) => store.ledger.settle(hold, testSettlement(hold, 40n))));
      assert.equal(segmentFiles(logDirectory).length, 1);
    }
    const { rows } = await pool.query<{ count: string }>('SELECT count(*) FROM usage');
    assert.equal(rows[0]?.count, '9');
    assert.equal(await leasesIn(pool), 0n);
    assert.deepEqual(segmentFiles(logDirectory), []);
    assert.deepEqual(await auditBooks(pool), []);
  });

  test('I3 I8 a lease that others took back is charged from free credit as far as it goes, the rest to the house', async () => {
    const connection = await postgres.newDatabase();
    await using store = await openLeased(connection, { gatewayId: 'dead' });
    await using alive = await openLeased(connection, { gatewayId: 'live' });
    await using pool = poolTo(connection);
    const organisationId = await booksOf(store).newOrganisation(100n);
    const hold = await mustHold(store.ledger, organisationId, 50n);
    await pool.query("UPDATE gateway SET heartbeat_at = now() - interval '61 s' WHERE id = 'dead'");
    assert.equal(await voidSilent(pool), 1);
    await mustHold(alive.ledger, organisationId, 100n);
    const settled = await store.ledger.settle(hold, testSettlement(hold, 50n));
    assert.equal(settled.kind, 'settled', 'the client was told: it is in the log');
    await until('it is applied', async () => {
      const { rows } = await pool.query<{ charged: string; overrun: string }>(
        'SELECT charged_nano AS charged, overrun_nano AS overrun FROM usage',
      );
      return rows[0]?.charged === '0' && rows[0].overrun === '50';
    });
    assert.deepEqual(await auditBooks(pool), []);
  });

  test('what PostgreSQL could not store never gets into the log: it fails alone and loudly, and its hold ends', async () => {
    const problems: StoreProblem[] = [];
    const connection = await postgres.newDatabase();
    await using store = await openLeased(connection, {}, (problem) => problems.push(problem));
    const organisationId = await booksOf(store).newOrganisation(100n);
    const hold = await mustHold(store.ledger, organisationId, 100n);
    const bad = testSettlement(hold, 10n, { model: 'no\u0000text' });
    await assert.rejects(store.ledger.settle(hold, bad), /not valid text/);
    assert.equal(problems.at(-1)?.kind, 'record-refused');
    await mustHold(store.ledger, organisationId, 100n);
  });

  test('an unknown organisation is a mistake of ours: it throws, and nobody else notices', async () => {
    const connection = await postgres.newDatabase();
    await using store = await openLeased(connection);
    const organisationId = await booksOf(store).newOrganisation(10n);
    const want = { organisationId: 'org_x', wantNano: nano(1n), leastNano: nano(1n) };
    const [bad, good] = await Promise.allSettled([
      store.ledger.hold({ ...want, requestId: testRequestId() }),
      mustHold(store.ledger, organisationId, 1n),
    ]);
    assert.equal(bad.status, 'rejected');
    assert.equal(good.status, 'fulfilled');
  });

  test('I11 the next start of a gateway fences the last one', async () => {
    const connection = await postgres.newDatabase();
    const problems: StoreProblem[] = [];
    await using old = await openLeased(connection, {}, (problem) => problems.push(problem));
    const organisationId = await booksOf(old).newOrganisation(100n);
    const hold = await mustHold(old.ledger, organisationId, 60n);
    await using next = await openLeased(connection);
    await mustHold(next.ledger, organisationId, 100n);
    await mustNotHold(old.ledger, organisationId);
    assert.equal(problems.at(-1)?.kind, 'fenced');
    assert.deepEqual(await old.ledger.settle(hold, testSettlement(hold, 10n)), {
      kind: 'unavailable',
    });
  });
});

async function mustNotHold(ledger: Ledger, organisationId: string): Promise<void> {
  const wantNano = nano(90n);
  const request = { requestId: testRequestId(), organisationId, wantNano, leastNano: wantNano };
  assert.deepEqual(await ledger.hold(request), { kind: 'unavailable' });
}
