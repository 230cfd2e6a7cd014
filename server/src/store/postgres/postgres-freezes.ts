// Freezes in PostgreSQL: one row each, kept for good; thawing one writes who did it and why into the same row.

import type pg from 'pg';
import type { Freeze, FreezePolicy, FreezeScope } from '../../domain/accounts/freeze.ts';
import { assert } from '../../lib/assert.ts';
import type { Freezes, NewFreeze, Thaw } from '../../ports/freezes.ts';
import { nextVersion, type SnapshotFeed } from './snapshot-feed.ts';
import { transaction } from './transaction.ts';

const LISTED_MAX = 1_000;

export class PostgresFreezes implements Freezes {
  readonly #pool: pg.Pool;
  readonly #feed: Pick<SnapshotFeed, 'reach'>;

  constructor(pool: pg.Pool, feed: Pick<SnapshotFeed, 'reach'>) {
    this.#pool = pool;
    this.#feed = feed;
  }

  async freeze(freeze: NewFreeze): Promise<Freeze> {
    const made = await transaction(this.#pool, async (client) => ({
      row: await insertFreeze(client, freeze),
      version: await nextVersion(client),
    }));
    await this.#feed.reach(made.version);
    return freezeOf(made.row);
  }

  async thaw({ id, by, reason }: Thaw): Promise<Freeze | undefined> {
    const thawed = await transaction(this.#pool, async (client) => {
      await client.query(
        `UPDATE account_freeze SET thawed_at = clock_timestamp(), thawed_by = $2, thaw_reason = $3
           WHERE id = $1 AND thawed_at IS NULL`,
        [id, by, reason],
      );
      const { rows } = await client.query<FreezeRow>(`${SELECT} WHERE id = $1`, [id]);
      return { row: rows[0], version: await nextVersion(client) };
    });
    await this.#feed.reach(thawed.version);
    return thawed.row && freezeOf(thawed.row);
  }

  async list(organisationId: string): Promise<readonly Freeze[]> {
    const { rows } = await this.#pool.query<FreezeRow>(
      `${SELECT} WHERE organisation_id = $1 ORDER BY frozen_at DESC, id LIMIT ${LISTED_MAX}`,
      [organisationId],
    );
    return rows.map(freezeOf);
  }

  async policy(organisationId: string): Promise<FreezePolicy> {
    const { rows } = await this.#pool.query<{ policy: FreezePolicy }>(
      'SELECT freezes_on AS policy FROM credit_position WHERE organisation_id = $1',
      [organisationId],
    );
    return rows[0]?.policy ?? 'debt';
  }

  async setPolicy(organisationId: string, policy: FreezePolicy): Promise<void> {
    await this.#pool.query(
      `INSERT INTO credit_position (organisation_id, freezes_on) VALUES ($1, $2)
         ON CONFLICT (organisation_id) DO UPDATE SET freezes_on = excluded.freezes_on`,
      [organisationId, policy],
    );
  }
}

/** Within a transaction; whoever calls takes the next version of the snapshot. */
export async function insertFreeze(client: pg.ClientBase, freeze: NewFreeze): Promise<FreezeRow> {
  const { id, organisationId, scope, subject, reason, by, endsRunning } = freeze;
  const { rows } = await client.query<FreezeRow>(
    `INSERT INTO account_freeze AS f (id, organisation_id, scope, subject, reason, frozen_by, ends_running)
       VALUES ($1, $2, $3, $4, $5, $6, $7)
       ON CONFLICT (scope, subject) WHERE thawed_at IS NULL
       DO UPDATE SET ends_running = f.ends_running OR excluded.ends_running
       RETURNING ${COLUMNS}`,
    [id, organisationId, scope, subject, reason, by, endsRunning],
  );
  const [row] = rows;
  assert(row !== undefined, 'a freeze is made, or was there');
  return row;
}

const COLUMNS = `id, organisation_id AS "organisationId", scope, subject, reason, frozen_by AS by,
  ends_running AS "endsRunning", frozen_at AS "frozenAt", thawed_at AS "thawedAt", thawed_by AS "thawedBy",
  thaw_reason AS "thawReason"`;
const SELECT = `SELECT ${COLUMNS} FROM account_freeze`;

type FreezeRow = {
  readonly id: string;
  readonly organisationId: string;
  readonly scope: FreezeScope;
  readonly subject: string;
  readonly reason: string;
  readonly by: string;
  readonly endsRunning: boolean;
  readonly frozenAt: Date;
  readonly thawedAt: Date | null;
  readonly thawedBy: string | null;
  readonly thawReason: string | null;
};

function freezeOf({ frozenAt, thawedAt, thawedBy, thawReason, ...rest }: FreezeRow): Freeze {
  const freeze = { ...rest, frozenAtMs: frozenAt.getTime() };
  if (thawedAt === null) return freeze;
  const thawed = { atMs: thawedAt.getTime(), by: thawedBy ?? '', reason: thawReason ?? '' };
  return { ...freeze, thawed };
}

/** Those in force. */
export async function loadFreezes(client: pg.ClientBase) {
  const { rows } = await client.query<Pick<Freeze, 'scope' | 'subject' | 'endsRunning'>>(
    'SELECT scope, subject, ends_running AS "endsRunning" FROM account_freeze WHERE thawed_at IS NULL',
  );
  return rows;
}
