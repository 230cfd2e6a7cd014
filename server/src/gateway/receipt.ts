// What a customer can read of a bill right in the answer: exact cost, price version and the credit that is left.

import { formatAmount } from '../domain/money/nano.ts';
import type { SettleOutcome } from '../ports/ledger.ts';

type Settled = Extract<SettleOutcome, { kind: 'settled' }>;

/** In dollars, with as many of nine decimals as count. */
export function receiptHeaders(settled: Settled, priceVersion: number) {
  return {
    'turnpike-cost-usd': formatAmount(settled.chargedNano),
    'turnpike-credit-usd': formatAmount(settled.availableNano),
    'turnpike-price-version': String(priceVersion),
  };
}
