// Sums in the shape of OpenAI's usage reports.

import { inputTokens, outputTokens, sumOf } from '../../domain/generation/usage.ts';
import type { SumKey, UsageSum } from '../../domain/reports/usage-ask.ts';
import { byBucket, type ReportPage, type TimeBucket } from '../report-protocol.ts';

export function showCompletions(page: ReportPage, sums: readonly UsageSum[]): object {
  const { groupBy } = page;
  // Two tiers that are no batches are one result where only batches are told from the rest.
  const told =
    groupBy.includes('batch') && !groupBy.includes('service_tier') ? batched(sums) : sums;
  return pageOf(byBucket(page, told), page.next, (sum) => completionsResult(groupBy, sum));
}

function batched(sums: readonly UsageSum[]): readonly UsageSum[] {
  const found = new Map<string, UsageSum>();
  for (const sum of sums) {
    const key = { ...sum.key, tier: sum.key.tier === 'batch' ? 'batch' : 'standard' };
    const place = JSON.stringify([
      sum.startsAtMs,
      key.project,
      key.key,
      key.endUser,
      key.model,
      key.tier,
    ]);
    const before = found.get(place);
    const tokens = before === undefined ? sum.tokens : sumOf(before.tokens, sum.tokens);
    found.set(place, { ...sum, key, tokens, requests: sum.requests + (before?.requests ?? 0) });
  }
  return [...found.values()];
}

export function showEmbeddings(page: ReportPage, sums: readonly UsageSum[]): object {
  return pageOf(byBucket(page, sums), page.next, ({ key, requests, tokens }) => ({
    object: 'organization.usage.embeddings.result',
    input_tokens: inputTokens(tokens),
    num_model_requests: requests,
    project_id: key.project ?? null,
    user_id: key.endUser ?? null,
    api_key_id: key.key ?? null,
    model: key.model ?? null,
  }));
}

export function showNothing(page: ReportPage): object {
  return pageOf(byBucket(page, []), page.next, () => ({}));
}

export function pageOf<T>(
  buckets: readonly (TimeBucket & { readonly found: readonly T[] })[],
  next: string | undefined,
  resultOf: (found: T) => object,
): object {
  return {
    object: 'page',
    data: buckets.map(({ fromMs, toMs, found }) => ({
      object: 'bucket',
      start_time: fromMs / 1000,
      end_time: toMs / 1000,
      results: found.map(resultOf),
    })),
    has_more: next !== undefined,
    next_page: next ?? null,
  };
}

function completionsResult(groupBy: readonly string[], { key, requests, tokens }: UsageSum) {
  const written = tokens.cacheWrite5m + tokens.cacheWrite1h;
  return {
    object: 'organization.usage.completions.result',
    input_tokens: inputTokens(tokens),
    input_cached_tokens: tokens.cacheRead,
    input_cache_write_tokens: written,
    input_uncached_tokens: tokens.input + tokens.imageInput + tokens.audioInput,
    output_tokens: outputTokens(tokens),
    input_text_tokens: tokens.input,
    output_text_tokens: tokens.output + tokens.reasoning,
    input_cached_text_tokens: tokens.cacheRead,
    input_audio_tokens: tokens.audioInput,
    input_cached_audio_tokens: 0,
    output_audio_tokens: tokens.audioOutput,
    input_image_tokens: tokens.imageInput,
    input_cached_image_tokens: 0,
    output_image_tokens: tokens.imageOutput,
    num_model_requests: requests,
    project_id: key.project ?? null,
    user_id: key.endUser ?? null,
    api_key_id: key.key ?? null,
    model: key.model ?? null,
    batch: groupBy.includes('batch') ? key.tier === 'batch' : null,
    service_tier: groupBy.includes('service_tier') ? tierOf(key) : null,
  };
}

/** OpenAI's word for the usual tier. */
function tierOf({ tier }: SumKey): string | null {
  return tier === 'standard' ? 'default' : (tier ?? null);
}
