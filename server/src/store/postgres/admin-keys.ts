// Admin keys in PostgreSQL.

import type pg from 'pg';
import { assert } from '../../lib/assert.ts';
import type { AdminKeyRecord, AdminKeys, NewAdminKey } from '../../ports/admin-keys.ts';

const LIST_ROWS_MAX = 10_000;
const COLUMNS = `id, organisation_id AS "organisationId", name, redacted,
  created_at AS "createdAt", revoked_at AS "revokedAt"`;

type Row = Omit<AdminKeyRecord, 'createdAtMs' | 'revokedAtMs'> & {
  readonly createdAt: Date;
  readonly revokedAt: Date | null;
};

export class PostgresAdminKeys implements AdminKeys {
  readonly #pool: pg.Pool;

  constructor(pool: pg.Pool) {
    this.#pool = pool;
  }

  async list(organisationId: string): Promise<readonly AdminKeyRecord[]> {
    const { rows } = await this.#pool.query<Row>(
      `SELECT ${COLUMNS} FROM admin_key WHERE organisation_id = $1 ORDER BY created_at, id LIMIT ${LIST_ROWS_MAX}`,
      [organisationId],
    );
    return rows.map(recordOf);
  }

  async create({ id, organisationId, name, hash, redacted }: NewAdminKey): Promise<AdminKeyRecord> {
    const { rows } = await this.#pool.query<Row>(
      `INSERT INTO admin_key (id, organisation_id, name, hash, redacted) VALUES ($1, $2, $3, $4, $5)
         RETURNING ${COLUMNS}`,
      [id, organisationId, name, hash, redacted],
    );
    const [row] = rows;
    assert(row !== undefined, 'a key that was inserted is there');
    return recordOf(row);
  }

  async revoke(id: string): Promise<boolean> {
    const { rowCount } = await this.#pool.query(
      'UPDATE admin_key SET revoked_at = coalesce(revoked_at, now()) WHERE id = $1',
      [id],
    );
    return rowCount === 1;
  }

  async find(hash: string): Promise<AdminKeyRecord | undefined> {
    const sql = `SELECT ${COLUMNS} FROM admin_key WHERE hash = $1`;
    const { rows } = await this.#pool.query<Row>(sql, [hash]);
    return rows[0] && recordOf(rows[0]);
  }
}

function recordOf({ createdAt, revokedAt, ...rest }: Row): AdminKeyRecord {
  return {
    ...rest,
    createdAtMs: createdAt.getTime(),
    ...(revokedAt !== null && { revokedAtMs: revokedAt.getTime() }),
  };
}
