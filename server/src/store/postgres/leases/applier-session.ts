// One connection of the applier: it applies a batch in one round trip, or one record after reading how things stand.

import type { Client } from 'pg';
import { assert } from '../../../lib/assert.ts';
import { type Result, err, ok } from '../../../lib/result.ts';
import { recordText } from '../../settlement-log/settle-record.ts';
import { type Address, connect, connectFailure, type StoreFailure } from '../connection.ts';
import type { Gateway } from '../ledger-batch.ts';
import { SESSION_SETTINGS, troubleOf } from '../ledger-session.ts';
import { uuidOf } from '../request-id.ts';
import type { LeaseAnswer } from './lease.ts';
import {
  APPLY_LEASED_SQL,
  bigintsOrNulls,
  type Entry,
  type LeasedBatch,
  leasedBatchValues,
} from './leased-batch.ts';

/** What PostgreSQL has of one start of a gateway. */
export type Applied = {
  readonly seq: number;
  readonly leases: ReadonlyMap<string, bigint>;
};

export class ApplierSession {
  readonly #client: Client;
  readonly #gateway: Gateway;
  #alive = true;

  private constructor(client: Client, gateway: Gateway) {
    this.#client = client;
    this.#gateway = gateway;
    client.on('end', () => (this.#alive = false));
  }

  static async open(
    address: Address,
    gateway: Gateway,
  ): Promise<Result<ApplierSession, StoreFailure>> {
    const connected = await connect(address);
    if (!connected.ok) return connected;
    const session = new ApplierSession(connected.value, gateway);
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

  /** Reads, never guesses: how far the log is applied, and what each lease stands at. */
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
    const leases = await this.#client.query<{ organisation: string; amount: string }>(
      `SELECT organisation_id AS organisation, amount_nano AS amount FROM lease
         WHERE gateway_id = $1 AND epoch = $2`,
      whose,
    );
    return {
      seq: Number(watermark.rows[0]?.seq ?? 0),
      leases: new Map(leases.rows.map((row) => [row.organisation, BigInt(row.amount)])),
    };
  }

  /** All or nothing, in one round trip. Undefined for a customer that does not exist. */
  async apply(batch: LeasedBatch): Promise<readonly (LeaseAnswer | undefined)[]> {
    const { rows } = await this.#client.query<[string | null, string | null]>({
      name: 'ledger_apply_leased',
      text: APPLY_LEASED_SQL,
      values: leasedBatchValues(this.#gateway, batch),
      rowMode: 'array',
    });
    const leased = bigintsOrNulls(rows[0]?.[0] ?? null);
    const available = bigintsOrNulls(rows[0]?.[1] ?? null);
    return batch.changes.map((_, at) => {
      const leasedNano = leased[at];
      const availableNano = available[at];
      if (leasedNano === undefined || availableNano === undefined) return undefined;
      return { leasedNano, availableNano };
    });
  }

  /**
   * One record, exactly once, however things stand: it may be recorded already, and its lease may have been ended by
   * another gateway that thought this one dead. Then it is charged from free credit as far as that goes.
   */
  async applyOne(entry: Entry, leaseEpoch: bigint): Promise<void> {
    await this.#transaction(async () => {
      const { settlement, seq } = entry;
      const { organisationId } = settlement;
      // The account's lock first, as everywhere.
      const free = await this.#bigint(
        'SELECT balance_nano - held_nano FROM account WHERE id = $1 FOR UPDATE',
        [`credits:${organisationId}`],
      );
      const leased = await this.#leaseOf(organisationId, leaseEpoch);
      const isRecorded = await this.#bigint('SELECT 1 FROM usage WHERE request_id = $1', [
        uuidOf(settlement.requestId),
      ]);
      const releasedNano = leased < entry.chargedNano ? leased : entry.chargedNano;
      const rest = entry.chargedNano - releasedNano;
      const chargedNano = releasedNano + (rest < (free ?? 0n) ? rest : (free ?? 0n));
      const change = { organisationId, hadNano: leased, chargedNano, releasedNano, ask: undefined };
      await this.apply({
        leaseEpoch,
        fromSeq: seq - 1,
        toSeq: seq,
        records: isRecorded === undefined ? [{ settlement, chargedNano }] : [],
        changes: isRecorded === undefined && chargedNano > 0n ? [change] : [],
      });
    });
  }

  /** For a person to look at; the log goes on behind it. */
  async setAside(entry: Entry, leaseEpoch: bigint, reason: string): Promise<void> {
    await this.#transaction(async () => {
      await this.#client.query(
        `INSERT INTO refused_settlement (gateway_id, epoch, seq, record, reason) VALUES ($1, $2, $3, $4, $5)`,
        [
          this.#gateway.id,
          `${leaseEpoch}`,
          entry.seq,
          Buffer.from(recordText(entry)),
          reason.replaceAll('\0', ''),
        ],
      );
      const { seq } = entry;
      await this.apply({ leaseEpoch, fromSeq: seq - 1, toSeq: seq, records: [], changes: [] });
    });
  }

  /** Ends the connection at once if a query is running on it. */
  async close(): Promise<void> {
    this.#alive = false;
    await this.#client.end();
  }

  async #leaseOf(organisationId: string, epoch: bigint): Promise<bigint> {
    const sql = `SELECT amount_nano FROM lease
      WHERE gateway_id = $1 AND epoch = $2 AND organisation_id = $3 FOR UPDATE`;
    return (await this.#bigint(sql, [this.#gateway.id, `${epoch}`, organisationId])) ?? 0n;
  }

  async #transaction(work: () => Promise<void>): Promise<void> {
    await this.#client.query('BEGIN');
    try {
      await work();
      await this.#client.query('COMMIT');
    } catch (error) {
      if (troubleOf(error) !== 'lost') await this.#client.query('ROLLBACK');
      throw error;
    }
  }

  async #bigint(text: string, values: string[]): Promise<bigint | undefined> {
    const { rows } = await this.#client.query<[string]>({ text, values, rowMode: 'array' });
    assert(rows.length <= 1, 'a row is asked for by its key');
    return rows[0] === undefined ? undefined : BigInt(rows[0][0]);
  }
}
