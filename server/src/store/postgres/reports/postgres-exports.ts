// Exports out of PostgreSQL: a cursor in a transaction that sees one moment, so that a month of a million rows needs the
// memory of a thousand.

import type pg from 'pg';
import { USAGE_BUCKETS } from '../../../domain/generation/usage.ts';
import { formatAmount } from '../../../domain/money/nano.ts';
import type { ExportColumn, ExportRow } from '../../../domain/reports/export-lines.ts';
import type { ExportAsk, Exports } from '../../../ports/exports.ts';
import { COLUMNS } from '../price-columns.ts';

const ROWS_AT_ONCE = 1_000;
/** Who stops reading for so long has gone: the transaction ends, and with it the export. */
const READER_AWAY_MS = 300_000;

const INSTANT = (column: string): string =>
  `to_char(${column} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS ${column}`;

type Column = ExportColumn & { readonly sql?: string };

const text = (name: string, sql?: string): Column => ({
  name,
  type: 'text',
  ...(sql !== undefined && { sql }),
});
const number = (name: string): Column => ({ name, type: 'number' });
/** Twice: exact in nano-dollars, and as dollars. */
const amount = (name: string): readonly Column[] => [
  { name: `${name}_nano`, type: 'amount' },
  { name: `${name}_usd`, type: 'amount', sql: `${name}_nano AS ${name}_usd` },
];

const SELECTED: { readonly [what in ExportAsk['what']]: readonly Column[] } = {
  usage: [
    text('request_id', `'req_' || encode(uuid_send(request_id), 'hex') AS request_id`),
    text('started_at', INSTANT('started_at')),
    text('settled_at', INSTANT('settled_at')),
    ...[
      'organisation_id',
      'project_id',
      'key_id',
      'end_user',
      'model',
      'tier',
      'protocol',
      'engine',
    ].map((name) => text(name)),
    text('outcome'),
    text('usage_source'),
    number('price_version'),
    ...USAGE_BUCKETS.map((bucket) => number(COLUMNS[bucket])),
    ...amount('cost'),
    ...amount('charged'),
    ...amount('overrun'),
    number('first_token_after_ms'),
    number('duration_ms'),
  ],
  ledger: [
    text('id'),
    text('created_at', INSTANT('created_at')),
    text('kind'),
    text('debit'),
    text('credit'),
    ...amount('amount'),
  ],
  adjustments: [
    text('rerating'),
    text('posted_at', INSTANT('posted_at')),
    text('request_id', `'req_' || encode(uuid_send(request_id), 'hex') AS request_id`),
    text('started_at', INSTANT('started_at')),
    ...['organisation_id', 'project_id', 'key_id', 'model', 'tier'].map((name) => text(name)),
    number('from_version'),
    number('to_version'),
    ...amount('before'),
    ...amount('after'),
    ...amount('charged'),
  ],
};

/** Their rows, by when, and in which order. */
const SOURCES: {
  readonly [what in ExportAsk['what']]: {
    readonly table: string;
    readonly time: string;
    readonly order: string;
  };
} = {
  usage: { table: 'usage', time: 'started_at', order: 'started_at, request_id' },
  ledger: { table: 'transfer', time: 'created_at', order: 'created_at, id' },
  adjustments: {
    table: `(
      SELECT g.id AS rerating, o.posted_at, r.*, u.started_at, u.project_id, u.key_id, u.model, u.tier
        FROM rerated_organisation AS o JOIN rerating AS g ON g.number = o.number
        JOIN rerated_usage AS r ON r.number = o.number AND r.organisation_id = o.organisation_id
        JOIN usage AS u ON u.request_id = r.request_id) AS a`,
    time: 'posted_at',
    order: 'posted_at, started_at, request_id',
  },
};

export class PostgresExports implements Exports {
  readonly #pool: pg.Pool;

  constructor(pool: pg.Pool) {
    this.#pool = pool;
  }

  columns(what: ExportAsk['what']): readonly ExportColumn[] {
    return SELECTED[what];
  }

  async *rows(ask: ExportAsk): AsyncGenerator<readonly ExportRow[]> {
    const client = await this.#pool.connect();
    let isWhole = false;
    try {
      await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
      await client.query(`SET LOCAL idle_in_transaction_session_timeout = ${READER_AWAY_MS}`);
      const { sql, values } = queryOf(ask);
      await client.query(`DECLARE exported NO SCROLL CURSOR FOR ${sql}`, values);
      const dollars = SELECTED[ask.what].map(({ name }) => name.endsWith('_usd'));
      for (;;) {
        const { rows } = await client.query<(string | null)[]>({
          text: `FETCH ${ROWS_AT_ONCE} FROM exported`,
          rowMode: 'array',
        });
        if (rows.length === 0) break;
        yield rows.map((row) => row.map((cell, at) => shown(cell, dollars[at] === true)));
      }
      await client.query('COMMIT');
      isWhole = true;
    } finally {
      // Closing the connection ends what was not read to its end.
      client.release(!isWhole);
    }
  }
}

function shown(cell: string | null, isDollars: boolean): string | null {
  return cell !== null && isDollars ? formatAmount(BigInt(cell)) : cell;
}

function queryOf({ what, organisationId, fromMs, toMs }: ExportAsk): {
  sql: string;
  values: unknown[];
} {
  const columns = SELECTED[what].map(
    ({ name, sql }) => `(${(sql ?? name).replace(/ AS \w+$/, '')})::text`,
  );
  const { table, time, order } = SOURCES[what];
  const owner =
    what === 'ledger'
      ? `(debit IN ('credits:' || $3, 'pending_credits:' || $3, 'receivable:' || $3, 'credit_line:' || $3)
           OR credit IN ('credits:' || $3, 'pending_credits:' || $3, 'receivable:' || $3, 'credit_line:' || $3))`
      : 'organisation_id = $3';
  const sql = `SELECT ${columns.join(', ')} FROM ${table}
    WHERE ${time} >= to_timestamp($1::float8 / 1000) AND ${time} < to_timestamp($2::float8 / 1000)
      ${organisationId === undefined ? '' : `AND ${owner}`} ORDER BY ${order}`;
  return { sql, values: [fromMs, toMs, ...(organisationId === undefined ? [] : [organisationId])] };
}
