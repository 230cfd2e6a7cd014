// How often it happened what is to be proved: a run in which it did not proves nothing.

import type { BooksModel } from './books-model.ts';
import type { Asked } from './asked.ts';

export function countsOf(
  asked: ReadonlyMap<string, Asked>,
  { usage }: BooksModel,
): Readonly<Record<string, number>> {
  const all = [...asked.values()];
  const rows = [...usage].map(([requestId, { settlement }]) => ({
    ...settlement,
    asked: asked.get(requestId),
  }));
  const count = (which: (one: Asked) => boolean) => all.filter(which).length;
  const refused = (kind: string) =>
    count(({ client }) => client.seen.kind === 'refused' && client.seen.body.includes(kind));
  return {
    asked: all.length,
    answered: count(({ client }) => client.seen.kind === 'answered'),
    'refused for credit': refused('insufficient-credit'),
    'refused by a hard limit': refused('spend-limit-reached'),
    'refused without a price': refused('model-not-priced'),
    'refused with a stopped key': refused('unauthenticated') + refused('frozen'),
    'ended at the boundary of a grant': rows.filter(({ outcome }) => outcome === 'credit-ended')
      .length,
    'admitted in several windows': count(({ accounts }) => accounts.length > 2),
    'charged in a window of the day before': rows.filter(
      ({ startedAtMs, durationMs, budgets = [] }) =>
        budgets.length > 0 && dayOf(startedAtMs) !== dayOf(startedAtMs + durationMs),
    ).length,
    'charged at another than the newest price': rows.filter(
      ({ asked: one, priceVersion }) =>
        one?.running.terms().prices.at(-1)?.version !== priceVersion,
    ).length,
    'in another tier than standard': rows.filter(({ tier }) => tier !== 'standard').length,
  };
}

function dayOf(ms: number): number {
  return Math.floor(ms / 86_400_000);
}
