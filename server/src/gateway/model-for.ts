// The models as a caller has them: one that its key may not call does not exist, and one without a price is sold to nobody.
// Everything that a request does with a model begins here.

import type { KeyEntry } from '../domain/accounts/snapshot.ts';
import { mayCall } from '../domain/accounts/model-access.ts';
import type { ModelPrice } from '../domain/pricing/price-book.ts';
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
};

type Caller = Pick<KeyEntry, 'models'>;

export function modelFor(
  gateway: Gateway,
  caller: Caller,
  modelId: string,
): Result<Offered, Refusal> {
  const model = gateway.models.get(modelId);
  if (model === undefined || !mayCall(caller, modelId)) {
    return err({ kind: 'model-not-found', model: modelId });
  }
  const pinned = priceOf(gateway, modelId);
  return pinned === undefined
    ? err({ kind: 'model-not-priced', model: modelId })
    : ok({ model, pinned });
}

/** In the order of the configuration. */
export function modelsFor(gateway: Gateway, caller: Caller): readonly Offered[] {
  return [...gateway.models.values()].flatMap((model) => {
    const pinned = mayCall(caller, model.id) ? priceOf(gateway, model.id) : undefined;
    return pinned === undefined ? [] : [{ model, pinned }];
  });
}

function priceOf(gateway: Gateway, modelId: string): PinnedPrice | undefined {
  const book = gateway.snapshot().priceBook;
  const price = book?.models.get(modelId);
  if (book === undefined || price === undefined) return undefined;
  return { price, version: book.version, tier: 'standard' };
}
