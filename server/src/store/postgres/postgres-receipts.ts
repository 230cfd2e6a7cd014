// Receipts from PostgreSQL: a usage row with the prices of its version, and what a key has spent.

import { setTimeout as sleep } from 'node:timers/promises';
import type pg from 'pg';
import { NO_USAGE, USAGE_BUCKETS, type UsageBucket } from '../../domain/generation/usage.ts';
import type { Settlement } from '../../domain/ledger/settlement.ts';
import { nano } from '../../domain/money/nano.ts';
import type { Owner } from '../../domain/stored/answer.ts';
import { assert } from '../../lib/assert.ts';
import { err, ok } from '../../lib/result.ts';
import type { Accounts } from '../../ports/accounts.ts';
import type { Asked } from '../../ports/asked.ts';
import type { Adjusted, KeyFacts, Receipt, Receipts } from '../../ports/receipts.ts';
import { keyBudgets } from './key-budgets.ts';
import { COLUMNS } from './price-columns.ts';
import { modelsOf } from './prices/price-rows.ts';
import { beganMs, isRequestId, uuidOf } from './request-id.ts';

/** A gateway brings what it settled within 20 ms, and within some more where it is busy. */
const LOOK_AGAIN_AFTER_MS = [25, 50, 100, 250, 500];
/** What another gateway has and this one can't find yet began so recently; or its client asks again. */
const ELSEWHERE_MS = 3_600_000;
/** Clocks of two gateways differ by less. */
const CLOCK_SKEW_MS = 60_000;

export type ReceiptSources = {
  readonly pool: pg.Pool;
  readonly accounts: Accounts;
  readonly gatewayId: string;
  /** Whether this process has it: from its admission until its settle is in PostgreSQL. */
  readonly isUnderWay: (requestId: string) => boolean;
};

type Row = Omit<
  Settlement,
  'usage' | 'requestId' | 'costNano' | 'endUser' | 'firstTokenAfterMs'
> & {
  readonly endUser: string | null;
  readonly firstTokenAfterMs: number | null;
  readonly cost: string;
  readonly charged: string;
  readonly settledAtMs: number;
} & { readonly [bucket in UsageBucket]: string };

const SELECT = `
  SELECT organisation_id AS "organisationId", project_id AS "projectId", key_id AS "keyId", model, engine, protocol,
      usage_source AS "usageSource", outcome, price_version AS "priceVersion", tier, end_user AS "endUser",
      cost_nano AS cost, charged_nano AS charged, first_token_after_ms AS "firstTokenAfterMs", duration_ms AS "durationMs",
      extract(epoch FROM started_at)::float8 * 1000 AS "startedAtMs",
      extract(epoch FROM settled_at)::float8 * 1000 AS "settledAtMs",
      ${USAGE_BUCKETS.map((bucket) => `${COLUMNS[bucket]} AS "${bucket}"`).join(', ')}
    FROM usage WHERE request_id = $1`;

export class PostgresReceipts implements Receipts {
  readonly #pool: pg.Pool;
  readonly #sources: ReceiptSources;

  constructor(sources: ReceiptSources) {
    this.#pool = sources.pool;
    this.#sources = sources;
  }

  async receipt(owner: Owner, requestId: string): Asked<Receipt | undefined> {
    if (!isRequestId(requestId)) return ok(undefined);
    try {
      const row = await this.#await(requestId);
      if (row === undefined) return ok(undefined);
      const { organisationId, projectId } = row;
      if (organisationId !== owner.organisationId || projectId !== owner.projectId)
        return ok(undefined);
      return ok(await this.#receiptOf(requestId, row));
    } catch {
      return err('unavailable');
    }
  }

  /** Waits only for what may be on its way; what nobody has is known to be nowhere at once. */
  async #await(requestId: string): Promise<Row | undefined> {
    // Before the look, or its row could come between the two.
    const isHere = this.#sources.isUnderWay(requestId);
    let row = await this.#find(requestId);
    if (row !== undefined) return row;
    if (!isHere && !(await this.#mayBeElsewhere(requestId))) return undefined;
    for (const waitMs of LOOK_AGAIN_AFTER_MS) {
      await sleep(waitMs);
      row = await this.#find(requestId);
      if (row !== undefined) return row;
    }
    return undefined;
  }

  /** By the time in its id, and only while another gateway is alive. */
  async #mayBeElsewhere(requestId: string): Promise<boolean> {
    const agoMs = Date.now() - beganMs(requestId);
    if (agoMs > ELSEWHERE_MS || agoMs < -CLOCK_SKEW_MS) return false;
    const { rowCount } = await this.#pool.query(
      `SELECT FROM gateway WHERE id <> $1 AND heartbeat_at > now() - interval '1 minute' LIMIT 1`,
      [this.#sources.gatewayId],
    );
    return rowCount !== 0;
  }

  async #find(requestId: string): Promise<Row | undefined> {
    const { rows } = await this.#pool.query<Row>(SELECT, [uuidOf(requestId)]);
    return rows[0];
  }

  async #receiptOf(requestId: string, row: Row): Promise<Receipt> {
    const { cost, charged, settledAtMs, endUser, firstTokenAfterMs, ...rest } = row;
    const usage: { -readonly [bucket in UsageBucket]: number } = { ...NO_USAGE };
    for (const bucket of USAGE_BUCKETS) usage[bucket] = Number(row[bucket]);
    const { organisationId, projectId, keyId, model, engine, protocol, usageSource } = rest;
    const { outcome, priceVersion, tier, startedAtMs, durationMs } = rest;
    const models = (await modelsOf(this.#pool, [priceVersion])).get(priceVersion);
    const price = models?.get(model)?.[tier];
    return {
      settlement: {
        requestId,
        organisationId,
        projectId,
        keyId,
        model,
        engine,
        protocol,
        usage,
        usageSource,
        outcome,
        priceVersion,
        tier,
        startedAtMs,
        durationMs,
        costNano: nano(BigInt(cost)),
        ...(endUser !== null && { endUser }),
        ...(firstTokenAfterMs !== null && { firstTokenAfterMs }),
      },
      chargedNano: nano(BigInt(charged)),
      adjustments: await this.#adjustmentsOf(requestId),
      settledAtMs,
      ...(price !== undefined && { price }),
    };
  }

  async #adjustmentsOf(requestId: string): Promise<Receipt['adjustments']> {
    type Anew = Pick<Adjusted, 'rerating' | 'priceVersion'> & { cost: string; difference: string };
    const { rows } = await this.#pool.query<Anew>(
      `SELECT g.id AS rerating, to_version AS "priceVersion", after_nano AS cost, r.charged_nano AS difference
         FROM rerated_usage AS r JOIN rerated_organisation USING (number, organisation_id) JOIN rerating AS g USING (number)
         WHERE request_id = $1 ORDER BY number`,
      [uuidOf(requestId)],
    );
    return rows.map(({ cost, difference, ...row }) => ({
      ...row,
      costNano: nano(BigInt(cost)),
      differenceNano: BigInt(difference),
    }));
  }

  async keyFacts(keyId: string, nowMs: number): Asked<KeyFacts | undefined> {
    try {
      const now = new Date(nowMs);
      const dayMs = Date.UTC(now.getUTCFullYear(), now.getUTCMonth(), now.getUTCDate());
      const monthMs = Date.UTC(now.getUTCFullYear(), now.getUTCMonth());
      const { rows } = await this.#pool.query<KeyRow>(SELECT_KEY, [keyId, dayMs, monthMs]);
      const row = rows[0];
      if (row === undefined) return ok(undefined);
      const balance = await this.#sources.accounts.balance(row.organisationId);
      assert(balance !== undefined, 'a key belongs to an organisation');
      const { name, redacted, createdAtMs, day, month } = row;
      const spent = { dayNano: nano(BigInt(day)), monthNano: nano(BigInt(month)) };
      const { organisationId, projectId } = row;
      const whose = { organisationId, projectId, keyId };
      const budgets = await keyBudgets(this.#sources.accounts.budgets, whose, nowMs);
      return ok({ name, redacted, createdAtMs, ...spent, balance, budgets });
    } catch {
      return err('unavailable');
    }
  }
}

type KeyRow = {
  readonly projectId: string;
  readonly name: string;
  readonly redacted: string;
  readonly organisationId: string;
  readonly createdAtMs: number;
  readonly day: string;
  readonly month: string;
};

/** By the organisation's index: of a key alone there is none, for it would cost every settle. */
const SELECT_KEY = `
  SELECT k.name, k.redacted, p.organisation_id AS "organisationId", p.id AS "projectId",
      extract(epoch FROM k.created_at)::float8 * 1000 AS "createdAtMs",
      coalesce(s.day, 0)::text AS day, coalesce(s.month, 0)::text AS month
    FROM api_key AS k JOIN project AS p ON p.id = k.project_id
    LEFT JOIN LATERAL (
      SELECT sum(charged_nano) AS month,
          sum(charged_nano) FILTER (WHERE started_at >= to_timestamp($2::float8 / 1000)) AS day
        FROM usage AS u
        WHERE u.organisation_id = p.organisation_id AND u.started_at >= to_timestamp($3::float8 / 1000) AND u.key_id = k.id
    ) AS s ON true
    WHERE k.id = $1`;
