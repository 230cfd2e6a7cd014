// Adds up the books from scratch, in one consistent view, and names everything that does not agree. Empty means: every
// nano-dollar is where the transfers say, and every charge has its usage.

import type pg from 'pg';
import type { Reconciliation } from '../../ports/accounts.ts';
import { COST_SQL } from './price-columns.ts';
import type { Check } from './audit-check.ts';
import { INVOICE_CHECKS } from './billing/audit-invoices.ts';
import { BLOCK_CHECKS } from './credits/audit-blocks.ts';
import { RERATING_CHECKS } from './reratings/audit-reratings.ts';
import type { Finding } from '../../ports/reconciliations.ts';
import { METER_CHECKS } from './reconciliation/audit-meters.ts';
import { ROLL_UP_CHECKS } from './reports/audit-roll-ups.ts';

const CHECKS: readonly Check[] = [
  {
    name: 'I1 the sum of all debits is the sum of all credits',
    sql: `SELECT 'all balances together are ' || sum(balance_nano) || ' instead of 0' AS detail
            FROM account WHERE kind <> 'budget' HAVING sum(balance_nano) <> 0`,
  },
  {
    name: 'I2 a balance is the sum of its transfers',
    sql: `SELECT format('%s has %s, its transfers say %s', coalesce(a.id, t.id), a.balance_nano, t.amount) AS detail
            FROM (SELECT id, balance_nano FROM account WHERE kind <> 'budget') AS a
            FULL JOIN (
              SELECT id, sum(amount) AS amount
                FROM (SELECT credit AS id, amount_nano::numeric AS amount FROM transfer
                      UNION ALL SELECT debit, -amount_nano::numeric FROM transfer) AS leg
                GROUP BY id
            ) AS t ON t.id = a.id
            WHERE coalesce(a.balance_nano, 0) <> coalesce(t.amount, 0) OR a.id IS NULL`,
  },
  {
    name: 'I3 no credit is below what is held, and nothing is held from house accounts',
    sql: `SELECT format('%s has %s, held %s', id, balance_nano, held_nano) AS detail FROM account
            WHERE held_nano < 0 OR (kind = 'credits' AND balance_nano < held_nano)
              OR (kind NOT IN ('credits', 'budget') AND held_nano <> 0)`,
  },
  {
    name: 'I5 every charge has its usage row, with the same amount',
    sql: `SELECT format('%s: usage says %s, transfer says %s', coalesce(t.id, u.id), u.charged_nano, t.amount_nano) AS detail
            FROM (SELECT 'settle:req_' || encode(uuid_send(request_id), 'hex') AS id, charged_nano FROM usage
                    WHERE charged_nano > 0) AS u
            FULL JOIN (SELECT id, amount_nano FROM transfer WHERE kind = 'settle') AS t ON t.id = u.id
            WHERE u.charged_nano IS DISTINCT FROM t.amount_nano::bigint`,
  },
  {
    name: 'I5 every overrun has its usage row, with the same amount',
    sql: `SELECT format('%s: usage says %s, transfer says %s', coalesce(t.id, u.id), u.overrun_nano, t.amount_nano) AS detail
            FROM (SELECT 'overrun:req_' || encode(uuid_send(request_id), 'hex') AS id, overrun_nano FROM usage
                    WHERE overrun_nano > 0) AS u
            FULL JOIN (SELECT id, amount_nano FROM transfer WHERE kind = 'overrun') AS t ON t.id = u.id
            WHERE u.overrun_nano IS DISTINCT FROM t.amount_nano::bigint`,
  },
  {
    name: 'I7 a charge and its overrun are the cost, and nothing for a failure',
    sql: `SELECT format('%s: %s + %s for a cost of %s (%s)', request_id, charged_nano, overrun_nano, cost_nano, outcome) AS detail
            FROM usage
            WHERE charged_nano + overrun_nano <> CASE outcome WHEN 'failed' THEN 0 ELSE cost_nano END`,
  },
  {
    // Rounded half up, once; only where the version is one of ours.
    name: 'I7 a cost is its tokens at the pinned prices',
    sql: `SELECT format('%s: cost %s, its tokens at version %s come to %s', request_id, cost_nano, u.price_version, priced) AS detail
            FROM usage AS u
            JOIN price AS p ON p.version = u.price_version AND p.model = u.model AND p.tier = u.tier
            CROSS JOIN LATERAL (SELECT ${COST_SQL} AS priced) AS x
            WHERE outcome <> 'failed' AND cost_nano <> priced`,
  },
  {
    name: 'I8 what is held from an account is the sum of its open holds and leases',
    sql: `SELECT format('%s holds %s, its open holds and leases are %s', coalesce(a.id, h.id), a.held_nano, h.amount) AS detail
            FROM account AS a
            FULL JOIN (
              SELECT id, sum(amount_nano) AS amount
                FROM (SELECT 'credits:' || organisation_id AS id, amount_nano::bigint FROM hold
                      UNION ALL SELECT unnest(budgets), amount_nano::bigint FROM hold
                      UNION ALL SELECT account_id, amount_nano::bigint FROM lease) AS set_aside
                GROUP BY 1
            ) AS h ON h.id = a.id
            WHERE coalesce(a.held_nano::bigint, 0) <> coalesce(h.amount, 0)`,
  },
  {
    // Also where the limit was set below that later: what is spent was within the limit when it was held.
    name: 'I9 what was spent in a window of a budget is the sum of what was charged in it',
    // Where windows of end users were cleared away, they are one sum with those that are there.
    sql: `WITH spent AS (
              SELECT w.account_id AS id, (w.limit_nano - a.balance_nano - w.before_nano)::numeric AS amount
                FROM budget_window AS w LEFT JOIN account AS a ON a.id = w.account_id
              UNION ALL SELECT window_id, spent_nano FROM budget_window_swept
            ), charged AS (
              SELECT id, sum(charged_nano::bigint) AS amount FROM usage CROSS JOIN LATERAL unnest(budgets) AS id GROUP BY id
            ), sums AS (
              SELECT coalesce(s.window_id, b.id) AS id, sum(spent) AS spent, sum(charged) AS charged
                FROM (SELECT id, amount AS spent, 0 AS charged FROM spent
                      UNION ALL SELECT id, 0, amount FROM charged) AS b
                LEFT JOIN budget_window_swept AS s ON starts_with(b.id, s.window_id || ':')
                GROUP BY 1)
          SELECT format('%s has %s spent, its usage says %s', id, spent, charged) AS detail
            FROM sums WHERE spent IS DISTINCT FROM charged`,
  },
  {
    name: 'I8 a settled request has no hold',
    sql: `SELECT 'request ' || request_id AS detail FROM hold JOIN usage USING (request_id)`,
  },
  {
    name: 'I4 a lease is more than nothing, and its gateway is known',
    sql: `SELECT format('%s of %s at start %s: %s', l.account_id, l.gateway_id, l.epoch, l.amount_nano) AS detail
            FROM lease AS l LEFT JOIN gateway AS g ON g.id = l.gateway_id
            WHERE l.amount_nano = 0 OR g.id IS NULL OR l.epoch > g.epoch`,
  },
  {
    name: 'I11 no record of a settlement log was refused',
    sql: `SELECT format('record %s of %s at start %s: %s', seq, gateway_id, epoch, reason) AS detail
            FROM refused_settlement`,
  },
  ...BLOCK_CHECKS,
  ...ROLL_UP_CHECKS,
  ...INVOICE_CHECKS,
  ...RERATING_CHECKS,
  ...METER_CHECKS,
];

/** Enough to see what is wrong. */
export const FINDINGS_PER_CHECK_MAX = 20;

const TOTALS = `
  SELECT (SELECT count(*) FROM transfer) AS transfers, (SELECT count(*) FROM usage) AS requests,
      coalesce(sum(balance_nano) FILTER (WHERE kind = 'credits'), 0) AS credits,
      coalesce(sum(balance_nano) FILTER (WHERE kind = 'revenue'), 0) AS revenue,
      coalesce(-sum(balance_nano) FILTER (WHERE kind = 'overrun-loss'), 0) AS overrun
    FROM account`;

type TotalsRow = {
  readonly [column in 'transfers' | 'requests' | 'credits' | 'revenue' | 'overrun']: string;
};

export async function auditBooks(pool: pg.Pool): Promise<readonly Finding[]> {
  return (await reconcileBooks(pool)).findings;
}

export async function findingsOf(
  client: pg.Pool | pg.ClientBase,
  checks: readonly Check[],
): Promise<readonly Finding[]> {
  const findings: Finding[] = [];
  for (const { name, sql } of checks) {
    const limited = `SELECT detail FROM (${sql}) AS f LIMIT ${FINDINGS_PER_CHECK_MAX}`;
    const { rows } = await client.query<{ detail: string }>(limited);
    for (const { detail } of rows) findings.push({ check: name, detail });
  }
  return findings;
}

/** `statementTimeoutMs`: how long one check may take; absent: as long as it takes. */
export async function reconcileBooks(
  pool: pg.Pool,
  statementTimeoutMs = 0,
): Promise<Reconciliation> {
  const client = await pool.connect();
  try {
    await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
    await client.query("SELECT set_config('statement_timeout', $1, true)", [
      `${statementTimeoutMs}`,
    ]);
    const findings = await findingsOf(client, CHECKS);
    const { rows } = await client.query<TotalsRow>(TOTALS);
    await client.query('COMMIT');
    client.release();
    const row = rows[0];
    return {
      checks: CHECKS.map(({ name }) => name),
      findings,
      totals: {
        transfers: Number(row?.transfers ?? 0),
        requests: Number(row?.requests ?? 0),
        creditsNano: BigInt(row?.credits ?? 0),
        revenueNano: BigInt(row?.revenue ?? 0),
        overrunNano: BigInt(row?.overrun ?? 0),
      },
    };
  } catch (error) {
    client.release(true); // Whatever state it is in, nobody inherits it.
    throw error;
  }
}
