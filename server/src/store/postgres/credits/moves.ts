// Transfers that are not made by the request path: money comes from some accounts and goes to some others, and each pair
// that meets is one transfer.

import type pg from 'pg';

export type Leg = {
  readonly account: string;
  readonly amountNano: bigint;
  /** Names the transfer together with the other side's: `topup`, `debt-promo`. */
  readonly word: string;
};

export type Move = {
  readonly kind: string;
  readonly from: string;
  readonly to: string;
  readonly amountNano: bigint;
};

/** What comes in meets what goes out, in the order given; both come to the same sum. */
export function pairUp(from: readonly Leg[], to: readonly Leg[]): readonly Move[] {
  const moves: Move[] = [];
  const sinks = to.filter(({ amountNano }) => amountNano > 0n);
  let at = 0;
  let room = sinks[0]?.amountNano ?? 0n;
  for (const source of from) {
    let left = source.amountNano;
    while (left > 0n) {
      const sink = sinks[at];
      if (sink === undefined) throw new Error('What comes in is more than what goes out.');
      const amountNano = left < room ? left : room;
      const kind = [sink.word, source.word].filter((word) => word !== '').join('-');
      moves.push({ kind, from: source.account, to: sink.account, amountNano });
      left -= amountNano;
      room -= amountNano;
      if (room === 0n) room = sinks[++at]?.amountNano ?? 0n;
    }
  }
  return moves;
}

/** The customer's credits are locked already; the others are locked here, in the order of their ids. */
export async function makeMoves(
  client: pg.ClientBase,
  what: string,
  moves: readonly Move[],
  at: Date,
): Promise<void> {
  const accounts = moves.flatMap(({ from, to }) => [from, to]);
  await client.query('SELECT FROM account WHERE id = ANY($1) ORDER BY id FOR UPDATE', [accounts]);
  for (const { kind, from, to, amountNano } of moves) {
    const id = `${kind}:${what}`;
    await client.query('SELECT ledger_move($1, $2, $3, $4, $5, $6)', [
      id,
      from,
      to,
      `${amountNano}`,
      kind,
      at,
    ]);
  }
}

export type AccountKind = 'pending-credits' | 'receivable' | 'credit-line' | 'payment-clearing';

export async function openAccount(
  client: pg.ClientBase,
  id: string,
  kind: AccountKind,
  organisationId?: string,
): Promise<void> {
  await client.query(
    'INSERT INTO account (id, kind, organisation_id) VALUES ($1, $2, $3) ON CONFLICT (id) DO NOTHING',
    [id, kind, organisationId ?? null],
  );
}

/** Nano-dollars; 0 where the account was never opened. */
export async function balanceOfAccount(client: pg.ClientBase, id: string): Promise<bigint> {
  const { rows } = await client.query<{ balance: string }>(
    'SELECT balance_nano AS balance FROM account WHERE id = $1',
    [id],
  );
  return BigInt(rows[0]?.balance ?? 0);
}
