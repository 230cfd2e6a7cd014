// Freezes in PostgreSQL: one row each, kept for good; thawing one writes who did it and why into the same row.

import type pg from 'pg';
import type { Freeze, FreezePolicy } from '../../domain/accounts/freeze.ts';
import type { Freezes, NewFreeze, Thaw } from '../../ports/freezes.ts';
import { freezeOf, type FreezeRow, insertFreeze, SELECT_FREEZE } from './freeze-rows.ts';
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
      const { rows } = await client.query<FreezeRow>(`${SELECT_FREEZE} WHERE id = $1`, [id]);
      return { row: rows[0], version: await nextVersion(client) };
    });
    await this.#feed.reach(thawed.version);
    return thawed.row && freezeOf(thawed.row);
  }

  async list(organisationId: string): Promise<readonly Freeze[]> {
    const { rows } = await this.#pool.query<FreezeRow>(
      `${SELECT_FREEZE} WHERE organisation_id = $1 ORDER BY frozen_at DESC, id LIMIT ${LISTED_MAX}`,
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
