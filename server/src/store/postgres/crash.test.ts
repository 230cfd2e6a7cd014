// What an answer is worth when things break: PostgreSQL killed, connections cut before and after a commit, silence.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Pool } from 'pg';
import { nano } from '../../domain/money/nano.ts';
import { HOLD_TIMEOUT_MS } from '../../limits.ts';
import { mustHold, testRequestId, testSettlement } from '../../ports/ledger.contract.ts';
import { auditBooks } from './audit.ts';
import {
  booksOf,
  mustOpen,
  poolTo,
  type SocketConnection,
  startTestPostgres,
  type TestPostgres,
} from './database.fixture.ts';
import type { Store } from './store.ts';

const CREDIT = 1_000_000_000n;

let postgres: TestPostgres;
before(async () => {
  postgres = await startTestPostgres();
});
after(() => postgres[Symbol.asyncDispose]());

type Answers = { readonly charged: Map<string, bigint>; unavailable: number };

/** Many clients that hold and settle until told to stop; keeps what each was told. */
async function traffic(
  store: Store,
  organisations: readonly string[],
  until: Promise<unknown>,
): Promise<Answers> {
  const answers: Answers = { charged: new Map(), unavailable: 0 };
  const stopping = new AbortController();
  const stop = until.finally(() => stopping.abort());
  const client = async (at: number) => {
    for (let n = at; !stopping.signal.aborted; n++) {
      const organisationId = organisations[n % organisations.length] ?? '';
      const requestId = testRequestId();
      const wantNano = nano(1_000n);
      const held = await store.ledger.hold({
        requestId,
        organisationId,
        wantNano,
        leastNano: wantNano,
      });
      if (held.kind !== 'held') {
        answers.unavailable += 1;
        continue;
      }
      const settlement = testSettlement(held.hold, BigInt(1 + (n % 900)));
      const settled = await store.ledger.settle(held.hold, settlement);
      if (settled.kind === 'settled') answers.charged.set(requestId.slice(4), settled.chargedNano);
      else answers.unavailable += 1;
    }
  };
  await Promise.all([stop, ...Array.from({ length: 64 }, (_, at) => client(at))]);
  return answers;
}

async function assertRecordedOnce(pool: Pool, answers: Answers): Promise<void> {
  const { rows } = await pool.query<{ id: string; charged: string }>(
    `SELECT replace(request_id::text, '-', '') AS id, charged_nano AS charged FROM usage`,
  );
  const recorded = new Map(rows.map(({ id, charged }) => [id, BigInt(charged)]));
  for (const [id, charged] of answers.charged) assert.equal(recorded.get(id), charged, id);
  assert.deepEqual(await auditBooks(pool), []);
}

async function assertCreditsAddUp(pool: Pool, store: Store, organisations: readonly string[]) {
  for (const organisationId of organisations) {
    const { rows } = await pool.query<{ charged: string }>(
      'SELECT coalesce(sum(charged_nano), 0)::text AS charged FROM usage WHERE organisation_id = $1',
      [organisationId],
    );
    const balanceNano = CREDIT - BigInt(rows[0]?.charged ?? '0');
    assert.deepEqual(await booksOf(store).balance(organisationId), { balanceNano, heldNano: 0n });
  }
}

test('I5 I6 I8 kill -9 of PostgreSQL under load: each answered settle is there once, every hold ends', async (t) => {
  const connection = await postgres.newDatabase();
  await using store = await mustOpen(connection);
  await using pool = poolTo(connection);
  const organisations = await Promise.all(
    [1, 2, 3].map(() => booksOf(store).newOrganisation(CREDIT)),
  );
  const kills = async () => {
    for (let round = 0; round < 2; round++) {
      await sleep(400);
      await killServer(pool, round);
    }
    await sleep(800);
  };
  const answers = await traffic(store, organisations, kills());
  t.diagnostic(`${answers.charged.size} settled, ${answers.unavailable} unavailable`);
  assert.ok(answers.charged.size > 100, `${answers.charged.size} requests were settled`);
  await assertRecordedOnce(pool, answers);
  await assertCreditsAddUp(pool, store, organisations);
});

/** The postmaster in even rounds, the ledger's own backend in odd ones. */
async function killServer(pool: Pool, round: number): Promise<void> {
  const { pid } = postgres.postgres;
  if (round % 2 === 0 && pid !== undefined) {
    process.kill(pid, 'SIGKILL');
    return;
  }
  for (;;) {
    const backends = await pool
      .query<{ pid: number }>(
        `SELECT pid FROM pg_stat_activity WHERE query LIKE '%ledger_apply%' AND pid <> pg_backend_pid() LIMIT 1`,
      )
      .catch(() => undefined); // it is still recovering from the last kill
    const backend = backends?.rows[0];
    if (backend !== undefined) {
      process.kill(backend.pid, 'SIGKILL');
      return;
    }
    await sleep(20);
  }
}

type Cut = 'nothing' | 'before' | 'after-commit' | 'reply-never-comes';

/** Stands between the ledger and PostgreSQL, and cuts the connection that the next batch is on, as told. */
class CuttingProxy implements AsyncDisposable {
  cut: Cut = 'nothing';
  cuts = 0;
  readonly connection: SocketConnection;
  readonly #directory = mkdtempSync(join(tmpdir(), 'turnpike-proxy-'));
  readonly #sockets = new Set<Socket>();
  readonly #server = createServer((client) => this.#serve(client));

  constructor(target: SocketConnection) {
    this.connection = { ...target, host: this.#directory };
    this.#target = join(target.host, `.s.PGSQL.${target.port}`);
    this.#server.listen(join(this.#directory, `.s.PGSQL.${target.port}`));
  }

  readonly #target: string;

  #serve(client: Socket): void {
    const server = connect(this.#target);
    let fate: Cut = 'nothing';
    for (const socket of [client, server]) {
      this.#sockets.add(socket);
      socket.on('error', () => {});
      socket.on('close', () => {
        this.#sockets.delete(socket);
        client.destroy();
        server.destroy();
      });
    }
    client.on('data', (bytes) => {
      if (this.cut !== 'nothing' && bytes.includes('ledger_apply')) {
        fate = this.cut;
        this.cut = 'nothing';
        this.cuts += 1;
      }
      if (fate === 'before') client.destroy();
      else server.write(bytes);
    });
    server.on('data', (bytes) => {
      if (fate === 'after-commit') client.destroy();
      else if (fate === 'nothing') client.write(bytes);
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((closed) => this.#server.close(closed));
    rmSync(this.#directory, { recursive: true, force: true });
  }
}

test('I5 a settle whose connection breaks before or after its commit is charged once', async () => {
  await using proxy = new CuttingProxy(await postgres.newDatabase());
  await using store = await mustOpen(proxy.connection);
  const organisationId = await booksOf(store).newOrganisation(1_000n);
  let charged = 0n;
  for (const cut of ['before', 'after-commit'] as const) {
    proxy.cut = cut;
    const hold = await mustHold(store.ledger, organisationId, 100n);
    proxy.cut = cut;
    const outcome = await store.ledger.settle(hold, testSettlement(hold, 60n));
    charged += 60n;
    assert.deepEqual(outcome, {
      kind: 'settled',
      chargedNano: 60n,
      availableNano: nano(1_000n - charged),
    });
    const balance = await booksOf(store).balance(organisationId);
    assert.deepEqual(balance, { balanceNano: 1_000n - charged, heldNano: 0n });
  }
  assert.equal(proxy.cuts, 4);
});

test('I5 I8 connections cut at random under load: each answered settle is there once, every hold ends', async () => {
  const connection = await postgres.newDatabase();
  await using proxy = new CuttingProxy(connection);
  await using store = await mustOpen(proxy.connection);
  await using pool = poolTo(connection);
  const organisations = await Promise.all([1, 2].map(() => booksOf(store).newOrganisation(CREDIT)));
  const cuts = async () => {
    for (let round = 0; round < 12; round++) {
      proxy.cut = round % 2 === 0 ? 'after-commit' : 'before';
      while (proxy.cuts <= round) await sleep(10);
      await sleep(30);
    }
  };
  const answers = await traffic(store, organisations, cuts());
  assert.equal(answers.unavailable, 0);
  await assertRecordedOnce(pool, answers);
  await assertCreditsAddUp(pool, store, organisations);
});

test('I8 a hold that was committed but never answered is unavailable in time, and released', async () => {
  const connection = await postgres.newDatabase();
  await using proxy = new CuttingProxy(connection);
  await using store = await mustOpen(proxy.connection);
  const organisationId = await booksOf(store).newOrganisation(100n);
  proxy.cut = 'reply-never-comes';
  const startedMs = performance.now();
  const wantNano = nano(70n);
  const request = { requestId: testRequestId(), organisationId, wantNano, leastNano: wantNano };
  assert.deepEqual(await store.ledger.hold(request), { kind: 'unavailable' });
  const tookMs = performance.now() - startedMs;
  assert.ok(tookMs >= HOLD_TIMEOUT_MS && tookMs < HOLD_TIMEOUT_MS + 2_000, `${tookMs} ms`);
  assert.equal((await booksOf(store).balance(organisationId)).heldNano, 70n);
  // Behind the release in the queue: it needs all of the credit.
  await mustHold(store.ledger, organisationId, 100n);
});
