// A real PostgreSQL for the tests, and fresh databases in it.

import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, Pool } from 'pg';
import { newId } from '../../lib/ids.ts';
import { manualCredits } from '../../ports/accounts.contract.ts';
import type { BooksUnderTest } from '../../ports/ledger.contract.ts';
import type { StoreConnection } from './connection.ts';
import { type EmbeddedPostgres, startEmbeddedPostgres } from './embedded/embedded-postgres.ts';
import { openStore, type Store, type StoreProblem } from './store.ts';

export type SocketConnection = Exclude<StoreConnection, { readonly url: string }>;

export type TestPostgres = AsyncDisposable & {
  readonly postgres: EmbeddedPostgres;
  /** Empty, or a copy of one that nobody is connected to. */
  newDatabase(of?: SocketConnection): Promise<SocketConnection>;
};

export async function startTestPostgres(
  settings: Readonly<Record<string, string>> = {},
): Promise<TestPostgres> {
  const scratch = mkdtempSync(join(tmpdir(), 'turnpike-store-'));
  chmodSync(scratch, 0o755);
  const started = await startEmbeddedPostgres({
    dataDirectory: join(scratch, 'postgres'),
    onProgress: () => {},
    onLog: () => {},
    settings,
  });
  if (!started.ok) throw new Error(JSON.stringify(started.error));
  const postgres = started.value;
  let databases = 0;
  return {
    postgres,
    async newDatabase(of) {
      const database = `test_${++databases}`;
      await using client = await connectTo(postgres.connection);
      const template = of === undefined ? '' : ` TEMPLATE ${of.database} STRATEGY file_copy`;
      await client.query(`CREATE DATABASE ${database}${template}`);
      return { ...postgres.connection, database };
    },
    async [Symbol.asyncDispose]() {
      await postgres.stop();
      rmSync(scratch, { recursive: true, force: true });
    },
  };
}

export async function connectTo(connection: SocketConnection): Promise<Client & AsyncDisposable> {
  const client = new Client(connection);
  client.on('error', () => {}); // PostgreSQL is killed under it on purpose.
  await client.connect();
  return Object.assign(client, { [Symbol.asyncDispose]: () => client.end() });
}

export function poolTo(connection: SocketConnection): Pool & AsyncDisposable {
  const pool = new Pool({ ...connection, max: 2 });
  pool.on('error', () => {}); // As above.
  pool.on('connect', (client) => client.on('error', () => {}));
  return Object.assign(pool, { [Symbol.asyncDispose]: () => pool.end() });
}

export type OpenOptions = {
  readonly gatewayId?: string;
  /** With leases and a settlement log there; absent: everything directly in PostgreSQL. */
  readonly logDirectory?: string;
  readonly bytesProjectMax?: number;
  onProblem?(problem: StoreProblem): void;
};

export async function mustOpen(
  connection: StoreConnection,
  options: OpenOptions = {},
): Promise<Store> {
  const opened = await openStore({
    connection,
    gatewayId: options.gatewayId ?? 'gateway-test',
    settlement: options.logDirectory === undefined ? 'direct' : 'leases',
    logDirectory: options.logDirectory ?? join(tmpdir(), 'turnpike-no-settlement-log'),
    ...(options.bytesProjectMax !== undefined && { bytesProjectMax: options.bytesProjectMax }),
    onProblem: options.onProblem ?? (() => {}),
  });
  if (!opened.ok) throw new Error(opened.error.message);
  return opened.value;
}

/** The store as the ledger's contract sees it; disposing of it closes the store. */
export function booksOf(store: Store): BooksUnderTest {
  return {
    ledger: store.ledger,
    budgets: store.accounts.budgets,
    async newOrganisation(creditNano) {
      const id = newId('org');
      await store.accounts.createOrganisation({ id, name: 'test' });
      if (creditNano > 0n) await store.accounts.addCredits(manualCredits(id, creditNano));
      return id;
    },
    async balance(organisationId) {
      const balance = await store.accounts.balance(organisationId);
      if (balance === undefined) throw new Error(`no balance of ${organisationId}`);
      return { balanceNano: balance.balanceNano, heldNano: balance.heldNano };
    },
    [Symbol.asyncDispose]: () => store[Symbol.asyncDispose](),
  };
}
