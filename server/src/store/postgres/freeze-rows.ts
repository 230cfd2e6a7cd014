// Freezes as rows of PostgreSQL.

import type pg from 'pg';
import type { Freeze, FreezeScope } from '../../domain/accounts/freeze.ts';
import { assert } from '../../lib/assert.ts';
import type { NewFreeze } from '../../ports/freezes.ts';

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
export const SELECT_FREEZE = `SELECT ${COLUMNS} FROM account_freeze`;

export type FreezeRow = {
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

export function freezeOf({ frozenAt, thawedAt, thawedBy, thawReason, ...rest }: FreezeRow): Freeze {
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
