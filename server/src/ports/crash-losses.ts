// What a crash has cost the house: requests that had produced something, and that nobody settled.

import type { Unfinished } from '../domain/ledger/unfinished.ts';

export type CrashLosses = {
  /** Those that were booked now. */
  readonly requests: number;
  readonly lostNano: bigint;
};

/** Where running requests are noted, on this machine. */
export interface UnfinishedNotes {
  /** Replaces the last ones. Whole or not at all; survives the end of this process. */
  write(running: readonly Unfinished[]): Promise<void>;
  /** Those of the last life; none if it ended as it should. */
  read(): readonly Unfinished[];
  /** They are booked. */
  clear(): void;
}

export interface CrashLossBooks {
  /** From `crash_loss` to revenue, once for each request, and not for one that was settled all the same. */
  bookCrashLosses(unfinished: readonly Unfinished[]): Promise<CrashLosses>;
}
