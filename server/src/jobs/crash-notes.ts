// Notes what running requests have cost so far, every second, and books what the last life of this server left unfinished: what
// a crash took is a cost of the house, and is seen as one. No request waits for any of it.

import type { Unfinished } from '../domain/ledger/unfinished.ts';
import { formatDollars } from '../domain/money/nano.ts';
import { CRASH_NOTES_EVERY_MS } from '../limits.ts';
import type { CrashLossBooks, UnfinishedNotes } from '../ports/crash-losses.ts';
import type { Log } from '../ports/log.ts';
import type { Cancel, Timers } from '../ports/timers.ts';

export type CrashNotesOptions = {
  readonly notes: UnfinishedNotes;
  readonly running: () => readonly Unfinished[];
  readonly timers: Timers;
  readonly log: Log;
};

/** Once at the start, when everything that was settled is in the books. */
export async function bookCrashLosses(
  notes: UnfinishedNotes,
  books: CrashLossBooks,
  log: Log,
): Promise<void> {
  const unfinished = notes.read();
  if (unfinished.length === 0) return notes.clear();
  try {
    const { requests, lostNano } = await books.bookCrashLosses(unfinished);
    const said = `the last run of this server ended with ${requests} requests unfinished; what they had produced, ${formatDollars(lostNano)}, is booked as crash_loss`;
    if (requests > 0) log.warn({ requests, lostNano: `${lostNano}` }, said);
    notes.clear();
  } catch (error) {
    // No reason not to serve.
    log.error({ err: error, unfinished }, 'what a crash has cost could not be booked');
  }
}

export class CrashNotes implements AsyncDisposable {
  readonly #options: CrashNotesOptions;
  readonly #stop: Cancel;
  #writing: Promise<void> | undefined;
  #isEmpty = true;
  #isFailing = false;

  constructor(options: CrashNotesOptions) {
    this.#options = options;
    this.#stop = options.timers.every(CRASH_NOTES_EVERY_MS, () => {
      this.#writing ??= this.#write().finally(() => (this.#writing = undefined));
    });
  }

  /** A server that stops as it should leaves nothing unfinished. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop();
    await this.#writing;
    this.#options.notes.clear();
  }

  async #write(): Promise<void> {
    const { notes, running, log } = this.#options;
    const unfinished = running().filter(({ costNano }) => costNano > 0n);
    if (unfinished.length === 0 && this.#isEmpty) return;
    try {
      await notes.write(unfinished);
      this.#isEmpty = unfinished.length === 0;
      this.#isFailing = false;
    } catch (error) {
      if (!this.#isFailing) log.warn({ err: error }, 'running requests could not be noted');
      this.#isFailing = true;
    }
  }
}
