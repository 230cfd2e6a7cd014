// Lets credits begin and end, and plans renew, when their time has come: looks every second, and at the very moment if one is due sooner.
// Every server does; a look that finds nothing to do changes nothing, and two at once wait for each other.

import { CREDIT_CLOCK_EVERY_MS } from '../limits.ts';
import type { Accounts } from '../ports/accounts.ts';
import type { Plans } from '../ports/plans.ts';
import type { Log } from '../ports/log.ts';
import type { Cancel, Timers } from '../ports/timers.ts';

export type CreditClockOptions = {
  readonly accounts: Pick<Accounts, 'tendCredits'>;
  readonly plans: Pick<Plans, 'tendPlans'>;
  readonly timers: Timers;
  readonly log: Log;
};

export class CreditClock implements AsyncDisposable {
  readonly #options: CreditClockOptions;
  #cancel: Cancel = () => {};
  #round: Promise<void>;
  #isClosed = false;
  /** An outage is one line in the log, not one a second. */
  #isFailing = false;

  constructor(options: CreditClockOptions) {
    this.#options = options;
    this.#round = this.#look();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true;
    this.#cancel();
    await this.#round;
  }

  async #look(): Promise<void> {
    const { accounts, plans, timers, log } = this.#options;
    let waitMs = CREDIT_CLOCK_EVERY_MS;
    try {
      // Plans first: what they grant may be over already.
      const dues = [await plans.tendPlans(), await accounts.tendCredits()];
      for (const { nextInMs } of dues) waitMs = Math.min(waitMs, Math.ceil(nextInMs ?? waitMs));
      this.#isFailing = false;
    } catch (error) {
      if (!this.#isFailing) log.error({ err: error }, 'credits could not be looked at; trying on');
      this.#isFailing = true;
    }
    if (this.#isClosed) return;
    this.#cancel = timers.after(waitMs, () => {
      this.#round = this.#look();
    });
  }
}
