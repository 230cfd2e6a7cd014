// Keeps the newest snapshot of keys and prices in memory: woken by NOTIFY, checked by a poll, so that a change is in
// force everywhere within half a second, and the last one stays in force while the database is away.

import type pg from 'pg';
import { allowedByBoth } from '../../domain/accounts/model-access.ts';
import type { KeyEntry, Snapshot } from '../../domain/accounts/snapshot.ts';
import { BudgetTree } from '../../domain/ledger/budget.ts';
import { EndUserNodes } from '../../domain/ledger/end-user-nodes.ts';
import { FreezeList } from '../../domain/accounts/freeze.ts';
import { loadBudgets } from './budget-rows.ts';
import { loadFreezes } from './freeze-rows.ts';
import { loadPrices } from './prices/price-rows.ts';

export const SNAPSHOT_CHANNEL = 'turnpike_snapshot';
const POLL_MS = 400;
/** How long a change of our own may take to be seen by ourselves before its caller is told. */
const REACH_TIMEOUT_MS = 5_000;
const REACH_RETRY_MS = 50;

/** Makes a change and says which version has it; within its transaction. */
export async function nextVersion(client: pg.ClientBase): Promise<number> {
  const { rows } = await client.query<{ version: string }>(
    'UPDATE snapshot_version SET version = version + 1 RETURNING version',
  );
  await client.query(`NOTIFY ${SNAPSHOT_CHANNEL}`);
  return Number(rows[0]?.version);
}

export class SnapshotFeed implements AsyncDisposable {
  readonly #pool: pg.Pool;
  readonly #timer: NodeJS.Timeout;
  readonly #nodes: EndUserNodes;
  #current: Snapshot;
  /** By the monotonic clock, when the question was asked whose answer was this snapshot. */
  #knownCurrentAtMs: number;
  #loading: Promise<void> | undefined;

  private constructor(pool: pg.Pool, nodes: EndUserNodes, first: Snapshot, askedAtMs: number) {
    this.#pool = pool;
    this.#nodes = nodes;
    this.#current = first;
    this.#knownCurrentAtMs = askedAtMs;
    this.#timer = setInterval(() => void this.#refresh(), POLL_MS).unref();
  }

  static async open(pool: pg.Pool): Promise<SnapshotFeed> {
    const askedAtMs = performance.now();
    const nodes = new EndUserNodes();
    return new SnapshotFeed(pool, nodes, await load(pool, nodes), askedAtMs);
  }

  current(): Snapshot {
    return this.#current;
  }

  /** Since the snapshot was last known to be current. */
  ageMs(): number {
    return performance.now() - this.#knownCurrentAtMs;
  }

  /** Resolves when the snapshot has this version. */
  async reach(version: number): Promise<void> {
    const deadlineMs = performance.now() + REACH_TIMEOUT_MS;
    while (this.#current.version < version) {
      await this.#refresh();
      if (this.#current.version >= version) return;
      if (performance.now() > deadlineMs) {
        throw new Error(
          'The change is recorded, but PostgreSQL went away; it is in force when it is back.',
        );
      }
      await new Promise((resume) => setTimeout(resume, REACH_RETRY_MS));
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#timer);
    await this.#loading;
  }

  /** Something has changed. */
  hear(): void {
    void this.#refresh();
  }

  /** Never rejects: the last snapshot stays in force while the database can't be reached. */
  #refresh(): Promise<void> {
    this.#loading ??= this.#loadIfNewer()
      .catch(() => {})
      .finally(() => (this.#loading = undefined));
    return this.#loading;
  }

  async #loadIfNewer(): Promise<void> {
    const askedAtMs = performance.now();
    const { rows } = await this.#pool.query<{ version: string }>(
      'SELECT version FROM snapshot_version',
    );
    if (Number(rows[0]?.version) !== this.#current.version) {
      this.#current = await load(this.#pool, this.#nodes);
    }
    this.#knownCurrentAtMs = askedAtMs;
  }
}

/** One consistent view: keys and prices as of one version. */
async function load(pool: pg.Pool, nodes: EndUserNodes): Promise<Snapshot> {
  const client = await pool.connect();
  try {
    await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
    const { rows } = await client.query<{ version: string }>(
      'SELECT version FROM snapshot_version',
    );
    const keys = await loadKeys(client);
    const prices = await loadPrices(client);
    const budgets = await loadBudgets(client);
    const freezes = await loadFreezes(client);
    await client.query('COMMIT');
    client.release();
    const tree = budgets.length > 0 && { budgets: new BudgetTree(budgets, nodes) };
    const frozen = freezes.length > 0 && { freezes: new FreezeList(freezes) };
    return { version: Number(rows[0]?.version), keys, prices, ...tree, ...frozen };
  } catch (error) {
    client.release(true); // Whatever state it is in, nobody inherits it.
    throw error;
  }
}

type KeyColumns = [
  hash: string,
  id: string,
  project: string,
  organisation: string,
  revoked: boolean,
];
type List = readonly string[] | null;

async function loadKeys(client: pg.ClientBase): Promise<ReadonlyMap<string, KeyEntry>> {
  const { rows } = await client.query<[...KeyColumns, List, List, boolean, boolean]>({
    text: `SELECT k.hash, k.id, k.project_id, p.organisation_id, k.revoked_at IS NOT NULL, p.models, k.models,
                 coalesce(c.frozen, false),
                 coalesce((SELECT kind = 'granted' FROM data_use_consent AS d WHERE d.project_id = p.id
                   ORDER BY d.id DESC LIMIT 1), false)
             FROM api_key AS k JOIN project AS p ON p.id = k.project_id
             LEFT JOIN credit_position AS c ON c.organisation_id = p.organisation_id`,
    rowMode: 'array',
  });
  return new Map(
    rows.map((row) => {
      const [hash, keyId, projectId, organisationId, revoked, ofProject, ofKey] = row;
      const [, , , , , , , isFrozen, consents] = row;
      const models = allowedByBoth(ofProject ?? undefined, ofKey ?? undefined);
      const listed = models !== undefined && { models };
      const frozen = isFrozen && { frozen: true as const };
      const contributes = consents && { contributes: true as const };
      const entry = { keyId, projectId, organisationId, revoked };
      return [hash, { ...entry, ...frozen, ...contributes, ...listed }];
    }),
  );
}
