// What a contract changes in a price list: discounts and prices of its own, by model, tier and what is counted. The list
// that comes out is stored as a version of its own, so that a usage row's version says exactly what was charged.

import { nano, type Nano } from '../money/nano.ts';
import { PRICE_ITEMS, type ModelPrice, type ModelPrices, type PriceItem } from './price-book.ts';
import { SERVICE_TIERS, type ServiceTier } from './service-tier.ts';

/** What it does not name it is about all of. Of several, the first that is about a price decides it. */
export type PriceRule = {
  readonly model?: string;
  readonly tier?: ServiceTier;
  readonly item?: PriceItem;
  /** Of the list price, 900 for ten per cent less; or nano-dollars per million instead of it. */
  readonly change:
    | { readonly kind: 'permille'; readonly permille: number }
    | { readonly kind: 'exact'; readonly price: Nano };
};

const PERMILLE_ONE = 1_000n;

export function underRules(
  list: ReadonlyMap<string, ModelPrices>,
  rules: readonly PriceRule[],
): ReadonlyMap<string, ModelPrices> {
  const changed = new Map<string, ModelPrices>();
  for (const [model, prices] of list) {
    const tiers: { [tier in ServiceTier]?: ModelPrice } = {};
    for (const tier of SERVICE_TIERS) {
      const price = prices[tier];
      if (price !== undefined) tiers[tier] = priceUnder(price, rules, { model, tier });
    }
    const { standard = prices.standard, ...others } = tiers;
    changed.set(model, { standard, ...others });
  }
  return changed;
}

function priceUnder(
  price: ModelPrice,
  rules: readonly PriceRule[],
  of: { readonly model: string; readonly tier: ServiceTier },
): ModelPrice {
  const changed: { -readonly [item in PriceItem]: Nano } = { ...price };
  for (const item of PRICE_ITEMS) {
    const rule = rules.find(
      ({ model = of.model, tier = of.tier, item: about = item }) =>
        model === of.model && tier === of.tier && about === item,
    );
    if (rule !== undefined) changed[item] = after(price[item], rule.change);
  }
  return changed;
}

/** All items of a price; rounded half up to whole nano-dollars per million, so that what is charged can be shown. */
export function times(price: ModelPrice, permille: number): ModelPrice {
  const changed: { -readonly [item in PriceItem]: Nano } = { ...price };
  for (const item of PRICE_ITEMS)
    changed[item] = after(price[item], { kind: 'permille', permille });
  return changed;
}

function after(price: Nano, change: PriceRule['change']): Nano {
  if (change.kind === 'exact') return change.price;
  return nano((price * BigInt(change.permille) + PERMILLE_ONE / 2n) / PERMILLE_ONE);
}
