// The second half: what all of an organisation's requests came to goes into the ledger, in one transaction.

import type pg from 'pg';
import { postingOf, type CustomerNow, type Posting } from '../../../domain/pricing/rerating.ts';
import { thaw } from '../credits/freeze.ts';
import { bookTime, look } from '../credits/look.ts';
import { openAccount, pairUp } from '../credits/moves.ts';
import type { RunRow } from './rate-requests.ts';

export type Run = RunRow & { readonly id: string; readonly note: string };

/** True where that lets its keys go on. The caller holds the run's row. */
export async function postAdjustment(
  client: pg.ClientBase,
  run: Run,
  organisationId: string,
): Promise<boolean> {
  const { number } = run;
  // A million requests take seconds to add up: before the account is locked, so that nobody's settle waits for it.
  const requests = await sumUp(client, number, organisationId);
  const at = await bookTime(client);
  await look(client, organisationId, at); // From here on nobody else changes it.
  const revenues = await revenuesOf(client, number, organisationId);
  const chargedNano = await chargedOf(client, number, organisationId);
  const customer = await customerNow(client, organisationId);
  const posting = postingOf({ revenues, chargedNano }, customer);
  const transfers = await move(client, run, organisationId, posting, at);
  const blockId = await giveBack(client, run, organisationId, { ...posting, transfers }, at);
  const open = posting.settledNano - chargedNano;
  if (open !== 0n) {
    await client.query(
      `INSERT INTO rerated_day (number, organisation_id, day, model, tier, requests, cost_nano, charged_nano)
         SELECT $1, $2, max(day), '', '', 0, 0, $3 FROM rerated_day WHERE number = $1 AND organisation_id = $2`,
      [number, organisationId, `${open}`],
    );
  }
  await client.query(
    `INSERT INTO rerated_organisation (number, organisation_id, requests, charged_nano, settled_nano, block_id, posted_at)
       VALUES ($1, $2, $3, $4, $5, $6, $7)`,
    [number, organisationId, requests, `${chargedNano}`, `${posting.settledNano}`, blockId, at],
  );
  await look(client, organisationId, at);
  return posting.debtNano > 0n && (await thaw(client, organisationId));
}

async function sumUp(client: pg.ClientBase, number: string, organisationId: string) {
  const { rows } = await client.query<{ requests: string }>(
    `WITH days AS (
       INSERT INTO rerated_day (number, organisation_id, day, model, tier, requests, cost_nano, charged_nano)
         SELECT $1, $2, date_bin('1 day', started_at, 'epoch'), model, tier, count(*),
             sum(after_nano::bigint - before_nano), sum(r.charged_nano)
           FROM rerated_usage AS r JOIN usage AS u USING (request_id)
           WHERE r.number = $1 AND r.organisation_id = $2 GROUP BY 3, 4, 5
         RETURNING requests
     ) SELECT coalesce(sum(requests), 0)::text AS requests FROM days`,
    [number, organisationId],
  );
  return rows[0]?.requests ?? '0';
}

/** The accounts in the order of their ids, as everybody locks them. */
async function revenuesOf(client: pg.ClientBase, number: string, organisationId: string) {
  const { rows } = await client.query<{ account: string; amount: string }>(
    `SELECT 'revenue:' || model || ':' || tier AS account, sum(cost_nano)::text AS amount FROM rerated_day
       WHERE number = $1 AND organisation_id = $2 GROUP BY model, tier ORDER BY ('revenue:' || model || ':' || tier) COLLATE "C"`,
    [number, organisationId],
  );
  return new Map(rows.map(({ account, amount }) => [account, BigInt(amount)]));
}

async function chargedOf(client: pg.ClientBase, number: string, organisationId: string) {
  const { rows } = await client.query<{ charged: string }>(
    `SELECT coalesce(sum(charged_nano), 0)::text AS charged FROM rerated_day WHERE number = $1 AND organisation_id = $2`,
    [number, organisationId],
  );
  return BigInt(rows[0]?.charged ?? 0);
}

async function customerNow(client: pg.ClientBase, organisationId: string): Promise<CustomerNow> {
  const { rows } = await client.query<{ free: string; owed: string; limit: string; open: string }>(
    `SELECT a.balance_nano - a.held_nano AS free, -coalesce(r.balance_nano, 0) AS owed,
         p.credit_limit_nano::bigint AS limit,
         (SELECT coalesce(sum(charged_nano - settled_nano), 0) FROM rerated_organisation WHERE organisation_id = $1) AS open
       FROM account AS a
       LEFT JOIN account AS r ON r.id = 'receivable:' || $1
       JOIN credit_position AS p ON p.organisation_id = $1
       WHERE a.id = 'credits:' || $1`,
    [organisationId],
  );
  const of = (column: 'free' | 'owed' | 'limit' | 'open') => BigInt(rows[0]?.[column] ?? 0);
  return {
    organisationId,
    freeNano: of('free'),
    owedNano: of('owed'),
    paysAfterwards: of('limit') > 0n,
    openNano: of('open'),
  };
}

type Moved = Posting & { readonly transfers: readonly Made[] };
type Made = { readonly id: string; readonly to: string; readonly amountNano: bigint };

async function move(
  client: pg.ClientBase,
  { id, number }: Run,
  organisationId: string,
  { from, to }: Posting,
  at: Date,
): Promise<readonly Made[]> {
  const receivable = `receivable:${organisationId}`;
  await openAccount(client, receivable, 'receivable', organisationId);
  const accounts = [...from, ...to].map(({ account }) => account);
  await client.query(
    `INSERT INTO account (id, kind) SELECT id, 'revenue' FROM unnest($1::text[] COLLATE "C") AS id
       WHERE id LIKE 'revenue:%' ORDER BY id ON CONFLICT (id) DO NOTHING`,
    [accounts],
  );
  await client.query('SELECT FROM account WHERE id = ANY($1) ORDER BY id FOR UPDATE', [accounts]);
  const named = (legs: Posting['from']) => legs.map((leg) => ({ ...leg, word: 'rerate' }));
  const moves = pairUp(named(from), named(to)).map((one, at_) => ({
    ...one,
    id: `rerate:${id}:${organisationId}:${at_}`,
  }));
  for (const one of moves) {
    const amount = `${one.amountNano}`;
    const values = [one.id, one.from, one.to, amount, 'rerate', at];
    await client.query('SELECT ledger_move($1, $2, $3, $4, $5, $6)', values);
    await client.query('INSERT INTO rerating_transfer VALUES ($1, $2, $3)', [
      one.id,
      number,
      organisationId,
    ]);
  }
  return moves;
}

/** As a block of credits that never ends; what pays a debt has left it at once. */
async function giveBack(
  client: pg.ClientBase,
  { id, note, number }: Run,
  organisationId: string,
  { creditedNano, debtNano, transfers }: Moved,
  at: Date,
): Promise<string | null> {
  if (creditedNano + debtNano === 0n) return null;
  const blockId = `rerate:${number}:${organisationId}`;
  await client.query(
    `INSERT INTO credit_block (id, organisation_id, source, provider, priority, amount_nano, cost_basis_nano, note,
         created_at, effective, remaining_nano)
       VALUES ($1, $2, 'refund', 'manual', 100, $3, 0, $4, $5, true, $6)`,
    [
      blockId,
      organisationId,
      `${creditedNano + debtNano}`,
      noteOf(id, note),
      at,
      `${creditedNano}`,
    ],
  );
  for (const transfer of transfers) {
    if (transfer.to !== `receivable:${organisationId}`) continue;
    await client.query(
      `INSERT INTO credit_movement (id, block_id, kind, amount_nano, created_at) VALUES ($1, $2, 'debt', $3, $4)`,
      [transfer.id, blockId, `${transfer.amountNano}`, at],
    );
  }
  return blockId;
}

function noteOf(id: string, note: string): string {
  return note === '' ? `Prices changed afterwards (${id})` : `${note} (${id})`;
}
