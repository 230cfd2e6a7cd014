// Models as Anthropic shows them: pages with a cursor on each side.
// Source: @anthropic-ai/sdk 1.10.0, ModelInfo and ModelListParams.

import { z } from 'zod';
import type { Refusal } from '../../domain/refusal.ts';
import { err, ok, type Result } from '../../lib/result.ts';
import { MODELS_PAGE_DEFAULT, MODELS_PAGE_MAX } from '../../limits.ts';
import { firstIssue } from '../first-issue.ts';
import { modelCard } from '../model-card.ts';
import { strayCursor } from '../openai-list.ts';
import type { ModelFacts, ModelPages } from '../protocol.ts';

const lifecycle = z.enum(['active', 'deprecated', 'retired']);

const pageRequest = z.object({
  limit: z.coerce.number().int().min(1).max(MODELS_PAGE_MAX).default(MODELS_PAGE_DEFAULT),
  after_id: z.string().optional(),
  before_id: z.string().optional(),
  'lifecycle[]': z.union([lifecycle, z.array(lifecycle)]).optional(),
});

export const messagesModels: ModelPages = { list, one: modelInfo };

function list(
  all: readonly ModelFacts[],
  query: { readonly [name: string]: unknown },
): Result<object, Refusal> {
  const parsed = pageRequest.safeParse(query);
  if (!parsed.success) return err(firstIssue(parsed.error.issues));
  const { limit, after_id: after, before_id: before } = parsed.data;
  const wanted = parsed.data['lifecycle[]'];
  const models = all.filter((model) => wanted === undefined || wanted.includes(lifecycleOf(model)));
  const placeOf = (of: string | undefined): number => models.findIndex(({ id }) => id === of);
  const [from, until] = [placeOf(after), placeOf(before)];
  if (after !== undefined && from === -1) return err(strayCursor('after_id', after));
  if (before !== undefined && until === -1) return err(strayCursor('before_id', before));
  const rest = models.slice(from + 1, until === -1 ? undefined : until);
  // Before a model, the page is the one that ends right before it.
  const page = before === undefined ? rest.slice(0, limit) : rest.slice(-limit);
  return ok({
    data: page.map(modelInfo),
    has_more: page.length < rest.length,
    first_id: page[0]?.id ?? null,
    last_id: page.at(-1)?.id ?? null,
  });
}

function modelInfo(model: ModelFacts): object {
  return {
    type: 'model',
    id: model.id,
    display_name: model.id,
    created_at: new Date(model.createdAtSeconds * 1000).toISOString(),
    max_input_tokens: model.contextTokensMax,
    max_tokens: model.outputTokensMax,
    lifecycle: lifecycleOf(model),
    deprecated_at: null,
    retires_at: null,
    line: null,
    capabilities: capabilitiesOf(model),
    ...modelCard(model),
  };
}

function lifecycleOf({ stage }: ModelFacts): 'active' | 'deprecated' {
  return stage === 'deprecated' ? 'deprecated' : 'active';
}

/** Keys that Anthropic's schema requires are all there. */
function capabilitiesOf({ capabilities: can }: ModelFacts): object {
  const no = { supported: false };
  const reasoning = { supported: can.reasoning };
  return {
    batch: no,
    citations: no,
    code_execution: no,
    context_management: {
      ...no,
      clear_thinking_20251015: null,
      clear_tool_uses_20250919: null,
      compact_20260112: null,
    },
    effort: {
      ...reasoning,
      low: reasoning,
      medium: reasoning,
      high: reasoning,
      xhigh: no,
      max: no,
    },
    image_input: { supported: can.images },
    pdf_input: { supported: can.documents },
    server_tools: { ...no, code_execution: no, web_search: no },
    // By a grammar, or checked: one way or the other they are kept.
    structured_outputs: { supported: true },
    thinking: {
      ...reasoning,
      types: {
        adaptive: reasoning,
        between_tools: reasoning,
        enabled: reasoning,
        disabled: { supported: true },
      },
    },
  };
}
