// Takes a block back: what of it is unburnt and free, then what of it had expired, and the rest the customer owes.

import type pg from 'pg';
import type { CreditBlock, Reversal } from '../../../domain/credits/credit-block.ts';
import { type Nano, nano } from '../../../domain/money/nano.ts';
import type { CreditsReversed } from '../../../ports/accounts.ts';
import { readBlock } from './block-row.ts';
import { freeze, freezeByPolicy } from './freeze.ts';
import { look } from './look.ts';
import { type Leg, makeMoves, openAccount, pairUp } from './moves.ts';

export async function reverseBlock(
  client: pg.ClientBase,
  reversal: Reversal,
  at: Date,
): Promise<{ readonly answer: CreditsReversed; readonly froze: boolean }> {
  const unchanged = (answer: CreditsReversed) => ({ answer, froze: false });
  const known = await readBlock(client, reversal.blockId);
  if (known === undefined || known.source === 'credit-line')
    return unchanged({ kind: 'not-found' });
  const { organisationId } = known;
  await look(client, organisationId, at); // From here on nobody else changes it.
  const before = await reversedBefore(client, reversal);
  if (before !== undefined) return unchanged(before);
  const block = (await readBlock(client, reversal.blockId)) ?? known;
  const parts = await partsOf(client, block, reversal.amountNano);
  const { leftNano } = parts;
  if (reversal.amountNano > leftNano) return unchanged({ kind: 'too-much', leftNano });
  await move(client, block, reversal, parts, at);
  await record(client, reversal, parts, at);
  await client.query(
    `UPDATE credit_block SET remaining_nano = remaining_nano - $2, reversing_nano = reversing_nano + $3 WHERE id = $1`,
    [block.id, `${parts.taken}`, `${parts.owed}`],
  );
  await look(client, organisationId, at); // A debt shortens the credit line.
  const takenNano = nano(parts.taken + parts.expired);
  const owes = parts.owed > 0n && (await freeze(client, organisationId));
  const froze = (await freezeByPolicy(client, organisationId, reversal)) || owes;
  return { answer: { kind: 'reversed', takenNano, owedNano: nano(parts.owed) }, froze };
}

async function reversedBefore(
  client: pg.ClientBase,
  { id, blockId, amountNano, reason }: Reversal,
): Promise<CreditsReversed | undefined> {
  const { rows } = await client.query<{ [column: string]: string }>(
    `SELECT block_id AS block, reason, amount_nano AS amount, taken_nano + expired_nano AS taken, owed_nano AS owed
       FROM credit_reversal WHERE id = $1`,
    [id],
  );
  const row = rows[0];
  if (row === undefined) return undefined;
  if (row['block'] !== blockId) return { kind: 'conflict', field: 'blockId' };
  if (BigInt(row['amount'] ?? 0) !== amountNano) return { kind: 'conflict', field: 'amountNano' };
  if (row['reason'] !== reason) return { kind: 'conflict', field: 'reason' };
  const [takenNano, owedNano] = [nano(BigInt(row['taken'] ?? 0)), nano(BigInt(row['owed'] ?? 0))];
  return { kind: 'already-reversed', takenNano, owedNano };
}

type Parts = {
  /** Of the block, what no reversal has asked for yet. */
  readonly leftNano: Nano;
  readonly taken: bigint;
  readonly expired: bigint;
  readonly owed: bigint;
};

async function partsOf(
  client: pg.ClientBase,
  block: CreditBlock,
  amountNano: bigint,
): Promise<Parts> {
  const { rows } = await client.query<{ [column: string]: string }>(
    `SELECT
       (SELECT balance_nano - held_nano FROM account WHERE id = 'credits:' || $2::text) AS free,
       (SELECT coalesce(sum(amount_nano), 0) FROM credit_movement WHERE block_id = $1 AND kind = 'expire') AS expired,
       coalesce(sum(amount_nano), 0) AS reversed, coalesce(sum(expired_nano), 0) AS unexpired
       FROM credit_reversal WHERE block_id = $1`,
    [block.id, block.organisationId],
  );
  const of = (column: string) => BigInt(rows[0]?.[column] ?? 0);
  const free = block.state === 'pending' ? block.remainingNano : of('free');
  const taken = least(amountNano, block.remainingNano, free);
  const expired = least(amountNano - taken, of('expired') - of('unexpired'));
  const leftNano = nano(block.amountNano - of('reversed'));
  return { leftNano, taken, expired, owed: amountNano - taken - expired };
}

async function move(
  client: pg.ClientBase,
  block: CreditBlock,
  { id, amountNano }: Reversal,
  { leftNano, taken, expired, owed }: Parts,
  at: Date,
): Promise<void> {
  const { organisationId: org, provider } = block;
  const from: readonly Leg[] = [
    {
      account: block.state === 'pending' ? `pending_credits:${org}` : `credits:${org}`,
      amountNano: taken,
      word: '',
    },
    { account: 'breakage', amountNano: expired, word: 'expired' },
    { account: `receivable:${org}`, amountNano: owed, word: 'owed' },
  ];
  const plan = block.source === 'plan';
  const before = block.amountNano - leftNano;
  const paid = paidPart(block, before + amountNano) - paidPart(block, before);
  const to: readonly Leg[] = [
    {
      account: plan ? 'plan_clearing' : `payment_clearing:${provider}`,
      amountNano: paid,
      word: 'reverse',
    },
    {
      account: plan ? 'plan_clearing' : 'promo_cost',
      amountNano: amountNano - paid,
      word: 'reverse-promo',
    },
  ];
  if (owed > 0n) await openAccount(client, `receivable:${org}`, 'receivable', org);
  const moves = pairUp(from, to);
  await makeMoves(client, id, moves, at);
  for (const { kind, from: source, amountNano: part } of moves) {
    if (source !== from[0]?.account) continue;
    await client.query(
      `INSERT INTO credit_movement (id, block_id, kind, amount_nano, created_at) VALUES ($1, $2, 'reverse', $3, $4)`,
      [`${kind}:${id}`, block.id, `${part}`, at],
    );
  }
}

/** Of the first so many nano-dollars of a block, those that were paid for: each has its share, and all of them sum up. */
function paidPart({ costBasisNano, amountNano }: CreditBlock, upTo: bigint): bigint {
  return (upTo * costBasisNano) / amountNano;
}

async function record(
  client: pg.ClientBase,
  { id, blockId, reason, amountNano }: Reversal,
  { taken, expired, owed }: Parts,
  at: Date,
): Promise<void> {
  await client.query(
    `INSERT INTO credit_reversal (id, block_id, reason, amount_nano, taken_nano, expired_nano, owed_nano, created_at)
       VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
    [id, blockId, reason, `${amountNano}`, `${taken}`, `${expired}`, `${owed}`, at],
  );
}

function least(...amounts: readonly bigint[]): bigint {
  return amounts.reduce((a, b) => (a < b ? a : b));
}
