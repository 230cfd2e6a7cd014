// Load and blows for the tests of what an answer is worth when things break.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Pool } from 'pg';
import { nano } from '../../domain/money/nano.ts';
import { HOLD_TIMEOUT_MS } from '../../limits.ts';
import { testRequestId, testSettlement } from '../../ports/ledger.contract.ts';
import { auditBooks } from './audit.ts';
import { booksOf, type SocketConnection, type TestPostgres } from './database.fixture.ts';
import type { Store } from './store.ts';
import type { StoreProblem } from './store-problem.ts';

export const CREDIT = 1_000_000_000n;
const PATIENCE_MS = 60_000;

export type Answers = { readonly charged: Map<string, bigint>; unavailable: number };

/** Many clients that hold and settle until `trouble` is over; keeps what each was told. */
export async function traffic(
  store: Store,
  organisations: readonly string[],
  trouble: (soFar: Answers) => Promise<unknown>,
): Promise<Answers> {
  const answers: Answers = { charged: new Map(), unavailable: 0 };
  const stopping = new AbortController();
  const stop = trouble(answers).finally(() => stopping.abort());
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

/** However slow the machine is: so many more have been settled. */
export async function settledMore(answers: Answers, more: number): Promise<void> {
  const wanted = answers.charged.size + more;
  const deadline = performance.now() + PATIENCE_MS;
  while (answers.charged.size < wanted) {
    assert.ok(performance.now() < deadline, `${answers.charged.size} of ${wanted} were settled`);
    await sleep(5);
  }
}

/** How long the ledger has been without PostgreSQL each time, as it tells its operator. */
export class Outages {
  readonly #ms: number[] = [];

  readonly onProblem = ({ kind, sentence }: StoreProblem): void => {
    if (kind === 'connection-restored') this.#ms.push(Number(/after (\d+) ms/.exec(sentence)?.[1]));
  };

  /** Nobody may be refused but where PostgreSQL itself was away for about as long as a hold waits. */
  assertNobodyRefused(answers: Answers): void {
    const longestMs = Math.max(0, ...this.#ms);
    if (longestMs < HOLD_TIMEOUT_MS - 2_000) assert.equal(answers.unavailable, 0);
  }
}

export async function assertRecordedOnce(pool: Pool, answers: Answers): Promise<void> {
  const { rows } = await pool.query<{ id: string; charged: string }>(
    `SELECT replace(request_id::text, '-', '') AS id, charged_nano AS charged FROM usage`,
  );
  const recorded = new Map(rows.map(({ id, charged }) => [id, BigInt(charged)]));
  for (const [id, charged] of answers.charged) assert.equal(recorded.get(id), charged, id);
  assert.deepEqual(await auditBooks(pool), []);
}

export async function assertCreditsAddUp(
  pool: Pool,
  store: Store,
  organisations: readonly string[],
) {
  for (const organisationId of organisations) {
    const { rows } = await pool.query<{ charged: string }>(
      'SELECT coalesce(sum(charged_nano), 0)::text AS charged FROM usage WHERE organisation_id = $1',
      [organisationId],
    );
    const balanceNano = CREDIT - BigInt(rows[0]?.charged ?? '0');
    assert.deepEqual(await booksOf(store).balance(organisationId), { balanceNano, heldNano: 0n });
  }
}

/** The postmaster in even rounds, the ledger's own backend in odd ones. */
export async function killServer(postgres: TestPostgres, pool: Pool, round: number): Promise<void> {
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
export class CuttingProxy implements AsyncDisposable {
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

  #isClosed = false;

  #serve(client: Socket): void {
    if (this.#isClosed) {
      client.on('error', () => {});
      client.destroy();
      return;
    }
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

  /** As if PostgreSQL were gone: nobody gets in, and who is in is thrown out. */
  close(): void {
    this.#isClosed = true;
    for (const socket of this.#sockets) socket.destroy();
  }

  reopen(): void {
    this.#isClosed = false;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((closed) => this.#server.close(closed));
    rmSync(this.#directory, { recursive: true, force: true });
  }
}
