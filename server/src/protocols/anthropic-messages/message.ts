// What streamed and whole answers have in common: the message around the content, the usage in Anthropic's convention,
// and why it ended. Keys that the schema of 2026-10-21 requires are there, even when they are null.
// Source: @anthropic-ai/sdk 1.10.0, Message, Usage, MessageDeltaUsage and RefusalStopDetails.

import type { FinishReason } from '../../domain/generation/part.ts';
import { outputTokens, type Usage } from '../../domain/generation/usage.ts';
import type { ServiceTier } from '../../domain/pricing/service-tier.ts';
import type { Sealer } from '../../domain/sealing/sealer.ts';
import type { AnswerFacts } from '../protocol.ts';

/** What of the model's thinking the client reads: all of it, that there was some, or nothing. */
export type ThinkingShown = 'text' | 'omitted' | 'hidden';

export type MessagesFacts = AnswerFacts & {
  readonly thinking: ThinkingShown;
  /** Closes what is omitted, so that the client can send it back. */
  readonly sealer?: Sealer;
};

export type Stop = {
  readonly stop_details: object | null;
  readonly stop_reason: string;
  readonly stop_sequence: string | null;
};

/** `refused` is what the model said when it refused, empty when it did not. */
export function stopOf(
  reason: FinishReason,
  stopSequence: string | undefined,
  refused: string,
): Stop {
  if (reason === 'content-filter' || refused !== '') {
    const details = {
      type: 'refusal',
      category: null,
      explanation: refused === '' ? null : refused,
    };
    return { stop_details: details, stop_reason: 'refusal', stop_sequence: null };
  }
  const stopped = reason === 'stop' && stopSequence !== undefined;
  return {
    stop_details: null,
    stop_reason: stopped ? 'stop_sequence' : STOP_REASON[reason],
    stop_sequence: stopped ? stopSequence : null,
  };
}

const STOP_REASON: { readonly [reason in Exclude<FinishReason, 'content-filter'>]: string } = {
  stop: 'end_turn',
  length: 'max_tokens',
  'tool-calls': 'tool_use',
};

export function messageOf(
  facts: AnswerFacts,
  content: readonly object[],
  stop: Stop | undefined,
  usage: object,
): object {
  return {
    id: `msg_${facts.requestId.slice('req_'.length)}`,
    type: 'message',
    role: 'assistant',
    model: facts.model,
    content,
    container: null,
    diagnostics: null,
    stop_details: stop?.stop_details ?? null,
    stop_reason: stop?.stop_reason ?? null,
    stop_sequence: stop?.stop_sequence ?? null,
    usage,
  };
}

/** Anthropic's convention: `input_tokens` is what was neither read from the cache nor written to it. */
export function usageOf(usage: Usage, tier: ServiceTier = 'standard'): object {
  return {
    ...runningUsageOf(usage),
    cache_creation: {
      ephemeral_5m_input_tokens: usage.cacheWrite5m,
      ephemeral_1h_input_tokens: usage.cacheWrite1h,
    },
    inference_geo: null,
    service_tier: tier,
    speed: null,
  };
}

/** The part of it that a stream tells again at its end. */
export function runningUsageOf(usage: Usage): object {
  return {
    input_tokens: usage.input,
    cache_creation_input_tokens: usage.cacheWrite5m + usage.cacheWrite1h,
    cache_read_input_tokens: usage.cacheRead,
    output_tokens: outputTokens(usage),
    output_tokens_details: { thinking_tokens: usage.reasoning },
    server_tool_use: null,
  };
}

export function toolUseBlock(id: string, name: string, input: unknown): object {
  return { type: 'tool_use', id, name, input, caller: { type: 'direct' } };
}
