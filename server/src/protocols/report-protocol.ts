// What a shape of reports on usage and costs is: at which addresses, how a query is read, and how sums are shown. Pure, as
// every codec; whoever serves them brings the organisation, the sums and the prices.

import type { Refusal } from '../domain/refusal.ts';
import type { PricesThen } from '../domain/reports/prices-then.ts';
import {
  bucketStart,
  WIDTH_MS,
  type BucketWidth,
  type UsageAsk,
  type UsageSum,
} from '../domain/reports/usage-ask.ts';
import { err, ok, type Result } from '../lib/result.ts';

/** Refusals and headers are those of the protocol that has this name. */
export type ReportProtocol = {
  readonly name: string;
  readonly dialect: 'openai-chat' | 'anthropic-messages';
  readonly routes: readonly ReportRoute[];
};

export type ReportRoute = {
  readonly path: string;
  readonly read: (query: URLSearchParams, nowMs: number) => Result<ReportPage, Refusal>;
  readonly show: (page: ReportPage, sums: readonly UsageSum[], prices: PricesThen) => object;
};

export type ReportPage = {
  /** Undefined where there can't be anything: the buckets are empty. */
  readonly ask: Omit<UsageAsk, 'organisationId'> | undefined;
  /** As the client named them. */
  readonly groupBy: readonly string[];
  readonly buckets: readonly TimeBucket[];
  readonly next?: string;
};

export type TimeBucket = { readonly fromMs: number; readonly toMs: number };

export type TimeRange = {
  readonly fromMs: number;
  readonly toMs: number;
  readonly width: BucketWidth;
  readonly limit: number;
  /** The `next` of the page before. */
  readonly page: string | undefined;
};

const CURSOR = /^page_(?<at>[0-9a-z]{1,11})$/;

/** The buckets of one page. A range begins with the bucket that its first moment is in. */
export function bucketsOf(
  range: TimeRange,
): Result<{ readonly buckets: readonly TimeBucket[]; readonly next?: string }, Refusal> {
  const { width, limit, page, toMs } = range;
  const step = WIDTH_MS[width];
  const fromMs = page === undefined ? bucketStart(range.fromMs, width) : cursorMs(page);
  if (fromMs === undefined || fromMs !== bucketStart(fromMs, width)) {
    return err({
      kind: 'invalid-request',
      field: 'page',
      message: `Invalid 'page': take it from 'next_page' of the page before, with the other parameters as they were.`,
    });
  }
  const buckets: TimeBucket[] = [];
  let at = fromMs;
  for (; at < toMs && buckets.length < limit; at += step) {
    buckets.push({ fromMs: at, toMs: at + step });
  }
  return ok({ buckets, ...(at < toMs && { next: `page_${at.toString(36)}` }) });
}

function cursorMs(page: string): number | undefined {
  const at = CURSOR.exec(page)?.groups?.['at'];
  return at === undefined ? undefined : Number.parseInt(at, 36);
}

/** What was asked for, in the bounds of a page. */
export function askOf(
  buckets: readonly TimeBucket[],
  ask: Omit<UsageAsk, 'organisationId' | 'fromMs' | 'toMs'>,
): ReportPage['ask'] {
  const [first] = buckets;
  const last = buckets.at(-1);
  if (first === undefined || last === undefined) return undefined;
  return { ...ask, fromMs: first.fromMs, toMs: last.toMs };
}

/** What is in each bucket, in the order it came. */
export function byBucket<T extends { readonly startsAtMs: number }>(
  { buckets }: Pick<ReportPage, 'buckets'>,
  all: readonly T[],
): readonly (TimeBucket & { readonly found: readonly T[] })[] {
  const found = Map.groupBy(all, ({ startsAtMs }) => startsAtMs);
  return buckets.map((bucket) => ({ ...bucket, found: found.get(bucket.fromMs) ?? [] }));
}

/**
 * A query as an object for a schema. Lists may be written in each way that clients do: `a=1&a=2`, `a[]=1`, `a[0]=1`,
 * `a=1,2`.
 */
export function queryFields(
  query: URLSearchParams,
  lists: readonly string[],
): { readonly [name: string]: string | readonly string[] } {
  const fields: { [name: string]: string | string[] } = {};
  const found = new Map<string, string[]>();
  for (const [written, value] of query) {
    const name = written.replace(/\[\d{0,3}\]$/, '');
    if (!lists.includes(name)) fields[written] = value;
    else found.set(name, [...(found.get(name) ?? []), ...value.split(',')]);
  }
  for (const [name, values] of found) fields[name] = values.filter((one) => one !== '');
  return fields;
}
