// Sums in the shape of Anthropic's usage report: its input has no cached tokens in it.

import { outputTokens } from '../../domain/generation/usage.ts';
import type { UsageSum } from '../../domain/reports/usage-ask.ts';
import { byBucket, type ReportPage, type TimeBucket } from '../report-protocol.ts';

export function showUsage(page: ReportPage, sums: readonly UsageSum[]): object {
  return pageOf(byBucket(page, sums), page.next, ({ key, tokens }) => ({
    uncached_input_tokens: tokens.input + tokens.imageInput + tokens.audioInput,
    cache_creation: {
      ephemeral_1h_input_tokens: tokens.cacheWrite1h,
      ephemeral_5m_input_tokens: tokens.cacheWrite5m,
    },
    cache_read_input_tokens: tokens.cacheRead,
    output_tokens: outputTokens(tokens),
    server_tool_use: { web_search_requests: tokens.toolCalls },
    api_key_id: key.key ?? null,
    workspace_id: key.project ?? null,
    model: key.model ?? null,
    service_tier: key.tier ?? null,
    context_window: null,
    inference_geo: null,
    account_id: null,
    service_account_id: null,
  }));
}

export function pageOf<T>(
  buckets: readonly (TimeBucket & { readonly found: readonly T[] })[],
  next: string | undefined,
  resultOf: (found: T) => object,
): object {
  return {
    data: buckets.map(({ fromMs, toMs, found }) => ({
      starting_at: instantOf(fromMs),
      ending_at: instantOf(toMs),
      results: found.map(resultOf),
    })),
    has_more: next !== undefined,
    next_page: next ?? null,
  };
}

/** Whole seconds, as Anthropic writes them. */
function instantOf(ms: number): string {
  return new Date(ms).toISOString().replace('.000Z', 'Z');
}
