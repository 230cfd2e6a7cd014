// Rows of top-ups as PostgreSQL gives them, and as the rest of the program knows them.

import type { TopUp, TopUpOrigin, TopUpState } from '../../../domain/payments/top-up.ts';

export type TopUpRow = {
  readonly id: string;
  readonly organisation_id: string;
  readonly provider: string;
  readonly origin: TopUpOrigin;
  readonly amount_cents: string;
  readonly currency: string;
  readonly state: TopUpState;
  readonly reason: string | null;
  readonly order_id: string | null;
  readonly payment_id: string | null;
  readonly url: string | null;
  readonly save_method: boolean;
  readonly pays: string | null;
  readonly attempts: number;
  readonly looks: number;
  readonly created_at: Date;
  readonly expires_at: Date;
  readonly credited_at: Date | null;
};

export function topUpOf(row: TopUpRow): TopUp {
  return {
    id: row.id,
    organisationId: row.organisation_id,
    provider: row.provider,
    origin: row.origin,
    amountCents: Number(row.amount_cents),
    currency: row.currency,
    state: row.state,
    saveMethod: row.save_method,
    attempts: row.attempts,
    looks: row.looks,
    createdAtMs: row.created_at.getTime(),
    expiresAtMs: row.expires_at.getTime(),
    ...(row.pays !== null && { pays: row.pays }),
    ...(row.reason !== null && { reason: row.reason }),
    ...(row.order_id !== null && { orderId: row.order_id }),
    ...(row.payment_id !== null && { paymentId: row.payment_id }),
    ...(row.url !== null && { url: row.url }),
    ...(row.credited_at !== null && { creditedAtMs: row.credited_at.getTime() }),
  };
}

export function timeOf(ms: number | undefined): Date | null {
  return ms === undefined ? null : new Date(ms);
}
