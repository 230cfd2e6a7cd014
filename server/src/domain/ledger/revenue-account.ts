// Where the price of what was used goes: an account for each model and tier. Before there were tiers it was one for each
// model; those accounts keep what they have.

import type { Settlement } from './settlement.ts';

export function revenueAccount({ model, tier }: Pick<Settlement, 'model' | 'tier'>): string {
  return `revenue:${model}:${tier}`;
}
