// Brings recalls of other gateways to this one's leases: by notification, and where none get through, by looking often.

import type { Pool } from 'pg';
import { RECALL_POLL_MS } from '../../../limits.ts';
import type { Gateway } from '../ledger-batch.ts';
import type { Listener } from '../listener.ts';
import type { LeasedLedger } from './leased-ledger.ts';

export const RECALL_CHANNEL = 'turnpike_recall';

/** `17 credits:org_1`: the recall's number and whose credit is lacked. */
export function hearRecall(ledger: LeasedLedger | undefined, payload: string): void {
  const space = payload.indexOf(' ');
  const number = payload.slice(0, space);
  if (/^\d{1,18}$/.test(number)) ledger?.recalled(payload.slice(space + 1), BigInt(number));
}

export class RecallPoll implements AsyncDisposable {
  readonly #pool: Pool;
  readonly #gateway: Gateway;
  readonly #ledger: LeasedLedger;
  readonly #timer: NodeJS.Timeout;
  #looking: Promise<void> | undefined;

  constructor(
    pool: Pool,
    gateway: Gateway,
    ledger: LeasedLedger,
    listener: Pick<Listener, 'hears'>,
  ) {
    this.#pool = pool;
    this.#gateway = gateway;
    this.#ledger = ledger;
    this.#timer = setInterval(() => {
      if (!listener.hears && ledger.hasLeases) this.#look();
    }, RECALL_POLL_MS).unref();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#timer);
    await this.#looking;
  }

  #look(): void {
    this.#looking ??= this.#read()
      .catch(() => {}) // PostgreSQL is away: the ledger's own connection tells of it.
      .finally(() => (this.#looking = undefined));
  }

  async #read(): Promise<void> {
    const { rows } = await this.#pool.query<{ id: string; recall_no: string }>(
      `SELECT a.id, a.recall_no FROM lease AS l JOIN account AS a ON a.id = l.account_id
         WHERE l.gateway_id = $1 AND l.epoch = $2 AND a.recall_no > l.recall_no
           AND a.recalled_at > now() - interval '1 s'`,
      [this.#gateway.id, `${this.#gateway.epoch}`],
    );
    for (const { id, recall_no } of rows) this.#ledger.recalled(id, BigInt(recall_no));
  }
}
