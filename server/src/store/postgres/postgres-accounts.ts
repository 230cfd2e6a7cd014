// The management side of the store: customers, keys, credits and prices. Whatever gateways must know of takes the next
// snapshot version in the same transaction, and is in this process's snapshot before the promise resolves.

import type pg from 'pg';
import type { BillId } from '../../domain/payments/bill.ts';
import type { ModelList } from '../../domain/accounts/model-access.ts';
import type { Snapshot } from '../../domain/accounts/snapshot.ts';
import type { Nano } from '../../domain/money/nano.ts';
import type { ModelPrice } from '../../domain/pricing/price-book.ts';
import type { NewCredits, Reversal } from '../../domain/credits/credit-block.ts';
import { assert } from '../../lib/assert.ts';
import type {
  Accounts,
  Balance,
  CreditAccount,
  CreditAdded,
  CreditsReversed,
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
import { PostgresCredits } from './credits/postgres-credits.ts';
import { PostgresBudgets } from './postgres-budgets.ts';
import { PostgresFreezes } from './postgres-freezes.ts';
import { publishConfigured } from './prices/publish-configured.ts';
import { nextVersion, type SnapshotFeed } from './snapshot-feed.ts';
import { transaction } from './transaction.ts';
import { reportUsage } from './usage-report.ts';

const LIST_ROWS_MAX = 10_000;

export class PostgresAccounts implements Accounts {
  readonly #pool: pg.Pool;
  readonly #feed: SnapshotFeed;
  readonly #leases: LeasesInMemory | undefined;
  readonly #credits: PostgresCredits;

  readonly budgets: PostgresBudgets;
  readonly freezes: PostgresFreezes;

  constructor(pool: pg.Pool, feed: SnapshotFeed, leases?: LeasesInMemory) {
    this.budgets = new PostgresBudgets(pool, feed);
    this.freezes = new PostgresFreezes(pool, feed);
    this.#pool = pool;
    this.#feed = feed;
    this.#leases = leases;
    this.#credits = new PostgresCredits(pool, feed, leases);
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
    await transaction(this.#pool, async (client) => {
      await client.query('INSERT INTO organisation (id, name) VALUES ($1, $2)', [id, name]);
      await client.query(
        `INSERT INTO account (id, kind, organisation_id) VALUES ('credits:' || $1::text, 'credits', $1)`,
        [id],
      );
      await client.query('INSERT INTO credit_position (organisation_id) VALUES ($1)', [id]);
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
    const { row, version } = await transaction(this.#pool, async (client) => {
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
    const version = await transaction(this.#pool, async (client) => {
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
    const changed = await transaction(this.#pool, async (client) => {
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

  addCredits(credits: NewCredits, pays?: BillId): Promise<CreditAdded> {
    return this.#credits.add(credits, pays);
  }

  reverseCredits(reversal: Reversal): Promise<CreditsReversed> {
    return this.#credits.reverse(reversal);
  }

  creditAccount(organisationId: string): Promise<CreditAccount | undefined> {
    return this.#credits.account(organisationId);
  }

  setCreditLimit(organisationId: string, limitNano: Nano): Promise<boolean> {
    return this.#credits.setLimit(organisationId, limitNano);
  }

  tendCredits(): Promise<{ readonly nextInMs?: number }> {
    return this.#credits.tend();
  }

  async publishPrices(prices: ReadonlyMap<string, ModelPrice>): Promise<number> {
    const published = await transaction(this.#pool, (client) => publishConfigured(client, prices));
    if (published.snapshot !== undefined) await this.#feed.reach(published.snapshot);
    return published.version;
  }

  async usage(query: UsageQuery): Promise<readonly UsageReportRow[]> {
    return reportUsage(this.#pool, query);
  }

  async reconcile(statementTimeoutMs?: number): Promise<Reconciliation> {
    return reconcileBooks(this.#pool, statementTimeoutMs);
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
