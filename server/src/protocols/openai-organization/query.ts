// The queries of OpenAI's usage and cost reports.

import { z } from 'zod';
import type { Refusal } from '../../domain/refusal.ts';
import type { BucketWidth, UsageAsk } from '../../domain/reports/usage-ask.ts';
import { err, ok, type Result } from '../../lib/result.ts';
import { REPORT_FILTERS_MAX } from '../../limits.ts';
import { firstIssue } from '../first-issue.ts';
import { askOf, bucketsOf, queryFields, type ReportPage } from '../report-protocol.ts';

const WIDTHS = { '1m': 'minute', '1h': 'hour', '1d': 'day' } as const;
/** Buckets of a page; OpenAI's own bounds. */
const LIMITS: {
  readonly [width in BucketWidth]: { readonly usual: number; readonly max: number };
} = {
  minute: { usual: 60, max: 1_440 },
  hour: { usual: 24, max: 168 },
  day: { usual: 7, max: 31 },
};
const COST_BUCKETS = { usual: 7, max: 180 };

const LISTS = [
  'project_ids',
  'user_ids',
  'api_key_ids',
  'models',
  'group_by',
  'line_items',
  'organization_ids',
];

/** Unix seconds, up to the year 9999. */
const seconds = z.coerce.number().int().min(0).max(253_402_300_799);
const strings = z.array(z.string().min(1).max(512)).max(REPORT_FILTERS_MAX);
const limit = z.coerce.number().int().min(1);

const range = {
  start_time: seconds,
  end_time: seconds.optional(),
  limit: limit.optional(),
  page: z.string().optional(),
  project_ids: strings.optional(),
  api_key_ids: strings.optional(),
};

const usageQuery = z.strictObject({
  ...range,
  bucket_width: z.enum(['1m', '1h', '1d']).default('1d'),
  user_ids: strings.optional(),
  models: strings.optional(),
  batch: z.enum(['true', 'false']).optional(),
  group_by: z
    .array(
      z.enum([
        'project_id',
        'user_id',
        'api_key_id',
        'model',
        'batch',
        'service_tier',
        'api_source',
      ]),
    )
    .default([]),
});

/** Categories of what is not sold here take whatever filters they have, and answer with empty buckets. */
const otherUsageQuery = z.looseObject({
  ...range,
  bucket_width: z.enum(['1m', '1h', '1d']).default('1d'),
});

const costQuery = z.strictObject({
  ...range,
  bucket_width: z.literal('1d').default('1d'),
  user_ids: strings.optional(),
  line_items: strings.optional(),
  group_by: z
    .array(z.enum(['project_id', 'user_id', 'line_item', 'api_key_id', 'api_source']))
    .default([]),
});

const DIMENSION = {
  project_id: ['project'],
  user_id: ['endUser'],
  api_key_id: ['key'],
  model: ['model'],
  batch: ['tier'],
  service_tier: ['tier'],
  api_source: [],
  // A line is a model, a tier and what was counted, at its price.
  line_item: ['model', 'tier', 'price'],
} as const;

export function readUsageQuery(
  query: URLSearchParams,
  nowMs: number,
  what: UsageAsk['what'],
): Result<ReportPage, Refusal> {
  const parsed = usageQuery.safeParse(queryFields(query, LISTS));
  if (!parsed.success) return err(firstIssue(parsed.error.issues));
  const width = WIDTHS[parsed.data.bucket_width];
  const page = pageOf(parsed.data, width, LIMITS[width], nowMs);
  if (!page.ok) return page;
  const { models, batch, user_ids: users } = parsed.data;
  const tiers = batch === 'false' ? OTHER_TIERS : ['batch'];
  const only = {
    ...onlyOf(parsed.data),
    ...(users !== undefined && { endUser: users }),
    ...(models !== undefined && { model: models }),
    ...(batch !== undefined && { tier: tiers }),
  };
  const by = [...new Set(parsed.data.group_by.flatMap((name) => DIMENSION[name]))];
  const { buckets } = page.value;
  const ask = askOf(buckets, { width, by, only, what, tokensOnly: true });
  return ok({ ...page.value, ask, groupBy: parsed.data.group_by });
}

const OTHER_TIERS = ['standard', 'priority', 'flex', 'contributor'];

export function readOtherQuery(query: URLSearchParams, nowMs: number): Result<ReportPage, Refusal> {
  const parsed = otherUsageQuery.safeParse(queryFields(query, LISTS));
  if (!parsed.success) return err(firstIssue(parsed.error.issues));
  const width = WIDTHS[parsed.data.bucket_width];
  const page = pageOf(parsed.data, width, LIMITS[width], nowMs);
  return page.ok ? ok({ ...page.value, ask: undefined, groupBy: [] }) : page;
}

/** Which lines are wanted; undefined: all. */
export type CostPage = ReportPage & { readonly lineItems?: readonly string[] };

export function readCostQuery(query: URLSearchParams, nowMs: number): Result<CostPage, Refusal> {
  const parsed = costQuery.safeParse(queryFields(query, LISTS));
  if (!parsed.success) return err(firstIssue(parsed.error.issues));
  const page = pageOf(parsed.data, 'day', COST_BUCKETS, nowMs);
  if (!page.ok) return page;
  const { user_ids: users, line_items: lineItems, group_by: groupBy } = parsed.data;
  const only = { ...onlyOf(parsed.data), ...(users !== undefined && { endUser: users }) };
  if (lineItems !== undefined && !groupBy.includes('line_item')) {
    const message = `Invalid 'line_items': lines are told apart only with 'group_by=line_item'.`;
    return err({ kind: 'invalid-request', field: 'line_items', message });
  }
  const by = [...new Set(groupBy.flatMap((name) => DIMENSION[name]))];
  const ask = askOf(page.value.buckets, { width: 'day', by, only, what: 'everything' });
  return ok({ ...page.value, ask, groupBy, ...(lineItems !== undefined && { lineItems }) });
}

type Range = {
  readonly start_time: number;
  readonly end_time?: number | undefined;
  readonly limit?: number | undefined;
  readonly page?: string | undefined;
  readonly project_ids?: readonly string[] | undefined;
  readonly api_key_ids?: readonly string[] | undefined;
};

function pageOf(
  asked: Range,
  width: BucketWidth,
  { usual, max }: { readonly usual: number; readonly max: number },
  nowMs: number,
) {
  const wanted = asked.limit ?? usual;
  if (wanted > max) {
    const message = `Invalid 'limit': at this bucket width a page has at most ${max} buckets.`;
    return err({ kind: 'invalid-request', field: 'limit', message } as const);
  }
  const toMs = Math.min((asked.end_time ?? Number.POSITIVE_INFINITY) * 1000, nowMs + 1);
  if (asked.end_time !== undefined && asked.end_time <= asked.start_time) {
    const message = `Invalid 'end_time': it must be after 'start_time'.`;
    return err({ kind: 'invalid-request', field: 'end_time', message } as const);
  }
  return bucketsOf({
    fromMs: asked.start_time * 1000,
    toMs,
    width,
    limit: wanted,
    page: asked.page,
  });
}

function onlyOf({ project_ids: project, api_key_ids: key }: Range): UsageAsk['only'] {
  return { ...(project !== undefined && { project }), ...(key !== undefined && { key }) };
}
