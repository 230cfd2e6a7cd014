// The addresses of usage and costs, in the shapes of OpenAI and Anthropic.

import { z } from 'zod';
import { REPORT_PROTOCOLS } from '../protocols/registry.ts';
import type { Operation, QueryFields } from './operation.ts';

const count = z.int();
const maybe = z.string().nullable();

const grouped = { project_id: maybe, user_id: maybe, api_key_id: maybe };
const completionsResult = z.object({
  object: z.literal('organization.usage.completions.result'),
  input_tokens: count.describe('Cached ones included.'),
  input_cached_tokens: count,
  input_cache_write_tokens: count,
  input_uncached_tokens: count,
  output_tokens: count,
  input_text_tokens: count,
  output_text_tokens: count,
  input_cached_text_tokens: count,
  input_audio_tokens: count,
  input_cached_audio_tokens: count,
  output_audio_tokens: count,
  input_image_tokens: count,
  input_cached_image_tokens: count,
  output_image_tokens: count,
  num_model_requests: count,
  ...grouped,
  model: maybe,
  batch: z.boolean().nullable(),
  service_tier: maybe,
});
const embeddingsResult = z.object({
  object: z.literal('organization.usage.embeddings.result'),
  input_tokens: count,
  num_model_requests: count,
  ...grouped,
  model: maybe,
});
const costsResult = z.object({
  object: z.literal('organization.costs.result'),
  amount: z.object({ value: z.number().describe('Dollars.'), currency: z.literal('usd') }),
  line_item: maybe,
  ...grouped,
  quantity: z.number().nullable(),
  quantity_unit: maybe,
});

function openAiPage(result: z.ZodType): z.ZodType {
  return z.object({
    object: z.literal('page'),
    data: z.array(
      z.object({
        object: z.literal('bucket'),
        start_time: count.describe('Seconds since 1970.'),
        end_time: count,
        results: z.array(result),
      }),
    ),
    has_more: z.boolean(),
    next_page: maybe,
  });
}

function anthropicPage(result: z.ZodType): z.ZodType {
  return z.object({
    data: z.array(
      z.object({ starting_at: z.string(), ending_at: z.string(), results: z.array(result) }),
    ),
    has_more: z.boolean(),
    next_page: maybe,
  });
}

const messagesResult = z.object({
  uncached_input_tokens: count,
  cache_creation: z.object({ ephemeral_1h_input_tokens: count, ephemeral_5m_input_tokens: count }),
  cache_read_input_tokens: count,
  output_tokens: count,
  server_tool_use: z.object({ web_search_requests: count }),
  api_key_id: maybe,
  workspace_id: maybe,
  model: maybe,
  service_tier: maybe,
  context_window: maybe,
  inference_geo: maybe,
  account_id: maybe,
  service_account_id: maybe,
});
const messagesCost = z.object({
  currency: z.literal('USD'),
  amount: z.string().describe('Cents as a decimal text, exact.'),
  workspace_id: maybe,
  description: maybe,
  cost_type: maybe,
  context_window: maybe,
  model: maybe,
  service_tier: maybe,
  token_type: maybe,
  inference_geo: maybe,
});

const PAGING: QueryFields = {
  limit: { type: 'integer', description: 'Buckets of one page.' },
  page: { type: 'string', description: 'The `next_page` of the page before.' },
};
const OPENAI_RANGE: QueryFields = {
  start_time: { type: 'integer', description: 'Seconds since 1970, inclusive. Required.' },
  end_time: { type: 'integer', description: 'Exclusive; now unless told.' },
  bucket_width: { type: 'string', description: '`1m`, `1h` or `1d`; of costs `1d` alone.' },
  group_by: {
    type: 'array',
    description:
      'Of usage `project_id`, `user_id`, `api_key_id`, `model`, `batch`, `service_tier`; of costs `project_id`, `user_id`, `api_key_id`, `line_item`.',
  },
  project_ids: { type: 'array', description: 'Only these.' },
  api_key_ids: { type: 'array', description: 'Only these.' },
  user_ids: { type: 'array', description: 'Only these end users.' },
  ...PAGING,
};
const ANTHROPIC_RANGE: QueryFields = {
  starting_at: { type: 'string', description: 'RFC 3339, inclusive. Required.' },
  ending_at: { type: 'string', description: 'Exclusive; now unless told.' },
  bucket_width: { type: 'string', description: '`1m`, `1h` or `1d`; of costs `1d` alone.' },
  'group_by[]': {
    type: 'array',
    description:
      'Of usage `api_key_id`, `workspace_id`, `model`, `service_tier`; of costs `workspace_id`, `description`.',
  },
  ...PAGING,
};

type Shown = {
  readonly id: string;
  readonly summary: string;
  readonly answer: Operation['answer'];
};

const SHOWN: { readonly [path: string]: Shown } = {
  '/v1/organization/usage/completions': {
    id: 'getCompletionsUsage',
    summary: 'Tokens and requests of all generations, by time',
    answer: { name: 'CompletionsUsage', schema: openAiPage(completionsResult) },
  },
  '/v1/organization/usage/embeddings': {
    id: 'getEmbeddingsUsage',
    summary: 'Tokens and requests of embeddings, by time',
    answer: { name: 'EmbeddingsUsage', schema: openAiPage(embeddingsResult) },
  },
  '/v1/organization/costs': {
    id: 'getCosts',
    summary: 'What was charged, by day',
    answer: { name: 'Costs', schema: openAiPage(costsResult) },
  },
  '/v1/organizations/usage_report/messages': {
    id: 'getUsageReport',
    summary: 'Tokens of all generations, in Anthropic’s form',
    answer: { name: 'UsageReport', schema: anthropicPage(messagesResult) },
  },
  '/v1/organizations/cost_report': {
    id: 'getCostReport',
    summary: 'What was charged, in Anthropic’s form',
    answer: { name: 'CostReport', schema: anthropicPage(messagesCost) },
  },
};

const EMPTY = { name: 'EmptyUsage', schema: openAiPage(z.looseObject({})) };

export const REPORT_OPERATIONS: readonly Operation[] = REPORT_PROTOCOLS.flatMap(
  ({ dialect, routes }) =>
    routes.map(({ path }): Operation => {
      const category = path.slice(path.lastIndexOf('/') + 1);
      const isOpenAi = dialect === 'openai-chat';
      const { id, summary, answer } = SHOWN[path] ?? {
        id: `getUsageOf_${category}`,
        summary: `Empty buckets: ${category.replaceAll('_', ' ')} are not sold here`,
        answer: EMPTY,
      };
      return {
        id,
        method: 'get',
        path,
        tag: 'Usage and costs',
        summary,
        description:
          'Needs an admin key (`sk-tp-admin-…`), which can do nothing else. Requests that failed cost nothing and are in no number.',
        needsKey: true,
        query: isOpenAi ? OPENAI_RANGE : ANTHROPIC_RANGE,
        answer,
        error: isOpenAi ? 'OpenAiError' : 'AnthropicError',
      };
    }),
);
