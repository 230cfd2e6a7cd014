// The management side of the store: customers, keys, credits and prices. Whatever gateways must know of takes the next
// snapshot version in the same transaction, and is in this process's snapshot before the promise resolves.

import type pg from 'pg';
import type { ModelList } from '../../domain/accounts/model-access.ts';
import type { Snapshot } from '../../domain/accounts/snapshot.ts';
import type { Nano } from '../../domain/money/nano.ts';
import { PRICE_ITEMS, type ModelPrice, type PriceBook } from '../../domain/pricing/price-book.ts';
import { assert } from '../../lib/assert.ts';
import type {
  Accounts,
  Balance,
  CreditAdded,
  KeyRecord,
  NewKey,
  Organisation,
  Project,
  Reconciliation,
  UsageQuery,
  UsageReportRow,
} from '../../ports/accounts.ts';
import { reconcileBooks } from './audit.ts';
import { type LeasesInMemory, readBalance } from './balance.ts';
import { COLUMNS } from './price-columns.ts';
import { loadPriceBook, nextVersion, type SnapshotFeed } from './snapshot-feed.ts';
import { reportUsage } from './usage-report.ts';

const LIST_ROWS_MAX = 10_000;
const TOP_UPS_FROM = 'payment_clearing:manual';

export class PostgresAccounts implements Accounts {
  readonly #pool: pg.Pool;
  readonly #feed: SnapshotFeed;
  readonly #leases: LeasesInMemory | undefined;

  constructor(pool: pg.Pool, feed: SnapshotFeed, leases?: LeasesInMemory) {
    this.#pool = pool;
    this.#feed = feed;
    this.#leases = leases;
  }

  snapshot(): Snapshot {
    return this.#feed.current();
  }

  async organisations(): Promise<readonly Organisation[]> {
    const { rows } = await this.#pool.query<Organisation>(
      `SELECT id, name FROM organisation ORDER BY created_at, id LIMIT ${LIST_ROWS_MAX}`,
    );
    return rows;
  }

  async createOrganisation({ id, name }: Organisation): Promise<void> {
    await this.#transaction(async (client) => {
      await client.query('INSERT INTO organisation (id, name) VALUES ($1, $2)', [id, name]);
      await client.query(
        `INSERT INTO account (id, kind, organisation_id) VALUES ('credits:' || $1::text, 'credits', $1)`,
        [id],
      );
    });
  }

  async projects(organisationId: string): Promise<readonly Project[]> {
    const { rows } = await this.#pool.query<ProjectRow>(
      `${SELECT_PROJECT} WHERE organisation_id = $1 ORDER BY created_at, id LIMIT ${LIST_ROWS_MAX}`,
      [organisationId],
    );
    return rows.map(withoutNull);
  }

  async createProject({ id, organisationId, name, models }: Project): Promise<void> {
    await this.#pool.query(
      'INSERT INTO project (id, organisation_id, name, models) VALUES ($1, $2, $3, $4)',
      [id, organisationId, name, models ?? null],
    );
  }

  async keys(organisationId: string): Promise<readonly KeyRecord[]> {
    const { rows } = await this.#pool.query<KeyRow>(
      `${SELECT_KEY} WHERE p.organisation_id = $1 ORDER BY k.created_at, k.id LIMIT ${LIST_ROWS_MAX}`,
      [organisationId],
    );
    return rows.map(keyRecord);
  }

  async createKey(key: NewKey): Promise<KeyRecord> {
    const { row, version } = await this.#transaction(async (client) => {
      await client.query(
        `INSERT INTO api_key (id, project_id, name, hash, redacted, models)
           VALUES ($1, $2, $3, $4, $5, $6)`,
        [key.id, key.projectId, key.name, key.hash, key.redacted, key.models ?? null],
      );
      const { rows } = await client.query<KeyRow>(`${SELECT_KEY} WHERE k.id = $1`, [key.id]);
      return { row: rows[0], version: await nextVersion(client) };
    });
    assert(row !== undefined, 'a key that was inserted is there');
    await this.#feed.reach(version);
    return keyRecord(row);
  }

  async revokeKey(keyId: string): Promise<boolean> {
    const version = await this.#transaction(async (client) => {
      const { rowCount } = await client.query(
        'UPDATE api_key SET revoked_at = coalesce(revoked_at, now()) WHERE id = $1',
        [keyId],
      );
      return rowCount === 0 ? undefined : nextVersion(client);
    });
    if (version === undefined) return false;
    await this.#feed.reach(version);
    return true;
  }

  async setKeyModels(keyId: string, models: ModelList): Promise<KeyRecord | undefined> {
    const row = await this.#setModels<KeyRow>(
      'api_key',
      `${SELECT_KEY} WHERE k.id = $1`,
      keyId,
      models,
    );
    return row && keyRecord(row);
  }

  async setProjectModels(projectId: string, models: ModelList): Promise<Project | undefined> {
    const select = `${SELECT_PROJECT} WHERE id = $1`;
    const row = await this.#setModels<ProjectRow>('project', select, projectId, models);
    return row && withoutNull(row);
  }

  async #setModels<Row extends object>(
    table: 'api_key' | 'project',
    select: string,
    id: string,
    models: ModelList,
  ): Promise<Row | undefined> {
    const changed = await this.#transaction(async (client) => {
      await client.query(`UPDATE ${table} SET models = $2 WHERE id = $1`, [id, models ?? null]);
      const { rows } = await client.query<Row>(select, [id]);
      const [row] = rows;
      return row && { row, version: await nextVersion(client) };
    });
    if (changed !== undefined) await this.#feed.reach(changed.version);
    return changed?.row;
  }

  async balance(organisationId: string): Promise<Balance | undefined> {
    return readBalance(this.#pool, organisationId, this.#leases);
  }

  async addCredits(
    topUpId: string,
    organisationId: string,
    amountNano: Nano,
  ): Promise<CreditAdded> {
    assert(amountNano > 0n, 'a top-up is more than nothing');
    return this.#transaction(async (client) => {
      const id = `topup:${topUpId}`;
      const credit = `credits:${organisationId}`;
      const { rowCount } = await client.query(
        `INSERT INTO transfer (id, debit, credit, amount_nano, kind) VALUES ($1, $2, $3, $4, 'topup')
           ON CONFLICT (id) DO NOTHING`,
        [id, TOP_UPS_FROM, credit, `${amountNano}`],
      );
      if (rowCount === 0)
        return topUpAgain(client, this.#leases, { id, credit, organisationId, amountNano });
      // In the order of ids, as everywhere.
      await addToBalance(client, credit, amountNano);
      await addToBalance(client, TOP_UPS_FROM, -BigInt(amountNano));
      return { kind: 'added', balance: await balanceOf(client, organisationId, this.#leases) };
    });
  }

  async publishPrices(prices: ReadonlyMap<string, ModelPrice>): Promise<number> {
    const published = await this.#transaction(async (client) => {
      // Whoever publishes holds this row: versions are made one after the other.
      await client.query('SELECT FROM snapshot_version FOR UPDATE');
      const newest = await loadPriceBook(client);
      if (newest !== undefined && samePrices(newest, prices)) return { version: newest.version };
      const version = (newest?.version ?? 0) + 1;
      await insertPriceBook(client, version, prices);
      return { version, snapshot: await nextVersion(client) };
    });
    if (published.snapshot !== undefined) await this.#feed.reach(published.snapshot);
    return published.version;
  }

  async usage(query: UsageQuery): Promise<readonly UsageReportRow[]> {
    return reportUsage(this.#pool, query);
  }

  async reconcile(): Promise<Reconciliation> {
    return reconcileBooks(this.#pool);
  }

  async #transaction<T>(work: (client: pg.ClientBase) => Promise<T>): Promise<T> {
    const client = await this.#pool.connect();
    try {
      await client.query('BEGIN');
      const result = await work(client);
      await client.query('COMMIT');
      client.release();
      return result;
    } catch (error) {
      client.release(true); // Closing the connection rolls back, whatever state it is in.
      throw error;
    }
  }
}

type WithModels = { readonly models: readonly string[] | null };
type ProjectRow = Omit<Project, 'models'> & WithModels;
type KeyRow = Omit<KeyRecord, 'createdAtMs' | 'revokedAtMs' | 'models'> &
  WithModels & { readonly createdAt: Date; readonly revokedAt: Date | null };

const SELECT_PROJECT = 'SELECT id, organisation_id AS "organisationId", name, models FROM project';

const SELECT_KEY = `
  SELECT k.id, k.project_id AS "projectId", p.organisation_id AS "organisationId", k.name, k.redacted, k.models,
      k.created_at AS "createdAt", k.revoked_at AS "revokedAt"
    FROM api_key AS k JOIN project AS p ON p.id = k.project_id`;

/** What has no list has no such member either. */
function withoutNull<Row extends WithModels>({ models, ...rest }: Row) {
  return { ...rest, ...(models !== null && { models }) };
}

function keyRecord({ createdAt, revokedAt, ...rest }: KeyRow): KeyRecord {
  return {
    ...withoutNull(rest),
    createdAtMs: createdAt.getTime(),
    ...(revokedAt !== null && { revokedAtMs: revokedAt.getTime() }),
  };
}

async function balanceOf(
  client: pg.ClientBase,
  organisationId: string,
  leases: LeasesInMemory | undefined,
): Promise<Balance> {
  const balance = await readBalance(client, organisationId, leases);
  if (balance === undefined) throw new Error(`There is no organisation "${organisationId}".`);
  return balance;
}

async function addToBalance(client: pg.ClientBase, id: string, amount: bigint): Promise<void> {
  const { rowCount } = await client.query(
    'UPDATE account SET balance_nano = balance_nano + $2 WHERE id = $1',
    [id, `${amount}`],
  );
  if (rowCount === 0) throw new Error(`There is no account "${id}"; check the organisation's id.`);
}

type TopUp = {
  readonly id: string;
  readonly credit: string;
  readonly organisationId: string;
  readonly amountNano: Nano;
};

async function topUpAgain(
  client: pg.ClientBase,
  leases: LeasesInMemory | undefined,
  topUp: TopUp,
): Promise<CreditAdded> {
  const { rows } = await client.query<{ credit: string; amount: string }>(
    'SELECT credit, amount_nano AS amount FROM transfer WHERE id = $1',
    [topUp.id],
  );
  const before = rows[0];
  const same = before?.credit === topUp.credit && BigInt(before.amount) === topUp.amountNano;
  if (!same) return { kind: 'conflict' };
  return { kind: 'already-added', balance: await balanceOf(client, topUp.organisationId, leases) };
}

function samePrices(book: PriceBook, prices: ReadonlyMap<string, ModelPrice>): boolean {
  if (book.models.size !== prices.size) return false;
  return [...prices].every(([model, price]) => {
    const before = book.models.get(model);
    return before !== undefined && PRICE_ITEMS.every((item) => before[item] === price[item]);
  });
}

async function insertPriceBook(
  client: pg.ClientBase,
  version: number,
  prices: ReadonlyMap<string, ModelPrice>,
): Promise<void> {
  await client.query('INSERT INTO price_book_version (version) VALUES ($1)', [version]);
  const columns = PRICE_ITEMS.map((item) => COLUMNS[item]).join(', ');
  const places = PRICE_ITEMS.map((_, at) => `$${at + 3}`).join(', ');
  for (const [model, price] of prices) {
    await client.query(
      `INSERT INTO price (version, model, ${columns}) VALUES ($1, $2, ${places})`,
      [version, model, ...PRICE_ITEMS.map((item) => `${price[item]}`)],
    );
  }
}
