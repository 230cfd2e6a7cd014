// Lines of a bank's statement, as an operator has entered them.

import type pg from 'pg';
import type {
  BankPayment,
  BankPayments,
  BankRefund,
  NewBankPayment,
} from '../../../ports/till-book.ts';
import { transaction } from '../transaction.ts';

type PaymentRow = {
  readonly reference: string;
  readonly top_up_id: string;
  readonly organisation_id: string;
  readonly amount_cents: string;
  readonly currency: string;
  readonly received_at: Date;
};

type RefundRow = {
  readonly reference: string;
  readonly refund_id: string;
  readonly payment_reference: string;
  readonly amount_cents: string;
  readonly currency: string;
  readonly at: Date;
};

const ROWS_MAX = 100_000;

export class PostgresBankPayments implements BankPayments {
  readonly #pool: pg.Pool;

  constructor(pool: pg.Pool) {
    this.#pool = pool;
  }

  async record(payment: NewBankPayment): Promise<'recorded' | 'conflict'> {
    const { reference, topUpId, amountCents, currency, receivedAtMs } = payment;
    await this.#pool.query(
      `INSERT INTO bank_payment (reference, top_up_id, amount_cents, currency, received_at)
         VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING`,
      [reference, topUpId, amountCents, currency, new Date(receivedAtMs)],
    );
    const before = await this.byReference(reference);
    const same =
      before?.topUpId === topUpId &&
      before.amountCents === amountCents &&
      before.currency === currency;
    return same ? 'recorded' : 'conflict';
  }

  async byReference(reference: string): Promise<BankPayment | undefined> {
    return (await this.#payments('reference = $1', reference))[0];
  }

  async ofTopUp(topUpId: string): Promise<BankPayment | undefined> {
    return (await this.#payments('top_up_id = $1', topUpId))[0];
  }

  async since(sinceMs: number): Promise<readonly BankPayment[]> {
    return this.#payments('received_at >= $1', new Date(sinceMs));
  }

  async recordRefund(refund: BankRefund): Promise<'recorded' | 'conflict' | 'too-much'> {
    const { reference, refundId, paymentReference, amountCents, currency, atMs } = refund;
    return transaction(this.#pool, async (client) => {
      const payment = await client.query<{ amount: string }>(
        'SELECT amount_cents AS amount FROM bank_payment WHERE reference = $1 AND currency = $2 FOR UPDATE',
        [paymentReference, currency],
      );
      const { rows } = await client.query<RefundRow>(
        'SELECT * FROM bank_refund WHERE payment_reference = $1 OR reference = $2 OR refund_id = $3',
        [paymentReference, reference, refundId],
      );
      const before = rows.find((row) => row.refund_id === refundId || row.reference === reference);
      if (before !== undefined) {
        const same =
          before.refund_id === refundId &&
          before.payment_reference === paymentReference &&
          Number(before.amount_cents) === amountCents;
        return same ? 'recorded' : 'conflict';
      }
      const refunded = rows.reduce((sum, row) => sum + Number(row.amount_cents), 0);
      if (refunded + amountCents > Number(payment.rows[0]?.amount ?? 0)) return 'too-much';
      await client.query(
        `INSERT INTO bank_refund (reference, refund_id, payment_reference, amount_cents, currency, at)
           VALUES ($1, $2, $3, $4, $5, $6)`,
        [reference, refundId, paymentReference, amountCents, currency, new Date(atMs)],
      );
      return 'recorded';
    });
  }

  async refundsOf(paymentReference: string): Promise<readonly BankRefund[]> {
    return this.#refunds('payment_reference = $1', paymentReference);
  }

  async refundsSince(sinceMs: number): Promise<readonly BankRefund[]> {
    return this.#refunds('at >= $1', new Date(sinceMs));
  }

  async #payments(where: string, value: string | Date): Promise<readonly BankPayment[]> {
    const { rows } = await this.#pool.query<PaymentRow>(
      `SELECT b.*, t.organisation_id FROM bank_payment AS b JOIN top_up AS t ON t.id = b.top_up_id
         WHERE ${where} ORDER BY received_at, reference LIMIT ${ROWS_MAX}`,
      [value],
    );
    return rows.map((row) => ({
      reference: row.reference,
      topUpId: row.top_up_id,
      organisationId: row.organisation_id,
      amountCents: Number(row.amount_cents),
      currency: row.currency,
      receivedAtMs: row.received_at.getTime(),
    }));
  }

  async #refunds(where: string, value: string | Date): Promise<readonly BankRefund[]> {
    const { rows } = await this.#pool.query<RefundRow>(
      `SELECT * FROM bank_refund WHERE ${where} ORDER BY at, reference LIMIT ${ROWS_MAX}`,
      [value],
    );
    return rows.map((row) => ({
      reference: row.reference,
      refundId: row.refund_id,
      paymentReference: row.payment_reference,
      amountCents: Number(row.amount_cents),
      currency: row.currency,
      atMs: row.at.getTime(),
    }));
  }
}
