// The budgets on the path of a key's requests, with what is spent of each in the window that is open.

import { windowIdOf, windowOf } from '../../domain/ledger/budget.ts';
import type { Budgets } from '../../ports/budgets.ts';
import type { KeyBudget } from '../../ports/receipts.ts';

type Whose = {
  readonly organisationId: string;
  readonly projectId: string;
  readonly keyId: string;
};

export async function keyBudgets(
  budgets: Budgets,
  { organisationId, projectId, keyId }: Whose,
  nowMs: number,
): Promise<readonly KeyBudget[]> {
  const subjects = { organisation: organisationId, project: projectId, key: keyId };
  const whose = { ...subjects, 'each-end-user': projectId, 'end-user': undefined };
  const onPath = (await budgets.list(organisationId)).filter(
    ({ scope, subject }) => whose[scope] === subject,
  );
  return Promise.all(
    onPath.map(async (budget) => {
      const { scope, period, hardLimitNano, alertNano } = budget;
      const windowId = windowIdOf(budget, nowMs);
      const isEach = scope === 'each-end-user';
      const found = await (isEach ? budgets.endUsers(windowId, 0) : budgets.window(windowId));
      const { endsAtMs } = windowOf(period, nowMs);
      return {
        scope,
        period,
        spentNano: found?.spentNano ?? 0n,
        heldNano: found?.heldNano ?? 0n,
        ...(hardLimitNano !== undefined && { hardLimitNano }),
        ...(alertNano !== undefined && { alertNano }),
        ...(endsAtMs !== undefined && { resetsAtMs: endsAtMs }),
      };
    }),
  );
}
