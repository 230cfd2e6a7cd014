// Adds a block: what is owed is paid first, the rest may be spent from the moment on that the block says.

import type pg from 'pg';
import {
  type CreditBlock,
  type CreditFacts,
  differingFact,
  type NewCredits,
} from '../../../domain/credits/credit-block.ts';
import { assert } from '../../../lib/assert.ts';
import { readBlock } from './block-row.ts';
import { look } from './look.ts';
import { balanceOfAccount, type Leg, makeMoves, openAccount, pairUp } from './moves.ts';

export type Added =
  | { readonly kind: 'added' | 'already-added'; readonly block: CreditBlock }
  | { readonly kind: 'conflict'; readonly field: keyof NewCredits };

/** With those that people don't add: a plan's. */
export type BlockFacts = Omit<CreditFacts, 'source'> & {
  readonly source: CreditFacts['source'] | 'plan';
};

/** What it is meant to pay before it is credit. */
export type Meant = {
  readonly invoiceId?: string;
  /** Of what is due for a plan, all of it: paid before anything that is owed. */
  readonly dueNano?: bigint;
};

export async function addBlock(
  client: pg.ClientBase,
  credits: BlockFacts,
  at: Date,
  meant: Meant = {},
): Promise<Added> {
  if (!(await insertBlock(client, credits, at))) return addedBefore(client, credits);
  const { id, organisationId: org, provider, amountNano, costBasisNano, effectiveAtMs } = credits;
  await look(client, org, at);
  const waits = effectiveAtMs !== undefined && effectiveAtMs > at.getTime();
  const { invoiceId, dueNano: due = 0n } = meant;
  const debt = await debtPaid(client, credits, amountNano - due);
  const paidBy = `payment_clearing:${provider}`;
  const from: readonly Leg[] =
    credits.source === 'plan'
      ? [{ account: 'plan_clearing', amountNano, word: 'plan' }]
      : [
          { account: paidBy, amountNano: costBasisNano, word: '' },
          { account: 'promo_cost', amountNano: amountNano - costBasisNano, word: 'promo' },
        ];
  const to: readonly Leg[] = [
    { account: 'plan_clearing', amountNano: due, word: 'due' },
    { account: `receivable:${org}`, amountNano: debt, word: 'debt' },
    {
      account: waits ? `pending_credits:${org}` : `credits:${org}`,
      amountNano: amountNano - due - debt,
      word: 'topup',
    },
  ];
  if (credits.source !== 'plan') await openAccount(client, paidBy, 'payment-clearing');
  if (waits) await openAccount(client, `pending_credits:${org}`, 'pending-credits', org);
  const moves = pairUp(from, to);
  await makeMoves(client, id, moves, at);
  if (debt > 0n) await payInvoices(client, org, { id, paidNano: debt, invoiceId }, at);
  for (const move of moves) {
    const kind = { [`receivable:${org}`]: 'debt', plan_clearing: 'due' }[move.to];
    if (kind === undefined) continue;
    await client.query(
      `INSERT INTO credit_movement (id, block_id, kind, amount_nano, created_at) VALUES ($1, $2, $3, $4, $5)`,
      [`${move.kind}:${id}`, id, kind, `${move.amountNano}`, at],
    );
  }
  await client.query('UPDATE credit_block SET remaining_nano = $2, effective = $3 WHERE id = $1', [
    id,
    `${amountNano - due - debt}`,
    !waits,
  ]);
  // What was paid back may be spent on credit again; and what is back-dated may have ended.
  await look(client, org, at);
  const block = await readBlock(client, id);
  assert(block !== undefined, 'a block that was inserted is there');
  return { kind: 'added', block };
}

async function payInvoices(
  client: pg.ClientBase,
  organisationId: string,
  {
    id,
    paidNano,
    invoiceId,
  }: {
    readonly id: string;
    readonly paidNano: bigint;
    readonly invoiceId: string | undefined;
  },
  at: Date,
): Promise<void> {
  await client.query('SELECT ledger_invoices_paid($1, $2, $3, $4, $5)', [
    organisationId,
    id,
    `${paidNano}`,
    invoiceId ?? null,
    at,
  ]);
}

/** False when there is one of this id. Whoever sends the same at the same time waits here. */
async function insertBlock(client: pg.ClientBase, credits: BlockFacts, at: Date): Promise<boolean> {
  const { effectiveAtMs, expiresAtMs } = credits;
  const { rowCount } = await client.query(
    `INSERT INTO credit_block (id, organisation_id, source, provider, priority, amount_nano, cost_basis_nano,
         effective_at, expires_at, note, created_at, remaining_nano)
       VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, 0) ON CONFLICT (id) DO NOTHING`,
    [
      credits.id,
      credits.organisationId,
      credits.source,
      credits.provider,
      credits.priority,
      `${credits.amountNano}`,
      `${credits.costBasisNano}`,
      effectiveAtMs === undefined ? null : new Date(effectiveAtMs),
      expiresAtMs === undefined ? null : new Date(expiresAtMs),
      credits.note ?? null,
      at,
    ],
  );
  return rowCount === 1;
}

async function addedBefore(client: pg.ClientBase, credits: BlockFacts): Promise<Added> {
  const block = await readBlock(client, credits.id);
  assert(block !== undefined, 'an id that is taken has its block');
  const field = differingFact(block, credits);
  return field === undefined ? { kind: 'already-added', block } : { kind: 'conflict', field };
}

/** What is given pays no debts, nor does what a plan grants for its own price. */
async function debtPaid(
  client: pg.ClientBase,
  { organisationId, source }: BlockFacts,
  amountNano: bigint,
): Promise<bigint> {
  if (source === 'promo' || source === 'plan') return 0n;
  const owed = -(await balanceOfAccount(client, `receivable:${organisationId}`));
  if (owed <= 0n) return 0n;
  return owed < amountNano ? owed : amountNano;
}
