// The proof that the books agree, or where they don't; what both meters say of the last hours; and when somebody looked last.

import { moneyOf } from '@turnpike/contract/money.ts';
import type { MeterHour as HourShown } from '@turnpike/contract/reconciliation.ts';

import { ok } from '../lib/result.ts';
import { METERS_SHOWN_HOURS } from '../limits.ts';
import type { MeterHour } from '../ports/reconciliations.ts';
import { paymentFindings, PAYMENTS_CHECK } from '../till/payment-findings.ts';
import type { ControlDeps, Handlers } from './handler.ts';

export function reconciliation(deps: ControlDeps): Pick<Handlers, 'getReconciliation'> {
  const { accounts, facts, till, reconciliations } = deps;
  return {
    async getReconciliation() {
      const { checks, findings, totals } = await accounts.reconcile();
      const payments = await paymentFindings(till);
      const { transfers, requests, creditsNano, revenueNano, overrunNano } = totals;
      const sinceMs = facts.nowMs() - METERS_SHOWN_HOURS * 3_600_000;
      const meters = (await reconciliations?.meters(sinceMs)) ?? [];
      const last = await reconciliations?.last();
      return ok({
        at: new Date(facts.nowMs()).toISOString(),
        checks: [...checks, PAYMENTS_CHECK],
        differences: [...findings, ...payments].map(({ check, detail }) => ({ check, detail })),
        totals: {
          transfers,
          requests,
          credits: moneyOf(creditsNano),
          revenue: moneyOf(revenueNano),
          overrun: moneyOf(overrunNano),
        },
        meters: meters.map(hourShown),
        lastRun:
          last === undefined
            ? null
            : {
                hour: last.hour.toISOString(),
                endedAt: last.endedAt.toISOString(),
                whole: last.whole,
                checks: last.checks,
                differences: last.differences,
                failure: last.failure ?? null,
              },
      });
    },
  };
}

function hourShown({ hour, ...counts }: MeterHour): HourShown {
  return { hour: hour.toISOString(), ...counts };
}
