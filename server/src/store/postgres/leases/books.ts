// What leases need of the books: batches that take effect once, and what is read before anything is guessed. Two adapters:
// PostgreSQL, and a model of it for simulations; test/simulation/books-model.test.ts holds the one against the other.

import type { Result } from '../../../lib/result.ts';
import type { StoreFailure } from '../connection.ts';
import type { Gateway } from '../ledger-batch.ts';
import type { Entry, LeasedBatch, LeasedBatchAnswer } from './leased-batch.ts';

/** What the books have of one start of a gateway. */
export type Applied = {
  readonly seq: number;
  /** By account. */
  readonly leases: ReadonlyMap<string, bigint>;
};

export interface Books {
  /** For people: the database's address without its secrets. */
  readonly where: string;

  /**
   * Takes the next epoch of a gateway, which ends what its earlier ones may do; `above` is one that it is known to have
   * had. Their leases stay until `endEarlier`, so that what they had settled can be paid from them.
   */
  enter(gatewayId: string, above: number | undefined): Promise<Gateway>;
  /** Gives back what earlier epochs of this gateway had set aside. */
  endEarlier(gateway: Gateway): Promise<void>;
  /** The books know that this gateway was alive now. False: another process has started in its place. */
  beat(gateway: Gateway): Promise<boolean>;
  /** Gives back what gateways have set aside that have not beaten for so long. */
  voidSilent(silentMs: number): Promise<number>;

  open(gateway: Gateway): Promise<Result<BooksSession, StoreFailure>>;
}

/** One connection. What it rejects with is told apart by `troubleOf`. */
export interface BooksSession {
  readonly alive: boolean;
  applied(epoch: bigint): Promise<Applied>;
  /** All or nothing, in one round trip. */
  apply(batch: LeasedBatch): Promise<LeasedBatchAnswer>;

  /** What `work` does on this session is committed together, or not at all. */
  transaction(work: () => Promise<void>): Promise<void>;
  /** Within a transaction. Undefined when there is no such account. */
  lockFree(accountId: string): Promise<bigint | undefined>;
  /** Within a transaction, after `lockFree`: the account's lock first, as everywhere. */
  lockLease(accountId: string, epoch: bigint): Promise<bigint>;
  isRecorded(requestId: string): Promise<boolean>;
  /** Within a transaction. Keeps a record that can't be applied for a person to look at. */
  keepRefused(entry: Entry, epoch: bigint, reason: string): Promise<void>;

  /** Ends the connection at once if a query is running on it. */
  close(): Promise<void>;
}
