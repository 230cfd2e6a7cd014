// The models as a caller has them: one that its key may not call does not exist, and one without a price is sold to nobody.
// Everything that a request does with a model begins here.

import type { KeyEntry } from '../domain/accounts/snapshot.ts';
import { mayCall } from '../domain/accounts/model-access.ts';
import type { ModelPrice, ModelPrices, PriceBook } from '../domain/pricing/price-book.ts';
import { bookInForce } from '../domain/pricing/prices.ts';
import type { ServiceTier } from '../domain/pricing/service-tier.ts';
import type { Refusal } from '../domain/refusal.ts';
import { err, ok, type Result } from '../lib/result.ts';
import type { Gateway, ServedModel } from './gateway.ts';

/** A model at its price. */
export type Offered = { readonly model: ServedModel; readonly pinned: PinnedPrice };
export type PinnedPrice = {
  readonly price: ModelPrice;
  readonly version: number;
  /** The one that is used, which the price is of. */
  readonly tier: ServiceTier;
  /** Of all tiers that are sold. */
  readonly prices: ModelPrices;
};

type Caller = Pick<KeyEntry, 'models' | 'organisationId' | 'contributes'>;

/** `tier` is a wish: where it is not sold it is served as usual. Absent: as usual. */
export function modelFor(
  gateway: Gateway,
  caller: Caller,
  modelId: string,
  tier: ServiceTier = 'standard',
): Result<Offered, Refusal> {
  const model = gateway.models.get(modelId);
  if (model === undefined || !mayCall(caller, modelId)) {
    return err({ kind: 'model-not-found', model: modelId });
  }
  // What is sent in this tier may be used to train: that is never done to somebody who did not agree to it.
  if (tier === 'contributor' && caller.contributes !== true) {
    return err({ kind: 'consent-required' });
  }
  const book = bookOf(gateway, caller);
  const pinned = priceOf(book, modelId, tier);
  return pinned === undefined
    ? err({ kind: 'model-not-priced', model: modelId })
    : ok({ model, pinned });
}

/** In the order of the configuration. */
export function modelsFor(gateway: Gateway, caller: Caller): readonly Offered[] {
  const book = bookOf(gateway, caller);
  return [...gateway.models.values()].flatMap((model) => {
    const pinned = mayCall(caller, model.id) ? priceOf(book, model.id, 'standard') : undefined;
    return pinned === undefined ? [] : [{ model, pinned }];
  });
}

function bookOf({ snapshot, clock }: Gateway, caller: Caller): PriceBook | undefined {
  return bookInForce(snapshot().prices, clock.nowMs(), caller.organisationId);
}

function priceOf(
  book: PriceBook | undefined,
  modelId: string,
  asked: ServiceTier,
): PinnedPrice | undefined {
  const prices = book?.models.get(modelId);
  if (book === undefined || prices === undefined) return undefined;
  const { version } = book;
  const price = prices[asked];
  if (price === undefined) return { price: prices.standard, version, tier: 'standard', prices };
  return { price, version, tier: asked, prices };
}
