// Books of contracts: each version of the base book makes one of theirs, under the rules of that moment. So a usage row's
// version says what was charged, and nobody needs the rules to compute it again.

import type pg from 'pg';
import { sameModels, type PriceBook } from '../../../domain/pricing/price-book.ts';
import type { Dated } from '../../../domain/pricing/prices.ts';
import { underRules, type PriceRule } from '../../../domain/pricing/price-rules.ts';
import { insertVersion, loadPrices } from './price-rows.ts';
import { rulesFromJson, type StoredRule } from './rule-rows.ts';

/** After a change of the book, or of the rules of those that are made of it. The caller holds the publishing lock. */
export async function remakeAll(client: pg.ClientBase, baseId: string): Promise<void> {
  const { rows } = await client.query<{ id: string }>(
    'SELECT id FROM price_book WHERE base = $1 ORDER BY id',
    [baseId],
  );
  for (const { id } of rows) await remake(client, baseId, id);
}

async function remake(client: pg.ClientBase, baseId: string, bookId: string): Promise<void> {
  const { books } = await loadPrices(client);
  const base = books.get(baseId) ?? [];
  const rules = await loadRules(client, bookId);
  const own = [...(books.get(bookId) ?? [])];
  const moments = [...base, ...rules].map(({ fromMs }) => fromMs);
  for (const atMs of [...new Set(moments)].toSorted((a, b) => a - b)) {
    const list = at(base, atMs);
    const under = at(rules, atMs);
    if (list === undefined || under === undefined) continue;
    const models = underRules(list.models, under);
    const before: PriceBook | undefined = at(own, atMs);
    if (before !== undefined && sameModels(before.models, models)) continue;
    const when = Number.isFinite(atMs) && { effectiveFromMs: atMs };
    const made = { bookId, models, source: 'base', madeOf: list.version, ...when } as const;
    own.push({ fromMs: atMs, value: { version: await insertVersion(client, made), models } });
    own.sort((one, other) => one.fromMs - other.fromMs);
  }
}

function at<T>(dated: readonly Dated<T>[], ms: number): T | undefined {
  return dated.findLast(({ fromMs }) => fromMs <= ms)?.value;
}

async function loadRules(
  client: pg.ClientBase,
  bookId: string,
): Promise<readonly Dated<readonly PriceRule[]>[]> {
  const { rows } = await client.query<{ rules: readonly StoredRule[]; from: number | null }>(
    `SELECT rules,
         CASE WHEN effective_from > clock_timestamp() THEN extract(epoch FROM effective_from)::float8 * 1000 END AS from
       FROM price_book_rules WHERE book_id = $1 ORDER BY effective_from, created_at`,
    [bookId],
  );
  return rows.map(({ rules, from }) => ({
    fromMs: from ?? -Infinity,
    value: rulesFromJson(rules),
  }));
}
