// Payments against the books, as findings of a reconciliation.

import type { Till } from './till.ts';

export const PAYMENTS_CHECK = 'I14 I20 what was paid is what was credited, payment by payment';
/** Older ones were compared before; a provider's list of all times takes hours. */
const COMPARED_DAYS = 35;
/** Enough to see what is wrong. */
const DIFFERENCES_MAX = 20;

/** A provider that gives no list is a finding too: nothing was proved. */
export async function paymentFindings(
  till: Pick<Till, 'compare' | 'nowMs'>,
): Promise<readonly { readonly check: string; readonly detail: string }[]> {
  const finding = (detail: string) => ({ check: PAYMENTS_CHECK, detail });
  try {
    const found = await till.compare(till.nowMs() - COMPARED_DAYS * 86_400_000);
    return found
      .slice(0, DIFFERENCES_MAX)
      .map(({ provider, detail }) => finding(`${provider}: ${detail}`));
  } catch (error) {
    return [finding(error instanceof Error ? error.message : String(error))];
  }
}
