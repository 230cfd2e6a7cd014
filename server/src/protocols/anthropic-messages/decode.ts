// Messages request → Generation.

import type { core } from 'zod';
import type {
  Generation,
  OutputFormat,
  ReasoningEffort,
  Sampling,
} from '../../domain/generation/generation.ts';
import type { Refusal } from '../../domain/refusal.ts';
import type { Sealer } from '../../domain/sealing/sealer.ts';
import type { Earlier } from '../../domain/stored/recollection.ts';
import { err, ok, type Result } from '../../lib/result.ts';
import { firstIssue } from '../first-issue.ts';
import { unknownFields } from '../unknown-fields.ts';
import type { CountQuestion, Decoded, RequestHeaders } from '../protocol.ts';
import { termsOf } from '../service-tiers.ts';
import { cacheControlProblem } from './cache-control.ts';
import { messagesEncoder } from './encode.ts';
import type { ThinkingShown } from './message.ts';
import {
  countRequest,
  messagesRequest,
  type CountRequest,
  type MessagesRequest,
} from './request.ts';
import { withThinkingOpened } from './thinking-signature.ts';
import { itemsOf, unansweredUse } from './turns.ts';
import { readTools, type ToolBox } from './tools.ts';
import { unservedFeature } from './unserved.ts';
import { versionOf, type Version } from './version.ts';

export function decodeMessages(
  body: unknown,
  headers: RequestHeaders,
  _earlier?: Earlier,
  sealer?: Sealer,
): Result<Decoded, Refusal> {
  const version = versionOf(headers);
  if (!version.ok) return version;
  const parsed = messagesRequest.safeParse(body);
  if (!parsed.success) return err(issueOf(parsed.error));
  const request = parsed.data;
  const problem = gone(request, version.value) ?? problemOf(request, version.value);
  if (problem !== undefined) return err(problem);
  const box = readTools(request);
  if (!box.ok) return box;
  return ok({
    model: request.model,
    // An effort may be asked for in tokens of thinking.
    ...(request.output_config?.effort == null && { renamed: { reasoningEffort: 'thinking' } }),
    unknown: unknownFields(messagesRequest, body),
    ignored: [...box.value.ignored, ...withoutEffect(request)],
    toolPlaces: box.value.places,
    ...termsOf(request.service_tier, request.metadata?.user_id),
    encoder: (facts) => {
      const wanted = thinkingShown(request);
      const thinking = facts.reasoning === 'sealed' && wanted === 'text' ? 'omitted' : wanted;
      return messagesEncoder({ ...facts, thinking, ...(sealer && { sealer }) });
    },
    generation: {
      ...generationOf(request, box.value, sealer),
      sampling: samplingOf(request),
      outputTokensMax: request.max_tokens,
      delivery: request.stream === true ? 'stream' : 'whole',
    },
  });
}

/** The same body without what only concerns the answer. */
export function decodeCount(
  body: unknown,
  headers: RequestHeaders,
  _earlier?: Earlier,
  sealer?: Sealer,
): Result<CountQuestion, Refusal> {
  const version = versionOf(headers);
  if (!version.ok) return version;
  const parsed = countRequest.safeParse(body);
  if (!parsed.success) return err(issueOf(parsed.error));
  const request = parsed.data;
  const problem = problemOf(request, version.value);
  if (problem !== undefined) return err(problem);
  const box = readTools(request);
  if (!box.ok) return box;
  const { ignored, places: toolPlaces } = box.value;
  const unknown = unknownFields(messagesRequest, body);
  const generation = generationOf(request, box.value, sealer);
  return ok({ model: request.model, generation, unknown, ignored, toolPlaces });
}

function issueOf(error: core.$ZodError): Refusal {
  return firstIssue(error.issues);
}

function generationOf(
  request: CountRequest,
  { tools, toolChoice }: ToolBox,
  sealer: Sealer | undefined,
): Generation {
  const effort = effortOf(request);
  const items = itemsOf(request);
  return {
    items: sealer === undefined ? items : withThinkingOpened(items, sealer),
    tools,
    toolChoice,
    parallelToolCalls: request.tool_choice?.['disable_parallel_tool_use'] !== true,
    sampling: { stop: [] },
    ...(effort !== undefined && { reasoningEffort: effort }),
    output: outputOf(request),
    delivery: 'whole',
  };
}

function samplingOf(request: MessagesRequest): Sampling {
  return {
    ...(request.temperature != null && { temperature: request.temperature }),
    // Zero, which Anthropic allows, means the likeliest token alone.
    ...(request.top_p != null && { topP: Math.max(request.top_p, TOP_P_MIN) }),
    ...(request.top_k != null && request.top_k > 0 && { topK: request.top_k }),
    stop: request.stop_sequences ?? [],
  };
}

const TOP_P_MIN = 0.001;

function outputOf(request: CountRequest): OutputFormat {
  const format = request.output_config?.format ?? request.output_format;
  if (format == null) return { kind: 'text' };
  return { kind: 'json-schema', name: 'output', schema: format.schema, strict: true };
}

/** Budgets in tokens as efforts: up to the first number `low`, up to the second `medium`. */
const BUDGET_TOKENS = { low: 4_096, medium: 16_384 } as const;

/** Thinking that is switched off stays off; else the effort decides, then the budget, then the engine. */
function effortOf({ thinking, output_config: output }: CountRequest): ReasoningEffort | undefined {
  if (thinking?.type === 'disabled') return 'none';
  const effort = output?.effort;
  if (effort != null) return effort === 'low' || effort === 'medium' ? effort : 'high';
  if (thinking?.type !== 'enabled') return undefined;
  const { budget_tokens: budget } = thinking;
  if (budget <= BUDGET_TOKENS.low) return 'low';
  return budget <= BUDGET_TOKENS.medium ? 'medium' : 'high';
}

/** Who did not ask for thinking reads `content[0].text`: thinking is counted, and not in the way there. */
function thinkingShown({ thinking }: CountRequest): ThinkingShown {
  if (thinking == null || thinking.type === 'disabled') return 'hidden';
  return thinking['display'] === 'omitted' ? 'omitted' : 'text';
}

/** What is accepted and asks for something that is not done here. Edits of the context are the client's to make. */
function withoutEffect(request: MessagesRequest): readonly string[] {
  const asked: { readonly [field: string]: unknown } = request;
  const inVain = WITHOUT_EFFECT.filter((field) => asked[field] != null && !isNothing(asked[field]));
  const effort = request.output_config?.effort;
  return effort === 'xhigh' || effort === 'max' ? [...inVain, 'output_config.effort'] : inVain;
}

const WITHOUT_EFFECT = [
  'billing_policy',
  'context_management',
  'fallback_credit_token',
  'fallbacks',
  'inference_geo',
];

function isNothing(value: unknown): boolean {
  return typeof value === 'object' && value !== null && Object.values(value).flat().length === 0;
}

/** What 2026-10-21 took away, even where it would change nothing. */
function gone(request: MessagesRequest, version: Version): Refusal | undefined {
  if (version === '2023-06-01') return undefined;
  for (const field of ['temperature', 'top_p', 'top_k'] as const) {
    if (request[field] != null) {
      return invalid(field, `'${field}' is not supported since the API version 2026-10-21.`);
    }
  }
  return undefined;
}

function problemOf(request: CountRequest, version: Version): Refusal | undefined {
  return (
    unservedFeature(request, version) ??
    cacheControlProblem(request) ??
    conversationProblem(request)
  );
}

function conversationProblem({ messages }: CountRequest): Refusal | undefined {
  const unanswered = unansweredUse(messages);
  if (unanswered !== undefined) return unanswered;
  const last = messages.findLastIndex(({ role }) => role !== 'system');
  if (messages[last]?.role !== 'assistant') return undefined;
  const message =
    'The last message must be a user message: beginning the answer for the model (prefill) is not supported.';
  return invalid(`messages[${last}]`, message);
}

function invalid(field: string, message: string): Refusal {
  return { kind: 'invalid-request', field, message };
}
