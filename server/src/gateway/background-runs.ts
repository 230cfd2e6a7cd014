// The answers that this process makes in the background: begun by a request, owned by the server, ended or brought to an
// end before it stops.

import { BACKGROUND_RUNS_MAX, CANCEL_POLL_MS } from '../limits.ts';
import type { ResponseStore } from '../ports/response-store.ts';

/** One of them, as far as its owner and its followers know it. */
export interface OwnedRun {
  readonly id: string;
  /** From first to last; never rejects. */
  run(): Promise<void>;
  /** Its customer does not want it any more. */
  cancel(): void;
  /** We have to end it. */
  stop(): void;
  /** Durable events from number `from` on. */
  since(from: number): readonly string[];
  /** Resolves when there may be more of them. */
  readonly news: Promise<void>;
}

export class BackgroundRuns {
  readonly #store: ResponseStore;
  readonly #runs = new Map<string, OwnedRun>();
  readonly #ended = new Map<string, Promise<void>>();
  /** About to begin. */
  readonly #expected = new Set<string>();
  #watch: NodeJS.Timeout | undefined;
  #asking = false;

  constructor(store: ResponseStore) {
    this.#store = store;
  }

  get isFull(): boolean {
    return this.#runs.size + this.#expected.size >= BACKGROUND_RUNS_MAX;
  }

  /** Whatever this process answers for. */
  get ids(): readonly string[] {
    return [...this.#expected, ...this.#runs.keys()];
  }

  /** While its place in the store is being made. */
  async expect<T>(run: OwnedRun, place: Promise<T>): Promise<T> {
    this.#expected.add(run.id);
    try {
      return await place;
    } finally {
      // Whoever waits for the place owns the run, or not, in the turn after this one.
      setImmediate(() => this.#expected.delete(run.id));
    }
  }

  find(id: string): OwnedRun | undefined {
    return this.#runs.get(id);
  }

  own(run: OwnedRun): void {
    this.#runs.set(run.id, run);
    this.#watch ??= setInterval(() => void this.#lookForUnwanted(), CANCEL_POLL_MS);
    const ended = run.run().finally(() => {
      this.#runs.delete(run.id);
      this.#ended.delete(run.id);
      if (this.#runs.size > 0) return;
      clearInterval(this.#watch);
      this.#watch = undefined;
    });
    this.#ended.set(run.id, ended);
  }

  /** Resolves when it has ended; at once where this process does not run it. */
  async cancel(id: string): Promise<void> {
    this.#runs.get(id)?.cancel();
    await this.#ended.get(id);
  }

  /** It was deleted. */
  forget(id: string): void {
    this.#runs.get(id)?.cancel();
  }

  /** Resolves when all have ended; when `cut` aborts, those left are ended by us, which costs their customers nothing. */
  async drain(cut: AbortSignal): Promise<void> {
    const stopAll = (): void => {
      for (const run of this.#runs.values()) run.stop();
    };
    if (cut.aborted) stopAll();
    else cut.addEventListener('abort', stopAll, { once: true });
    while (this.#ended.size > 0) await Promise.all(this.#ended.values());
  }

  /** Cancelled or deleted by way of another process. */
  async #lookForUnwanted(): Promise<void> {
    if (this.#asking) return;
    this.#asking = true;
    const unwanted = await this.#store.runs.unwanted(this.ids);
    this.#asking = false;
    if (!unwanted.ok) return;
    for (const id of unwanted.value) this.#runs.get(id)?.cancel();
  }
}
