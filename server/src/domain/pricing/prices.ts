// All prices that gateways may need until the next change: what is in force, and what is scheduled to be, for everybody and
// for those with a book of their own. What is scheduled takes effect by each gateway's clock, without a word from anywhere.

import type { PriceBook } from './price-book.ts';

/** The book of everybody who has no other. */
export const LIST_PRICES = 'default';

/** Something that is in force from a moment on. What was in force already when it was read begins at −∞. */
export type Dated<T> = { readonly fromMs: number; readonly value: T };

export type Prices = {
  /** By the book's id; the oldest first. */
  readonly books: ReadonlyMap<string, readonly Dated<PriceBook>[]>;
  /** The ids of the books of organisations that have one of their own; the oldest first. */
  readonly terms: ReadonlyMap<string, readonly Dated<string>[]>;
};

export const NO_PRICES: Prices = { books: new Map(), terms: new Map() };

/** Undefined where nothing is in force: then nothing is sold. `organisationId` is absent for the list prices. */
export function bookInForce(
  { books, terms }: Prices,
  nowMs: number,
  organisationId?: string,
): PriceBook | undefined {
  const own = organisationId === undefined ? undefined : terms.get(organisationId);
  const bookId = (own && inForce(own, nowMs)) ?? LIST_PRICES;
  const versions = books.get(bookId);
  return versions && inForce(versions, nowMs);
}

/** Mostly there is one, so this is a look from the end. */
function inForce<T>(dated: readonly Dated<T>[], nowMs: number): T | undefined {
  for (let at = dated.length - 1; at >= 0; at--) {
    const one = dated[at];
    if (one !== undefined && one.fromMs <= nowMs) return one.value;
  }
  return undefined;
}
