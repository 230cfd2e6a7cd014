// POST /v1/responses/compact: a long conversation becomes a short one. The model writes the summary, admitted, held and
// settled like any answer; it comes back sealed, so that the client sends back what was written and nothing else.
// Source: openai 7.55.0, ResponseCompactParams and CompactedResponse.

import { z } from 'zod';
import { textContent } from '../../domain/generation/content.ts';
import type { Generation, Item } from '../../domain/generation/generation.ts';
import type { FinishReason, Part } from '../../domain/generation/part.ts';
import type { Refusal } from '../../domain/refusal.ts';
import type { Sealer } from '../../domain/sealing/sealer.ts';
import type { Earlier } from '../../domain/stored/recollection.ts';
import { err, ok, type Result } from '../../lib/result.ts';
import { COMPACTED_KEPT_CHARACTERS_MAX } from '../../limits.ts';
import { firstIssue } from '../first-issue.ts';
import type { AnswerFacts, Decoded, Encoder, Ending, Protocol } from '../protocol.ts';
import { effortOf } from './decode.ts';
import { readInput } from './input-items.ts';
import { openaiResponses } from './openai-responses.ts';
import { recallsOf } from './recall.ts';
import { errorOf } from './refuse.ts';
import { unknownFields } from '../unknown-fields.ts';
import { responsesRequest } from './request.ts';
import { hexOf, usageOf } from './response-object.ts';
import { identified } from './stored-input.ts';
import { readTools } from './tools.ts';

/** As a protocol of its own, so that it goes the way of every generation. */
export const openaiCompact: Protocol = {
  name: openaiResponses.name,
  route: { method: 'POST', path: '/v1/responses/compact' },
  fields: openaiResponses.fields,
  recalls: recallsOf,
  decode: (body, _headers, earlier, sealer) => decodeCompact(body, earlier, sealer),
  refusal: openaiResponses.refusal,
  headers: openaiResponses.headers,
};

export const compactRequest = z.object({
  model: responsesRequest.shape.model,
  input: responsesRequest.shape.input.nullish(),
  instructions: z.string().nullish(),
  previous_response_id: z.string().nullish(),
  tools: responsesRequest.shape.tools,
  max_output_tokens: responsesRequest.shape.max_output_tokens,
  reasoning: responsesRequest.shape.reasoning,
  prompt_cache_key: z.string().nullish(),
});

export type CompactRequest = z.infer<typeof compactRequest>;

const ASK =
  'Stop here and write a summary of this conversation for somebody who goes on with it and can read nothing else of it: what was asked for, what was decided and done, names, numbers, paths and identifiers word for word, what is open, and what comes next. Write the summary alone.';
const SUMMARY = 'Summary of the conversation before this point:\n\n';

const NOTHING: Earlier = { items: [], named: new Map() };

function decodeCompact(
  body: unknown,
  found: Earlier | undefined,
  sealer: Sealer | undefined,
): Result<Decoded, Refusal> {
  const parsed = compactRequest.safeParse(body);
  if (!parsed.success) return err(firstIssue(parsed.error.issues));
  const request = parsed.data;
  const { model, previous_response_id: previousId } = request;
  const own = request.input ?? [];
  if (previousId != null && found === undefined) {
    return err({ kind: 'previous-response-not-found', id: previousId });
  }
  if (own.length === 0 && previousId == null) {
    const message = "Send the conversation as 'input', or name it by 'previous_response_id'.";
    return err({ kind: 'invalid-request', field: 'input', message });
  }
  if (sealer === undefined) return err({ kind: 'internal' });
  const earlier = found ?? NOTHING;
  const input = readInput(own, earlier, sealer);
  if (!input.ok) return input;
  const box = readTools([
    { path: ['tools'], tools: request.tools ?? [] },
    ...input.value.toolLists,
  ]);
  if (!box.ok) return box;
  const effort = effortOf(request.reasoning?.effort);
  const kept = keptOf([...earlier.items, ...itemsOf(own)]);
  return ok({
    model,
    generation: {
      ...asking(request.instructions ?? '', input.value.items),
      // As in the conversation: its beginning is in the engine's cache.
      tools: box.value.tools,
      ...(effort !== undefined && { reasoningEffort: effort }),
      ...(request.max_output_tokens != null && { outputTokensMax: request.max_output_tokens }),
    },
    encoder: (facts) => new CompactEncoder(facts, kept, sealer),
    toolPlaces: box.value.places,
    unknown: [...unknownFields(compactRequest, body), ...box.value.unknown],
    ignored: [...input.value.ignored, ...box.value.ignored],
  });
}

function asking(instructions: string, items: readonly Item[]): Omit<Generation, 'tools'> {
  const message = (role: 'system' | 'user', text: string): Item => ({
    kind: 'message',
    role,
    content: textContent(text),
  });
  return {
    items: [
      ...(instructions === '' ? [] : [message('system', instructions)]),
      ...items,
      message('user', ASK),
    ],
    toolChoice: { kind: 'none' },
    parallelToolCalls: false,
    sampling: { stop: [] },
    output: { kind: 'text' },
    delivery: 'whole',
  };
}

type WireItem = { readonly [field: string]: unknown };

function itemsOf(input: string | readonly unknown[]): readonly unknown[] {
  return typeof input === 'string' ? [{ role: 'user', content: input }] : input;
}

/** What people said stays word for word, from the last back to a bound; all else is in the summary. */
function keptOf(items: readonly unknown[]): readonly WireItem[] {
  const kept: WireItem[] = [];
  let characters = 0;
  for (const item of items.toReversed()) {
    if (!isOfUser(item)) continue;
    characters += JSON.stringify(item).length;
    if (characters > COMPACTED_KEPT_CHARACTERS_MAX) break;
    kept.unshift(item);
  }
  return kept;
}

/** It has been decoded: who has this role is a message. */
function isOfUser(item: unknown): item is WireItem {
  return typeof item === 'object' && item !== null && 'role' in item && item.role === 'user';
}

class CompactEncoder implements Encoder {
  readonly contentType = 'application/json';
  readonly heartbeat = '';
  readonly #facts: AnswerFacts;
  readonly #kept: readonly WireItem[];
  readonly #sealer: Sealer;
  #summary = '';

  constructor(facts: AnswerFacts, kept: readonly WireItem[], sealer: Sealer) {
    this.#facts = facts;
    this.#kept = kept;
    this.#sealer = sealer;
  }

  parts(parts: readonly Part[]): string {
    for (const part of parts) if (part.kind === 'text-delta') this.#summary += part.text;
    return '';
  }

  /** The client throws its conversation away for it: half a summary is none. */
  unfit(reason: FinishReason): string | undefined {
    if (this.#summary.trim() === '') return 'the summary is empty';
    return reason === 'length' || reason === 'content-filter' ? 'the summary was cut' : undefined;
  }

  finish({ usage }: Ending): string {
    const hex = hexOf(this.#facts);
    const summary = { type: 'message', role: 'developer', content: SUMMARY + this.#summary };
    const kept = this.#kept.map((item, index) =>
      identified(item, `${hex}${index.toString(16).padStart(4, '0')}`),
    );
    const compaction = {
      id: `cmp_${hex}`,
      type: 'compaction',
      encrypted_content: this.#sealer.seal('compaction', JSON.stringify([summary])),
    };
    return JSON.stringify({
      id: `resp_${hex}`,
      object: 'response.compaction',
      created_at: this.#facts.createdAtSeconds,
      output: [...kept, compaction],
      usage: usageOf(usage),
    });
  }

  fail(refusal: Refusal): string {
    return JSON.stringify({ error: errorOf(refusal) });
  }
}
