// Which prompts this process has seen lately. Bounded in every direction; keeps hashes alone.

import {
  PROMPT_LINKS_REMEMBERED_MAX,
  PROMPTS_FORGOTTEN_MAX,
  PROMPTS_PER_OWNER_MAX,
  PROMPTS_REMEMBERED_MAX,
} from '../../limits.ts';
import { inputTokens, type Usage } from '../generation/usage.ts';
import { cacheVerdict, type CacheVerdict } from './cache-verdict.ts';
import type { PromptChain } from './prompt-chain.ts';
import { matchIn, type Match, type Remembered } from './prompt-match.ts';

/** One prompt, and what its engine said of it. */
export type PromptSeen = {
  /** Whose it is, and for which model: prompts are compared within that alone. */
  readonly owner: string;
  readonly model: string;
  readonly chain: PromptChain;
  readonly usage: Usage;
  /** On a clock that only grows. */
  readonly nowMs: number;
};

export class PromptMemory {
  /** By owner, then by the hash of all of the prompt; least recently seen first. */
  readonly #byOwner = new Map<string, Map<number, Remembered>>();
  /** All of them; least recently seen first. */
  readonly #all = new Set<Remembered>();
  /** Hashes of prompts that had to make room, oldest first. */
  readonly #forgotten = new Set<number>();
  /** Models whose engines have said that they read from a cache. */
  readonly #reporting = new Set<string>();
  #links = 0;

  get size(): { readonly prompts: number; readonly links: number; readonly forgotten: number } {
    return { prompts: this.#all.size, links: this.#links, forgotten: this.#forgotten.size };
  }

  /** Judges the prompt by those before it, and remembers it. */
  see(seen: PromptSeen): CacheVerdict {
    const { owner, model, chain, usage, nowMs } = seen;
    if (usage.cacheRead > 0) this.#reporting.add(model);
    const known = this.#byOwner.get(owner);
    const match = known && matchIn(known, chain, inputTokens(usage));
    const verdict = cacheVerdict({
      chain,
      usage,
      match,
      nowMs,
      reports: this.#reporting.has(model),
      wasForgotten: () => this.#wasForgotten(chain),
    });
    this.#remember(seen, match);
    return verdict;
  }

  #wasForgotten({ prefixes, spokenFrom }: PromptChain): boolean {
    if (this.#forgotten.size === 0) return false;
    return prefixes.subarray(spokenFrom).some((prefix) => this.#forgotten.has(prefix));
  }

  #remember({ owner, chain, usage, nowMs }: PromptSeen, match: Match | undefined): void {
    const before = match?.remembered;
    // What is a beginning of what was seen stays the longer one; what goes on takes the place of what it was.
    const isWithin = before !== undefined && match?.common === chain.links.length;
    const goesOn = before !== undefined && match?.common === before.links.length;
    if (before !== undefined && (isWithin || goesOn)) this.#forget(before);
    if (before !== undefined && isWithin && !goesOn)
      return this.#keep({ ...before, seenAtMs: nowMs });
    const { links, prefixes, spokenFrom, itemsFrom } = chain;
    const prefix = prefixes.at(-1) ?? 0;
    const tokens = inputTokens(usage);
    this.#keep({ owner, links, prefix, itemsFrom, spokenFrom, tokens, seenAtMs: nowMs });
  }

  #keep(remembered: Remembered): void {
    const { owner, prefix, links } = remembered;
    const known = this.#byOwner.get(owner) ?? new Map<number, Remembered>();
    this.#byOwner.set(owner, known);
    const same = known.get(prefix);
    if (same !== undefined) this.#drop(same, known);
    known.set(prefix, remembered);
    this.#all.add(remembered);
    this.#links += links.length;
    if (known.size > PROMPTS_PER_OWNER_MAX) this.#evict(known.values().next().value);
    while (this.#all.size > PROMPTS_REMEMBERED_MAX || this.#links > PROMPT_LINKS_REMEMBERED_MAX) {
      this.#evict(this.#all.values().next().value);
    }
  }

  #forget(remembered: Remembered): void {
    const known = this.#byOwner.get(remembered.owner);
    if (known === undefined) return;
    this.#drop(remembered, known);
    if (known.size === 0) this.#byOwner.delete(remembered.owner);
  }

  #drop(remembered: Remembered, known: Map<number, Remembered>): void {
    if (!this.#all.delete(remembered)) return;
    known.delete(remembered.prefix);
    this.#links -= remembered.links.length;
  }

  #evict(oldest: Remembered | undefined): void {
    if (oldest === undefined) return;
    this.#forget(oldest);
    this.#forgotten.add(oldest.prefix);
    if (this.#forgotten.size <= PROMPTS_FORGOTTEN_MAX) return;
    const [first] = this.#forgotten;
    if (first !== undefined) this.#forgotten.delete(first);
  }
}
