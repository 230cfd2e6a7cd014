// Adds up the books every hour, whichever server is first in it: the ledger as far as its share of the time allows, what is
// billed against both meters, and payments against their transfers. What is found is an alert to the operator, once.

import type { Accounts } from '../ports/accounts.ts';
import type { Log } from '../ports/log.ts';
import type { Finding, Reconciliations, RunFound } from '../ports/reconciliations.ts';
import { RECONCILE_LOOK_EVERY_MS, RECONCILE_STATEMENT_TIMEOUT_MS } from '../limits.ts';
import { paymentFindings, PAYMENTS_CHECK } from '../till/payment-findings.ts';
import type { Till } from '../till/till.ts';

export type ReconcilingOptions = {
  readonly reconciliations: Reconciliations;
  readonly accounts: Pick<Accounts, 'reconcile'>;
  readonly till: Pick<Till, 'compare' | 'nowMs'>;
  readonly log: Log;
  /** Absent: every minute it is seen whether an hour has begun. */
  readonly everyMs?: number;
};

const DONE_CHECK = 'I20 the books could be added up';

export class Reconciling implements AsyncDisposable {
  readonly #options: ReconcilingOptions;
  readonly #timer: NodeJS.Timeout;
  #round: Promise<void> | undefined;
  #isStuck = false;

  /** Not at once: a start has other things to do. */
  constructor(options: ReconcilingOptions) {
    this.#options = options;
    this.#timer = setInterval(() => {
      this.#round ??= this.#look().finally(() => (this.#round = undefined));
    }, options.everyMs ?? RECONCILE_LOOK_EVERY_MS);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#timer);
    await this.#round;
  }

  async #look(): Promise<void> {
    const { reconciliations, log } = this.#options;
    try {
      const run = await reconciliations.begin();
      if (run === undefined) return;
      const found = await this.#found(run.whole);
      const fresh = await reconciliations.end(run, found);
      for (const { check, detail } of fresh) {
        log.error({ check, detail }, 'the books do not agree; see "turnpike reconcile"');
      }
      log.info({ ...run, differences: found.findings.length }, 'the books were added up');
      this.#isStuck = false;
    } catch (error) {
      if (!this.#isStuck) log.error({ err: error }, 'the books could not be added up; trying on');
      this.#isStuck = true;
    }
  }

  /** What can't be looked at is a finding too: nothing was proved. */
  async #found(whole: boolean): Promise<RunFound> {
    const { reconciliations, accounts, till } = this.#options;
    const checks = [DONE_CHECK, PAYMENTS_CHECK];
    const findings: Finding[] = [...(await paymentFindings(till))];
    try {
      const books = whole
        ? await accounts.reconcile(RECONCILE_STATEMENT_TIMEOUT_MS)
        : await reconciliations.meterFindings();
      return {
        checks: [...checks, ...books.checks],
        findings: [...findings, ...books.findings],
      };
    } catch (error) {
      const failure = error instanceof Error ? error.message : String(error);
      return { checks, findings: [...findings, { check: DONE_CHECK, detail: failure }], failure };
    }
  }
}
