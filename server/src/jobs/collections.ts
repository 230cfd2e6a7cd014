// Collects what is due: charges cards of those who have run low, looks after what no webhook told of, and once an hour
// goes through everything that providers have had lately.

import { COLLECT_EVERY_MS, PAYMENT_SWEEP_BACK_MS, PAYMENT_SWEEP_EVERY_MS } from '../limits.ts';
import type { Log } from '../ports/log.ts';
import type { Till } from '../till/till.ts';

export type CollectionsOptions = {
  readonly till: Till;
  readonly log: Log;
  /** Absent: every second. */
  readonly everyMs?: number;
};

export class Collections implements AsyncDisposable {
  readonly #options: CollectionsOptions;
  readonly #timer: NodeJS.Timeout;
  #round: Promise<void> | undefined;
  #sweptAtMs = 0;
  /** Said once, and not every second of an outage. */
  #isStuck = false;

  /** Begins at once: what the last process had begun has waited long enough. */
  constructor(options: CollectionsOptions) {
    this.#options = options;
    const round = (): void => {
      this.#round ??= this.#collect().finally(() => (this.#round = undefined));
    };
    this.#timer = setInterval(round, options.everyMs ?? COLLECT_EVERY_MS);
    round();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#timer);
    await this.#round;
  }

  async #collect(): Promise<void> {
    const { till, log } = this.#options;
    try {
      await till.collect();
      this.#isStuck = false;
    } catch (error) {
      // PostgreSQL is away, or a mistake of ours: the rows are still due.
      if (!this.#isStuck) log.error({ err: error }, 'payments that are due could not be looked at');
      this.#isStuck = true;
      return;
    }
    const nowMs = till.nowMs();
    if (nowMs - this.#sweptAtMs < PAYMENT_SWEEP_EVERY_MS) return;
    this.#sweptAtMs = nowMs;
    await till.sweep(nowMs - PAYMENT_SWEEP_BACK_MS).catch((error: unknown) => {
      log.warn({ err: error }, 'a payment provider could not be asked for its latest payments');
    });
  }
}
