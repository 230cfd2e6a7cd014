// Why a hold or an extension was refused, for the client: the credit, or which hard limit on spend.

import type { Snapshot } from '../domain/accounts/snapshot.ts';
import type { Refusal } from '../domain/refusal.ts';
import type { Refused } from '../ports/ledger.ts';

export function creditRefusal(
  { budgets }: Snapshot,
  { availableNano, lacking }: Refused,
  neededNano: bigint,
): Refusal {
  const found = lacking === undefined ? undefined : budgets?.find(lacking);
  if (found === undefined) return { kind: 'insufficient-credit', availableNano, neededNano };
  const { scope, period } = found.budget;
  const reset = found.endsAtMs !== undefined && { resetsAtMs: found.endsAtMs };
  return { kind: 'spend-limit-reached', scope, period, availableNano, neededNano, ...reset };
}
