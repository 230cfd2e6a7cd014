// What a whole completion and the chunks of a stream have in common.

import type { TokenLogprob } from '../../domain/generation/logprobs.ts';
import type { FinishReason } from '../../domain/generation/part.ts';
import type { AnswerFacts } from '../protocol.ts';
import { openaiTier } from '../service-tiers.ts';

export type ChatFacts = AnswerFacts & {
  readonly includeUsage: boolean;
  /** Asked with `functions`: a call is answered as a `function_call`. */
  readonly legacyFunctions: boolean;
  /** How many choices the answer has. */
  readonly choices: number;
  readonly logprobs: boolean;
};

export function identity(facts: AnswerFacts, object: string): string {
  const id = `chatcmpl-${facts.requestId.slice('req_'.length)}`;
  const model = JSON.stringify(facts.model);
  return `"id":"${id}","object":"${object}","created":${facts.createdAtSeconds},"model":${model},"service_tier":"${openaiTier(facts.tier)}","system_fingerprint":null`;
}

const FINISH_REASON: { readonly [reason in FinishReason]: string } = {
  stop: 'stop',
  length: 'length',
  'tool-calls': 'tool_calls',
  'content-filter': 'content_filter',
};

export function finishReason(reason: FinishReason, legacyFunctions: boolean): string {
  return legacyFunctions && reason === 'tool-calls' ? 'function_call' : FINISH_REASON[reason];
}

export function logprobsOf(content: readonly TokenLogprob[]): object {
  const shown = content.map(({ token, bytes, logprob, top }) => ({
    token,
    bytes,
    logprob,
    top_logprobs: top,
  }));
  return { content: shown, refusal: null };
}
