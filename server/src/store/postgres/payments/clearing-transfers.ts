// What the books have of a payment provider: every credit and reversal that is called after one of its objects
// (`till/credit-id.ts`).

import type pg from 'pg';
import type { ClearingTransfer } from '../../../ports/till-book.ts';

/** More than a provider's list is compared with at once. */
const ROWS_MAX = 200_000;

const BOOKED = `
  SELECT id, amount_nano AS amount, created_at AS at, false AS reversal FROM credit_block
    WHERE provider = $1 AND source = 'payment' AND created_at >= $2 AND starts_with(id, $1 || ':')
  UNION ALL
  SELECT r.id, r.amount_nano, r.created_at, true FROM credit_reversal AS r JOIN credit_block AS b ON b.id = r.block_id
    WHERE b.provider = $1 AND r.created_at >= $2 AND starts_with(r.id, $1 || ':')
  ORDER BY at, id LIMIT ${ROWS_MAX}`;

type Row = {
  readonly id: string;
  readonly amount: string;
  readonly at: Date;
  readonly reversal: boolean;
};

export async function readClearing(
  pool: pg.Pool,
  provider: string,
  sinceMs: number,
): Promise<readonly ClearingTransfer[]> {
  const { rows } = await pool.query<Row>(BOOKED, [provider, new Date(sinceMs)]);
  return rows.map(({ id, amount, at, reversal }) => {
    const [objectId = '', part] = id.slice(provider.length + 1).split('#');
    const credit = part === 'back' ? 'given-back' : 'credit';
    return {
      id,
      objectId,
      what: reversal ? 'taken-back' : credit,
      amountNano: BigInt(amount),
      atMs: at.getTime(),
    };
  });
}
