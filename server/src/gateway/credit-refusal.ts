// Why a hold or an extension was refused, for the client: the credit, or which hard limit on spend.

import type { Snapshot } from '../domain/accounts/snapshot.ts';
import type { Refusal } from '../domain/refusal.ts';
import type { Refused } from '../ports/ledger.ts';

export function creditRefusal(
  { budgets }: Snapshot,
  { availableNano, lacking }: Refused,
  neededNano: bigint,
  nowMs: number,
): Refusal {
  const found = lacking === undefined ? undefined : budgets?.find(lacking);
  if (found === undefined) return { kind: 'insufficient-credit', availableNano, neededNano };
  const { scope, period, hardLimitNano: limitNano = 0n } = found.budget;
  const { endsAtMs } = found;
  const reset = endsAtMs !== undefined && {
    resetsAtMs: endsAtMs,
    ...(neededNano <= limitNano && { retryAfterMs: Math.max(0, endsAtMs - nowMs) }),
  };
  const amounts = { limitNano, availableNano, neededNano };
  return { kind: 'spend-limit-reached', scope, period, ...amounts, ...reset };
}
