// Everything that the till writes down, as one: each part has its own file.

import type pg from 'pg';
import type { TillBook } from '../../../ports/till-book.ts';
import { PostgresAutoReloads } from './postgres-auto-reloads.ts';
import { PostgresBankPayments } from './postgres-bank-payments.ts';
import { PostgresBills } from './postgres-bills.ts';
import { PostgresMethods } from './postgres-methods.ts';
import { PostgresPaymentEvents } from './postgres-payment-events.ts';
import { PostgresReversals } from './postgres-reversals.ts';
import { PostgresTopUps } from './postgres-top-ups.ts';
import { readClearing } from './clearing-transfers.ts';

export function postgresTillBook(pool: pg.Pool): TillBook {
  const topUps = new PostgresTopUps(pool);
  const methods = new PostgresMethods(pool);
  const reloads = new PostgresAutoReloads(pool);
  const reversals = new PostgresReversals(pool);
  const events = new PostgresPaymentEvents(pool);
  const bank = new PostgresBankPayments(pool);
  return {
    topUps,
    methods,
    reloads,
    bills: new PostgresBills(pool),
    reversals,
    events,
    bank,
    clearing: (provider, sinceMs) => readClearing(pool, provider, sinceMs),
  };
}
