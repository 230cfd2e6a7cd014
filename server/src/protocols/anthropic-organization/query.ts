// The queries of Anthropic's usage and cost reports.

import { z } from 'zod';
import type { Refusal } from '../../domain/refusal.ts';
import type { BucketWidth, UsageAsk } from '../../domain/reports/usage-ask.ts';
import { err, ok, type Result } from '../../lib/result.ts';
import { REPORT_FILTERS_MAX } from '../../limits.ts';
import { firstIssue } from '../first-issue.ts';
import { askOf, bucketsOf, queryFields, type ReportPage } from '../report-protocol.ts';

const WIDTHS = { '1m': 'minute', '1h': 'hour', '1d': 'day' } as const;
/** Buckets of a page; Anthropic's own bounds. */
const LIMITS: {
  readonly [width in BucketWidth]: { readonly usual: number; readonly max: number };
} = {
  minute: { usual: 60, max: 1_440 },
  hour: { usual: 24, max: 168 },
  day: { usual: 7, max: 31 },
};

const LISTS = [
  'group_by',
  'api_key_ids',
  'workspace_ids',
  'models',
  'service_tiers',
  'context_window',
  'inference_geos',
];

const instant = z.iso.datetime({ offset: true }).transform((text) => Date.parse(text));
const strings = z.array(z.string().min(1).max(512)).max(REPORT_FILTERS_MAX);

const range = {
  starting_at: instant,
  ending_at: instant.optional(),
  limit: z.coerce.number().int().min(1).optional(),
  page: z.string().optional(),
};

const usageQuery = z.strictObject({
  ...range,
  bucket_width: z.enum(['1m', '1h', '1d']).default('1d'),
  api_key_ids: strings.optional(),
  workspace_ids: strings.optional(),
  models: strings.optional(),
  service_tiers: strings.optional(),
  /** Nothing here is priced by either: accepted, and every request is in the only one there is. */
  context_window: strings.optional(),
  inference_geos: strings.optional(),
  group_by: z
    .array(
      z.enum([
        'api_key_id',
        'workspace_id',
        'model',
        'service_tier',
        'context_window',
        'inference_geo',
        'account_id',
        'service_account_id',
      ]),
    )
    .default([]),
});

const costQuery = z.strictObject({
  ...range,
  bucket_width: z.literal('1d').default('1d'),
  group_by: z.array(z.enum(['workspace_id', 'description', 'inference_geo'])).default([]),
});

const DIMENSION = {
  api_key_id: ['key'],
  workspace_id: ['project'],
  model: ['model'],
  service_tier: ['tier'],
  context_window: [],
  inference_geo: [],
  account_id: [],
  service_account_id: [],
  description: ['model', 'tier', 'price'],
} as const;

export function readUsageQuery(query: URLSearchParams, nowMs: number): Result<ReportPage, Refusal> {
  const parsed = usageQuery.safeParse(queryFields(query, LISTS));
  if (!parsed.success) return err(firstIssue(parsed.error.issues));
  const asked = parsed.data;
  const width = WIDTHS[asked.bucket_width];
  const page = pageOf(asked, width, nowMs);
  if (!page.ok) return page;
  const only: UsageAsk['only'] = {
    ...(asked.api_key_ids !== undefined && { key: asked.api_key_ids }),
    ...(asked.workspace_ids !== undefined && { project: asked.workspace_ids }),
    ...(asked.models !== undefined && { model: asked.models }),
    ...(asked.service_tiers !== undefined && { tier: asked.service_tiers }),
  };
  const by = [...new Set(asked.group_by.flatMap((name) => DIMENSION[name]))];
  const about = { width, by, only, what: 'generations', tokensOnly: true } as const;
  const ask = askOf(page.value.buckets, about);
  return ok({ ...page.value, ask, groupBy: asked.group_by });
}

export function readCostQuery(query: URLSearchParams, nowMs: number): Result<ReportPage, Refusal> {
  const parsed = costQuery.safeParse(queryFields(query, LISTS));
  if (!parsed.success) return err(firstIssue(parsed.error.issues));
  const page = pageOf(parsed.data, 'day', nowMs);
  if (!page.ok) return page;
  const { group_by: groupBy } = parsed.data;
  const by = [...new Set(groupBy.flatMap((name) => DIMENSION[name]))];
  const ask = askOf(page.value.buckets, { width: 'day', by, only: {}, what: 'everything' });
  return ok({ ...page.value, ask, groupBy });
}

type Range = {
  readonly starting_at: number;
  readonly ending_at?: number | undefined;
  readonly limit?: number | undefined;
  readonly page?: string | undefined;
};

function pageOf(asked: Range, width: BucketWidth, nowMs: number) {
  const { usual, max } = LIMITS[width];
  const wanted = asked.limit ?? usual;
  if (wanted > max) {
    const message = `Invalid 'limit': at this bucket width a page has at most ${max} buckets.`;
    return err({ kind: 'invalid-request', field: 'limit', message } as const);
  }
  if (asked.ending_at !== undefined && asked.ending_at <= asked.starting_at) {
    const message = `Invalid 'ending_at': it must be after 'starting_at'.`;
    return err({ kind: 'invalid-request', field: 'ending_at', message } as const);
  }
  const toMs = Math.min(asked.ending_at ?? Number.POSITIVE_INFINITY, nowMs + 1);
  return bucketsOf({ fromMs: asked.starting_at, toMs, width, limit: wanted, page: asked.page });
}
