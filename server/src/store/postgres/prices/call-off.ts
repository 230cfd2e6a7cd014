// Calls off a version before it begins, with the versions that contracts have made of it. What comes later must not be left
// with a gap, and nobody without prices.

import type pg from 'pg';
import { isTooLateToCallOff } from '../../../domain/pricing/price-draft.ts';
import type { PriceBook } from '../../../domain/pricing/price-book.ts';
import type { Dated } from '../../../domain/pricing/prices.ts';
import { err, ok, type Result } from '../../../lib/result.ts';
import type { PriceProblem } from '../../../ports/price-books.ts';
import { remakeAll } from './contract-books.ts';
import { loadPrices } from './price-rows.ts';

type VersionRow = {
  readonly bookId: string;
  readonly base: string | null;
  readonly fromMs: number;
  readonly calledOff: boolean;
};

/** False: it is called off already. The caller holds the publishing lock. */
export async function callOffVersion(
  client: pg.ClientBase,
  version: number,
  by: string,
  reason: string,
): Promise<Result<boolean, PriceProblem>> {
  const row = await versionRow(client, version);
  if (row === undefined) return err({ kind: 'no-such-version', version });
  if (row.calledOff) return ok(false);
  const { bookId, base, fromMs } = row;
  if (base !== null) return err({ kind: 'book-of-rules', book: bookId });
  if (isTooLateToCallOff(fromMs, Date.now())) {
    return err({ kind: 'too-late-to-call-off', version, fromMs });
  }
  const versions = (await loadPrices(client)).books.get(bookId) ?? [];
  const problem =
    gapAfter(versions, version) ?? (await emptyBook(client, bookId, versions, fromMs));
  if (problem !== undefined) return err(problem);
  await client.query(
    `INSERT INTO price_version_called_off (version, by_whom, reason)
       SELECT version, $2, $3 FROM price_book_version
         WHERE version = $1 OR (made_of = $1 AND effective_from > clock_timestamp())
       ON CONFLICT DO NOTHING`,
    [version, by, reason],
  );
  await client.query(`UPDATE price_draft SET state = 'called-off' WHERE version = $1`, [version]);
  await remakeAll(client, bookId);
  return ok(true);
}

async function versionRow(client: pg.ClientBase, version: number): Promise<VersionRow | undefined> {
  const { rows } = await client.query<VersionRow>(
    `SELECT v.book_id AS "bookId", b.base, extract(epoch FROM v.effective_from)::float8 * 1000 AS "fromMs",
         c.version IS NOT NULL AS "calledOff"
       FROM price_book_version AS v JOIN price_book AS b ON b.id = v.book_id
       LEFT JOIN price_version_called_off AS c ON c.version = v.version
       WHERE v.version = $1`,
    [version],
  );
  return rows[0];
}

/** The next one was held against this one when it was scheduled; now it comes after the one before. */
function gapAfter(
  versions: readonly Dated<PriceBook>[],
  version: number,
): PriceProblem | undefined {
  const at = versions.findIndex(({ value }) => value.version === version);
  const [before, next] = [versions[at - 1]?.value, versions[at + 1]?.value];
  const own = versions[at]?.value;
  if (before === undefined || next === undefined || own === undefined) return undefined;
  const models = [...before.models.keys()].filter(
    (model) => !next.models.has(model) && !own.models.has(model),
  );
  return models.length === 0
    ? undefined
    : { kind: 'later-price-gap', version: next.version, models };
}

/** A book's only prices stay while somebody is to pay by them. */
async function emptyBook(
  client: pg.ClientBase,
  bookId: string,
  versions: readonly Dated<PriceBook>[],
  fromMs: number,
): Promise<PriceProblem | undefined> {
  if (versions.some((one) => one.fromMs < fromMs)) return undefined;
  const { rowCount } = await client.query(
    `SELECT FROM organisation_price_book AS o JOIN price_book AS b ON b.id = o.book_id
       WHERE b.id = $1 OR b.base = $1 LIMIT 1`,
    [bookId],
  );
  return rowCount === 0 ? undefined : { kind: 'book-not-in-force', book: bookId };
}
