// The terms as a gateway has them in memory: what the snapshot feed makes of the rows in PostgreSQL.

import { formatKey, hashKey } from '../../server/src/domain/accounts/key.ts';
import type { KeyEntry, Snapshot } from '../../server/src/domain/accounts/snapshot.ts';
import { BudgetTree } from '../../server/src/domain/ledger/budget.ts';
import type { PriceBook } from '../../server/src/domain/pricing/price-book.ts';
import { type Dated, LIST_PRICES } from '../../server/src/domain/pricing/prices.ts';
import type { Caller, Terms } from './office.ts';

export function keyOf(number: number): string {
  return formatKey(Uint8Array.from({ length: 64 }, (_, at) => (number * 7 + at * 3) % 248));
}

export function snapshotOf({ version, callers, budgets, prices, contracts }: Terms): Snapshot {
  const books = new Map<string, Dated<PriceBook>[]>();
  for (const { book, version: number, fromMs, tiers } of prices) {
    const id = book === 'list' ? LIST_PRICES : book;
    const value = { version: number, models: new Map([['model', tiers]]) };
    books.set(id, [...(books.get(id) ?? []), { fromMs, value }]);
  }
  const terms = new Map<string, Dated<string>[]>();
  for (const { organisationId, book, fromMs } of contracts) {
    terms.set(organisationId, [...(terms.get(organisationId) ?? []), { fromMs, value: book }]);
  }
  return {
    version,
    keys: new Map(callers.map((caller) => [hashKey(keyOf(caller.number)), entryOf(caller)])),
    prices: { books, terms },
    ...(budgets.length > 0 && { budgets: new BudgetTree(budgets) }),
  };
}

function entryOf(caller: Caller): KeyEntry {
  const { keyId, projectId, organisationId, contributes, frozen, revokedAtMs, owesSinceMs } =
    caller;
  const revoked = revokedAtMs !== undefined && frozen === undefined;
  return {
    keyId,
    projectId,
    organisationId,
    revoked,
    ...((frozen === true || owesSinceMs !== undefined) && { frozen: true }),
    ...(contributes && { contributes }),
  };
}
