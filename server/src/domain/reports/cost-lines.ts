// What was charged, line by line: a model in a tier and what was counted. Lines of one bucket add up to what its customer paid;
// what the house bore is taken off in a line of its own.

import { nano, type Nano } from '../money/nano.ts';
import type { PriceItem } from '../pricing/price-book.ts';
import type { PricesThen } from './prices-then.ts';
import { splitCost } from './split-cost.ts';
import type { SumKey, UsageSum } from './usage-ask.ts';

export type CostItem = PriceItem | 'notCharged';

export type CostLine = {
  readonly startsAtMs: number;
  /** Without the version of the price: a line is the same before and after a change of price. */
  readonly key: SumKey;
  readonly item: CostItem;
  readonly quantity: number;
  readonly amountNano: Nano;
};

/** The sums must be told apart by model, tier and price. */
export function costLines(sums: readonly UsageSum[], prices: PricesThen): readonly CostLine[] {
  const lines = new Map<string, CostLine>();
  for (const line of sums.flatMap((sum) => linesOf(sum, prices))) {
    const { startsAtMs, key, item } = line;
    const { project, key: apiKey, endUser, model, tier } = key;
    const place = JSON.stringify([startsAtMs, project, apiKey, endUser, model, tier, item]);
    const before = lines.get(place);
    lines.set(place, before === undefined ? line : together(before, line));
  }
  return [...lines.values()];
}

function together(one: CostLine, other: CostLine): CostLine {
  return {
    ...one,
    quantity: one.quantity + other.quantity,
    amountNano: nano(one.amountNano + other.amountNano),
  };
}

function linesOf(sum: UsageSum, prices: PricesThen): readonly CostLine[] {
  const { startsAtMs, chargedNano, overrunNano } = sum;
  const { price: version, ...key } = sum.key;
  const { model = '', tier = 'standard' } = key;
  const price = prices({ version: Number(version ?? 0), model, tier });
  const lines: readonly CostLine[] = splitCost(
    { ...sum, costNano: chargedNano + overrunNano },
    price,
  ).map((part) => ({ startsAtMs, key, ...part }));
  if (overrunNano === 0n) return lines;
  const amountNano = nano(0n - overrunNano);
  return [...lines, { startsAtMs, key, item: 'notCharged', quantity: sum.requests, amountNano }];
}

/** `small`, or `small (flex)`: the usual tier needs no word. */
export function servedName({ model = '', tier = 'standard' }: SumKey): string {
  return tier === 'standard' ? model : `${model} (${tier})`;
}
