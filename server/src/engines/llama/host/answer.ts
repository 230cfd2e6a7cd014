// One answer as it grows: from tokens to parts, with the count of each. Order of the steps: characters, thinking, stops.

import type { Token } from 'node-llama-cpp';

import type { Part } from '../../../domain/generation/part.ts';
import { NO_USAGE } from '../../../domain/generation/usage.ts';
import { ReasoningSplit } from './reasoning-split.ts';
import type { Split } from './reasoning-split.ts';
import { StopHold } from './stop-hold.ts';
import type { Utf8Hold } from './utf8-hold.ts';

export type AnswerStart = {
  readonly characters: Utf8Hold;
  readonly thinkingOpened: boolean;
  readonly stops: readonly string[];
};

export class Answer {
  readonly #characters: Utf8Hold;
  readonly #split: ReasoningSplit;
  readonly #stops: StopHold;
  #inputTokens = 0;
  #cachedTokens = 0;
  #outputTokens = 0;
  #reasoningTokens = 0;
  /** Produced, but it is not known yet as what. */
  #undecidedTokens = 0;

  constructor(start: AnswerStart) {
    this.#characters = start.characters;
    this.#split = new ReasoningSplit(start.thinkingOpened);
    this.#stops = new StopHold(start.stops);
  }

  /** Tokens of the prompt: how many had to be evaluated, and how many were there from an earlier generation. */
  countInput(evaluated: number, cached: number): void {
    this.#inputTokens = evaluated;
    this.#cachedTokens = cached;
  }

  /** Adds what the token says to `parts`, and its count. The stop string that ended the answer, if one did. */
  push(token: Token, parts: Part[]): string | undefined {
    const wasThinking = this.#split.isThinking;
    const split = this.#split.push(this.#characters.push(token));
    this.#count(wasThinking || this.#split.isThinking);
    const stop = this.#say(split, parts);
    parts.push(this.#usage());
    return stop;
  }

  /** What was held back, unless a stop string ended the answer, and the final count. */
  end(stopped: boolean, parts: Part[]): void {
    if (!stopped) {
      const rest = this.#split.push(this.#characters.end());
      const last = this.#split.end();
      const reasoning = rest.reasoning + last.reasoning;
      if (this.#say({ reasoning, text: rest.text + last.text }, parts) === undefined) {
        const held = this.#stops.end();
        if (held !== '') parts.push({ kind: 'text-delta', text: held });
      }
    }
    this.#outputTokens += this.#undecidedTokens;
    this.#undecidedTokens = 0;
    parts.push(this.#usage());
  }

  #count(thinking: boolean): void {
    this.#undecidedTokens += 1;
    if (this.#split.isUndecided) return;
    if (thinking) this.#reasoningTokens += this.#undecidedTokens;
    else this.#outputTokens += this.#undecidedTokens;
    this.#undecidedTokens = 0;
  }

  #say(split: Split, parts: Part[]): string | undefined {
    if (split.reasoning !== '') parts.push({ kind: 'reasoning-delta', text: split.reasoning });
    const { text, stop } = this.#stops.push(split.text);
    if (text !== '') parts.push({ kind: 'text-delta', text });
    return stop;
  }

  #usage(): Part {
    const usage = {
      ...NO_USAGE,
      input: this.#inputTokens,
      cacheRead: this.#cachedTokens,
      output: this.#outputTokens,
      reasoning: this.#reasoningTokens,
    };
    return { kind: 'usage', usage, source: 'engine' };
  }
}
