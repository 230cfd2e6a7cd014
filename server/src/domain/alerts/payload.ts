// An event as a webhook carries it: type, timestamp and data, as Standard Webhooks has it. Amounts are written both ways, as
// everywhere else.

import { formatAmount } from '../money/nano.ts';
import type { AlertEvent, AlertFacts } from './alert-event.ts';

const NANO_PER_CENT = 10_000_000n;

/** The same bytes at each try: the signature is of them. */
export function payloadOf({ id, kind, organisationId, facts, occurredAtMs }: AlertEvent): string {
  return JSON.stringify({
    type: kind,
    id,
    timestamp: new Date(occurredAtMs).toISOString(),
    data: { organisationId: organisationId ?? null, ...dataOf(facts) },
  });
}

export type Amount = { readonly dollars: string; readonly nano: string };

/** `spentNano` becomes `spent`, with dollars and nano-dollars; so does `totalCents`. */
export function dataOf(facts: AlertFacts): { readonly [name: string]: unknown } {
  return Object.fromEntries(
    Object.entries(facts).map(([name, value]): [string, unknown] => {
      const unit = /(?<of>.+)(?<unit>Nano|Cents)$/.exec(name)?.groups;
      const of = unit?.['of'];
      if (of === undefined) return [name, value];
      const amount = amountOf(value, unit?.['unit'] === 'Cents' ? NANO_PER_CENT : 1n);
      return [of, amount];
    }),
  );
}

function amountOf(value: AlertFacts[string], nanoEach: bigint): Amount | null {
  if (value === null || value === undefined) return null;
  const nano = BigInt(value) * nanoEach;
  return { dollars: formatAmount(nano), nano: `${nano}` };
}
