// Versions as their operator reads them: with their prices, and by whom they were called off.

import type pg from 'pg';
import type { CalledOff, Version } from '../../../ports/price-books.ts';
import { modelsOf } from './price-rows.ts';

const ROWS_MAX = 1_000;

type Row = Omit<Version, 'models' | 'calledOff'> & {
  readonly offBy: string | null;
  readonly reason: string | null;
  readonly offAtMs: number | null;
};

/** The newest first. */
export async function readVersions(
  client: pg.Pool | pg.ClientBase,
  where: 'book_id = $1' | 'version = $1',
  what: string | number,
): Promise<readonly Version[]> {
  const { rows } = await client.query<Row>(
    `SELECT version, book_id AS "bookId", extract(epoch FROM effective_from)::float8 * 1000 AS "effectiveFromMs", source,
         note, scheduled_by AS by, by_whom AS "offBy", reason, extract(epoch FROM at)::float8 * 1000 AS "offAtMs"
       FROM price_book_version LEFT JOIN price_version_called_off USING (version)
       WHERE ${where} ORDER BY effective_from DESC, version DESC LIMIT ${ROWS_MAX}`,
    [what],
  );
  const models = await modelsOf(
    client,
    rows.map(({ version }) => version),
  );
  return rows.map(({ offBy, reason, offAtMs, ...row }) => {
    const calledOff = calledOffOf(offBy, reason, offAtMs);
    return {
      ...row,
      models: models.get(row.version) ?? new Map(),
      ...(calledOff !== undefined && { calledOff }),
    };
  });
}

function calledOffOf(
  by: string | null,
  reason: string | null,
  atMs: number | null,
): CalledOff | undefined {
  return by === null || reason === null || atMs === null ? undefined : { by, reason, atMs };
}
