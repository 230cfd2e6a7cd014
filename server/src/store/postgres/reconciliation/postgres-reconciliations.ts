// Runs of the hourly reconciliation: one an hour, whichever server is first, and what they have found.

import type pg from 'pg';
import type {
  Finding,
  MeterHour,
  ReconciliationRun,
  Reconciliations,
  RunDone,
  RunFound,
} from '../../../ports/reconciliations.ts';
import { FINDINGS_PER_CHECK_MAX, findingsOf } from '../audit.ts';
import { transaction } from '../transaction.ts';
import { METER_CHECKS, METER_HOURS } from './audit-meters.ts';
import { differenceKey } from './difference-key.ts';

/** To add up the whole ledger may take a twentieth of the time: what took a minute is due again after twenty. */
const WHOLE_SHARE = 20;

/** Who has begun and not ended for so long is dead. */
const BEGIN = `
  INSERT INTO reconciliation_run (hour, started_at, whole)
    SELECT date_trunc('hour', now(), 'UTC'), now(), coalesce((
      SELECT started_at + ${WHOLE_SHARE} * (ended_at - started_at) < now() FROM reconciliation_run
        WHERE whole AND ended_at IS NOT NULL ORDER BY hour DESC LIMIT 1), true)
    ON CONFLICT (hour) DO UPDATE SET started_at = excluded.started_at
      WHERE reconciliation_run.ended_at IS NULL AND reconciliation_run.started_at < now() - interval '30 minutes'
    RETURNING hour, whole`;

const NOTE = `
  INSERT INTO reconciliation_difference AS d (key, check_name, detail, first_seen_at, last_seen_at)
    SELECT * FROM unnest($1::text[], $2::text[], $3::text[]), (SELECT now(), now()) AS n
    ON CONFLICT (key) DO UPDATE SET detail = excluded.detail, last_seen_at = excluded.last_seen_at,
      episodes = d.episodes + CASE WHEN d.resolved_at IS NULL THEN 0 ELSE 1 END,
      first_seen_at = CASE WHEN d.resolved_at IS NULL THEN d.first_seen_at ELSE excluded.first_seen_at END,
      resolved_at = NULL
    RETURNING check_name, detail,
      alert_note('reconciliation:' || key || ':' || episodes, 'reconciliation.difference', NULL, true,
        jsonb_build_object('check', check_name, 'detail', detail), now()) IS NOT NULL AS is_new`;

export class PostgresReconciliations implements Reconciliations {
  readonly #pool: pg.Pool;

  constructor(pool: pg.Pool) {
    this.#pool = pool;
  }

  async begin(): Promise<ReconciliationRun | undefined> {
    const { rows } = await this.#pool.query<ReconciliationRun>(BEGIN);
    return rows[0];
  }

  async meterFindings() {
    const checks = METER_CHECKS.map(({ name }) => name);
    return { checks, findings: await findingsOf(this.#pool, METER_CHECKS) };
  }

  async end(run: ReconciliationRun, found: RunFound): Promise<readonly Finding[]> {
    const byKey = new Map(found.findings.map((finding) => [differenceKey(finding), finding]));
    const all = [...byKey];
    return transaction(this.#pool, async (client) => {
      const { rows } = await client.query<{
        check_name: string;
        detail: string;
        is_new: boolean;
      }>(NOTE, [
        all.map(([key]) => key),
        all.map(([, { check }]) => check),
        all.map(([, { detail }]) => detail),
      ]);
      await resolve(client, found, [...byKey.keys()]);
      await client.query(
        `UPDATE reconciliation_run SET ended_at = clock_timestamp(), checks = $2, differences = $3, failure = $4
           WHERE hour = $1`,
        [run.hour, found.checks.length, all.length, found.failure ?? null],
      );
      const fresh = rows.filter(({ is_new }) => is_new);
      return fresh.map(({ check_name: check, detail }) => ({ check, detail }));
    });
  }

  async last(): Promise<RunDone | undefined> {
    const { rows } = await this.#pool.query<{
      hour: Date;
      ended_at: Date;
      whole: boolean;
      checks: number;
      differences: number;
      failure: string | null;
    }>('SELECT * FROM reconciliation_run WHERE ended_at IS NOT NULL ORDER BY hour DESC LIMIT 1');
    const [row] = rows;
    if (row === undefined) return undefined;
    const { hour, ended_at: endedAt, whole, checks, differences, failure } = row;
    return { hour, endedAt, whole, checks, differences, ...(failure !== null && { failure }) };
  }

  async meters(sinceMs: number): Promise<readonly MeterHour[]> {
    const { rows } = await this.#pool.query<{ [column: string]: string | Date | null }>(
      `${METER_HOURS} AND started_at >= $1 GROUP BY 1, 2, 3 ORDER BY 1 DESC, 2, 3 LIMIT ${METER_HOURS_MAX}`,
      [new Date(sinceMs)],
    );
    return rows.map((row) => ({
      hour: new Date(row['hour'] ?? 0),
      model: String(row['model']),
      engine: String(row['engine']),
      requests: Number(row['requests']),
      billedInput: Number(row['billed_input']),
      billedOutput: Number(row['billed_output']),
      engineInput: Number(row['engine_input']),
      engineOutput: Number(row['engine_output']),
      gatewayOutput: Number(row['gateway_output']),
      unreported: Number(row['unreported']),
      doubtful: Number(row['doubtful']),
    }));
  }
}

const METER_HOURS_MAX = 2_000;

/** A check that found as many as it may find says nothing about the others. */
async function resolve(
  client: pg.ClientBase,
  { checks, findings }: RunFound,
  keys: readonly string[],
): Promise<void> {
  const isWhole = (check: string): boolean =>
    findings.filter((finding) => finding.check === check).length < FINDINGS_PER_CHECK_MAX;
  await client.query(
    `UPDATE reconciliation_difference SET resolved_at = now()
       WHERE resolved_at IS NULL AND check_name = ANY ($1) AND key <> ALL ($2)`,
    [checks.filter(isWhole), keys],
  );
}
