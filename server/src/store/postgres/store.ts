// START HERE. The store on any PostgreSQL: brings the schema up to date, takes this gateway's next epoch, and gives the
// ledger for the request path and the accounts for the management side.

import { Pool } from 'pg';
import { type Result, err, ok } from '../../lib/result.ts';
import { STORED_BYTES_PROJECT_MAX } from '../../limits.ts';
import type { Alerts } from '../../ports/alerts.ts';
import type { Billing } from '../../ports/billing.ts';
import type { Exports } from '../../ports/exports.ts';
import type { AdminKeys } from '../../ports/admin-keys.ts';
import type { Accounts } from '../../ports/accounts.ts';
import type { Ledger } from '../../ports/ledger.ts';
import type { Plans } from '../../ports/plans.ts';
import type { Reconciliations } from '../../ports/reconciliations.ts';
import type { PriceBooks } from '../../ports/price-books.ts';
import type { Receipts } from '../../ports/receipts.ts';
import type { ResponseStore } from '../../ports/response-store.ts';
import type { SealingKeys } from '../../ports/sealing-keys.ts';
import type { TillBook } from '../../ports/till-book.ts';
import type { UsageReports } from '../../ports/usage-reports.ts';
import { SettlementLog } from '../settlement-log/settlement-log.ts';
import {
  type Address,
  type StoreConnection,
  type StoreFailure,
  addressOf,
  connect,
  connectFailure,
} from './connection.ts';
import { DirectPg } from './direct-pg.ts';
import type { StoreProblem } from './store-problem.ts';
import { Heartbeat, leave, voidUnknown } from './gateway-epoch.ts';
import type { Gateway } from './ledger-batch.ts';
import type { Books } from './leases/books.ts';
import { LeasedLedger } from './leases/leased-ledger.ts';
import { postgresBooks } from './leases/postgres-books.ts';
import { settleEarlier } from './leases/settle-earlier.ts';
import { hearRecall, RECALL_CHANNEL, RecallPoll } from './leases/recalls.ts';
import { Listener } from './listener.ts';
import { migrate } from './migrate.ts';
import { postgresTillBook } from './payments/postgres-till-book.ts';
import { PostgresAccounts } from './postgres-accounts.ts';
import { PostgresPlans } from './plans/postgres-plans.ts';
import { PostgresPriceBooks } from './prices/postgres-price-books.ts';
import { PostgresAlerts } from './alerts/postgres-alerts.ts';
import { PostgresBilling } from './billing/postgres-billing.ts';
import { PostgresAdminKeys } from './admin-keys.ts';
import { PostgresExports } from './reports/postgres-exports.ts';
import { PostgresReconciliations } from './reconciliation/postgres-reconciliations.ts';
import { PostgresUsageReports } from './reports/postgres-usage-reports.ts';
import type { Reratings } from '../../ports/reratings.ts';
import { PostgresReratings } from './reratings/postgres-reratings.ts';
import { PostgresReceipts } from './postgres-receipts.ts';
import { PostgresSealingKeys } from './sealing-keys.ts';
import { SNAPSHOT_CHANNEL, SnapshotFeed } from './snapshot-feed.ts';
import { PostgresResponseStore } from './stored/postgres-response-store.ts';
import type { Unfinished } from '../../domain/ledger/unfinished.ts';
import type { CrashLossBooks, CrashLosses } from '../../ports/crash-losses.ts';
import { bookCrashLosses } from './crash-losses.ts';

export type { StoreConnection, StoreFailure } from './connection.ts';
export type { StoreProblem } from './store-problem.ts';

export type StoreOptions = {
  readonly connection: StoreConnection;
  /** Names this process in the books: the same after a restart, another for every process that runs beside it. */
  readonly gatewayId: string;
  /** `leases`: holds in memory, settles in a log on this disk. `direct`: both in PostgreSQL before they are answered. */
  readonly settlement: 'leases' | 'direct';
  /** Of the settlement log. With `direct` too: what an earlier start left there is applied. */
  readonly logDirectory: string;
  /** What one project may keep; absent: 10 GiB. */
  readonly bytesProjectMax?: number;
  /** Something went wrong while running and is being mended, or needs the operator. */
  readonly onProblem: (problem: StoreProblem) => void;
};

export interface Store extends AsyncDisposable, CrashLossBooks {
  readonly ledger: Ledger;
  readonly accounts: Accounts;
  readonly plans: Plans;
  readonly prices: PriceBooks;
  readonly reratings: Reratings;
  /** What was asked of payment providers. */
  readonly tillBook: TillBook;
  readonly receipts: Receipts;
  readonly responses: ResponseStore;
  readonly sealing: SealingKeys;
  readonly adminKeys: AdminKeys;
  readonly reports: UsageReports;
  readonly billing: Billing;
  readonly alerts: Alerts;
  readonly reconciliations: Reconciliations;
  readonly exports: Exports;
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
/** The snapshot's age while PostgreSQL answers is well under a second. */
const AWAY_AFTER_MS = 3_000;

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
    const books = postgresBooks(address.value, pool);
    const gateway = await settleEarlier({ ...options, books });
    if (!gateway.ok) {
      await pool.end();
      return gateway;
    }
    const feed = await SnapshotFeed.open(pool);
    const version = await versionOf(pool);
    const direct = new DirectPg(address.value, gateway.value, options.onProblem);
    const leased =
      options.settlement === 'leases'
        ? openLeases(books, gateway.value, direct, options)
        : undefined;
    const listener = new Listener(address.value, {
      [SNAPSHOT_CHANNEL]: () => feed.hear(),
      [RECALL_CHANNEL]: (payload) => hearRecall(leased, payload),
    });
    const recalls = leased && new RecallPoll(pool, gateway.value, leased, listener);
    const onHeard = (askedMs: number) => leased?.heardAt(askedMs);
    const heartbeat = new Heartbeat({
      books,
      gateway: gateway.value,
      onHeard,
      onFenced: () => leased?.fence(),
      voidUnknown: () => voidUnknown(pool, gateway.value, direct),
    });
    const responses = new PostgresResponseStore({
      address: address.value,
      gateway: gateway.value,
      bytesProjectMax: options.bytesProjectMax ?? STORED_BYTES_PROJECT_MAX,
      reachable: () => feed.ageMs() < AWAY_AFTER_MS,
    });
    const sealing = await PostgresSealingKeys.open(pool);
    const ledgers = { direct, leased, recalls };
    const self = { pool, version, gateway: gateway.value };
    const parts = { ...self, feed, listener, ...ledgers, heartbeat, responses, sealing };
    return ok(new PostgresStore(parts));
  } catch (error) {
    await pool.end();
    return err(connectFailure(error, address.value.where));
  }
}

function openLeases(
  books: Books,
  gateway: Gateway,
  direct: DirectPg,
  { logDirectory: directory, onProblem }: StoreOptions,
): LeasedLedger {
  const log = SettlementLog.open({
    directory,
    gatewayId: gateway.id,
    epoch: Number(gateway.epoch),
    onBroken: (sentence) => onProblem({ kind: 'log-broken', sentence }),
    onTrouble: (sentence) => onProblem({ kind: 'log-full', sentence }),
  });
  return new LeasedLedger({ books, gateway, log, direct, onProblem });
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
  readonly gateway: Gateway;
  readonly version: string;
  readonly feed: SnapshotFeed;
  readonly listener: Listener;
  readonly recalls: RecallPoll | undefined;
  readonly direct: DirectPg;
  readonly leased: LeasedLedger | undefined;
  readonly heartbeat: Heartbeat;
  readonly responses: PostgresResponseStore;
  readonly sealing: PostgresSealingKeys;
};

class PostgresStore implements Store {
  readonly ledger: Ledger;
  readonly accounts: Accounts;
  readonly plans: Plans;
  readonly prices: PriceBooks;
  readonly reratings: Reratings;
  readonly tillBook: TillBook;
  readonly adminKeys: AdminKeys;
  readonly reports: UsageReports;
  readonly receipts: Receipts;
  readonly billing: Billing;
  readonly alerts: Alerts;
  readonly reconciliations: Reconciliations;
  readonly exports: Exports;
  readonly responses: PostgresResponseStore;
  readonly sealing: PostgresSealingKeys;
  readonly version: string;
  readonly #parts: Parts;

  constructor(parts: Parts) {
    const { pool, feed, direct, leased } = parts;
    this.sealing = parts.sealing;
    this.responses = parts.responses;
    this.version = parts.version;
    this.ledger = leased ?? direct;
    this.tillBook = postgresTillBook(pool);
    this.accounts = new PostgresAccounts(pool, feed, leased);
    this.plans = new PostgresPlans(pool);
    this.prices = new PostgresPriceBooks(pool, feed);
    this.reratings = new PostgresReratings(pool, feed);
    this.#parts = parts;
    this.adminKeys = new PostgresAdminKeys(pool);
    this.reports = new PostgresUsageReports(pool);
    this.receipts = new PostgresReceipts({
      pool,
      accounts: this.accounts,
      gatewayId: parts.gateway.id,
      isUnderWay: (requestId) => leased?.isUnderWay(requestId) ?? false,
    });
    this.billing = new PostgresBilling(pool, feed);
    this.alerts = new PostgresAlerts(pool);
    this.reconciliations = new PostgresReconciliations(pool);
    this.exports = new PostgresExports(pool);
  }

  snapshotAgeMs(): number {
    return this.#parts.feed.ageMs();
  }

  bookCrashLosses(unfinished: readonly Unfinished[]): Promise<CrashLosses> {
    return bookCrashLosses(this.#parts.pool, unfinished);
  }

  async ping(): Promise<boolean> {
    const timeout = new Promise<boolean>((resume) => {
      setTimeout(() => resume(false), PING_TIMEOUT_MS).unref();
    });
    const answer = this.#parts.pool.query('SELECT 1').then(
      () => true,
      () => false,
    );
    return Promise.race([answer, timeout]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const { heartbeat, recalls, leased, direct, listener, feed, pool, gateway } = this.#parts;
    await this.responses[Symbol.asyncDispose]();
    await this.sealing[Symbol.asyncDispose]();
    await heartbeat[Symbol.asyncDispose]();
    await recalls?.[Symbol.asyncDispose]();
    await leased?.[Symbol.asyncDispose]();
    await direct[Symbol.asyncDispose]();
    // Without PostgreSQL it can't be said; then somebody waits for it.
    if (leased?.isEmptied !== false) await leave(pool, gateway).catch(() => {});
    await listener[Symbol.asyncDispose]();
    await feed[Symbol.asyncDispose]();
    await pool.end();
  }
}
