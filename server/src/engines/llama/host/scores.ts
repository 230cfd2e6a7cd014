// How likely tokens were, and the draw among them. Where log probabilities are asked for, the library hands over the whole
// distribution at each token, and the token is drawn here: only so is what is reported the model's own distribution, which
// temperature and top-p would have changed and cut. With a grammar the library draws; then the distribution is that of
// what the grammar and the sampler left.

import type { Token } from 'node-llama-cpp';

import type { Sampling } from '../../../domain/generation/generation.ts';
import { scoredToken } from '../../../domain/generation/logprobs.ts';
import type { ScoredToken, TokenLogprob } from '../../../domain/generation/logprobs.ts';
import { bytesOfToken } from './token-bytes.ts';
import type { Vocabulary } from './constrained-tokens.ts';
import { resolvedSampling, seedOf } from './sampling.ts';

/** As the library gives it, likeliest first. */
export type Distribution = ReadonlyMap<Token, number>;

export type ScoresStart = {
  readonly vocabulary: Vocabulary;
  readonly sampling: Sampling;
  /** So many of the likeliest are told with each token. */
  readonly top: number;
  /** A grammar may be in force: the library draws. */
  readonly isConstrained: boolean;
};

export class Scores {
  readonly #vocabulary: Vocabulary;
  readonly #sampling: ReturnType<typeof resolvedSampling>;
  readonly #top: number;
  readonly #isConstrained: boolean;
  readonly #random: () => number;

  constructor({ vocabulary, sampling, top, isConstrained }: ScoresStart) {
    this.#vocabulary = vocabulary;
    this.#sampling = resolvedSampling(sampling);
    this.#top = top;
    this.#isConstrained = isConstrained;
    this.#random = randomFrom(seedOf(sampling));
  }

  /** The token that is said in place of the library's, which was drawn without top-k and top-p. */
  draw(proposed: Token, distribution: Distribution): Token {
    if (this.#isConstrained || this.#sampling.temperature === 0) return proposed;
    return drawn(distribution, this.#sampling, this.#random) ?? proposed;
  }

  of(token: Token, distribution: Distribution): TokenLogprob {
    const log = this.#logOf(distribution);
    const top: ScoredToken[] = [];
    for (const [likely, probability] of distribution) {
      if (top.length === this.#top) break;
      top.push(this.#scored(likely, log(probability)));
    }
    return { ...this.#scored(token, log(distribution.get(token) ?? 0)), top };
  }

  #scored(token: Token, logprob: number): ScoredToken {
    return scoredToken(bytesOfToken(this.#vocabulary, token), logprob);
  }

  /** A constrained draw had its temperature already: that is taken out again. */
  #logOf(distribution: Distribution): (probability: number) => number {
    const { temperature } = this.#sampling;
    if (!this.#isConstrained || temperature === 0 || temperature === 1) return Math.log;
    let sum = 0;
    for (const probability of distribution.values()) sum += probability ** temperature;
    return (probability) => temperature * Math.log(probability) - Math.log(sum);
  }
}

/** As llama.cpp's chain does it: the likeliest k, of those the likeliest that make up p, and then the temperature. */
function drawn(
  distribution: Distribution,
  { temperature, topP, topK }: ReturnType<typeof resolvedSampling>,
  random: () => number,
): Token | undefined {
  const likeliest = [...distribution].slice(0, topK > 0 ? topK : distribution.size);
  const mass = likeliest.reduce((sum, [, probability]) => sum + probability, 0);
  const weights: [Token, number][] = [];
  let kept = 0;
  for (const [token, probability] of likeliest) {
    weights.push([token, probability ** (1 / temperature)]);
    kept += probability;
    if (kept >= topP * mass) break;
  }
  let left = random() * weights.reduce((sum, [, weight]) => sum + weight, 0);
  for (const [token, weight] of weights) {
    left -= weight;
    if (left < 0) return token;
  }
  return weights.at(0)?.[0];
}

/** Mulberry32: 32 bits of state are all that a seed of llama.cpp has. */
function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
