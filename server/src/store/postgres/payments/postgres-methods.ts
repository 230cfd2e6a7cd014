// The saved means of payment, as far as they may be shown.

import type pg from 'pg';
import type { PaymentMethod } from '../../../domain/payments/payment.ts';
import type { PaymentMethods } from '../../../ports/till-book.ts';

export class PostgresMethods implements PaymentMethods {
  readonly #pool: pg.Pool;

  constructor(pool: pg.Pool) {
    this.#pool = pool;
  }

  async get(organisationId: string, provider: string): Promise<PaymentMethod | undefined> {
    const { rows } = await this.#pool.query<PaymentMethod>(
      `SELECT method_id AS id, customer_id AS "customerId", brand, last4, expires_month AS "expiresMonth",
           expires_year AS "expiresYear"
         FROM payment_method WHERE organisation_id = $1 AND provider = $2`,
      [organisationId, provider],
    );
    return rows[0];
  }

  async save(organisationId: string, provider: string, method: PaymentMethod): Promise<void> {
    const { id, customerId, brand, last4, expiresMonth, expiresYear } = method;
    await this.#pool.query(
      `INSERT INTO payment_method (organisation_id, provider, method_id, customer_id, brand, last4,
           expires_month, expires_year)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
         ON CONFLICT (organisation_id, provider) DO UPDATE SET method_id = $3, customer_id = $4, brand = $5,
           last4 = $6, expires_month = $7, expires_year = $8`,
      [organisationId, provider, id, customerId, brand, last4, expiresMonth, expiresYear],
    );
  }

  async forget(organisationId: string, provider: string): Promise<void> {
    await this.#pool.query(
      'DELETE FROM payment_method WHERE organisation_id = $1 AND provider = $2',
      [organisationId, provider],
    );
  }
}
