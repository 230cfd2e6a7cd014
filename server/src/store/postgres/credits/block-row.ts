// A block as PostgreSQL has it, and as everybody else reads it.

import type pg from 'pg';
import type { BlockSource, BlockState, CreditBlock } from '../../../domain/credits/credit-block.ts';
import { nano } from '../../../domain/money/nano.ts';

type BlockRow = {
  readonly id: string;
  readonly organisation: string;
  readonly source: BlockSource;
  readonly provider: string;
  readonly priority: number;
  readonly amount: string;
  readonly basis: string;
  readonly begins: Date | null;
  readonly ends: Date | null;
  readonly note: string | null;
  readonly created: Date;
  readonly effective: boolean;
  readonly remaining: string;
};

const SELECT_BLOCK = `
  SELECT id, organisation_id AS organisation, source, provider, priority, amount_nano AS amount, cost_basis_nano AS basis,
      effective_at AS begins, expires_at AS ends, note, created_at AS created, effective, remaining_nano AS remaining
    FROM credit_block`;

/** What is live first, as it burns; what has ended last, the newest first. */
const IN_BURN_ORDER = `
  ORDER BY remaining_nano = 0, CASE WHEN remaining_nano = 0 THEN created_at END DESC, remaining_nano > 0 AND effective DESC,
    priority, expires_at NULLS LAST, burn_rank(source), coalesce(effective_at, created_at), id`;

/** More blocks than this are no list that anybody reads; those that are live come first. */
const BLOCKS_LISTED_MAX = 1_000;

export async function readBlocks(
  client: pg.ClientBase,
  organisationId: string,
): Promise<readonly CreditBlock[]> {
  const { rows } = await client.query<BlockRow>(
    `${SELECT_BLOCK} WHERE organisation_id = $1 ${IN_BURN_ORDER} LIMIT ${BLOCKS_LISTED_MAX}`,
    [organisationId],
  );
  return rows.map(blockOf);
}

export async function readBlock(
  client: pg.ClientBase,
  id: string,
): Promise<CreditBlock | undefined> {
  const { rows } = await client.query<BlockRow>(`${SELECT_BLOCK} WHERE id = $1`, [id]);
  return rows[0] === undefined ? undefined : blockOf(rows[0]);
}

function blockOf(row: BlockRow): CreditBlock {
  return {
    id: row.id,
    organisationId: row.organisation,
    source: row.source,
    provider: row.provider,
    priority: row.priority,
    amountNano: nano(BigInt(row.amount)),
    costBasisNano: nano(BigInt(row.basis)),
    ...(row.begins !== null && { effectiveAtMs: row.begins.getTime() }),
    ...(row.ends !== null && { expiresAtMs: row.ends.getTime() }),
    ...(row.note !== null && { note: row.note }),
    createdAtMs: row.created.getTime(),
    state: stateOf(row),
    remainingNano: nano(BigInt(row.remaining)),
  };
}

function stateOf({ effective, remaining }: BlockRow): BlockState {
  if (remaining === '0') return 'ended';
  return effective ? 'live' : 'pending';
}
