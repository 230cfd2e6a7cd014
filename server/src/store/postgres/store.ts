// START HERE. The store on any PostgreSQL: brings the schema up to date, takes this gateway's next epoch, and gives the
// ledger for the request path and the accounts for the management side.

import { Pool } from 'pg';
import { type Result, err, ok } from '../../lib/result.ts';
import type { Accounts } from '../../ports/accounts.ts';
import type { Ledger } from '../../ports/ledger.ts';
import {
  type Address,
  type StoreConnection,
  type StoreFailure,
  addressOf,
  connect,
  connectFailure,
} from './connection.ts';
import { DirectPg, type StoreProblem } from './direct-pg.ts';
import { enterEpoch, Heartbeat } from './gateway-epoch.ts';
import { migrate } from './migrate.ts';
import { PostgresAccounts } from './postgres-accounts.ts';
import { SnapshotFeed } from './snapshot-feed.ts';

export type { StoreConnection, StoreFailure } from './connection.ts';
export type { StoreProblem } from './direct-pg.ts';

export type StoreOptions = {
  readonly connection: StoreConnection;
  /** Names this process in the books: the same after a restart, another for every process that runs beside it. */
  readonly gatewayId: string;
  /** Something went wrong while running and is being mended, or needs the operator. */
  readonly onProblem: (problem: StoreProblem) => void;
};

export interface Store extends AsyncDisposable {
  readonly ledger: Ledger;
  readonly accounts: Accounts;
  /** PostgreSQL's own, as it was when this store was opened: `18.4`. */
  readonly version: string;
  /** Since the snapshot of keys and prices was last known to be current. */
  snapshotAgeMs(): number;
  /** Whether PostgreSQL answers, within a second. */
  ping(): Promise<boolean>;
}

/** Reports and changes by people: the request path has its own connection. */
const POOL_CONNECTIONS_MAX = 4;
const PING_TIMEOUT_MS = 1_000;

export async function openStore(options: StoreOptions): Promise<Result<Store, StoreFailure>> {
  const address = addressOf(options.connection);
  if (!address.ok) return address;
  const ready = await bringUpToDate(address.value);
  if (!ready.ok) return ready;
  const pool = new Pool({ ...address.value.config, max: POOL_CONNECTIONS_MAX });
  // A connection that breaks fails the query on it, if any, and is replaced by the next one. Both are needed: the pool
  // listens to its idle connections only, and an error between two queries of a transaction would end the process.
  pool.on('error', () => {});
  pool.on('connect', (client) => client.on('error', () => {}));
  try {
    const gateway = await enterEpoch(pool, options.gatewayId);
    const feed = await SnapshotFeed.open(pool, address.value);
    const version = await versionOf(pool);
    const ledger = new DirectPg(address.value, gateway, options.onProblem);
    const heartbeat = new Heartbeat(pool, gateway, ledger);
    return ok(new PostgresStore({ pool, version, feed, ledger, heartbeat }));
  } catch (error) {
    await pool.end();
    return err(connectFailure(error, address.value.where));
  }
}

async function bringUpToDate(address: Address): Promise<Result<readonly string[], StoreFailure>> {
  const connected = await connect(address);
  if (!connected.ok) return connected;
  try {
    return await migrate(connected.value, address.where);
  } finally {
    await connected.value.end();
  }
}

/** `18.4` of `18.4 (Debian 18.4-1)`. */
async function versionOf(pool: Pool): Promise<string> {
  const { rows } = await pool.query<{ server_version: string }>('SHOW server_version');
  return rows[0]?.server_version.split(' ')[0] ?? 'unknown';
}

type Parts = {
  readonly pool: Pool;
  readonly version: string;
  readonly feed: SnapshotFeed;
  readonly ledger: DirectPg;
  readonly heartbeat: Heartbeat;
};

class PostgresStore implements Store {
  readonly ledger: DirectPg;
  readonly accounts: Accounts;
  readonly version: string;
  readonly #pool: Pool;
  readonly #feed: SnapshotFeed;
  readonly #heartbeat: Heartbeat;

  constructor({ pool, version, feed, ledger, heartbeat }: Parts) {
    this.version = version;
    this.#pool = pool;
    this.#feed = feed;
    this.#heartbeat = heartbeat;
    this.ledger = ledger;
    this.accounts = new PostgresAccounts(pool, feed);
  }

  snapshotAgeMs(): number {
    return this.#feed.ageMs();
  }

  async ping(): Promise<boolean> {
    const timeout = new Promise<boolean>((resume) => {
      setTimeout(() => resume(false), PING_TIMEOUT_MS).unref();
    });
    const answer = this.#pool.query('SELECT 1').then(
      () => true,
      () => false,
    );
    return Promise.race([answer, timeout]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#heartbeat[Symbol.asyncDispose]();
    await this.ledger[Symbol.asyncDispose]();
    await this.#feed[Symbol.asyncDispose]();
    await this.#pool.end();
  }
}
