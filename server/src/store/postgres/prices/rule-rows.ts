// Rules and drafted prices as JSON in PostgreSQL: amounts as text, because JSON's numbers are floats.

import { nano } from '../../../domain/money/nano.ts';
import {
  PRICE_ITEMS,
  type ModelPrice,
  type ModelPrices,
  type PriceItem,
} from '../../../domain/pricing/price-book.ts';
import type { PriceRule } from '../../../domain/pricing/price-rules.ts';
import { SERVICE_TIERS, type ServiceTier } from '../../../domain/pricing/service-tier.ts';
import { wholePrice } from '../../../domain/pricing/whole-price.ts';
import { pricesIn, type Models } from './price-rows.ts';

export type StoredRule = {
  readonly model?: string;
  readonly tier?: ServiceTier;
  readonly item?: PriceItem;
  readonly permille?: number;
  readonly price?: string;
};

export function rulesToJson(rules: readonly PriceRule[]): string {
  const stored = rules.map(({ change, ...about }): StoredRule =>
    change.kind === 'permille'
      ? { ...about, permille: change.permille }
      : { ...about, price: `${change.price}` },
  );
  return JSON.stringify(stored);
}

export function rulesFromJson(stored: readonly StoredRule[]): readonly PriceRule[] {
  return stored.map(({ permille, price, ...about }) => ({
    ...about,
    change:
      price === undefined
        ? { kind: 'permille', permille: permille ?? 1_000 }
        : { kind: 'exact', price: nano(BigInt(price)) },
  }));
}

type StoredPrice = { readonly [item in PriceItem]?: string };
export type StoredModels = {
  readonly [model: string]: { readonly [tier in ServiceTier]?: StoredPrice };
};

export function modelsToJson(models: Models): string {
  const stored: { [model: string]: { [tier: string]: StoredPrice } } = {};
  for (const [model, tier, price] of pricesIn(models)) {
    const amounts = Object.fromEntries(PRICE_ITEMS.map((item) => [item, `${price[item]}`]));
    stored[model] = { ...stored[model], [tier]: amounts };
  }
  return JSON.stringify(stored);
}

export function modelsFromJson(stored: StoredModels): Models {
  const models = new Map<string, ModelPrices>();
  for (const [model, given] of Object.entries(stored)) {
    const tiers: { [tier in ServiceTier]?: ModelPrice } = {};
    for (const tier of SERVICE_TIERS) {
      const price = given[tier];
      if (price !== undefined) tiers[tier] = priceFrom(price);
    }
    const { standard, ...others } = tiers;
    if (standard !== undefined) models.set(model, { standard, ...others });
  }
  return models;
}

function priceFrom(stored: StoredPrice): ModelPrice {
  const of = (item: PriceItem) => nano(BigInt(stored[item] ?? '0'));
  const price = wholePrice({ input: of('input'), output: of('output') });
  return { ...price, ...Object.fromEntries(PRICE_ITEMS.map((item) => [item, of(item)])) };
}
