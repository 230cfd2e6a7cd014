// Bills each month when it is over and what was used in it is in the books. Every server does; each invoice is made once, and
// what one has left another ends.

import type { InvoicingMode, MonthState } from '../domain/billing/month.ts';
import { monthBefore, stateOfMonth } from '../domain/billing/month.ts';
import { INVOICED_AT_ONCE, INVOICING_EVERY_MS } from '../limits.ts';
import type { Billing, InvoicedSome } from '../ports/billing.ts';
import type { Log } from '../ports/log.ts';

export type InvoicingOptions = {
  readonly billing: Pick<Billing, 'seen' | 'invoiceSome'>;
  readonly mode: InvoicingMode;
  readonly graceMs: number;
  readonly nowMs: () => number;
  readonly log: Log;
  /** Absent: every minute. */
  readonly everyMs?: number;
};

export class Invoicing implements AsyncDisposable {
  readonly #options: InvoicingOptions;
  readonly #timer: NodeJS.Timeout;
  #round: Promise<void> | undefined;
  #isClosed = false;
  /** What was said last: an outage, or a gateway that is waited for, is one line and not one a minute. */
  #said = '';
  /** A month of which nothing is left. */
  #doneMonth = '';

  constructor(options: InvoicingOptions) {
    this.#options = options;
    const round = (): void => {
      this.#round ??= this.#look().finally(() => (this.#round = undefined));
    };
    this.#timer = setInterval(round, options.everyMs ?? INVOICING_EVERY_MS);
    round();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true;
    clearInterval(this.#timer);
    await this.#round;
  }

  async #look(): Promise<void> {
    try {
      await this.#bill();
    } catch (error) {
      this.#say('books', () =>
        this.#options.log.error({ err: error }, 'invoices could not be made; trying on'),
      );
    }
  }

  async #bill(): Promise<void> {
    const { billing, mode, graceMs, log } = this.#options;
    const nowMs = this.#options.nowMs();
    const month = monthBefore(nowMs);
    if (month === this.#doneMonth) return;
    const state = stateOfMonth({ month, nowMs, graceMs, ...(await billing.seen(month)) });
    if (state.kind !== 'complete') return this.#wait(month, state);
    for (;;) {
      const some = await billing.invoiceSome(month, mode, INVOICED_AT_ONCE);
      this.#tell(month, some);
      if (this.#isClosed || some.failed.length > 0) return;
      if (some.left > 0) continue;
      this.#doneMonth = month;
      log.info({ month }, `Everything of ${month} is billed.`);
      return;
    }
  }

  #wait(month: string, state: Exclude<MonthState, { readonly kind: 'complete' }>): void {
    if (state.kind === 'not-over') return;
    const { gateways, openHolds } = state;
    const until = new Date(state.untilMs).toISOString();
    this.#say(`${month} ${gateways.join()} ${openHolds}`, () =>
      this.#options.log.warn(
        { month, gateways, openHolds, until },
        `${month} is not billed yet: these may still have something to settle. Start them again, or it is billed without them at ${until}; what they settle later is on the next invoice.`,
      ),
    );
  }

  #tell(month: string, { failed, ...counts }: InvoicedSome): void {
    const { log } = this.#options;
    if (counts.final + counts.drafted > 0) log.info({ month, ...counts }, 'invoices were made');
    if (failed.length === 0) return;
    this.#say(failed.map(({ organisationId, why }) => `${organisationId} ${why}`).join(), () =>
      log.error({ month, failed }, 'some invoices could not be made; trying on'),
    );
  }

  #say(what: string, say: () => void): void {
    if (this.#said !== what) say();
    this.#said = what;
  }
}
