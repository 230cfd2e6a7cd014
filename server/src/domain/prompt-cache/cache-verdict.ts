// Why a prompt was not read from its engine's cache as far as it could have been.

import { CACHE_TOKENS_LEAST, PROMPT_MEMORY_MS } from '../../limits.ts';
import { inputTokens, type Usage } from '../generation/usage.ts';
import { placeOf, type PromptChain } from './prompt-chain.ts';
import type { Match } from './prompt-match.ts';

export type CacheMiss =
  /** Nothing that began like it was seen. */
  | 'first-time'
  /** It goes on from a conversation that was seen, and is not the same as that from `at` on. */
  | 'changed'
  /** It was seen too long ago, or so many others were since that it was forgotten here. */
  | 'expired'
  /** Exactly this beginning was seen, and the engine has it no more: evicted there, or another replica answered. */
  | 'engine-dropped'
  /** Engines keep whole blocks of tokens, and this is hardly one. */
  | 'too-short'
  /** It was seen, but the engine has never said of this model that it read anything from a cache. */
  | 'not-reported';

/** What a request read from its engine's cache; `missed` where that is less than it could have been. */
export type CacheVerdict = {
  readonly readTokens: number;
  readonly missed?: CacheMiss;
  /** The first difference, in the hub's words: `tools[2]`, `system`, `items[5]`. */
  readonly at?: string;
  /** What was in a cache once, where the engine read less: counted or estimated. */
  readonly couldReadTokens?: number;
};

type Question = {
  readonly chain: PromptChain;
  readonly usage: Usage;
  readonly match: Match | undefined;
  readonly nowMs: number;
  /** The engine has said at least once that it read something from a cache. */
  readonly reports: boolean;
  /** Asked only where nothing else explains it. */
  readonly wasForgotten: () => boolean;
};

export function cacheVerdict(question: Question): CacheVerdict {
  const { chain, usage, match, nowMs } = question;
  const readTokens = usage.cacheRead;
  const promptTokens = inputTokens(usage);
  if (promptTokens < CACHE_TOKENS_LEAST && readTokens === 0) {
    return { readTokens, missed: 'too-short' };
  }
  if (isNear(readTokens, promptTokens)) return { readTokens };
  const isOld = match !== undefined && nowMs - match.remembered.seenAtMs > PROMPT_MEMORY_MS;
  if (match?.isChanged === true && !isOld) {
    return { readTokens, missed: 'changed', at: firstDifference(chain, match) };
  }
  const couldReadTokens = match?.tokens ?? 0;
  if (couldReadTokens < CACHE_TOKENS_LEAST || isNear(readTokens, couldReadTokens)) {
    // All that was seen of it was read.
    if (match !== undefined && match.common > chain.spokenFrom) return { readTokens };
    return { readTokens, missed: question.wasForgotten() ? 'expired' : 'first-time' };
  }
  if (isOld) return { readTokens, missed: 'expired', couldReadTokens };
  const missed = question.reports ? 'engine-dropped' : 'not-reported';
  return { readTokens, missed, couldReadTokens };
}

/** But for the block that the end stands in, and the words around an answer that is yet to come. */
function isNear(readTokens: number, tokens: number): boolean {
  return tokens - readTokens <= Math.max(tokens / 8, Math.min(CACHE_TOKENS_LEAST, tokens / 2));
}

/** Where the one has no tool any more and the other has one, it is the tools that changed. */
function firstDifference(chain: PromptChain, { common, remembered }: Match): string {
  const isTool = common >= chain.itemsFrom && common < remembered.itemsFrom;
  return isTool ? 'tools' : placeOf(chain, common);
}
