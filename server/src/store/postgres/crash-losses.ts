// Books what a crash has cost the house: functions/9-crash-loss.sql has the rules.

import type pg from 'pg';
import { revenueAccount } from '../../domain/ledger/revenue-account.ts';
import type { Unfinished } from '../../domain/ledger/unfinished.ts';
import type { CrashLosses } from '../../ports/crash-losses.ts';
import { uuidOf } from './request-id.ts';

export async function bookCrashLosses(
  pool: pg.Pool,
  unfinished: readonly Unfinished[],
): Promise<CrashLosses> {
  const { rows } = await pool.query<{ requests: string; lost: string }>(
    'SELECT requests, lost FROM ledger_crash_loss($1::uuid[], $2::text[], $3::bigint[])',
    [
      unfinished.map(({ requestId }) => uuidOf(requestId)),
      unfinished.map(revenueAccount),
      unfinished.map(({ costNano }) => `${costNano}`),
    ],
  );
  return { requests: Number(rows[0]?.requests ?? 0), lostNano: BigInt(rows[0]?.lost ?? 0) };
}
