// The Response object: all its fields, always. The part that never changes within one answer is put into text once.
// Source: OpenAI's published OpenAPI document, schema Response; Open Responses requires every field.

import type { FinishReason } from '../../domain/generation/part.ts';
import type { AnswerStatus } from '../../domain/stored/answer.ts';
import { inputTokens, outputTokens, type Usage } from '../../domain/generation/usage.ts';
import type { AnswerFacts, AnswerRecord, Ending } from '../protocol.ts';
import { openaiTier } from '../service-tiers.ts';
import type { Echo } from './echo.ts';

/** What became of the response; without one it is still being made. */
export type Outcome =
  | ({ readonly kind: 'finished' } & Ending)
  | {
      readonly kind: 'failed';
      readonly error: { readonly code: string; readonly message: string };
    }
  /** By its client; `usage` is what was made until then. */
  | { readonly kind: 'cancelled'; readonly usage: Usage }
  /** In the background, and not begun. */
  | { readonly kind: 'queued' };

const INCOMPLETE_REASON: { readonly [reason in FinishReason]: string | undefined } = {
  stop: undefined,
  'tool-calls': undefined,
  length: 'max_output_tokens',
  'content-filter': 'content_filter',
};

export function statusOf(outcome: Outcome | undefined): AnswerStatus {
  if (outcome === undefined) return 'in_progress';
  if (outcome.kind !== 'finished') return outcome.kind;
  return INCOMPLETE_REASON[outcome.reason] === undefined ? 'completed' : 'incomplete';
}

export class ResponseObject {
  readonly #id: string;
  readonly #stored: boolean;
  readonly #background: boolean;
  readonly #head: string;
  readonly #tail: string;

  constructor(facts: AnswerFacts, echo: Echo) {
    const { createdAtSeconds, model } = facts;
    const id = `resp_${hexOf(facts)}`;
    this.#id = id;
    this.#stored = facts.stored === true;
    this.#background = echo.background;
    const fixed = { id, object: 'response', created_at: createdAtSeconds, model };
    // Null is what OpenAI answers where no such programme was chosen; its client's types require the member.
    const more = { access_programs: null, service_tier: openaiTier(facts.tier) };
    this.#head = JSON.stringify({ ...fixed, ...more }).slice(0, -1);
    this.#tail = (facts.echoJson ?? JSON.stringify(echo)).slice(1);
  }

  /** `output` is JSON already. */
  json(output: string, outcome?: Outcome): string {
    return `${this.#head},${this.#changing(outcome)},"output":${output},${this.#tail}`;
  }

  record(output: string, outcome?: Outcome): AnswerRecord {
    const body = `${this.#head},${this.#changing(outcome)},${this.#tail}`;
    return { id: this.#id, status: statusOf(outcome), body, output };
  }

  #changing(outcome: Outcome | undefined): string {
    const status = statusOf(outcome);
    const finished = outcome?.kind === 'finished' ? outcome : undefined;
    const reason = finished && INCOMPLETE_REASON[finished.reason];
    const usage = outcome !== undefined && 'usage' in outcome ? outcome.usage : undefined;
    const changing = JSON.stringify({
      status,
      completed_at: status === 'completed' ? finished?.atSeconds : null,
      error: outcome?.kind === 'failed' ? outcome.error : null,
      incomplete_details: reason === undefined ? null : { reason },
      usage: usage === undefined ? null : usageOf(usage),
      store: this.#stored && !this.#isForgotten(outcome),
    });
    return changing.slice(1, -1);
  }

  /** Somebody waits for a failure in the background; any other is told at once and kept nowhere. */
  #isForgotten(outcome: Outcome | undefined): boolean {
    if (outcome?.kind === 'failed') return !this.#background;
    return outcome?.kind === 'finished' && outcome.forgotten === true;
  }
}

/** The digits that the ids of the response and of its items share with the request's. */
export function hexOf({ requestId }: AnswerFacts): string {
  return requestId.slice('req_'.length);
}

/** OpenAI's convention: cached tokens are inside input_tokens, reasoning tokens inside output_tokens. */
export function usageOf(usage: Usage): object {
  const input = inputTokens(usage);
  const output = outputTokens(usage);
  return {
    input_tokens: input,
    input_tokens_details: {
      cached_tokens: usage.cacheRead,
      cache_write_tokens: usage.cacheWrite5m + usage.cacheWrite1h,
    },
    output_tokens: output,
    output_tokens_details: { reasoning_tokens: usage.reasoning },
    total_tokens: input + output,
  };
}
