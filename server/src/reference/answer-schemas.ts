// The forms of answers, for the reference: what every answer of a kind has. Loose, because an answer may say more. Tests
// hold real answers against them (test/conformance/wire.test.ts).

import { z } from 'zod';
import { RELEASE_STAGES } from '../domain/release/release-stage.ts';

const tokens = z.int().min(0);
const seconds = z.int().describe('Seconds since 1970.');

const call = z.looseObject({
  id: z.string(),
  type: z.enum(['function', 'custom']),
});

const chatUsage = z.looseObject({
  prompt_tokens: tokens.describe('All input, what was in the cache included.'),
  completion_tokens: tokens.describe('All output, reasoning included.'),
  total_tokens: tokens,
  prompt_tokens_details: z.looseObject({ cached_tokens: tokens }),
  completion_tokens_details: z.looseObject({ reasoning_tokens: tokens }),
});

const finish = z.enum(['stop', 'length', 'tool_calls', 'content_filter', 'function_call']);

export const chatCompletion = z.looseObject({
  id: z.string(),
  object: z.literal('chat.completion'),
  created: seconds,
  model: z.string(),
  choices: z.array(
    z.looseObject({
      index: z.int(),
      message: z.looseObject({
        role: z.literal('assistant'),
        content: z.string().nullable(),
        refusal: z.string().nullable(),
        reasoning: z.string().optional().describe('What the model thought, where it shows it.'),
        tool_calls: z.array(call).optional(),
      }),
      finish_reason: finish,
    }),
  ),
  usage: chatUsage,
});

export const chatChunk = z.looseObject({
  id: z.string(),
  object: z.literal('chat.completion.chunk'),
  created: seconds,
  model: z.string(),
  choices: z.array(
    z.looseObject({
      index: z.int(),
      delta: z.looseObject({ content: z.string().nullish() }),
      finish_reason: finish.nullable(),
    }),
  ),
  usage: chatUsage
    .nullish()
    .describe('In the last chunk, where `stream_options.include_usage` asked for it.'),
});

const responseUsage = z.looseObject({
  input_tokens: tokens.describe('All input, what was in the cache included.'),
  output_tokens: tokens.describe('All output, reasoning included.'),
  total_tokens: tokens,
});

export const response = z.looseObject({
  id: z.string(),
  object: z.literal('response'),
  created_at: seconds,
  completed_at: seconds.nullable(),
  status: z.enum(['queued', 'in_progress', 'completed', 'incomplete', 'failed', 'cancelled']),
  error: z.looseObject({ code: z.string(), message: z.string() }).nullable(),
  incomplete_details: z.looseObject({ reason: z.string() }).nullable(),
  model: z.string(),
  output: z
    .array(z.looseObject({ id: z.string(), type: z.string() }))
    .describe('Reasoning, messages and calls, in the order in which they were made.'),
  usage: responseUsage.nullable(),
});

export const responseEvent = z.looseObject({
  type: z.string().describe('`response.created`, `response.output_text.delta` and so on.'),
  sequence_number: z.int().min(0),
});

export const responseInputTokens = z.looseObject({
  object: z.literal('response.input_tokens'),
  input_tokens: tokens,
});

export const compactedResponse = z.looseObject({
  id: z.string(),
  object: z.literal('response.compaction'),
  created_at: seconds,
  output: z
    .array(z.looseObject({ type: z.string() }))
    .describe('What the user said, and an item of the type `compaction`.'),
  usage: responseUsage,
});

export const message = z.looseObject({
  id: z.string(),
  type: z.literal('message'),
  role: z.literal('assistant'),
  model: z.string(),
  content: z
    .array(z.looseObject({ type: z.string() }))
    .describe('`thinking`, `text` and `tool_use` blocks.'),
  stop_reason: z.string().nullable(),
  stop_sequence: z.string().nullable(),
  usage: z.looseObject({
    input_tokens: tokens.describe('Input that was not in the cache.'),
    cache_read_input_tokens: tokens.nullable(),
    output_tokens: tokens.describe('All output, thinking included.'),
  }),
});

export const messageEvent = z.looseObject({
  type: z.enum([
    'message_start',
    'content_block_start',
    'content_block_delta',
    'content_block_stop',
    'message_delta',
    'message_stop',
    'ping',
    'error',
  ]),
});

export const counted = z.looseObject({ input_tokens: tokens });

const modality = z.enum(['text', 'image', 'file']);
const dollars = z.string().describe('US dollars as decimal text.');

/** What both forms have beside the fields of their own. */
export const oneModel = z.looseObject({
  id: z.string(),
  context_window: z.int().describe('Tokens of input and output together.'),
  max_output_tokens: z.int(),
  input_modalities: z.array(modality),
  output_modalities: z.array(modality),
  features: z.record(z.string(), z.boolean()).describe('What the model can do.'),
  stage: z.enum(RELEASE_STAGES),
  price: z.looseObject({
    currency: z.literal('USD'),
    per_tokens: z.int(),
    version: z.int().describe('Of the price book.'),
    input: dollars,
    cache_read: dollars,
    cache_write_5m: dollars,
    cache_write_1h: dollars,
    image_input: dollars,
    audio_input: dollars,
    output: dollars,
    reasoning: dollars,
    image_output: dollars,
    audio_output: dollars,
    tool_calls: dollars.describe('Of hosted tools, per million.'),
    requests: dollars.describe('Of the request itself, per million.'),
  }),
});

export const modelList = z.looseObject({
  object: z.literal('list').optional().describe('In OpenAI’s form.'),
  data: z.array(oneModel),
  has_more: z.boolean().optional().describe('In Anthropic’s form.'),
});

export const status = z.looseObject({
  status: z.enum(['operational', 'degraded', 'down', 'stopping']),
  version: z.string(),
  uptime_seconds: z.int(),
});

export const openAiError = z.looseObject({
  error: z.looseObject({
    message: z.string(),
    type: z.string(),
    param: z.string().nullable(),
    code: z.string().nullable(),
  }),
});

export const anthropicError = z.looseObject({
  type: z.literal('error'),
  error: z.looseObject({ type: z.string(), message: z.string() }),
  request_id: z.string(),
});

const textCompletionChoice = z.looseObject({
  index: z.int(),
  text: z.string(),
  finish_reason: finish.nullable(),
});

export const textCompletion = z.looseObject({
  id: z.string(),
  object: z.literal('text_completion'),
  created: seconds,
  model: z.string(),
  choices: z.array(textCompletionChoice),
  usage: chatUsage.nullish(),
});

export const embeddingList = z.looseObject({
  object: z.literal('list'),
  data: z.array(
    z.looseObject({
      object: z.literal('embedding'),
      index: z.int(),
      embedding: z.union([z.array(z.number()), z.string().describe('In base64.')]),
    }),
  ),
  model: z.string(),
  usage: z.looseObject({ prompt_tokens: tokens, total_tokens: tokens }),
});

const amount = z.string().describe('US dollars, exact, as text.');

export const request = z.looseObject({
  id: z.string(),
  object: z.literal('request'),
  model: z.string(),
  protocol: z.string(),
  service_tier: z.string().describe('The one that was used, and is billed.'),
  outcome: z
    .enum(['completed', 'client-left', 'credit-ended', 'failed'])
    .describe('What failed costs nothing.'),
  end_user: z.string().nullable(),
  started_at: z.string(),
  settled_at: z.string(),
  usage: z.record(z.string(), tokens).describe('No token is in two of them.'),
  price_version: z.int(),
  lines: z
    .array(z.looseObject({ item: z.string(), count: tokens, per_million: amount, amount }))
    .describe(
      'What was counted × its price. Their sum, rounded once to nano-dollars, is the cost.',
    ),
  cost: amount,
  charged: amount.describe('Never more than the cost, and never more than was set aside for it.'),
});

export const ownKey = z.looseObject({
  id: z.string(),
  object: z.literal('key'),
  name: z.string(),
  project_id: z.string(),
  data_use_consent: z.boolean().describe('Whether it may ask for the contributor tier.'),
  models: z.array(z.looseObject({ id: z.string(), service_tiers: z.array(z.string()) })),
  spend: z.looseObject({ today: amount, month: amount }).describe('Of this key, by UTC.'),
  expires_at: z.string().nullable().describe('Null: it works until it is revoked.'),
  frozen: z
    .looseObject({
      scope: z.enum(['organisation', 'project', 'key']),
      why: z.enum(['operator', 'debt']),
    })
    .nullable()
    .describe('Why its requests are refused; null: they are not.'),
  budgets: z
    .array(
      z.looseObject({
        scope: z.enum(['organisation', 'project', 'key', 'each-end-user']),
        period: z.enum(['daily', 'weekly', 'monthly', 'total']),
        hard_limit: amount.nullable().describe('Never exceeded; null: none.'),
        alert: amount.nullable().describe('Told once in a window, and stops nobody; null: none.'),
        spent: amount.describe('In the window that is open.'),
        held: amount.describe('Set aside for requests that run.'),
        left: amount.nullable().describe('Of the hard limit.'),
        resets_at: z.string().nullable(),
      }),
    )
    .describe('On the path of its requests.'),
  credit: z
    .looseObject({ available: amount, held: amount })
    .nullable()
    .describe('Of the organisation; null where its operator shows keys their own alone.'),
});
