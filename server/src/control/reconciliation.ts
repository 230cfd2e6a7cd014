// The proof that the books agree, or where they don't.

import { moneyOf } from '@turnpike/contract/money.ts';

import { ok } from '../lib/result.ts';
import type { ControlDeps, Handlers } from './handler.ts';

export function reconciliation({
  accounts,
  facts,
}: ControlDeps): Pick<Handlers, 'getReconciliation'> {
  return {
    async getReconciliation() {
      const { checks, findings, totals } = await accounts.reconcile();
      const { transfers, requests, creditsNano, revenueNano, overrunNano } = totals;
      return ok({
        at: new Date(facts.nowMs()).toISOString(),
        checks: [...checks],
        differences: findings.map(({ check, detail }) => ({ check, detail })),
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
