// A block of credit ends while gateways have it in their leases and streams run on it: from that moment on nothing more is set
// aside from it anywhere, whoever looks or not, and nobody is refused whom other credit covers.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Hold } from '../../../domain/ledger/hold.ts';
import { nano } from '../../../domain/money/nano.ts';
import { newId } from '../../../lib/ids.ts';
import { manualCredits } from '../../../ports/accounts.contract.ts';
import type { Ledger } from '../../../ports/ledger.ts';
import { testRequestId, testSettlement } from '../../../ports/ledger.contract.ts';
import { auditBooks } from '../audit.ts';
import { mustOpen, poolTo, startTestPostgres, type TestPostgres } from '../database.fixture.ts';

/** Until the block ends. */
const LIFE_MS = 1_500;
/** What is known here of that moment, which PostgreSQL's clock says. */
const CLOCK_MS = 30;
const BLOCK = 1_000_000n;
const PIECE = 10n;

let postgres: TestPostgres;
let scratch: string;
before(async () => {
  scratch = mkdtempSync(join(tmpdir(), 'turnpike-expiry-'));
  postgres = await startTestPostgres();
});
after(async () => {
  await postgres[Symbol.asyncDispose]();
  rmSync(scratch, { recursive: true });
});

async function gateways(way: 'leases' | 'direct') {
  const connection = await postgres.newDatabase();
  const open = (gatewayId: string) => {
    const logDirectory = mkdtempSync(join(scratch, 'log-'));
    return mustOpen(connection, { gatewayId, ...(way === 'leases' && { logDirectory }) });
  };
  const [one, two] = [await open('gateway-1'), await open('gateway-2')];
  const pool = poolTo(connection);
  const organisationId = newId('org');
  await one.accounts.createOrganisation({ id: organisationId, name: 'test' });
  return {
    organisationId,
    accounts: one.accounts,
    ledgers: [one.ledger, two.ledger] as const,
    pool,
    async [Symbol.asyncDispose]() {
      await one[Symbol.asyncDispose]();
      await two[Symbol.asyncDispose]();
      assert.deepEqual(await auditBooks(pool), []);
      await pool.end();
    },
  };
}

/** A stream: it asks for more as it goes on, and ends where it gets no more. */
class Stream {
  readonly #ledger: Ledger;
  #hold: Hold;
  refused = false;
  /** When its last piece was asked for. */
  grantedAtMs: number;

  constructor(ledger: Ledger, hold: Hold) {
    this.#ledger = ledger;
    this.#hold = hold;
    this.grantedAtMs = Date.now();
  }

  get heldNano(): bigint {
    return this.#hold.amountNano;
  }

  async run(untilMs: number): Promise<void> {
    while (Date.now() < untilMs && !this.refused) {
      const askedAtMs = Date.now();
      const outcome = await this.#ledger.extend(this.#hold, nano(PIECE));
      if (outcome.kind === 'held') {
        this.#hold = outcome.hold;
        this.grantedAtMs = askedAtMs;
      } else {
        assert.equal(outcome.kind, 'refused');
        this.refused = true;
      }
      await sleep(5);
    }
  }

  settle(): Promise<unknown> {
    return this.#ledger.settle(this.#hold, testSettlement(this.#hold, this.heldNano));
  }
}

async function begin(ledger: Ledger, organisationId: string): Promise<Stream | undefined> {
  const wantNano = nano(PIECE);
  const requestId = testRequestId();
  const outcome = await ledger.hold({ requestId, organisationId, wantNano, leastNano: wantNano });
  return outcome.kind === 'held' ? new Stream(ledger, outcome.hold) : undefined;
}

for (const way of ['leases', 'direct'] as const) {
  test(`I15 ${way}: after its expiry nothing of a block is set aside by any gateway, for a new request or a running stream`, async () => {
    await using it = await gateways(way);
    const { organisationId, ledgers, accounts, pool } = it;
    const endsAtMs = Date.now() + LIFE_MS;
    const block = manualCredits(organisationId, BLOCK);
    await accounts.addCredits({ ...block, expiresAtMs: endsAtMs });
    const streams: Stream[] = [];
    let lateHolds = 0;
    const shortAsk = async (ledger: Ledger) => {
      while (Date.now() < endsAtMs + 700) {
        const askedAtMs = Date.now();
        const short = await begin(ledger, organisationId);
        if (askedAtMs > endsAtMs + CLOCK_MS && short !== undefined) lateHolds += 1;
        await short?.settle();
        await sleep(3);
      }
    };
    for (const ledger of ledgers) {
      for (let count = 0; count < 3; count++) {
        const stream = await begin(ledger, organisationId);
        assert.ok(stream !== undefined, 'before its end the block is there');
        streams.push(stream);
      }
    }
    await Promise.all([
      ...streams.map((stream) => stream.run(endsAtMs + 700)),
      ...ledgers.map(shortAsk),
    ]);
    assert.equal(lateHolds, 0, 'no request was admitted after it');
    for (const { refused, grantedAtMs } of streams) {
      assert.ok(refused, 'its grant was not extended');
      assert.ok(grantedAtMs <= endsAtMs + CLOCK_MS, `${grantedAtMs - endsAtMs} ms too late`);
    }
    // What ran keeps what it had set aside before; everything else has ended, though nobody has looked.
    const held = streams.reduce((sum, { heldNano }) => sum + heldNano, 0n);
    const ended = async () => {
      const { rows } = await pool.query<{ amount: string }>(
        `SELECT coalesce(sum(amount_nano), 0) AS amount FROM transfer WHERE kind = 'expire'`,
      );
      return BigInt(rows[0]?.amount ?? 0);
    };
    const balance = async () => (await accounts.balance(organisationId))?.balanceNano ?? -1n;
    const deadlineMs = Date.now() + 5_000;
    while ((await balance()) !== held) {
      assert.ok(Date.now() < deadlineMs, `${await balance()} are left, ${held} are held`);
      await accounts.tendCredits();
      await sleep(20);
    }
    await Promise.all(streams.map((stream) => stream.settle()));
    while ((await accounts.balance(organisationId))?.balanceNano !== 0n) await sleep(20);
    await accounts.tendCredits();
    const { rows } = await pool.query<{ burnt: string }>('SELECT sum(amount_nano) AS burnt FROM credit_burn');
    assert.equal(BigInt(rows[0]?.burnt ?? 0) + (await ended()), BLOCK);
  }); // prettier-ignore

  test(`I10 I15 ${way}: a block that ends refuses nobody whom other credit covers`, async () => {
    await using it = await gateways(way);
    const { organisationId, ledgers, accounts } = it;
    const endsAtMs = Date.now() + LIFE_MS / 2;
    await accounts.addCredits(manualCredits(organisationId, BLOCK));
    await accounts.addCredits({ ...manualCredits(organisationId, BLOCK), expiresAtMs: endsAtMs });
    const streams: Stream[] = [];
    let refusals = 0;
    let answered = 0;
    await Promise.all(
      ledgers.map(async (ledger) => {
        const stream = await begin(ledger, organisationId);
        assert.ok(stream !== undefined);
        streams.push(stream);
        const running = stream.run(endsAtMs + 500);
        while (Date.now() < endsAtMs + 500) {
          const short = await begin(ledger, organisationId);
          if (short === undefined) refusals += 1;
          else answered += 1;
          await short?.settle();
          await sleep(2);
        }
        await running;
      }),
    );
    assert.equal(refusals, 0);
    assert.ok(answered > 50, `${answered}`);
    assert.ok(streams.every(({ refused }) => !refused));
    await Promise.all(streams.map((stream) => stream.settle()));
  });
}
