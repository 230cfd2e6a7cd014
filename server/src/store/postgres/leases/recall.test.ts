// The end of a customer's credit with many gateways: each holds from a lease of its own, and together they must neither
// spend a nano-dollar too much nor refuse what is there.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Pool } from 'pg';
import { nano } from '../../../domain/money/nano.ts';
import { mustHold, testRequestId, testSettlement } from '../../../ports/ledger.contract.ts';
import { SettlementLog } from '../../settlement-log/settlement-log.ts';
import { auditBooks } from '../audit.ts';
import { addressOf } from '../connection.ts';
import {
  booksOf,
  mustOpen,
  poolTo,
  startTestPostgres,
  type TestPostgres,
} from '../database.fixture.ts';
import { Listener } from '../listener.ts';
import type { StoreProblem } from '../store-problem.ts';
import { LeasedLedger } from './leased-ledger.ts';
import { postgresBooks } from './postgres-books.ts';
import { hearRecall, RECALL_CHANNEL, RecallPoll } from './recalls.ts';

const GATEWAYS = 64;
const CLIENTS_PER_GATEWAY = 2;
const CREDIT_NANO = 1_000_000_000n;
const CENT_NANO = 10_000_000n;
/** A client gives up when it has been refused so often. */
const REFUSALS_MAX = 2;
/** What was granted before somebody was refused may be told a moment later. */
const HEARD_LATER_MS = 20;

let postgres: TestPostgres;
let scratch: string;
before(async () => {
  scratch = mkdtempSync(join(tmpdir(), 'turnpike-recall-'));
  // Without flushes: what crashes do is tested elsewhere, and one row is waited for by all.
  postgres = await startTestPostgres({ max_connections: `${GATEWAYS + 16}` });
});
after(async () => {
  await postgres[Symbol.asyncDispose]();
  rmSync(scratch, { recursive: true });
});

/**
 * As a naive observer has it: the credit, less what was charged, less what running requests hold. What a settle leaves
 * counts as free when its record is in PostgreSQL, some milliseconds later: until then no other gateway can know.
 */
class TrueCredit {
  freeNano = CREDIT_NANO;
  chargedNano = 0n;
  granted = 0;
  refused = 0;
  readonly falseRefusals: string[] = [];
  /** The least that was free since each of those that wait has asked. */
  readonly #leastFree = new Map<object, bigint>();

  async watch<T extends { readonly kind: string }>(
    neededNano: bigint,
    wantNano: bigint,
    ask: () => Promise<T>,
  ): Promise<T> {
    const mark = {};
    const startMs = performance.now();
    this.#leastFree.set(mark, this.freeNano);
    const outcome = await ask();
    if (outcome.kind === 'refused') {
      this.refused += 1;
      const tookMs = performance.now() - startMs;
      await sleep(HEARD_LATER_MS);
      const free = this.#leastFree.get(mark) ?? 0n;
      if (free >= neededNano && free >= 2n * CENT_NANO) {
        this.falseRefusals.push(`${neededNano} of ${free}, ${wantNano} wanted, after ${tookMs} ms`);
      }
    }
    this.#leastFree.delete(mark);
    return outcome;
  }

  change(byNano: bigint): void {
    this.freeNano += byNano;
    for (const [mark, least] of this.#leastFree) {
      if (this.freeNano < least) this.#leastFree.set(mark, this.freeNano);
    }
  }
}

type TestGateway = AsyncDisposable & { readonly ledger: LeasedLedger; readonly log: SettlementLog };

async function startGateways(
  connection: Parameters<typeof poolTo>[0],
  pool: Pool,
  count: number,
  hearing: 'notified' | 'polling' = 'notified',
): Promise<AsyncDisposable & { readonly gateways: readonly TestGateway[] }> {
  const address = addressOf(connection);
  assert.ok(address.ok);
  const books = postgresBooks(address.value, pool);
  const gateways: TestGateway[] = [];
  const problems: string[] = [];
  const listener = new Listener(
    address.value,
    hearing === 'polling'
      ? {}
      : {
          [RECALL_CHANNEL]: (payload) => {
            for (const { ledger } of gateways) hearRecall(ledger, payload);
          },
        },
  );
  for (let at = 0; at < count; at++) {
    const gateway = await books.enter(`gw-${at}`, undefined);
    const log = SettlementLog.open({
      directory: join(scratch, `${connection.database}-${at}`),
      gatewayId: gateway.id,
      epoch: Number(gateway.epoch),
      segmentBytes: 65_536,
      onBroken: (sentence) => assert.fail(sentence),
      onTrouble: () => {},
    });
    const direct = { settle: () => assert.fail('a request is settled where it was held') };
    const onProblem = ({ sentence }: StoreProblem) => problems.push(sentence);
    const ledger = new LeasedLedger({ books, gateway, log, direct, onProblem });
    const deaf = new RecallPoll(pool, gateway, ledger, { hears: hearing === 'notified' });
    const beating = setInterval(() => {
      const askedMs = performance.now();
      void books.beat(gateway).then(() => ledger.heardAt(askedMs));
    }, 2_000);
    gateways.push({
      ledger,
      log,
      async [Symbol.asyncDispose]() {
        clearInterval(beating);
        await deaf[Symbol.asyncDispose]();
        await ledger[Symbol.asyncDispose]();
      },
    });
  }
  return {
    gateways,
    async [Symbol.asyncDispose]() {
      await Promise.all(gateways.map((gateway) => gateway[Symbol.asyncDispose]()));
      await listener[Symbol.asyncDispose]();
      assert.deepEqual(problems, []);
    },
  };
}

function random(least: bigint, most: bigint): bigint {
  return least + BigInt(Math.floor(Math.random() * Number(most - least + 1n)));
}

/** Requests one after the other: a hold, sometimes an extension, a cost that is seldom all of it. */
async function client({ ledger, log }: TestGateway, organisationId: string, credit: TrueCredit) {
  const applied: Promise<void>[] = [];
  for (let refusals = 0; refusals < REFUSALS_MAX;) {
    const requestId = testRequestId();
    const wantNano = nano(random(CENT_NANO / 20n, CENT_NANO));
    const leastNano = nano(wantNano / random(1n, 4n));
    const outcome = await credit.watch(leastNano, wantNano, () =>
      ledger.hold({ requestId, organisationId, wantNano, leastNano }),
    );
    if (outcome.kind !== 'held') {
      assert.equal(outcome.kind, 'refused');
      refusals += 1;
      continue;
    }
    let hold = outcome.hold;
    credit.granted += 1;
    credit.change(-hold.amountNano);
    await sleep(Number(random(0n, 30n)));
    if (random(0n, 3n) === 0n) {
      const extra = nano(random(1n, CENT_NANO / 2n));
      const extended = await credit.watch(extra, extra, () => ledger.extend(hold, extra));
      if (extended.kind === 'held') {
        credit.change(hold.amountNano - extended.hold.amountNano);
        hold = extended.hold;
      }
    }
    const cost = random(hold.amountNano / 20n, hold.amountNano / 3n);
    const settled = await ledger.settle(hold, testSettlement(hold, cost));
    assert.ok(settled.kind === 'settled');
    assert.equal(settled.chargedNano, cost);
    credit.chargedNano += cost;
    applied.push(
      untilApplied(ledger, log.lastSeq).then(() => credit.change(hold.amountNano - cost)),
    );
  }
  await Promise.all(applied);
}

async function untilApplied(ledger: LeasedLedger, seq: number): Promise<void> {
  while (ledger.appliedSeq < seq) await sleep(5);
}

test('I3 I8 I10 64 gateways and one dollar: not a nano-dollar too much, nobody refused while two cents are free', async () => {
  const connection = await postgres.newDatabase();
  await using pool = poolTo(connection);
  await using store = await mustOpen(connection, { gatewayId: 'books' });
  const organisationId = await booksOf(store).newOrganisation(CREDIT_NANO);
  const credit = new TrueCredit();
  {
    await using started = await startGateways(connection, pool, GATEWAYS);
    const clients = started.gateways.flatMap((gateway) =>
      Array.from({ length: CLIENTS_PER_GATEWAY }, () => client(gateway, organisationId, credit)),
    );
    await Promise.all(clients);
    assert.deepEqual(credit.falseRefusals, []);
    assert.ok(credit.granted > 200 && credit.refused > GATEWAYS, `${credit.granted} granted`);

    // What is left can be had by one of them, to the last nano-dollar.
    const last = started.gateways[17]?.ledger;
    assert.ok(last !== undefined);
    const wantNano = nano(CREDIT_NANO - credit.chargedNano);
    const want = { organisationId, wantNano, leastNano: wantNano };
    const outcome = await last.hold({ ...want, requestId: testRequestId() });
    assert.ok(outcome.kind === 'held');
    await last.settle(outcome.hold, testSettlement(outcome.hold, wantNano));
  }
  const left = await booksOf(store).balance(organisationId);
  assert.deepEqual(left, { balanceNano: 0n, heldNano: 0n });
  const { rows } = await pool.query<{ charged: string; leases: string; holds: string }>(
    `SELECT sum(charged_nano) AS charged, (SELECT count(*) FROM lease) AS leases,
       (SELECT count(*) FROM hold) AS holds FROM usage`,
  );
  assert.deepEqual(rows, [{ charged: `${CREDIT_NANO}`, leases: '0', holds: '0' }]);
  assert.deepEqual(await auditBooks(pool), []);
});

test('I10 where no notification gets through, what another gateway has to spare is found by looking', async () => {
  const connection = await postgres.newDatabase();
  await using pool = poolTo(connection);
  await using store = await mustOpen(connection, { gatewayId: 'books' });
  const organisationId = await booksOf(store).newOrganisation(1_000n);
  await using started = await startGateways(connection, pool, 2, 'polling');
  const [one, other] = started.gateways.map(({ ledger }) => ledger);
  assert.ok(one !== undefined && other !== undefined);
  const running = await mustHold(other, organisationId, 100n); // keeps half of the rest to spare
  await mustHold(one, organisationId, 900n);
  assert.deepEqual(await other.extend(running, nano(1n)), { kind: 'refused', availableNano: 0n });
});

test('I9 eight gateways and two budgets under load: neither is exceeded, and what was spent is what was charged', async () => {
  const connection = await postgres.newDatabase();
  await using pool = poolTo(connection);
  await using store = await mustOpen(connection, { gatewayId: 'books' });
  const organisationId = await booksOf(store).newOrganisation(CREDIT_NANO);
  const budget = { organisationId, scope: 'key', period: 'total' } as const;
  const limits = { bud_wide: 60_000n, bud_tight: 10_000n };
  for (const [id, hardLimitNano] of Object.entries(limits)) {
    await store.accounts.budgets.set({ ...budget, id, subject: id, hardLimitNano });
  }
  const [wide, tight] = ['budget:bud_wide:total', 'budget:bud_tight:total'] as const;
  const lacking = new Map<string | undefined, number>();
  {
    await using started = await startGateways(connection, pool, 8);
    await Promise.all(
      started.gateways.map(async ({ ledger }, at) => {
        const budgets = at % 2 === 0 ? [wide] : [wide, tight];
        for (let refusals = 0; refusals < 3;) {
          const wantNano = nano(random(10n, 1_000n));
          const request = { requestId: testRequestId(), organisationId, budgets };
          const outcome = await ledger.hold({ ...request, wantNano, leastNano: wantNano });
          if (outcome.kind !== 'held') {
            assert.ok(outcome.kind === 'refused');
            lacking.set(outcome.lacking, (lacking.get(outcome.lacking) ?? 0) + 1);
            refusals += 1;
            continue;
          }
          await sleep(Number(random(0n, 5n)));
          const cost = random(0n, wantNano * 2n); // more than was held: the house pays
          await ledger.settle(outcome.hold, testSettlement(outcome.hold, cost));
        }
      }),
    );
  }
  for (const [id, limitNano] of Object.entries(limits)) {
    const window = await store.accounts.budgets.window(`budget:${id}:total`);
    assert.ok(window !== undefined && window.spentNano <= limitNano && window.heldNano === 0n);
    assert.ok(window.spentNano > limitNano - 2_000n, `${window.spentNano} of ${limitNano}`);
  }
  assert.deepEqual(new Set(lacking.keys()), new Set([tight, wide]));
  assert.deepEqual(await auditBooks(pool), []);
});
