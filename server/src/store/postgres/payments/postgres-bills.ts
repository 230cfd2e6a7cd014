// Bills: what of each is to be paid, and the one place where the saved card is charged for it, under a lock on its row, so that
// "one at a time" holds for any number of gateways.

import type pg from 'pg';
import { centsFor, dollarsOfCents } from '../../../domain/payments/amount.ts';
import { type BillId, billOf, CHARGE_CENTS_MIN, retryAtMs } from '../../../domain/payments/bill.ts';
import type { TopUp } from '../../../domain/payments/top-up.ts';
import type {
  Bills,
  NewTopUp,
  Payable,
  TopUpChange,
  TopUpChanged,
} from '../../../ports/till-book.ts';
import { codeOf } from '../connection.ts';
import { endUnpaid, lockDue } from '../plans/settle-due.ts';
import { transaction } from '../transaction.ts';
import { noteEvent } from './postgres-payment-events.ts';
import { changeTopUp, insertTopUp } from './postgres-top-ups.ts';
import { timeOf } from './top-up-row.ts';

/** Until what was begun has an end; then it is looked at again. */
const IN_FLIGHT_LOOK_MS = 3_600_000;

/** Whether a card was saved meanwhile. */
const NO_CARD_LOOK_MS = 24 * 3_600_000;

export class PostgresBills implements Bills {
  readonly #pool: pg.Pool;

  constructor(pool: pg.Pool) {
    this.#pool = pool;
  }

  payable(id: BillId): Promise<Payable> {
    return transaction(this.#pool, (client) => payableOf(client, id));
  }

  async due(nowMs: number, count: number): Promise<readonly BillId[]> {
    const { rows } = await this.#pool.query<{ id: string }>(
      `SELECT id FROM bill WHERE state = 'open' AND next_at <= $1 ORDER BY next_at LIMIT $2`,
      [new Date(nowMs), count],
    );
    return rows.map(({ id }) => id);
  }

  async begin(
    id: BillId,
    topUp: Pick<NewTopUp, 'id' | 'provider' | 'currency'>,
    ttlMs: number,
    nowMs: number,
  ): Promise<TopUp | undefined> {
    return transaction(this.#pool, async (client) => {
      // The subscription before the bill, as everybody else does.
      const payable = await payableOf(client, id);
      if (!(await isDue(client, id, nowMs))) return undefined;
      if (payable.kind !== 'payable') {
        await endBill(client, id, payable.kind === 'paid' ? 'paid' : 'void');
        return undefined;
      }
      const before = await earlierOf(client, id);
      // What is not as it was asked for is somebody's to look at, and no reason to charge again.
      const nextAtMs = before.suspect > 0 ? undefined : nowMs + IN_FLIGHT_LOOK_MS;
      await client.query('UPDATE bill SET next_at = $2 WHERE id = $1', [id, timeOf(nextAtMs)]);
      if (before.inFlight > 0 || before.suspect > 0) return undefined;
      const { organisationId, amountCents } = payable;
      if (amountCents < CHARGE_CENTS_MIN) return undefined;
      if (await isPaidOtherwise(client, id, organisationId, topUp.provider)) {
        const nextAt = new Date(nowMs + NO_CARD_LOOK_MS);
        await client.query('UPDATE bill SET next_at = $2 WHERE id = $1', [id, nextAt]);
        return undefined;
      }
      return insertTopUp(client, {
        ...topUp,
        organisationId,
        origin: 'bill',
        amountCents,
        saveMethod: false,
        pays: id,
        createdAtMs: nowMs,
        expiresAtMs: nowMs + ttlMs,
      });
    }).catch((error: unknown) => {
      // The index says what the lock has said already; whoever comes past the lock is stopped here.
      if (codeOf(error) === '23505') return undefined;
      throw error;
    });
  }

  async decline(topUp: TopUp, change: Omit<TopUpChange, 'to'>): Promise<TopUpChanged> {
    const { id, pays = '' } = topUp;
    return transaction(this.#pool, async (client) => {
      const bill = billOf(pays);
      if (bill?.kind === 'due') await lockDue(client, bill.dueId);
      const { rows } = await client.query<{ declines: number; first: Date | null }>(
        'SELECT declines, first_declined_at AS first FROM bill WHERE id = $1 FOR UPDATE',
        [pays],
      );
      const changed = await changeTopUp(client, id, { ...change, to: 'declined' });
      const row = rows[0];
      if (row === undefined || changed.kind !== 'changed') return changed;
      const declines = row.declines + 1;
      const firstMs = row.first?.getTime() ?? change.nowMs;
      const nextAtMs = retryAtMs(declines, firstMs);
      const { rowCount } = await client.query(
        `UPDATE bill SET declines = $2, first_declined_at = $3, next_at = $4, state = $5 WHERE id = $1 AND state = 'open'`,
        [
          pays,
          declines,
          new Date(firstMs),
          timeOf(nextAtMs),
          nextAtMs === undefined ? 'given-up' : 'open',
        ],
      );
      if (nextAtMs === undefined && rowCount === 1) await giveUp(client, topUp, change.nowMs);
      return changed;
    });
  }
}

async function giveUp(client: pg.ClientBase, topUp: TopUp, nowMs: number): Promise<void> {
  const { id, organisationId, amountCents, pays = '' } = topUp;
  const bill = billOf(pays);
  if (bill?.kind === 'due') await endUnpaid(client, bill.dueId);
  const detail = `${dollarsOfCents(amountCents)} for ${pays} were not paid, and the card is not tried any more: pay it by a top-up.`;
  const event = { kind: 'bill-given-up', organisationId, topUpId: id, detail } as const;
  await noteEvent(client, event, pays, nowMs);
}

async function payableOf(client: pg.ClientBase, id: BillId): Promise<Payable> {
  const bill = billOf(id);
  const known = await client.query<{ state: string }>('SELECT state FROM bill WHERE id = $1', [id]);
  if (bill === undefined || known.rows[0] === undefined) return { kind: 'no-such-bill' };
  if (bill.kind === 'invoice') return openInvoice(client, bill.invoiceId);
  const due = await lockDue(client, bill.dueId);
  if (due === undefined) return { kind: 'no-such-bill' };
  if (due.state !== 'payable') return { kind: due.state };
  const { organisationId, amountNano } = due;
  return { kind: 'payable', organisationId, amountCents: centsFor(amountNano) };
}

async function openInvoice(client: pg.ClientBase, invoiceId: string): Promise<Payable> {
  const { rows } = await client.query<{ organisation: string; open: string }>(
    'SELECT organisation_id AS organisation, open_nano AS open FROM invoice_open WHERE invoice_id = $1',
    [invoiceId],
  );
  const row = rows[0];
  if (row === undefined) return { kind: 'no-such-bill' };
  const amountCents = centsFor(BigInt(row.open));
  return amountCents <= 0
    ? { kind: 'paid' }
    : { kind: 'payable', organisationId: row.organisation, amountCents };
}

/** Locks it: whoever comes next sees what this one has done. */
async function isDue(client: pg.ClientBase, id: BillId, nowMs: number): Promise<boolean> {
  const { rows } = await client.query<{ due: boolean }>(
    `SELECT state = 'open' AND next_at <= $2 AS due FROM bill WHERE id = $1 FOR UPDATE`,
    [id, new Date(nowMs)],
  );
  return rows[0]?.due === true;
}

async function earlierOf(client: pg.ClientBase, id: BillId) {
  const { rows } = await client.query<{ flying: number; suspect: number }>(
    `SELECT count(*) FILTER (WHERE state IN ('created', 'open', 'paid') AND origin = 'bill')::int AS flying,
         count(*) FILTER (WHERE state = 'suspect')::int AS suspect FROM top_up WHERE pays = $1`,
    [id],
  );
  return { inFlight: rows[0]?.flying ?? 0, suspect: rows[0]?.suspect ?? 0 };
}

/** An invoice of somebody without a saved card: they pay by wire, and nothing was declined. */
async function isPaidOtherwise(
  client: pg.ClientBase,
  id: BillId,
  organisationId: string,
  provider: string,
): Promise<boolean> {
  if (billOf(id)?.kind !== 'invoice') return false;
  const { rowCount } = await client.query(
    'SELECT FROM payment_method WHERE organisation_id = $1 AND provider = $2',
    [organisationId, provider],
  );
  return rowCount === 0;
}

async function endBill(client: pg.ClientBase, id: BillId, state: 'paid' | 'void'): Promise<void> {
  await client.query(`UPDATE bill SET state = $2, next_at = NULL WHERE id = $1`, [id, state]);
}
