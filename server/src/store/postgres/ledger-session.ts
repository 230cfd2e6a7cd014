// One connection of the ledger: it runs a batch in one round trip, or one record after reading how things stand.

import { type Client, DatabaseError } from 'pg';
import { nano } from '../../domain/money/nano.ts';
import type { Settlement } from '../../domain/ledger/settlement.ts';
import { BrokenInvariant } from '../../lib/assert.ts';
import { type Result, err, ok } from '../../lib/result.ts';
import type { ExtendOutcome, HoldOutcome, SettleOutcome } from '../../ports/ledger.ts';
import { type Address, type StoreFailure, codeOf, connect, connectFailure } from './connection.ts';
import {
  APPLY_SQL,
  type Batch,
  type BatchOutcome,
  type BatchReply,
  EncodedBatch,
  type Gateway,
  type HoldWish,
  holdOf,
  splitCost,
} from './ledger-batch.ts';

/** Longer than any batch takes on a busy disk, shorter than a hold's deadline, so that a retry still fits. */
const STATEMENT_TIMEOUT_MS = 4_000;
const LOCK_TIMEOUT_MS = 2_000;

/**
 * The hot path's plans are always index scans on a few rows; a planner that sees an empty or bloated `hold` table
 * would choose others, and keep them. A connection that dies in a transaction must not keep its locks.
 */
export const SESSION_SETTINGS = `
  SET enable_seqscan = off; SET enable_hashjoin = off; SET enable_mergejoin = off; SET jit = off;
  SET plan_cache_mode = force_generic_plan;
  SET statement_timeout = ${STATEMENT_TIMEOUT_MS}; SET lock_timeout = ${LOCK_TIMEOUT_MS};
  SET idle_in_transaction_session_timeout = ${STATEMENT_TIMEOUT_MS}`;

/** What an error says about the records that met it. */
export type Trouble =
  /** The connection is gone or useless; whether the batch was committed is unknown. */
  | 'lost'
  /** Nothing was committed; the same records may succeed in a moment. */
  | 'again'
  /** Another process has started with our gateway id. */
  | 'fenced'
  /** At least one of the records can't be applied as it is. */
  | 'refused';

export function troubleOf(error: unknown): Trouble {
  if (isOurMistake(error)) return 'refused';
  if (!(error instanceof DatabaseError)) return 'lost';
  const code = codeOf(error) ?? '';
  if (code === 'TP001') return 'fenced';
  if (code === '55P03' || code === '57014') return 'again'; // a lock or the statement took too long
  // 08 connection, 25006 read-only (a replica), 57P0x shutdown or crash
  if (code.startsWith('08') || code.startsWith('57P') || code === '25006') return 'lost';
  // Another version of Turnpike has replaced the functions: this one goes on once they fit again, and keeps its records.
  if (/^(?:42883|42704|XX000)$/.test(code) || error.message.startsWith('malformed record literal'))
    return 'lost';
  // 40 deadlock or serialisation, 53 out of disk or memory, 58 input/output
  return /^(?:40|53|58)/.test(code) ? 'again' : 'refused';
}

/** A bug must be heard of, not taken for a broken connection and tried again. */
export function isOurMistake(error: unknown): boolean {
  return (
    error instanceof BrokenInvariant ||
    error instanceof TypeError ||
    error instanceof RangeError ||
    error instanceof SyntaxError
  );
}

export class LedgerSession {
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
  ): Promise<Result<LedgerSession, StoreFailure>> {
    const connected = await connect(address);
    if (!connected.ok) return connected;
    const session = new LedgerSession(connected.value, gateway);
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

  /** All or nothing, in one round trip. */
  async apply(batch: Batch): Promise<BatchOutcome> {
    const encoded = new EncodedBatch(this.#gateway, batch);
    const { rows } = await this.#client.query<[string | null, string | null, string | null]>({
      name: 'ledger_apply',
      text: APPLY_SQL,
      values: [...encoded.values],
      rowMode: 'array',
    });
    return encoded.outcome(rows[0] ?? NO_REPLY);
  }

  async holdOne(wish: HoldWish): Promise<HoldOutcome> {
    return this.#transaction(async () => {
      const held = await this.#heldBy(wish.uuid);
      if (held !== undefined) return { kind: 'held', hold: holdOf(wish.request, held) };
      return this.#applyHold(wish);
    });
  }

  async extendOne(wish: HoldWish): Promise<ExtendOutcome> {
    return this.#transaction(async () => {
      const held = await this.#heldBy(wish.uuid);
      const { organisationId, wantNano } = wish.request;
      if (held === undefined) {
        return { kind: 'refused', availableNano: nano(await this.#freeOf(organisationId)) };
      }
      const target = (wish.had ?? 0n) + wantNano;
      if (held === target) return { kind: 'held', hold: holdOf(wish.request, held) };
      return this.#applyHold(wish);
    });
  }

  /** Reads, never guesses: whether it is settled already, and what its hold stands at. */
  async settleOne(settlement: Settlement, uuid: string): Promise<SettleOutcome> {
    return this.#transaction(async () => {
      // In this order: who holds the two locks knows that no other transaction is settling the same request.
      const held = await this.#heldBy(uuid);
      const free = await this.#freeOn(settlement);
      const charged = await this.#chargedFor(uuid);
      if (charged !== undefined) {
        return { kind: 'settled', chargedNano: nano(charged), availableNano: nano(free) };
      }
      const split = splitCost(settlement, held ?? free);
      const outcome = await this.apply({
        holds: [],
        settles: [{ settlement, uuid, held, ...split }],
      });
      return outcome.settles[0] ?? { kind: 'unavailable' };
    });
  }

  async voidHolds(uuids: readonly string[]): Promise<void> {
    await this.#client.query('SELECT ledger_void($1::uuid[])', [uuids]);
  }

  /** Ends the connection at once if a query is running on it. */
  async close(): Promise<void> {
    this.#alive = false;
    await this.#client.end();
  }

  async #applyHold(wish: HoldWish): Promise<HoldOutcome> {
    const outcome = await this.apply({ holds: [wish], settles: [] });
    return outcome.holds[0] ?? { kind: 'unavailable' };
  }

  async #transaction<T>(work: () => Promise<T>): Promise<T> {
    await this.#client.query('BEGIN');
    try {
      const result = await work();
      await this.#client.query('COMMIT');
      return result;
    } catch (error) {
      if (troubleOf(error) !== 'lost') await this.#client.query('ROLLBACK');
      throw error;
    }
  }

  async #heldBy(uuid: string): Promise<bigint | undefined> {
    return this.#bigint('SELECT amount_nano FROM hold WHERE request_id = $1 FOR UPDATE', uuid);
  }

  async #chargedFor(uuid: string): Promise<bigint | undefined> {
    return this.#bigint('SELECT charged_nano FROM usage WHERE request_id = $1', uuid);
  }

  async #freeOf(organisationId: string): Promise<bigint> {
    return (await this.#bigint(FREE_SQL, `credits:${organisationId}`)) ?? 0n;
  }

  /** What each of its accounts could pay. In the order of ids, which is the order of locks: budgets come first. */
  async #freeOn({ organisationId, budgets = [] }: Settlement): Promise<bigint> {
    let least = MAX;
    for (const id of budgets.toSorted()) {
      const free = await this.#bigint(FREE_SQL, id);
      if (free !== undefined && free < least) least = free > 0n ? free : 0n;
    }
    const credit = await this.#freeOf(organisationId);
    return credit < least ? credit : least;
  }

  async #bigint(text: string, value: string): Promise<bigint | undefined> {
    const { rows } = await this.#client.query<[string]>({
      text,
      values: [value],
      rowMode: 'array',
    });
    return rows[0] === undefined ? undefined : BigInt(rows[0][0]);
  }
}

const NO_REPLY: BatchReply = [null, null, null];

const FREE_SQL = 'SELECT balance_nano - held_nano FROM account WHERE id = $1 FOR UPDATE';
const MAX = 2n ** 62n;
