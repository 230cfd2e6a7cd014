// Keeps the roll-ups of usage up to date, so that reports stay fast. What it has not done yet, a report adds up by itself.

import { ROLL_UP_EVERY_MS } from '../limits.ts';
import type { Log } from '../ports/log.ts';
import type { UsageReports } from '../ports/usage-reports.ts';

export type RollingUpOptions = {
  readonly reports: UsageReports;
  readonly log: Log;
  /** Absent: every 2 s. */
  readonly everyMs?: number;
};

export class RollingUp implements AsyncDisposable {
  readonly #options: RollingUpOptions;
  readonly #timer: NodeJS.Timeout;
  #round: Promise<void> | undefined;
  #failing = false;

  constructor(options: RollingUpOptions) {
    this.#options = options;
    const round = (): void => {
      this.#round ??= this.#rollUp().finally(() => (this.#round = undefined));
    };
    this.#timer = setInterval(round, options.everyMs ?? ROLL_UP_EVERY_MS);
    round();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#timer);
    await this.#round;
  }

  /** While PostgreSQL is away it is tried again; said once. */
  async #rollUp(): Promise<void> {
    const { reports, log } = this.#options;
    try {
      await reports.rollUp();
      this.#failing = false;
    } catch (error) {
      if (!this.#failing)
        log.warn({ err: error }, 'usage could not be rolled up; reports are slower');
      this.#failing = true;
    }
  }
}
