// The proof that the books agree, or where they don't.

import { moneyOf } from '@turnpike/contract/money.ts';

import { ok } from '../lib/result.ts';
import type { Till } from '../till/till.ts';
import type { ControlDeps, Handlers } from './handler.ts';

const PAYMENTS_CHECK = 'I14 I20 what was paid is what was credited, payment by payment';
/** Older ones were compared before; a provider's list of all times takes hours. */
const COMPARED_DAYS = 35;
/** Enough to see what is wrong. */
const DIFFERENCES_MAX = 20;

export function reconciliation({
  accounts,
  facts,
  till,
}: ControlDeps): Pick<Handlers, 'getReconciliation'> {
  return {
    async getReconciliation() {
      const { checks, findings, totals } = await accounts.reconcile();
      const payments = await comparePayments(till, facts.nowMs());
      const { transfers, requests, creditsNano, revenueNano, overrunNano } = totals;
      return ok({
        at: new Date(facts.nowMs()).toISOString(),
        checks: [...checks, PAYMENTS_CHECK],
        differences: [
          ...findings.map(({ check, detail }) => ({ check, detail })),
          ...payments.map((detail) => ({ check: PAYMENTS_CHECK, detail })),
        ],
        totals: {
          transfers,
          requests,
          credits: moneyOf(creditsNano),
          revenue: moneyOf(revenueNano),
          overrun: moneyOf(overrunNano),
        },
      });
    },
  };
}

/** A provider that gives no list is a finding too: nothing was proved. */
async function comparePayments(till: Till, nowMs: number): Promise<readonly string[]> {
  try {
    const found = await till.compare(nowMs - COMPARED_DAYS * 86_400_000);
    return found.slice(0, DIFFERENCES_MAX).map(({ provider, detail }) => `${provider}: ${detail}`);
  } catch (error) {
    return [error instanceof Error ? error.message : String(error)];
  }
}
