// What of a prompt was seen before: the prompt that it has most of its beginning in common with.

import { commonLinks, type PromptChain } from './prompt-chain.ts';

export type Remembered = {
  readonly owner: string;
  readonly links: Uint32Array;
  /** The hash of all of it. */
  readonly prefix: number;
  readonly itemsFrom: number;
  readonly spokenFrom: number;
  /** Of all of it, as its engine counted. */
  readonly tokens: number;
  readonly seenAtMs: number;
};

export type Match = {
  readonly remembered: Remembered;
  /** So many links are the same. */
  readonly common: number;
  /** So many tokens were in a cache once: counted where all of a prompt comes again, else estimated. */
  readonly tokens: number;
  /** It goes on from what is remembered, and something in between is not as it was. */
  readonly isChanged: boolean;
};

export function matchIn(
  known: ReadonlyMap<number, Remembered>,
  chain: PromptChain,
  promptTokens: number,
): Match | undefined {
  return continuedIn(known, chain, promptTokens) ?? nearestIn(known, chain, promptTokens);
}

/** The common case, and quick: the conversation goes on, and only its last few links are new. */
function continuedIn(
  known: ReadonlyMap<number, Remembered>,
  { links, prefixes, itemsFrom }: PromptChain,
  promptTokens: number,
): Match | undefined {
  for (let at = prefixes.length - 1; at >= itemsFrom; at--) {
    const remembered = known.get(prefixes[at] ?? 0);
    if (remembered?.links.length !== at + 1 || remembered.links[at] !== links[at]) continue;
    const tokens = Math.min(remembered.tokens, promptTokens);
    return { remembered, common: at + 1, tokens, isChanged: false };
  }
  return undefined;
}

/** By the longest common beginning, the later one first; those that this one goes on from before all others. */
function nearestIn(
  known: ReadonlyMap<number, Remembered>,
  chain: PromptChain,
  promptTokens: number,
): Match | undefined {
  const { links, spokenFrom } = chain;
  const spoken = new Set<number>();
  for (let at = spokenFrom; at < links.length; at++) spoken.add(links[at] ?? 0);
  let best: Remembered | undefined;
  let most = 0;
  let bestIsChanged = false;
  for (const remembered of known.values()) {
    const common = commonLinks(remembered.links, links);
    const isChanged = common < links.length && goesOn(remembered, common, spoken);
    if (bestIsChanged ? !isChanged || common < most : !isChanged && common < most) continue;
    best = remembered;
    most = common;
    bestIsChanged = isChanged;
  }
  if (best === undefined) return undefined;
  const tokens = shareOf(promptTokens, chain, most);
  return { remembered: best, common: most, tokens, isChanged: bestIsChanged };
}

/** The end of what is remembered comes again behind the difference: its last links, but for the one that differs. */
function goesOn({ links, spokenFrom }: Remembered, common: number, spoken: Set<number>): boolean {
  const last = links.length - 1;
  for (let at = Math.max(common, spokenFrom, last - 1); at <= last; at++) {
    if (!spoken.has(links[at] ?? 0) && (at !== common || at === last)) return false;
  }
  return last >= Math.max(common, spokenFrom);
}

/**
 * By characters. A token is two to six of them, by script and by tokenizer, and chat templates write tools in their own
 * way: half of the estimate is hardly ever too much.
 */
function shareOf(promptTokens: number, { ends, links }: PromptChain, common: number): number {
  if (common === 0) return 0;
  const part = (ends[common - 1] ?? 0) / Math.max(1, ends.at(-1) ?? 0);
  return Math.floor(common === links.length ? promptTokens : (promptTokens * part) / 2);
}
