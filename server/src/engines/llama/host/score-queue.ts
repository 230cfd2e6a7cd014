// Brings the tokens' log probabilities to the text that they became: text is held back for characters and stop strings, so
// a token waits until as many characters were told as it brought.

import type { TokenLogprob } from '../../../domain/generation/logprobs.ts';

type Waiting = { readonly score: TokenLogprob; readonly characters: number };

export class ScoreQueue {
  #waiting: Waiting[] = [];
  #told = 0;

  put(score: TokenLogprob, characters: number): void {
    this.#waiting.push({ score, characters });
  }

  /** Those whose text is told in whole, now that so many more characters are. */
  take(characters: number): readonly TokenLogprob[] {
    this.#told += characters;
    const taken: TokenLogprob[] = [];
    for (;;) {
      const [next] = this.#waiting;
      if (next === undefined) break;
      if (next.characters > this.#told) return taken;
      this.#told -= next.characters;
      taken.push(next.score);
      this.#waiting.shift();
    }
    this.#told = 0;
    return taken;
  }

  /** What waits became no text: thinking, or a tool call. */
  drop(): void {
    this.#waiting = [];
    this.#told = 0;
  }
}
