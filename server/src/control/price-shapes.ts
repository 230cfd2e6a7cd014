// Prices between the contract's words and the domain's.

import { moneyOf } from '@turnpike/contract/money.ts';
import type { UnitPrices } from '@turnpike/contract/models.ts';
import type {
  Draft as DraftShown,
  PricedModel,
  PriceBook as BookShown,
  PriceVersion,
  WrittenModels,
  WrittenPrice,
  WrittenRule,
} from '@turnpike/contract/prices.ts';

import { nano, parseDollars, type Nano } from '../domain/money/nano.ts';
import type { ModelPrice, ModelPrices } from '../domain/pricing/price-book.ts';
import { times, type PriceRule } from '../domain/pricing/price-rules.ts';
import { SERVICE_TIERS, type ServiceTier } from '../domain/pricing/service-tier.ts';
import { wholePrice } from '../domain/pricing/whole-price.ts';
import { assert } from '../lib/assert.ts';
import type { Book, Draft, Version } from '../ports/price-books.ts';

type Models = ReadonlyMap<string, ModelPrices>;

export function modelsFrom(written: WrittenModels): Models {
  const models = new Map<string, ModelPrices>();
  for (const [model, { tiers = {}, ...price }] of Object.entries(written)) {
    const standard = priceFrom(price);
    const others: { [tier in ServiceTier]?: ModelPrice } = {};
    for (const tier of SERVICE_TIERS) {
      const given = tier === 'standard' ? undefined : tiers[tier];
      if (given === undefined) continue;
      others[tier] = 'permille' in given ? times(standard, given.permille) : priceFrom(given);
    }
    models.set(model, { ...others, standard });
  }
  return models;
}

function priceFrom(written: WrittenPrice): ModelPrice {
  const amount = (text: string | undefined): Nano | undefined => {
    if (text === undefined) return undefined;
    const parsed = parseDollars(text);
    assert(parsed !== undefined && parsed >= 0n, 'the contract lets only dollars in');
    return parsed;
  };
  const ofAMillion = (one: Nano | undefined) => one && nano(one * 1_000_000n);
  const nothing = nano(0n);
  return wholePrice({
    input: amount(written.input) ?? nothing,
    output: amount(written.output) ?? nothing,
    cacheRead: amount(written.cacheRead),
    cacheWrite5m: amount(written.cacheWrite5m),
    cacheWrite1h: amount(written.cacheWrite1h),
    imageInput: amount(written.imageInput),
    audioInput: amount(written.audioInput),
    reasoning: amount(written.reasoning),
    imageOutput: amount(written.imageOutput),
    audioOutput: amount(written.audioOutput),
    toolCalls: ofAMillion(amount(written.toolCalls)),
    request: ofAMillion(amount(written.request)),
  });
}

export function rulesFrom(written: readonly WrittenRule[]): readonly PriceRule[] {
  return written.map(({ model, tier, item, permille, price }) => ({
    ...(model !== undefined && { model }),
    ...(tier !== undefined && { tier }),
    ...(item !== undefined && { item }),
    change:
      price === undefined
        ? { kind: 'permille', permille: permille ?? 1_000 }
        : { kind: 'exact', price: parseDollars(price) ?? nano(0n) },
  }));
}

function pricesOf(models: Models): PricedModel[] {
  return [...models].flatMap(([model, prices]) =>
    SERVICE_TIERS.flatMap((tier) => {
      const price = prices[tier];
      return price === undefined ? [] : [{ model, tier, ...unitPricesOf(price) }];
    }),
  );
}

export function unitPricesOf(price: ModelPrice): UnitPrices {
  return {
    perMillionTokens: {
      input: moneyOf(price.input),
      cacheRead: moneyOf(price.cacheRead),
      cacheWrite5m: moneyOf(price.cacheWrite5m),
      cacheWrite1h: moneyOf(price.cacheWrite1h),
      imageInput: moneyOf(price.imageInput),
      audioInput: moneyOf(price.audioInput),
      output: moneyOf(price.output),
      reasoning: moneyOf(price.reasoning),
      imageOutput: moneyOf(price.imageOutput),
      audioOutput: moneyOf(price.audioOutput),
    },
    perMillionCalls: { toolCalls: moneyOf(price.toolCalls), request: moneyOf(price.request) },
  };
}

export function draftShown({ bookId: book, models, withdrawn, ...rest }: Draft): DraftShown {
  return { ...rest, book, withdrawn: [...withdrawn], prices: pricesOf(models) };
}

export function versionShown(version: Version): PriceVersion {
  const { models, effectiveFromMs, bookId, calledOff, ...rest } = version;
  return {
    ...rest,
    book: bookId,
    effectiveFrom: new Date(effectiveFromMs).toISOString(),
    ...(calledOff !== undefined && {
      calledOff: {
        by: calledOff.by,
        reason: calledOff.reason,
        at: new Date(calledOff.atMs).toISOString(),
      },
    }),
    prices: pricesOf(models),
  };
}

export function bookShown({ rules, ...book }: Book): BookShown {
  return {
    ...book,
    rules: rules.map(({ change, ...about }) =>
      change.kind === 'permille'
        ? { ...about, permille: change.permille }
        : { ...about, perMillion: moneyOf(change.price) },
    ),
  };
}
