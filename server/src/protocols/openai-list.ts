// Lists in OpenAI's form: `limit`, `order`, `after` and `before` in the query, and the page that comes back.

import { z } from 'zod';
import type { Refusal } from '../domain/refusal.ts';
import type { Json, Metadata } from '../domain/stored/answer.ts';
import type { Page, PageOf } from '../domain/stored/conversation.ts';
import { err, ok, type Result } from '../lib/result.ts';
import { STORED_PAGE_DEFAULT, STORED_PAGE_MAX } from '../limits.ts';
import { firstIssue } from './first-issue.ts';

/** An id, ours or of a client. */
const anyId = z
  .string()
  .min(1)
  .max(256)
  .refine((id) => id.isWellFormed() && !id.includes('\0'), 'expected an id');

export function readPage(
  query: URLSearchParams,
  orderDefault: 'asc' | 'desc',
): Result<PageOf, Refusal> {
  const parsed = z
    .object({
      limit: z.coerce.number().int().min(1).max(STORED_PAGE_MAX).default(STORED_PAGE_DEFAULT),
      order: z.enum(['asc', 'desc']).default(orderDefault),
      after: anyId.optional(),
      before: anyId.optional(),
    })
    .safeParse({
      limit: query.get('limit') ?? undefined,
      order: query.get('order') ?? undefined,
      after: query.get('after') ?? undefined,
      before: query.get('before') ?? undefined,
    });
  if (!parsed.success) return err(firstIssue(parsed.error.issues));
  const { limit, order, after, before } = parsed.data;
  return ok({
    limit,
    order,
    ...(after !== undefined && { after }),
    ...(before !== undefined && { before }),
  });
}

/** Each entry with its id and its JSON. */
export function listJson(page: Page<{ readonly id: string; readonly json: Json }>): Json {
  const { entries, hasMore } = page;
  const data = entries.map(({ json }) => json).join(',');
  const ends = JSON.stringify({
    first_id: entries[0]?.id ?? null,
    last_id: entries.at(-1)?.id ?? null,
    has_more: hasMore,
  });
  return `{"object":"list","data":[${data}],${ends.slice(1)}`;
}

/** Takes a page out of a list that is whole, oldest first. */
export function pageIn<T extends { readonly id: string }>(
  oldestFirst: readonly T[],
  { limit, order, after, before }: PageOf,
): Result<Page<T>, Refusal> {
  const list = order === 'asc' ? oldestFirst : oldestFirst.toReversed();
  const placeOf = (id: string | undefined): number => list.findIndex((entry) => entry.id === id);
  const [from, until] = [placeOf(after), placeOf(before)];
  if (after !== undefined && from === -1) return err(strayCursor('after', after));
  if (before !== undefined && until === -1) return err(strayCursor('before', before));
  const between = list.slice(from + 1, until === -1 ? undefined : until);
  return ok({ entries: between.slice(0, limit), hasMore: between.length > limit });
}

/** A page that begins at what is not there is a mistake of the client, and no end of the list. */
export function strayCursor(field: string, id: string): Refusal {
  const message = `Invalid '${field}': nothing in this list has the id '${id}'.`;
  return { kind: 'invalid-request', field, message };
}

const METADATA_PAIRS_MAX = 16;
const METADATA_KEY_CHARACTERS_MAX = 64;
const METADATA_VALUE_CHARACTERS_MAX = 512;

/** OpenAI's metadata, of everything that has some. */
export const metadata = z
  .record(
    z.string().max(METADATA_KEY_CHARACTERS_MAX),
    z.string().max(METADATA_VALUE_CHARACTERS_MAX),
  )
  .refine((pairs) => Object.keys(pairs).length <= METADATA_PAIRS_MAX, {
    error: `expected at most ${METADATA_PAIRS_MAX} pairs`,
  })
  .refine((pairs) => Object.entries(pairs).flat().every(isText), {
    error: 'expected valid Unicode text without NUL',
  });

/** What PostgreSQL can compare. */
function isText(text: string): boolean {
  return text.isWellFormed() && !text.includes('\0');
}

/** `metadata[topic]=toll` in a query. */
export function metadataFilter(query: URLSearchParams): Result<Metadata, Refusal> {
  const pairs = [...query].flatMap(([name, value]) => {
    const key = /^metadata\[(?<key>[^\]]*)\]$/.exec(name)?.groups?.['key'];
    return key === undefined ? [] : [[key, value] as const];
  });
  if (pairs.flat().every(isText)) return ok(Object.fromEntries(pairs));
  const message = "Invalid 'metadata': expected valid Unicode text without NUL.";
  return err({ kind: 'invalid-request', field: 'metadata', message });
}
