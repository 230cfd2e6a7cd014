// The ledger against a naive exact model, and many lives of requests at once: chance finds what we did not think of.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import fc from 'fast-check';
import type { Pool } from 'pg';
import { nano } from '../../domain/money/nano.ts';
import {
  type BooksUnderTest,
  type mustHold,
  testRequestId,
  testSettlement,
} from '../../ports/ledger.contract.ts';
import { auditBooks } from './audit.ts';
import {
  booksOf,
  mustOpen,
  type OpenOptions,
  poolTo,
  startTestPostgres,
  type TestPostgres,
} from './database.fixture.ts';
import type { Store } from './store.ts';

let postgres: TestPostgres;
let store: Store;
let books: BooksUnderTest;
let pool: Pool & AsyncDisposable;
let scratch: string;
before(async () => {
  scratch = mkdtempSync(join(tmpdir(), 'turnpike-model-'));
  postgres = await startTestPostgres();
});
after(async () => {
  await postgres[Symbol.asyncDispose]();
  rmSync(scratch, { recursive: true });
});

describe('directly in PostgreSQL', () => describeModel(() => ({})));
describe('with leases and a log', () => describeModel(() => ({ logDirectory: scratch })));

function describeModel(options: () => OpenOptions): void {
  before(async () => {
    const connection = await postgres.newDatabase();
    store = await mustOpen(connection, options());
    books = booksOf(store);
    pool = poolTo(connection);
  });
  after(async () => {
    await store[Symbol.asyncDispose]();
    assert.deepEqual(await auditBooks(pool), []);
    const { rows } = await pool.query('SELECT FROM hold UNION ALL SELECT FROM lease');
    assert.equal(rows.length, 0, 'nothing is set aside when the store is closed');
    await pool[Symbol.asyncDispose]();
  });

  test('I3 I5 commands at random agree with a naive exact model, to the nano-dollar', async () => {
    const command = fc.oneof(
      {
        weight: 5,
        arbitrary: fc.record({
          do: fc.constant('hold'),
          org: fc.nat(1),
          want: fc.nat(60),
          least: fc.nat(60),
        }),
      },
      {
        weight: 4,
        arbitrary: fc.record({ do: fc.constant('settle'), pick: fc.nat(), cost: fc.nat(80) }),
      },
      {
        weight: 2,
        arbitrary: fc.record({ do: fc.constant('extend'), pick: fc.nat(), extra: fc.nat(40) }),
      },
      { weight: 1, arbitrary: fc.record({ do: fc.constant('again'), pick: fc.nat() }) },
    );
    await fc.assert(
      fc.asyncProperty(fc.array(command, { minLength: 20, maxLength: 60 }), async (commands) => {
        const organisations = [await books.newOrganisation(200n), await books.newOrganisation(50n)];
        await replay(organisations, commands);
        for (const id of organisations) {
          const { balanceNano, heldNano } = await books.balance(id);
          assert.ok(heldNano >= 0n && balanceNano >= heldNano);
        }
        assert.deepEqual(await auditBooks(pool), []);
      }),
      { numRuns: 15, seed: 20_261_120 },
    );
  });

  test('I3 I5 I10 lives of requests at random, all at once: what was charged is what is gone', async () => {
    const life = fc.record({
      want: fc.nat(60),
      least: fc.nat(20),
      extra: fc.nat(40),
      cost: fc.nat(120),
      failed: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(life, { minLength: 20, maxLength: 80 }), async (lives) => {
        const organisationId = await books.newOrganisation(500n);
        const charged = await Promise.all(lives.map((one) => live(organisationId, one)));
        const balanceNano = charged.reduce((rest, amount) => rest - amount, 500n);
        assert.deepEqual(await books.balance(organisationId), { balanceNano, heldNano: 0n });
        assert.deepEqual(await auditBooks(pool), []);
      }),
      { numRuns: 15, seed: 20_261_121 },
    );
  });
}

type Life = { want: number; least: number; extra: number; cost: number; failed: boolean };

/** One request from its hold to its end; returns what it paid. */
async function live(organisationId: string, { want, least, extra, cost, failed }: Life) {
  const leastNano = nano(BigInt(least));
  const wantNano = nano(BigInt(Math.max(want, least)));
  const held = await store.ledger.hold({
    requestId: testRequestId(),
    organisationId,
    wantNano,
    leastNano,
  });
  if (held.kind !== 'held') return 0n;
  const extended = await store.ledger.extend(held.hold, nano(BigInt(extra)));
  const hold = extended.kind === 'held' ? extended.hold : held.hold;
  const outcome = failed ? 'failed' : 'completed';
  const settled = await store.ledger.settle(hold, testSettlement(hold, BigInt(cost), { outcome }));
  assert.ok(settled.kind === 'settled');
  return BigInt(settled.chargedNano);
}

type Command = {
  readonly do: string;
  readonly org?: number;
  readonly want?: number;
  readonly least?: number;
  readonly pick?: number;
  readonly cost?: number;
  readonly extra?: number;
};

type ModelAccount = { balance: bigint; held: bigint };
type ModelHold = { hold: Awaited<ReturnType<typeof mustHold>>; org: number };

/** One command after the other, in pairs of batches: the model says what each must answer, to the nano-dollar. */
async function replay(organisations: readonly string[], commands: readonly Command[]) {
  const accounts: ModelAccount[] = [
    { balance: 200n, held: 0n },
    { balance: 50n, held: 0n },
  ];
  const open: ModelHold[] = [];
  const settled: { hold: ModelHold['hold']; cost: bigint; charged: bigint }[] = [];
  for (const command of commands) {
    const org = command.org ?? 0;
    if (command.do === 'hold') {
      await replayHold(organisations[org] ?? '', accounts[org] ?? assert.fail(), command, (hold) =>
        open.push({ hold, org }),
      );
      continue;
    }
    if (command.do === 'again') {
      const done = settled[(command.pick ?? 0) % Math.max(settled.length, 1)];
      if (done === undefined) continue;
      const outcome = await store.ledger.settle(done.hold, testSettlement(done.hold, done.cost));
      assert.ok(outcome.kind === 'settled');
      assert.equal(outcome.chargedNano, done.charged);
      continue;
    }
    const at = (command.pick ?? 0) % Math.max(open.length, 1);
    const running = open[at];
    if (running === undefined) continue;
    const account = accounts[running.org] ?? assert.fail();
    if (command.do === 'extend') {
      await replayExtend(account, running, BigInt(command.extra ?? 0));
      continue;
    }
    open.splice(at, 1);
    const cost = BigInt(command.cost ?? 0);
    const held = running.hold.amountNano;
    const charged = cost < held ? cost : held;
    account.balance -= charged;
    account.held -= held;
    const outcome = await store.ledger.settle(running.hold, testSettlement(running.hold, cost));
    const availableNano = account.balance - account.held;
    assert.deepEqual(outcome, { kind: 'settled', chargedNano: charged, availableNano });
    settled.push({ hold: running.hold, cost, charged });
  }
  // The rest at once, in one batch or two.
  await Promise.all(open.map(({ hold }) => store.ledger.settle(hold, testSettlement(hold, 3n))));
}

async function replayHold(
  organisationId: string,
  account: ModelAccount,
  command: Command,
  keep: (hold: ModelHold['hold']) => void,
): Promise<void> {
  const want = BigInt(Math.max(command.want ?? 0, command.least ?? 0));
  const least = BigInt(command.least ?? 0);
  const free = account.balance - account.held;
  const request = { requestId: testRequestId(), organisationId };
  const outcome = await store.ledger.hold({
    ...request,
    wantNano: nano(want),
    leastNano: nano(least),
  });
  if (least > free) {
    assert.deepEqual(outcome, { kind: 'refused', availableNano: free });
    return;
  }
  const amountNano = want < free ? want : free;
  assert.deepEqual(outcome, { kind: 'held', hold: { ...request, amountNano } });
  account.held += amountNano;
  keep({ ...request, amountNano });
}

async function replayExtend(
  account: ModelAccount,
  running: ModelHold,
  extra: bigint,
): Promise<void> {
  const free = account.balance - account.held;
  const outcome = await store.ledger.extend(running.hold, nano(extra));
  if (extra > free) {
    assert.deepEqual(outcome, { kind: 'refused', availableNano: free });
    return;
  }
  account.held += extra;
  running.hold = { ...running.hold, amountNano: running.hold.amountNano + extra };
  assert.deepEqual(outcome, { kind: 'held', hold: running.hold });
}
