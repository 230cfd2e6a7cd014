// Keeps what is kept in order, from time to time: what has expired is removed, answers in the background that no living
// process makes any more are brought to an end, and windows of end users that are over are cleared away.

import type { BackgroundRuns } from '../gateway/background-runs.ts';
import { HOUSEKEEPING_EVERY_MS } from '../limits.ts';
import type { Budgets } from '../ports/budgets.ts';
import type { Log } from '../ports/log.ts';
import type { ResponseStore } from '../ports/response-store.ts';
import type { Orphan } from '../ports/run-store.ts';
import type { Protocol } from '../protocols/protocol.ts';

export type HousekeepingOptions = {
  readonly responses: ResponseStore;
  readonly background: BackgroundRuns;
  readonly budgets: Pick<Budgets, 'sweep'>;
  readonly protocols: readonly Protocol[];
  readonly log: Log;
  /** Absent: every 15 s. */
  readonly everyMs?: number;
};

export class Housekeeping implements AsyncDisposable {
  readonly #options: HousekeepingOptions;
  readonly #timer: NodeJS.Timeout;
  #round: Promise<void> | undefined;

  /** Begins at once: what the last start of this server left behind has waited long enough. */
  constructor(options: HousekeepingOptions) {
    this.#options = options;
    const round = (): void => {
      this.#round ??= this.#tidy().finally(() => (this.#round = undefined));
    };
    this.#timer = setInterval(round, options.everyMs ?? HOUSEKEEPING_EVERY_MS);
    round();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#timer);
    await this.#round;
  }

  async #tidy(): Promise<void> {
    const { responses, background, budgets, log } = this.#options;
    try {
      await budgets.sweep().catch(() => 0); // While PostgreSQL is away nothing has to be swept.
      const orphans = await responses.runs.orphans(background.ids);
      if (!orphans.ok) return; // The next round comes soon.
      for (const orphan of orphans.value) await this.#end(orphan);
      const removed = await responses.removeExpired();
      if (removed.ok && removed.value > 0)
        log.info({ removed: removed.value }, 'what had expired was removed');
    } catch (error) {
      log.error({ err: error }, 'housekeeping failed by a mistake of ours');
    }
  }

  async #end({ answer, events }: Orphan): Promise<void> {
    const { responses, protocols, log } = this.#options;
    for (const { interrupted } of protocols) {
      if (interrupted === undefined) continue;
      const ended = interrupted(answer, events);
      await responses.runs.progress(answer.id, { ...ended, from: events });
      log.warn({ id: answer.id }, 'a background response was left behind, and has failed');
      return;
    }
  }
}
