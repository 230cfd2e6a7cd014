// A customer's balance as people may read it: what PostgreSQL has, and what this gateway has settled and holds in memory
// since. Leases of other gateways count as held.

import type pg from 'pg';
import { nano } from '../../domain/money/nano.ts';
import type { Balance } from '../../ports/accounts.ts';
import type { Gateway } from './ledger-batch.ts';

/** What a gateway knows that PostgreSQL will hear of. */
export type LeasesInMemory = {
  readonly gateway: Gateway;
  /** Up to this record everything is in PostgreSQL. */
  readonly appliedSeq: number;
  heldNano(organisationId: string): bigint;
  chargedAfter(organisationId: string, seq: number): bigint;
};

/** A batch that is answered between the two looks makes them disagree; then both are taken again. */
const LOOKS_MAX = 10;

export async function readBalance(
  client: pg.Pool | pg.ClientBase,
  organisationId: string,
  leases: LeasesInMemory | undefined,
): Promise<Balance | undefined> {
  let row = await readRow(client, organisationId, leases);
  for (let look = 1; look < LOOKS_MAX; look++) {
    if (row === undefined || leases === undefined || leases.appliedSeq <= row.seq) break;
    row = await readRow(client, organisationId, leases);
  }
  if (row === undefined) return undefined;
  const balance = row.balance - (leases?.chargedAfter(organisationId, row.seq) ?? 0n);
  const held = row.held - row.leased + (leases?.heldNano(organisationId) ?? 0n);
  return { availableNano: nano(balance - held), heldNano: nano(held), balanceNano: nano(balance) };
}

type Row = {
  readonly balance: bigint;
  readonly held: bigint;
  readonly leased: bigint;
  readonly seq: number;
};

async function readRow(
  client: pg.Pool | pg.ClientBase,
  organisationId: string,
  leases: LeasesInMemory | undefined,
): Promise<Row | undefined> {
  const { rows } = await client.query<{ [column in keyof Row]: string }>(
    `SELECT balance_nano AS balance, held_nano AS held, coalesce(l.amount_nano, 0) AS leased,
         coalesce(w.applied_seq, 0) AS seq
       FROM account AS a
       LEFT JOIN lease AS l ON l.gateway_id = $2 AND l.epoch = $3 AND l.account_id = a.id
       LEFT JOIN settlement_watermark AS w ON w.gateway_id = $2 AND w.epoch = $3
       WHERE a.id = $1`,
    [`credits:${organisationId}`, leases?.gateway.id ?? '', `${leases?.gateway.epoch ?? 0n}`],
  );
  const row = rows[0];
  if (row === undefined) return undefined;
  return {
    balance: BigInt(row.balance),
    held: BigInt(row.held),
    leased: BigInt(row.leased),
    seq: Number(row.seq),
  };
}
