// The books of leases in PostgreSQL.

import type { Client, Pool } from 'pg';
import { assert } from '../../../lib/assert.ts';
import { type Result, err, ok } from '../../../lib/result.ts';
import { recordText } from '../../settlement-log/settle-record.ts';
import { type Address, connect, connectFailure, type StoreFailure } from '../connection.ts';
import { beat, endEarlier, enterEpoch, voidSilent } from '../gateway-epoch.ts';
import type { Gateway } from '../ledger-batch.ts';
import { SESSION_SETTINGS, troubleOf } from '../ledger-session.ts';
import { uuidOf } from '../request-id.ts';
import type { Applied, Books, BooksSession } from './books.ts';
import {
  APPLY_LEASED_SQL,
  type Entry,
  leasedBatchAnswer,
  type LeasedBatch,
  type LeasedBatchAnswer,
  leasedBatchValues,
  type LeasedReply,
} from './leased-batch.ts';

export function postgresBooks(address: Address, pool: Pool): Books {
  return {
    where: address.where,
    enter: (gatewayId, above) => enterEpoch(pool, gatewayId, above),
    endEarlier: (gateway) => endEarlier(pool, gateway),
    beat: (gateway) => beat(pool, gateway),
    voidSilent: (silentMs) => voidSilent(pool, silentMs),
    open: (gateway) => PostgresSession.open(address, gateway),
  };
}

/** Writes a record that nobody reads, so that there is something to commit. */
const FLUSH = {
  name: 'ledger_apply_flush',
  text: `SELECT pg_logical_emit_message(true, 'turnpike', 'ledger_apply_leased')`,
};

class PostgresSession implements BooksSession {
  readonly #client: Client;
  readonly #gateway: Gateway;
  #alive = true;
  #isWithin = false;

  private constructor(client: Client, gateway: Gateway) {
    this.#client = client;
    this.#gateway = gateway;
    client.on('end', () => (this.#alive = false));
  }

  static async open(
    address: Address,
    gateway: Gateway,
  ): Promise<Result<PostgresSession, StoreFailure>> {
    const connected = await connect(address);
    if (!connected.ok) return connected;
    const session = new PostgresSession(connected.value, gateway);
    try {
      await connected.value.query(SESSION_SETTINGS);
      return ok(session);
    } catch (error) {
      await session.close();
      return err(connectFailure(error, address.where));
    }
  }

  get alive(): boolean {
    return this.#alive;
  }

  /**
   * Reads, never guesses: how far the log is applied, and what each lease stands at. What a lost connection had committed
   * may not be on PostgreSQL's disk yet: it is when this is answered, and its records may be forgotten.
   */
  async applied(epoch: bigint): Promise<Applied> {
    const whose = [this.#gateway.id, `${epoch}`];
    await this.#client.query(
      `INSERT INTO settlement_watermark (gateway_id, epoch, applied_seq) VALUES ($1, $2, 0)
         ON CONFLICT DO NOTHING`,
      whose,
    );
    const watermark = await this.#client.query<{ seq: string }>(
      'SELECT applied_seq AS seq FROM settlement_watermark WHERE gateway_id = $1 AND epoch = $2',
      whose,
    );
    const leases = await this.#client.query<{ account: string; amount: string }>(
      `SELECT account_id AS account, amount_nano AS amount FROM lease
         WHERE gateway_id = $1 AND epoch = $2`,
      whose,
    );
    await this.#flush();
    return {
      seq: Number(watermark.rows[0]?.seq ?? 0),
      leases: new Map(leases.rows.map((row) => [row.account, BigInt(row.amount)])),
    };
  }

  async apply(batch: LeasedBatch): Promise<LeasedBatchAnswer> {
    const { rows } = await this.#client.query<[...LeasedReply]>({
      name: 'ledger_apply_leased',
      text: APPLY_LEASED_SQL,
      values: leasedBatchValues(this.#gateway, batch),
      rowMode: 'array',
    });
    if (batch.records.length > 0 && !this.#isWithin) await this.#flush();
    return leasedBatchAnswer(batch, rows[0] ?? [null, null, null, null, null, null, null]);
  }

  async transaction(work: () => Promise<void>): Promise<void> {
    await this.#client.query('BEGIN');
    this.#isWithin = true;
    try {
      await work();
      await this.#client.query('COMMIT');
    } catch (error) {
      if (troubleOf(error) !== 'lost') await this.#client.query('ROLLBACK');
      throw error;
    } finally {
      this.#isWithin = false;
    }
    await this.#flush();
  }

  /**
   * What this session has committed is on PostgreSQL's disk: by a commit of its own, that nobody waits behind. With batches
   * that waited for the disk themselves, the test of 64 gateways of one customer took 20 s instead of 8.
   */
  async #flush(): Promise<void> {
    await this.#client.query(FLUSH);
  }

  lockFree(accountId: string): Promise<bigint | undefined> {
    const sql = 'SELECT balance_nano - held_nano FROM account WHERE id = $1 FOR UPDATE';
    return this.#bigint(sql, [accountId]);
  }

  async lockLease(accountId: string, epoch: bigint): Promise<bigint> {
    const sql = `SELECT amount_nano FROM lease
      WHERE gateway_id = $1 AND epoch = $2 AND account_id = $3 FOR UPDATE`;
    return (await this.#bigint(sql, [this.#gateway.id, `${epoch}`, accountId])) ?? 0n;
  }

  async isRecorded(requestId: string): Promise<boolean> {
    const sql = 'SELECT 1 FROM usage WHERE request_id = $1';
    return (await this.#bigint(sql, [uuidOf(requestId)])) !== undefined;
  }

  async keepRefused(entry: Entry, epoch: bigint, reason: string): Promise<void> {
    await this.#client.query(
      `INSERT INTO refused_settlement (gateway_id, epoch, seq, record, reason) VALUES ($1, $2, $3, $4, $5)`,
      [
        this.#gateway.id,
        `${epoch}`,
        entry.seq,
        Buffer.from(recordText(entry)),
        reason.replaceAll('\0', ''),
      ],
    );
  }

  async close(): Promise<void> {
    this.#alive = false;
    await this.#client.end();
  }

  async #bigint(text: string, values: string[]): Promise<bigint | undefined> {
    const { rows } = await this.#client.query<[string]>({ text, values, rowMode: 'array' });
    assert(rows.length <= 1, 'a row is asked for by its key');
    return rows[0] === undefined ? undefined : BigInt(rows[0][0]);
  }
}
