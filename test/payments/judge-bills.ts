// What must be true of bills when everything has come to rest: charged once, granted when paid and only then, settled once.

import type { Bench } from './bench.ts';
import type { Shop } from './shop.ts';

type Due = {
  readonly id: string;
  readonly cents: string;
  readonly provider: string | null;
  readonly granted: boolean;
  /** Payments for it that were credited, of at least its amount. */
  readonly credited: number;
};

export async function judgeBills(bench: Bench, shop: Shop): Promise<readonly string[]> {
  const { rows } = await bench.pool.query<Due>(
    `SELECT d.id, d.amount_minor AS cents, p.provider,
         EXISTS (SELECT FROM credit_block AS b WHERE b.id = d.id) AS granted,
         (SELECT count(*)::int FROM top_up AS t WHERE t.pays = 'due:' || d.id AND t.state = 'credited'
           AND t.amount_cents >= d.amount_minor) AS credited
       FROM amount_due AS d LEFT JOIN amount_due_paid AS p ON p.due_id = d.id WHERE d.organisation_id = $1`,
    [shop.organisationId],
  );
  return [
    ...chargedOnce(shop),
    ...rows.flatMap((due) => grantedWhenPaid(shop, due)),
    ...(await settledOnce(bench, shop, rows)),
  ];
}

function chargedOnce({ account, bills }: Shop): readonly string[] {
  const seen = new Map<string, string>();
  return account.intents.flatMap(({ id, status, offSession, metadata, isTampered }) => {
    const bill = bills.get(metadata['turnpike_top_up'] ?? '');
    if (bill === undefined || status !== 'succeeded' || !offSession || isTampered) return [];
    const before = seen.get(bill);
    seen.set(bill, id);
    return before === undefined ? [] : [`I14 ${bill} was charged twice: ${before} and ${id}`];
  });
}

function grantedWhenPaid(
  { name }: Shop,
  { id, provider, granted, credited }: Due,
): readonly string[] {
  const wrong: string[] = [];
  if (granted && provider === null) wrong.push(`I14 ${id} is granted, and nobody has paid`);
  if (!granted && provider !== null) wrong.push(`I14 ${id} is paid, and not granted`);
  if (provider === name && credited === 0) wrong.push(`I14 ${id} is paid by no payment`);
  return wrong;
}

/** What has come in for dues by this provider is the sum of the dues that it has paid. */
async function settledOnce(
  { pool }: Bench,
  { name }: Shop,
  dues: readonly Due[],
): Promise<readonly string[]> {
  const { rows } = await pool.query<{ sum: string }>(
    `SELECT coalesce(sum(amount_nano::bigint), 0)::text AS sum FROM transfer
       WHERE debit = $1 AND credit = 'plan_clearing'`,
    [`payment_clearing:${name}`],
  );
  const paid = dues.filter(({ provider }) => provider === name);
  const wanted = paid.reduce((sum, { cents }) => sum + BigInt(cents) * 10_000_000n, 0n);
  return rows[0]?.sum === `${wanted}`
    ? []
    : [`I14 dues of ${wanted} are paid with ${rows[0]?.sum}`];
}
