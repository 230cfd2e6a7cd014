// What all scenarios share: a real PostgreSQL with our schema, the simulated Stripe, and the way in from outside.

import type pg from 'pg';
import {
  mustOpen,
  poolTo,
  type SocketConnection,
} from '../../server/src/store/postgres/database.fixture.ts';
import type { Store } from '../../server/src/store/postgres/store.ts';
import { StripeSimulator } from './stripe-simulator.ts';

export type Bench = AsyncDisposable & {
  readonly store: Store;
  readonly pool: pg.Pool;
  readonly stripe: StripeSimulator;
};

export async function openBench(connection: SocketConnection): Promise<Bench> {
  const store = await mustOpen(connection);
  const pool = poolTo(connection);
  const stripe = await StripeSimulator.start();
  return {
    store,
    pool,
    stripe,
    async [Symbol.asyncDispose]() {
      await stripe[Symbol.asyncDispose]();
      await pool.end();
      await store[Symbol.asyncDispose]();
    },
  };
}
