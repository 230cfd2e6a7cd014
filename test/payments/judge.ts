// What must be true when everything has come to rest, said of Stripe's side and of the books, and computed without the till.

import type { Bench } from './bench.ts';
import { judgeBills } from './judge-bills.ts';
import type { Shop } from './shop.ts';
import type { Intent } from './stripe-account.ts';

const NANO_PER_CENT = 10_000_000n;
const MONTHLY_CAP_CENTS = 6_000;

export async function judge(bench: Bench, shop: Shop): Promise<readonly string[]> {
  const rows = await rowsOf(bench, shop);
  return [
    ...chargedOnce(shop),
    ...creditedOnce(shop, rows),
    ...atRest(rows),
    ...(await reversalsAtRest(bench, shop)),
    ...(await sameMoney(bench, shop)),
    ...withinCap(shop, rows),
    ...shop.overlaps.map((what) => `I14 two automatic charges at once: ${what}`),
    ...(await judgeBills(bench, shop)),
    ...(await compared(shop)),
  ];
}

type Row = {
  readonly id: string;
  readonly state: string;
  readonly origin: string;
  readonly payment_id: string | null;
  readonly created_at: Date;
  readonly credits: number;
};

async function rowsOf({ pool }: Bench, { name, organisationId }: Shop): Promise<readonly Row[]> {
  const { rows } = await pool.query<Row>(
    `SELECT t.id, t.state, t.origin, t.payment_id, t.created_at,
         -- Whatever it went to: credit, what was owed, what was due for a plan.
         (SELECT count(*)::int FROM credit_block AS b WHERE b.id = $2 || ':' || t.payment_id AND EXISTS (
           SELECT FROM transfer WHERE id IN ('topup:' || b.id, 'debt:' || b.id, 'due:' || b.id))) AS credits
       FROM top_up AS t WHERE t.organisation_id = $1`,
    [organisationId, name],
  );
  return rows;
}

function paidOf({ account }: Shop): readonly Intent[] {
  return account.intents.filter((one) => one.status === 'succeeded' && !one.isTampered);
}

function chargedOnce(shop: Shop): readonly string[] {
  const seen = new Map<string, string>();
  return paidOf(shop).flatMap(({ id, metadata }) => {
    const topUp = metadata['turnpike_top_up'] ?? '';
    const before = seen.get(topUp);
    seen.set(topUp, id);
    return before === undefined ? [] : [`I14 ${topUp} was charged twice: ${before} and ${id}`];
  });
}

function creditedOnce(shop: Shop, rows: readonly Row[]): readonly string[] {
  const missing = paidOf(shop).flatMap(({ id, metadata }) => {
    const row = rows.find((one) => one.id === metadata['turnpike_top_up']);
    const isCredited = row?.state === 'credited' && row.payment_id === id && row.credits === 1;
    return isCredited
      ? []
      : [`I14 ${id} was paid, and its top-up ${row?.id} is ${row?.state} (${row?.credits})`];
  });
  const paid = new Set(paidOf(shop).map(({ id }) => id));
  const invented = rows
    .filter((row) => row.state === 'credited' && !paid.has(row.payment_id ?? ''))
    .map((row) => `I14 ${row.id} is credited, and ${row.payment_id} was not paid`);
  return [...missing, ...invented];
}

function atRest(rows: readonly Row[]): readonly string[] {
  return rows
    .filter(({ state }) => state === 'created' || state === 'open' || state === 'paid')
    .map(({ id, state }) => `${id} is still ${state}`);
}

async function reversalsAtRest({ pool }: Bench, { name }: Shop): Promise<readonly string[]> {
  const { rows } = await pool.query<{ id: string }>(
    `SELECT id FROM payment_reversal WHERE provider = $1 AND state = 'seen'`,
    [name],
  );
  return rows.map(({ id }) => `${id} was never taken back`);
}

/** Captured less what was taken back = what the books have of this provider, to the nano-dollar. */
async function sameMoney({ pool }: Bench, shop: Shop): Promise<readonly string[]> {
  const cents = paidOf(shop).reduce(
    (sum, intent) => sum + intent.amountReceived - shop.account.takenBack(intent),
    0,
  );
  const { rows } = await pool.query<{ balance: string | null; transfers: string | null }>(
    `SELECT (SELECT balance_nano FROM account WHERE id = $1) AS balance,
         sum(CASE WHEN debit = $1 THEN amount_nano::numeric ELSE -amount_nano::numeric END) AS transfers
       FROM transfer WHERE debit = $1 OR credit = $1`,
    [`payment_clearing:${shop.name}`],
  );
  const ours = BigInt(rows[0]?.transfers ?? 0);
  const theirs = BigInt(cents) * NANO_PER_CENT;
  if (ours === theirs && ours === -BigInt(rows[0]?.balance ?? 0)) return [];
  return [`I14 I20 Stripe has ${theirs} nano-dollars for us, the books say ${ours}`];
}

function withinCap(shop: Shop, rows: readonly Row[]): readonly string[] {
  const months = new Map<string, number>();
  for (const intent of paidOf(shop)) {
    const row = rows.find((one) => one.id === intent.metadata['turnpike_top_up']);
    if (row?.origin !== 'auto-reload') continue;
    const month = row.created_at.toISOString().slice(0, 7);
    months.set(month, (months.get(month) ?? 0) + intent.amount);
  }
  return [...months]
    .filter(([, cents]) => cents > MONTHLY_CAP_CENTS)
    .map(([month, cents]) => `I14 auto-reload charged ${cents} cents in ${month}`);
}

/** Reconciliation finds what was tampered with, and nothing else. */
async function compared(shop: Shop): Promise<readonly string[]> {
  const differences = await shop.tills[0].compare(0);
  const odd = new Set(shop.account.intents.filter((one) => one.isTampered).map(({ id }) => id));
  return differences
    .filter(
      ({ provider, detail }) => provider === shop.name && !odd.has(detail.split(':')[0] ?? ''),
    )
    .map(({ detail }) => `reconciliation says: ${detail}`);
}
