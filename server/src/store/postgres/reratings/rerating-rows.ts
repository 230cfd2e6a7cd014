// Runs as PostgreSQL keeps them.

import type pg from 'pg';
import type { ReratedOrganisation, Rerating } from '../../../ports/reratings.ts';

const RUNS_LISTED_MAX = 100;

type Row = {
  readonly number: string;
  readonly id: string;
  readonly organisationId: string | null;
  readonly fromMs: number;
  readonly toMs: number;
  readonly version: number | null;
  readonly note: string;
  readonly by: string;
  readonly begunAtMs: number;
  readonly finishedAtMs: number | null;
};

type PostedRow = {
  readonly number: string;
  readonly organisationId: string;
  readonly requests: string;
  readonly charged: string;
  readonly settled: string;
  readonly blockId: string | null;
};

const SELECT = `
  SELECT number::text, id, organisation_id AS "organisationId", version, note, made_by AS by,
      extract(epoch FROM from_at)::float8 * 1000 AS "fromMs", extract(epoch FROM to_at)::float8 * 1000 AS "toMs",
      extract(epoch FROM begun_at)::float8 * 1000 AS "begunAtMs",
      extract(epoch FROM finished_at)::float8 * 1000 AS "finishedAtMs"
    FROM rerating LEFT JOIN rerating_finished USING (number)`;

/** With `FOR UPDATE OF rerating` nobody else works on it until the transaction ends. */
export async function lockRun(client: pg.ClientBase, id: string): Promise<Row | undefined> {
  const { rows } = await client.query<Row>(`${SELECT} WHERE id = $1 FOR UPDATE OF rerating`, [id]);
  return rows[0];
}

export async function readRuns(
  client: pg.Pool | pg.ClientBase,
  id?: string,
): Promise<readonly Rerating[]> {
  const { rows } = await client.query<Row>(
    `${SELECT} WHERE $1::text IS NULL OR id = $1 ORDER BY rerating.number DESC LIMIT ${RUNS_LISTED_MAX}`,
    [id ?? null],
  );
  const posted = await client.query<PostedRow>(
    `SELECT number::text, organisation_id AS "organisationId", requests::text, charged_nano::text AS charged,
         settled_nano::text AS settled, block_id AS "blockId"
       FROM rerated_organisation WHERE number = ANY ($1) ORDER BY organisation_id`,
    [rows.map(({ number }) => number)],
  );
  const of = Map.groupBy(posted.rows, ({ number }) => number);
  return rows.map((row) => runOf(row, (of.get(row.number) ?? []).map(postedOf)));
}

function runOf(row: Row, organisations: readonly ReratedOrganisation[]): Rerating {
  const { id, organisationId, fromMs, toMs, version, note, by, begunAtMs, finishedAtMs } = row;
  return {
    id,
    fromMs,
    toMs,
    note,
    by,
    begunAtMs,
    organisations,
    ...(organisationId !== null && { organisationId }),
    ...(version !== null && { version }),
    ...(finishedAtMs !== null && { finishedAtMs }),
  };
}

function postedOf({ organisationId, requests, charged, settled, blockId }: PostedRow) {
  return {
    organisationId,
    requests: Number(requests),
    chargedNano: BigInt(charged),
    settledNano: BigInt(settled),
    ...(blockId !== null && { blockId }),
  };
}
